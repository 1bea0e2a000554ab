/* The MPTCP connections of Linux, asked for when a dump showed subflows. */
#ifndef TCPS_SOURCE_LINUX_MPTCP_H
#define TCPS_SOURCE_LINUX_MPTCP_H

#include "kernel/kernel.h"
#include "parse/linux_mptcp.h"

/* Adds all MPTCP connections to `t`: one dump for each family, 0.7 ms each whether or not there are any, because the kernel walks all its buckets.
 * A kernel that does not answer has none. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_linux_mptcp_read(tcps_kernel *k, tcps_mptcp_table *t);

#endif
