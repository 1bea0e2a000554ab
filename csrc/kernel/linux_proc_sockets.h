/* The sockets that processes of the running Linux hold: /proc/<pid>/fd as one question. */
#ifndef TCPS_LINUX_PROC_SOCKETS_H
#define TCPS_LINUX_PROC_SOCKETS_H

#include "kernel/kernel.h"

/* TCPS_CALL_PROC_SOCKETS and TCPS_CALL_ALL_PROC_SOCKETS, see kernel.h. 0 or an errno, as tcps_kernel.ask. */
int tcps_linux_proc_sockets(const tcps_question *q, tcps_answer *answer, void *context);
int tcps_linux_all_proc_sockets(const tcps_question *q, tcps_answer *answer, void *context);

#endif
