/* net.inet.tcp.stats, the counters of all of a Mac's TCP, to tcps_counters. Pure: no system calls, any platform. */
#ifndef TCPS_XNU_TCPSTAT_H
#define TCPS_XNU_TCPSTAT_H

#include "record/sink.h"

/* Sets the counters that a struct tcpstat of `len` bytes holds, by length, in `counters` that has none of them yet; all are 32 bits and wrap. */
void tcps_xnu_tcpstat(tcps_counters *counters, const uint8_t *bytes, size_t len);

/* Whether every byte is 0: what a caller who is not root gets in place of the counters, with success. */
bool tcps_xnu_tcpstat_hidden(const uint8_t *bytes, size_t len);

#endif
