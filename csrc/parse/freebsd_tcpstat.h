/* net.inet.tcp.stats and net.inet.tcp.states of FreeBSD. Pure: no system calls, any platform. */
#ifndef TCPS_FREEBSD_TCPSTAT_H
#define TCPS_FREEBSD_TCPSTAT_H

#include "record/sink.h"

/* Sets the counters that an answer to net.inet.tcp.stats holds. Counters were put into the middle of struct tcpstat, so its length shows which
 * one it is: 904 bytes are FreeBSD 13's, 984 are 14's, 1000 are 15's. Of any other length only those are taken that are in one place in all three.
 * TCPS_OK, or TCPS_UNSUPPORTED for such a length. */
tcps_code tcps_freebsd_tcpstat_parse(const uint8_t *bytes, size_t len, tcps_counters *counters, tcps_status *status);

/* Sets sockets by state, and the gauges that follow from them, from an answer to net.inet.tcp.states. TCPS_OK or TCPS_FORMAT. */
tcps_code tcps_freebsd_states_parse(const uint8_t *bytes, size_t len, tcps_counters *counters, tcps_status *status);

#endif
