/* Who a pid of macOS is. */
#ifndef TCPS_MACOS_PROCESS_H
#define TCPS_MACOS_PROCESS_H

#include "source/names.h"

/* A tcps_identify. */
bool tcps_macos_identify(tcps_kernel *k, tcps_process *p);

#endif
