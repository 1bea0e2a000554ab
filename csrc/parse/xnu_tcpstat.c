#include "parse/xnu_tcpstat.h"

#include "abi/load.h"
#include "abi/xnu.h"

/* A field that has several counters is their sum. Counters after tcps_sack_sboverflow (352) are not read: they move from release to release,
 * and the struct's length does not tell all of these apart. */
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
    {TCPS_S_delta_listen_drops, TCPSTAT_LISTENDROP},
    {TCPS_S_delta_attempt_fails, TCPSTAT_CONNDROPS},
    {TCPS_S_delta_aborts_on_timeout, TCPSTAT_TIMEOUTDROP},
    {TCPS_S_delta_aborts_on_timeout, TCPSTAT_PERSISTDROP},
    {TCPS_S_delta_aborts_on_timeout, TCPSTAT_KEEPDROPS},
    {TCPS_S_delta_timeouts, TCPSTAT_REXMTTIMEO},
    {TCPS_S_delta_spurious_timeouts, TCPSTAT_SNDREXMITBAD},
    {TCPS_S_delta_snd_data_packets, TCPSTAT_SNDPACK},
    {TCPS_S_delta_rcv_ooo_packets, TCPSTAT_RCVOOPACK},
    {TCPS_S_delta_rcv_ooo_bytes, TCPSTAT_RCVOOBYTE},
    {TCPS_S_delta_rcv_errors, TCPSTAT_RCVBADSUM},
    {TCPS_S_delta_rcv_errors, TCPSTAT_RCVBADOFF},
    {TCPS_S_delta_rcv_errors, TCPSTAT_RCVSHORT},
    {TCPS_S_delta_ooo_drops, TCPSTAT_RCVMEMDROP},
    {TCPS_S_delta_paws_drops, TCPSTAT_PAWSDROP},
    {TCPS_S_delta_window_probes, TCPSTAT_SNDPROBE},
    {TCPS_S_delta_keepalives, TCPSTAT_KEEPPROBE},
    {TCPS_S_delta_challenge_acks, TCPSTAT_SYNCHALLENGE},
    {TCPS_S_delta_challenge_acks, TCPSTAT_RSTCHALLENGE},
};

void tcps_xnu_tcpstat(tcps_counters *counters, const uint8_t *bytes, size_t len) {
    uint64_t missing[TCPS_SUMMARY_WORDS] = {0};
    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        unsigned field = map[i].field, word = field >> 6;
        uint64_t bit = 1ull << (field & 63);
        if (map[i].offset + 4u > len) {
            missing[word] |= bit;
            continue;
        }
        uint32_t before = counters->has[word] & bit ? (uint32_t)counters->value[field] : 0;
        counters->has[word] |= bit;
        counters->is_32bit[word] |= bit;
        counters->value[field] = (uint32_t)(before + tcps_load32(bytes + map[i].offset)); /* in 32 bits: a sum wraps as its parts do */
    }
    for (unsigned w = 0; w < TCPS_SUMMARY_WORDS; w++) counters->has[w] &= ~missing[w];
}

bool tcps_xnu_tcpstat_hidden(const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (bytes[i]) return false;
    return true;
}
