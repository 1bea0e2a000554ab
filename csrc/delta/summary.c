#include "delta/summary.h"

#include "base/bitset.h"

static bool known(const tcps_counters *c, unsigned field) { return tcps_bitset_has(c->has, field); }

/* Sets a field of the message that the descriptor describes. */
static void set_u64(TcpstatsReader__SystemSummary *m, const ProtobufCFieldDescriptor *f, uint64_t value) {
    memcpy((char *)m + f->offset, &value, sizeof value);
    *(protobuf_c_boolean *)((char *)m + f->quantifier_offset) = 1;
}

static void set_counters(const tcps_summary *s, TcpstatsReader__SystemSummary *m, const tcps_counters *now) {
    const ProtobufCMessageDescriptor *d = &tcpstats_reader__system_summary__descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (f->type != PROTOBUF_C_TYPE_UINT64 || !known(now, f->id)) continue;
        uint64_t value = now->value[f->id], then = s->before.value[f->id];
        if (strncmp(f->name, "delta_", 6) != 0)
            set_u64(m, f, value);
        else if (!known(&s->before, f->id))
            continue;
        else if (tcps_bitset_has(now->is_32bit, f->id))
            set_u64(m, f, (uint32_t)(value - then));
        else if (value >= then)
            set_u64(m, f, value - then);
    }
}

static tcps_code set_states(tcps_pass *pass, const uint64_t states[TCPS_STATES]) {
    TcpstatsReader__SystemSummary *m = &pass->summary;
    TcpstatsReader__StateBucket **list = tcps_arena_take(&pass->arena, TCPS_STATES * sizeof *list);
    TcpstatsReader__StateBucket *buckets = tcps_arena_take(&pass->arena, TCPS_STATES * sizeof *buckets);
    if (!list || !buckets) return TCPS_NOMEM;
    m->state_counts = list;
    for (unsigned state = 0; state < TCPS_STATES; state++) {
        if (!states[state]) continue;
        TcpstatsReader__StateBucket *b = &buckets[m->n_state_counts];
        tcpstats_reader__state_bucket__init(b);
        b->has_state = state != 0;
        b->state = (TcpstatsReader__TcpState)state;
        b->has_count = 1;
        b->count = states[state] < UINT32_MAX ? (uint32_t)states[state] : UINT32_MAX;
        list[m->n_state_counts++] = b;
    }
    return TCPS_OK;
}

static uint64_t sum_of(const uint64_t states[TCPS_STATES]) {
    uint64_t sum = 0;
    for (unsigned state = 0; state < TCPS_STATES; state++) sum += states[state];
    return sum;
}

static void set_rates(TcpstatsReader__SystemSummary *m) {
    if (m->has_delta_snd_rexmit_packets && m->has_delta_snd_total_packets && m->delta_snd_total_packets) {
        m->has_retransmit_rate = 1;
        m->retransmit_rate = (double)m->delta_snd_rexmit_packets / (double)m->delta_snd_total_packets;
    }
    if (m->has_delta_rcv_dup_packets && m->has_delta_rcv_total_packets && m->delta_rcv_total_packets) {
        m->has_duplicate_rate = 1;
        m->duplicate_rate = (double)m->delta_rcv_dup_packets / (double)m->delta_rcv_total_packets;
    }
}

tcps_code tcps_summary_set(tcps_summary *s, tcps_pass *pass, const tcps_census *census, const tcps_counters *counters, const tcps_clock *clock) {
    TcpstatsReader__SystemSummary *m = &pass->summary;
    tcpstats_reader__system_summary__init(m);
    bool kernels = counters && counters->has_states;
    if (set_states(pass, kernels ? counters->states : census->states) != TCPS_OK) return TCPS_NOMEM;
    m->timestamp_ns = clock->realtime_ns;
    m->has_timestamp_ns = clock->realtime_ns != 0;
    if (s->begun && clock->monotonic_ns > s->monotonic_ns) {
        uint64_t interval = (clock->monotonic_ns - s->monotonic_ns + 500000) / 1000000;
        m->interval_ms = interval < UINT32_MAX ? (uint32_t)interval : UINT32_MAX;
        m->has_interval_ms = m->interval_ms != 0;
    }
    uint64_t total = kernels ? sum_of(counters->states) : census->total;
    m->total_sockets = total < UINT32_MAX ? (uint32_t)total : UINT32_MAX;
    m->has_total_sockets = total != 0;
    if (!census->selected) {
        m->has_embryonic_connections = 1;
        m->embryonic_connections = census->states[TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED];
        m->has_time_wait_sockets = 1;
        m->time_wait_sockets = census->states[TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT];
    }
    if (counters) {
        set_counters(s, m, counters);
        set_rates(m);
        s->before = *counters;
    } else {
        memset(s->before.has, 0, sizeof s->before.has);
    }
    s->begun = true;
    s->monotonic_ns = clock->monotonic_ns;
    pass->has_summary = true;
    return TCPS_OK;
}
