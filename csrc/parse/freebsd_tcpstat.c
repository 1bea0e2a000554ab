#include "parse/freebsd_tcpstat.h"

#include "abi/freebsd.h"
#include "abi/load.h"
#include "base/bitset.h"

/* A counter of the summary: the sum of `parts` counters of struct tcpstat, whose indices are given for FreeBSD 13, 14 and 15. Counters were put
 * into the middle (tcps_progdrops in 14, the cookies' in 15), so an index holds for the struct of one release only. */
#define NONE 0xffff
typedef struct counter {
    uint16_t field;
    uint16_t parts;
    uint16_t index[3][3];
} counter;

static const counter table[] = {
    {TCPS_S_delta_conn_attempts, 1, {{0}, {0}, {0}}},
    {TCPS_S_delta_accepts, 1, {{1}, {1}, {1}}},
    {TCPS_S_delta_connects, 1, {{2}, {2}, {2}}},
    {TCPS_S_delta_drops, 1, {{3}, {3}, {3}}},
    {TCPS_S_delta_snd_total_packets, 1, {{16}, {17}, {17}}},
    {TCPS_S_delta_snd_bytes, 1, {{18}, {19}, {19}}},
    {TCPS_S_delta_snd_rexmit_packets, 1, {{19}, {20}, {20}}},
    {TCPS_S_delta_snd_rexmit_bytes, 1, {{20}, {21}, {21}}},
    {TCPS_S_delta_rcv_total_packets, 1, {{27}, {28}, {28}}},
    {TCPS_S_delta_rcv_bytes, 1, {{29}, {30}, {30}}},
    {TCPS_S_delta_rcv_dup_packets, 1, {{34}, {35}, {35}}},
    {TCPS_S_delta_rcv_badsum, 1, {{30}, {31}, {31}}},
    {TCPS_S_delta_listen_drops, 1, {{62}, {63}, {63}}},
    {TCPS_S_delta_syncookies_sent, 1, {{77}, {78}, {78}}},
    {TCPS_S_delta_syncookies_received, 1, {{78}, {79}, {79}}},
    {TCPS_S_delta_syncookies_failed, 1, {{NONE}, {NONE}, {81}}},
    {TCPS_S_delta_embryonic_resets, 1, {{71}, {72}, {72}}},
    {TCPS_S_delta_attempt_fails, 1, {{4}, {4}, {4}}},
    {TCPS_S_delta_aborts_on_timeout, 3, {{10, 59, 15}, {10, 60, 15}, {10, 60, 15}}},
    {TCPS_S_delta_timeouts, 1, {{11}, {11}, {11}}},
    {TCPS_S_delta_spurious_timeouts, 1, {{21}, {22}, {22}}},
    {TCPS_S_delta_lost_retransmits, 1, {{NONE}, {88}, {91}}},
    {TCPS_S_delta_tail_loss_probes, 1, {{NONE}, {117}, {120}}},
    {TCPS_S_delta_dsacks_received, 1, {{NONE}, {105}, {108}}},
    {TCPS_S_delta_snd_data_packets, 1, {{17}, {18}, {18}}},
    {TCPS_S_delta_rcv_ooo_packets, 1, {{38}, {39}, {39}}},
    {TCPS_S_delta_rcv_ooo_bytes, 1, {{39}, {40}, {40}}},
    {TCPS_S_delta_rcv_errors, 3, {{30, 31, 33}, {31, 32, 34}, {31, 32, 34}}},
    {TCPS_S_delta_ooo_drops, 1, {{32}, {33}, {33}}},
    {TCPS_S_delta_paws_drops, 1, {{49}, {50}, {50}}},
    {TCPS_S_delta_window_probes, 1, {{23}, {24}, {24}}},
    {TCPS_S_delta_keepalives, 1, {{14}, {14}, {14}}},
};

static int layout_of(size_t len) { return len == TCPSTAT_SIZE_13 ? 0 : len == TCPSTAT_SIZE_14 ? 1 : len == TCPSTAT_SIZE_15 ? 2 : -1; }

/* Counters before tcps_progdrops have the same index in all. */
static bool everywhere_the_same(const counter *c) {
    return memcmp(c->index[0], c->index[1], sizeof c->index[0]) == 0 && memcmp(c->index[0], c->index[2], sizeof c->index[0]) == 0;
}

tcps_code tcps_freebsd_tcpstat_parse(const uint8_t *bytes, size_t len, tcps_counters *counters, tcps_status *status) {
    int layout = layout_of(len);
    for (const counter *c = table; c < table + sizeof table / sizeof *table; c++) {
        const uint16_t *index = c->index[layout < 0 ? 0 : layout];
        if (index[0] == NONE || (layout < 0 && !everywhere_the_same(c))) continue;
        uint64_t sum = 0;
        bool whole = true;
        for (unsigned i = 0; i < c->parts; i++) {
            size_t offset = sizeof sum * index[i];
            whole &= offset + sizeof sum <= len;
            if (whole) sum += tcps_load64(bytes + offset);
        }
        if (!whole) continue;
        tcps_bitset_add(counters->has, c->field);
        counters->value[c->field] = sum;
    }
    if (layout >= 0) return TCPS_OK;
    return tcps_fail(status, TCPS_UNSUPPORTED, "net.inet.tcp.stats: %zu bytes are of no known release, most counters are left out", len);
}

static void set_gauge(tcps_counters *counters, unsigned field, uint64_t value) {
    tcps_bitset_add(counters->has, field);
    counters->value[field] = value;
}

tcps_code tcps_freebsd_states_parse(const uint8_t *bytes, size_t len, tcps_counters *counters, tcps_status *status) {
    size_t expected = FREEBSD_TCPS_COUNT * sizeof(uint64_t);
    if (len != expected) return tcps_fail(status, TCPS_FORMAT, "net.inet.tcp.states: %zu bytes instead of %zu", len, expected);
    uint64_t *states = counters->states;
    counters->has_states = true;
    for (unsigned i = 0; i < FREEBSD_TCPS_COUNT; i++) states[i + 1] = tcps_load64(bytes + sizeof *states * i);
    set_gauge(counters, TCPS_S_embryonic_connections, states[TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED]);
    set_gauge(counters, TCPS_S_time_wait_sockets, states[TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT]);
    set_gauge(counters, TCPS_S_current_established,
              states[TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED] + states[TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSE_WAIT]);
    return TCPS_OK;
}
