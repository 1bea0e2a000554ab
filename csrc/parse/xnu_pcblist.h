/* net.inet.tcp.pcblist_n to records: every TCP socket of a Mac, as `sysctl -b net.inet.tcp.pcblist_n` gives them. Pure: no system calls, any
 * platform. */
#ifndef TCPS_XNU_PCBLIST_H
#define TCPS_XNU_PCBLIST_H

#include "record/sink.h"

/* What the four counters of xsockstat_n mean. macOS 15 changed it without changing the layout, so only the release can tell. */
typedef enum tcps_xnu_stats {
    TCPS_XNU_STATS_UNKNOWN, /* the release is not known: byte and packet counters stay absent */
    TCPS_XNU_STATS_CLASSES, /* up to macOS 14: four traffic classes, to be summed */
    TCPS_XNU_STATS_DATA,    /* from macOS 15: [0] counts data, and only its txbytes counts once */
} tcps_xnu_stats;

/* What the bytes do not say themselves. */
typedef struct tcps_xnu_rules {
    tcps_xnu_stats stats;
    bool has_tcp_now;
    uint32_t tcp_now; /* TCP's own clock when the dump was made, ms: ages are the distance to it */
} tcps_xnu_rules;

typedef struct tcps_xnu_pcblist_report {
    /* How the dump ends. TCPS_OK; TCPS_TRUNCATED: it ends too early; TCPS_FORMAT: its bytes are not what they should be. Offset and line say
     * where and what. Every socket that is complete before that was put. */
    tcps_status status;
    uint64_t sockets; /* put */
    uint64_t dropped; /* groups of records that are no socket: cut, or without an xinpcb_n */
    uint64_t unknown; /* records of kinds that are not known, skipped */
    bool has_generation, has_trailer;
    uint64_t generation;         /* xig_gen of the header */
    uint64_t trailer_generation; /* xig_gen of the trailer: another one when a socket was being created meanwhile */
} tcps_xnu_pcblist_report;

/* Puts every complete socket of `len` bytes into `sink`, in one pass, and says in `report` how it went. TCPS_OK whatever the bytes are;
 * TCPS_NOMEM, or what the sink said to make it stop. */
tcps_code tcps_xnu_pcblist_parse(const uint8_t *bytes, size_t len, const tcps_xnu_rules *rules, tcps_sink *sink, tcps_xnu_pcblist_report *report);

/* Whether the generations of header and trailer differ, so that the dump is worth reading again. Looks at both ends only; false for bytes that
 * have not both. */
bool tcps_xnu_pcblist_changed(const uint8_t *bytes, size_t len);

#endif
