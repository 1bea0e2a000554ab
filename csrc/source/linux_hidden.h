/* Why the owners of sockets are not known on Linux, and what would help. */
#ifndef TCPS_LINUX_HIDDEN_H
#define TCPS_LINUX_HIDDEN_H

#include "source/linux_search.h"

/* Explains that the owners of `sockets` sockets were not found by searches that met these obstacles: asks `k` for our own capabilities, the options
 * that /proc is mounted with, and our pid namespace. False: no reason is known. Sockets of the kernel itself and descriptors that are on their way
 * from process to process have no owner. */
bool tcps_linux_explain_missing(tcps_kernel *k, const tcps_linux_obstacles *met, size_t sockets, tcps_status *status);

#endif
