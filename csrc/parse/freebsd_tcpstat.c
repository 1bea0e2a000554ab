#include "parse/freebsd_tcpstat.h"

#include "abi/freebsd.h"
#include "abi/load.h"

/* Byte offsets of what the summary is made of. `early` has not moved since 13; tcps_progdrops came before `late` in 14. */
typedef struct place {
    uint16_t field, offset_13, offset_14;
} place;
static const place early[] = {
    {TCPS_S_delta_conn_attempts, 0, 0},
    {TCPS_S_delta_accepts, 8, 8},
    {TCPS_S_delta_connects, 16, 16},
    {TCPS_S_delta_drops, 24, 24},
};
static const place late[] = {
    {TCPS_S_delta_snd_total_packets, 128, 136}, {TCPS_S_delta_snd_bytes, 144, 152},         {TCPS_S_delta_snd_rexmit_packets, 152, 160},
    {TCPS_S_delta_snd_rexmit_bytes, 160, 168},  {TCPS_S_delta_rcv_total_packets, 216, 224}, {TCPS_S_delta_rcv_bytes, 232, 240},
    {TCPS_S_delta_rcv_badsum, 240, 248},        {TCPS_S_delta_rcv_dup_packets, 272, 280},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void set_counters(tcps_counters *c, const place *places, size_t count, const uint8_t *bytes, bool since_14) {
    for (size_t i = 0; i < count; i++) {
        unsigned field = places[i].field;
        c->has[field >> 6] |= 1ull << (field & 63);
        c->value[field] = tcps_load64(bytes + (since_14 ? places[i].offset_14 : places[i].offset_13));
    }
}

tcps_code tcps_freebsd_tcpstat_parse(const uint8_t *bytes, size_t len, tcps_counters *counters, tcps_status *status) {
    size_t needed = early[COUNT(early) - 1].offset_13 + sizeof(uint64_t);
    if (len < needed) return tcps_fail(status, TCPS_TRUNCATED, "net.inet.tcp.stats: %zu bytes", len);
    set_counters(counters, early, COUNT(early), bytes, false);
    if (len != TCPSTAT_SIZE_13 && len != TCPSTAT_SIZE_14 && len != TCPSTAT_SIZE_15)
        return tcps_fail(status, TCPS_FORMAT, "net.inet.tcp.stats: %zu bytes are of no known release, most counters are left out", len);
    set_counters(counters, late, COUNT(late), bytes, len != TCPSTAT_SIZE_13);
    return TCPS_OK;
}

tcps_code tcps_freebsd_states_parse(const uint8_t *bytes, size_t len, uint64_t counts[TCPS_FREEBSD_STATES], tcps_status *status) {
    if (len != TCPS_FREEBSD_STATES * sizeof(uint64_t))
        return tcps_fail(status, TCPS_FORMAT, "net.inet.tcp.states: %zu bytes instead of %zu", len, TCPS_FREEBSD_STATES * sizeof(uint64_t));
    for (size_t i = 0; i < TCPS_FREEBSD_STATES; i++) counts[i] = tcps_load64(bytes + 8 * i);
    return TCPS_OK;
}
