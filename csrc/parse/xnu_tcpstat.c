#include "parse/xnu_tcpstat.h"

#include "abi/load.h"
#include "abi/xnu.h"

static const struct {
    uint16_t field, offset;
} map[] = {
    {TCPS_S_delta_conn_attempts, TCPSTAT_CONNATTEMPT},
    {TCPS_S_delta_accepts, TCPSTAT_ACCEPTS},
    {TCPS_S_delta_connects, TCPSTAT_CONNECTS},
    {TCPS_S_delta_drops, TCPSTAT_DROPS},
    {TCPS_S_delta_snd_total_packets, TCPSTAT_SNDTOTAL},
    {TCPS_S_delta_snd_bytes, TCPSTAT_SNDBYTE},
    {TCPS_S_delta_snd_rexmit_packets, TCPSTAT_SNDREXMITPACK},
    {TCPS_S_delta_snd_rexmit_bytes, TCPSTAT_SNDREXMITBYTE},
    {TCPS_S_delta_rcv_total_packets, TCPSTAT_RCVTOTAL},
    {TCPS_S_delta_rcv_bytes, TCPSTAT_RCVBYTE},
    {TCPS_S_delta_rcv_dup_packets, TCPSTAT_RCVDUPPACK},
    {TCPS_S_delta_rcv_badsum, TCPSTAT_RCVBADSUM},
};

void tcps_xnu_tcpstat(tcps_counters *counters, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        unsigned field = map[i].field;
        if (map[i].offset + 4u > len) continue;
        uint64_t bit = 1ull << (field & 63);
        counters->has[field >> 6] |= bit;
        counters->narrow[field >> 6] |= bit;
        counters->value[field] = tcps_load32(bytes + map[i].offset);
    }
}

bool tcps_xnu_tcpstat_hidden(const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (bytes[i]) return false;
    return true;
}
