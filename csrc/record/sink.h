/* What comes out of a kernel's bytes: records, one after the other, and the system's counters. Parsers fill them, the room above decides what becomes
 * of them. */
#ifndef TCPS_SINK_H
#define TCPS_SINK_H

#include "record/pass.h"

/* Where a source puts its records. The rows of `pass` own the texts that a record points to: make them with tcps_rows_text or _intern. */
typedef struct tcps_sink tcps_sink;
struct tcps_sink {
    tcps_pass *pass;
    /* Takes a finished record; it may change it and does not keep it. TCPS_OK to go on. */
    tcps_code (*put)(tcps_sink *sink, tcps_record *r);
    /* Forgets what was put since the collection began: the dump is read again because it was inconsistent. */
    void (*restart)(tcps_sink *sink);
    /* Whether it is worth asking more about `r` (an owner, tcp_info): false when the filter refuses it whatever more is known. NULL: always. */
    bool (*wants_more)(tcps_sink *sink, const tcps_record *r);
};

enum { TCPS_STATES = TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT + 1 };

#define TCPS_SUMMARY_WORDS (TCPS_SUMMARY_HIGHEST / 64 + 1)
#define TCPS_SUMMARY_LIMIT (64 * TCPS_SUMMARY_WORDS) /* numbers of SystemSummary's fields are below this */

/* The system's own counters, cumulative, and gauges, by the number of the SystemSummary field that they feed (TCPS_S_*): a field called delta_*
 * gets the change since the previous pass, any other the value itself. What the kernel lacks has its bit clear in `has`. */
typedef struct tcps_counters {
    uint64_t has[TCPS_SUMMARY_WORDS];
    uint64_t is_32bit[TCPS_SUMMARY_WORDS]; /* counters of 32 bits, which wrap */
    uint64_t value[TCPS_SUMMARY_LIMIT];
    bool has_states;
    uint64_t states[TCPS_STATES]; /* sockets by TcpState, where the kernel itself counts them: also those that a filter kept from us */
} tcps_counters;

#endif
