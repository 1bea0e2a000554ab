/* Changes of a connection's counters: what a record counted since the connection was last seen, and what is remembered of it.
 *
 * Everything here is inlined and the loops are unrolled, because every record goes through it: each field is then a constant, and a record takes 576
 * instructions instead of 1,057 (make bench-check, line delta; gcc 12.2). */
#ifndef TCPS_CHANGES_H
#define TCPS_CHANGES_H

#include "delta/tracker_internal.h"

/* What is counted since the connection began, and the field that gets its change. A later line wins over an earlier one with the same delta. */
static const struct counter {
    uint16_t field, delta;
    bool is_32bit;    /* in every kernel */
    bool is_segments; /* 32 bits or 64 by their source */
    uint64_t limit;   /* largest value of the delta's field */
} counters[N_COUNTERS] = {
    {TCPS_F_retransmit_packets_total, TCPS_F_delta_rexmit_packets, false, false, INT32_MAX},
    {TCPS_F_rexmit_packets, TCPS_F_delta_rexmit_packets, true, false, INT32_MAX},
    {TCPS_F_ooo_packets, TCPS_F_delta_ooo_packets, true, false, INT32_MAX},
    {TCPS_F_zerowin_probes, TCPS_F_delta_zerowin, true, false, INT32_MAX},
    {TCPS_F_tx_bytes, TCPS_F_delta_tx_bytes, false, false, INT64_MAX},
    {TCPS_F_rx_bytes, TCPS_F_delta_rx_bytes, false, false, INT64_MAX},
    {TCPS_F_retransmit_bytes, TCPS_F_delta_retransmit_bytes, false, false, INT64_MAX},
    {TCPS_F_tx_packets, TCPS_F_delta_tx_packets, false, true, INT64_MAX},
    {TCPS_F_rx_packets, TCPS_F_delta_rx_packets, false, true, INT64_MAX},
};

/* A half-open connection has transferred nothing: a counter that the kernel did not have for it yet was 0. */
static inline bool tcps_entry_was_half_open(const tcps_entry *before) {
    return before->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT || before->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED;
}

/* Changes since `before`: bit n of the result says that change[n] is known, bit n of `*fell` that the counter fell. None is known if other
 * sources fed the record then, e.g. macOS's tcp_info in one pass only: they count the same field differently. */
static inline unsigned tcps_changes_since(const tcps_record *r, const tcps_observation *s, uint64_t change[N_COUNTERS], unsigned *fell) {
    const tcps_entry *before = s->before;
    bool segments_32bit = tcps_sources_count_segments_in_32bit(s->sources);
    unsigned known = 0;
    *fell = 0;
    if (s->sources != before->sources) return 0;
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++) {
        const struct counter *c = &counters[n];
        bool counted = before->counted >> n & 1;
        if (!tcps_has(r, c->field) || (!counted && !before->newborn && !tcps_entry_was_half_open(before))) continue;
        bool is_32bit = c->is_32bit || (c->is_segments && segments_32bit);
        uint64_t now = r->value[c->field], then = counted ? before->value[n] : 0;
        change[n] = is_32bit ? (uint32_t)(now - then) : now - then;
        bool up = is_32bit ? (uint32_t)now >= (uint32_t)then || change[n] <= INT32_MAX : now >= then;
        *(up ? &known : fell) |= 1u << n;
    }
    return known;
}

/* Of a connection that has just begun, the change is all that it counted. One in TIME_WAIT may be one that the last dump missed. */
static inline unsigned tcps_changes_since_birth(const tcps_tracker *t, const tcps_record *r, uint8_t state, uint64_t change[N_COUNTERS]) {
    unsigned known = 0;
    if (!t->births || state == TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT) return 0;
    for (unsigned n = 0; n < N_COUNTERS; n++) {
        if (!tcps_has(r, counters[n].field)) continue;
        change[n] = r->value[counters[n].field];
        known |= 1u << n;
    }
    return known;
}

static inline void tcps_changes_set(tcps_record *r, unsigned known, const uint64_t change[N_COUNTERS]) {
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++) tcps_unset(r, counters[n].delta);
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++)
        if (known >> n & 1) tcps_set(r, counters[n].delta, change[n] < counters[n].limit ? change[n] : counters[n].limit);
}

/* Linux has no counters of a connection in TIME_WAIT, but reports them once more when it ends. */
static inline void tcps_entry_keep_counters(const tcps_tracker *t, tcps_entry *e, const tcps_observation *s) {
    const tcps_entry *before = s->before;
    bool kept = before && t->expects && s->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT;
    bool newborn = before ? before->newborn && !before->counted : t->births;
    if (kept && before != e) memcpy(e->value, before->value, sizeof e->value);
    e->counted = kept ? before->counted : 0;
    e->newborn = newborn;
}

static inline void tcps_entry_set(const tcps_tracker *t, tcps_entry *e, const tcps_observation *s, const tcps_record *r) {
    /* In this order: `before` may be `e` itself. */
    e->since_ns = s->before && s->before->state == s->state ? s->before->since_ns : t->now_ns;
    e->first_ns = s->before ? s->before->first_ns : t->now_ns;
    e->key = s->key;
    e->socket_id = s->socket_id;
    e->sources = s->sources;
    e->state = s->state;
    tcps_entry_keep_counters(t, e, s);
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++) {
        if (!tcps_has(r, counters[n].field)) continue;
        e->value[n] = r->value[counters[n].field];
        e->counted |= (uint16_t)(1u << n);
    }
}

#endif
