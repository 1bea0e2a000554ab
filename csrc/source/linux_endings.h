/* What the destroy groups of NETLINK_SOCK_DIAG say of TCP sockets that ended, as records. */
#ifndef TCPS_LINUX_ENDINGS_H
#define TCPS_LINUX_ENDINGS_H

#include "kernel/kernel.h"
#include "record/sink.h"

/* Puts the final record of every connection that ended since the last call, with close_reason. The first call subscribes and puts nothing. What the
 * message does not know (uid, inode, algorithm) is absent. A socket that was destroyed and never was a connection has close_reason CLOSED
 * and neither remote port nor counters. `*count` grows by what was put; `*lost`: how many the kernel dropped in all. TCPS_OK; TCPS_UNSUPPORTED: this kernel, file or capture has no
 * such events; or what went wrong. */
tcps_code tcps_linux_endings(tcps_kernel *k, tcps_sink *sink, uint64_t *count, uint64_t *lost, tcps_status *status);

/* See tcps_source_class.settle. `lingers`: the dump after the ending shows the connection in TIME_WAIT, so that this side closed first. */
void tcps_linux_settle_ending(tcps_record *r, bool lingers);

#endif
