/* The sockets that processes of the running Linux hold: /proc/<pid>/fd as one question. */
#ifndef TCPS_LINUX_PROC_SOCKETS_H
#define TCPS_LINUX_PROC_SOCKETS_H

#include "kernel/kernel.h"

/* TCPS_ASK_CALL "proc_sockets" and "all_proc_sockets": see tcps_proc_socket. 0 or an errno, as tcps_kernel.ask. */
int tcps_linux_proc_sockets(const tcps_question *q, tcps_answer *answer, void *context);
int tcps_linux_all_proc_sockets(const tcps_question *q, tcps_answer *answer, void *context);

#endif
