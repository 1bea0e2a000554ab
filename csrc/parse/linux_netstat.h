/* /proc/net/snmp, /proc/net/netstat, /proc/net/sockstat and /proc/net/sockstat6 -> the system's counters.
 *
 * Everything is found by name: kernels add, move and drop counters. A name that is missing, a value that is not a number, does not fit 64 bits
 * or may have been cut leaves its field absent. The proto says what the counters mean, at the fields of SystemSummary. */
#ifndef TCPS_LINUX_NETSTAT_H
#define TCPS_LINUX_NETSTAT_H

#include "record/sink.h"

/* Adds what snmp or netstat says: for each group a line of names and a line of values. Other groups than Tcp and TcpExt are passed over.
 * TCPS_OK, or TCPS_FORMAT and `status` when neither is there. */
tcps_code tcps_linux_netstat_parse(const void *bytes, size_t len, tcps_counters *counters, tcps_status *status);

/* Adds what sockstat or sockstat6 says: a line of names and values for each protocol. sockets_in_use is the sum of both files.
 * TCPS_OK, or TCPS_FORMAT and `status` when there is no TCP in it. */
tcps_code tcps_linux_sockstat_parse(const void *bytes, size_t len, tcps_counters *counters, tcps_status *status);

#endif
