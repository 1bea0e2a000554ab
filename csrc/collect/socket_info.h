/* What the running system tells a process of its own connection, as a record: no dump, no privilege. */
#ifndef TCPS_SOCKET_INFO_H
#define TCPS_SOCKET_INFO_H

#include "source/source.h"

/* Asks `class`, the running system's, through `k` about the TCP socket with descriptor `fd`. On TCPS_OK `*out` is a new pass with one row (free
 * with tcps_pass_unref): endpoints, state and what the class's socket_info knows. TCPS_USAGE: the descriptor is no open TCP socket;
 * TCPS_UNSUPPORTED: this system tells nothing. */
tcps_code tcps_socket_info(const tcps_source_class *class, tcps_kernel *k, int fd, tcps_pass **out, tcps_status *status);

#endif
