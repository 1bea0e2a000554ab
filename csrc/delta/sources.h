/* What the data sources of the proto mean for whoever compares counters: the platforms' part of it. Sets have bit n for DataSource n. */
#ifndef TCPS_SOURCES_H
#define TCPS_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp_stats.pb-c.h"

#define TCPS_SOURCE_BIT(name) (1ull << TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_##name)

/* Of a record's sources, those that count something. The others say whose a socket is. */
static inline uint64_t tcps_sources_that_count(uint64_t sources) { return sources & ~(TCPS_SOURCE_BIT(KERN_FILE) | TCPS_SOURCE_BIT(LINUX_PROC)); }

/* Whether they count segments in 32 bits, which wrap: Linux's tcpi_segs_out and tcpi_segs_in are u32 (include/uapi/linux/tcp.h). */
static inline bool tcps_sources_count_segments_in_32bit(uint64_t sources) {
    return sources & (TCPS_SOURCE_BIT(LINUX_INET_DIAG) | TCPS_SOURCE_BIT(LINUX_TCP_INFO));
}

#endif
