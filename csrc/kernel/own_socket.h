/* Questions about a socket of this process, the same on every running system. */
#ifndef TCPS_OWN_SOCKET_H
#define TCPS_OWN_SOCKET_H

#include "kernel/kernel.h"

/* Answers TCPS_CALL_GETSOCKOPT, _GETSOCKNAME and _GETPEERNAME about the descriptor q->number. Gives what tcps_kernel.ask gives;
 * EOPNOTSUPP for other calls, and for an option that this system lacks. */
int tcps_ask_own_socket(const tcps_question *q, tcps_answer *answer, void *context);

#endif
