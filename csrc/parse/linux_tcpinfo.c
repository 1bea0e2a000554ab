#include "parse/linux_tcpinfo.h"

#include <stdlib.h>

#include "abi/linux.h"
#include "parse/struct.h"

#define S(name) TCPSTATS_READER__TCP_STATE__TCP_STATE_##name
TcpstatsReader__TcpState tcps_linux_state(unsigned state) {
    static const TcpstatsReader__TcpState states[] = {
        S(UNKNOWN), S(ESTABLISHED), S(SYN_SENT), S(SYN_RECEIVED), S(FIN_WAIT_1), S(FIN_WAIT_2),   S(TIME_WAIT),
        S(CLOSED),  S(CLOSE_WAIT),  S(LAST_ACK), S(LISTEN),       S(CLOSING),    S(SYN_RECEIVED), S(CLOSED),
    };
    return state < sizeof states / sizeof *states ? states[state] : S(UNKNOWN);
}

unsigned tcps_linux_release(const char *text) {
    char *end;
    unsigned long major = strtoul(text, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return end > text && *text >= '0' && *text <= '9' && major < 256 && minor < 256 ? (unsigned)(major << 8 | minor) : 0;
}

static uint32_t saturated(uint64_t v) { return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v; }

/* Bytes per second; the kernel's "no limit" is all ones. */
static void read_rate(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (tcps_holds(s, offset, 8) && tcps_load64(s->at + offset) != UINT64_MAX) tcps_set(r, field, tcps_load64(s->at + offset));
}

static void set_options(tcps_record *r, const uint8_t *info) {
    unsigned options = info[TCPI_OPTIONS];
    unsigned fast_open = options & OPT_SYN_DATA ? 16 : 0;
    tcps_set(r, TCPS_F_negotiated_options, (options & (OPT_TIMESTAMPS | OPT_SACK | OPT_WSCALE | OPT_ECN)) | fast_open);
    tcps_set(r, TCPS_F_ecn_seen, (options & OPT_ECN_SEEN) != 0);
    tcps_set(r, TCPS_F_tfo_negotiated, fast_open != 0);
    if (options & (OPT_USEC_TS | OPT_TFO_CHILD)) {
        tcps_set_nonzero(r, TCPS_F_usec_ts, (options & OPT_USEC_TS) != 0);
        tcps_set_nonzero(r, TCPS_F_tfo_child, (options & OPT_TFO_CHILD) != 0);
    }
    if (options & OPT_WSCALE) {
        tcps_set(r, TCPS_F_snd_wscale, info[TCPI_WSCALE] & 15);
        tcps_set(r, TCPS_F_rcv_wscale, info[TCPI_WSCALE] >> 4);
    }
}

/* The tcp_info of a socket that has no connection is zero, or means nothing, but for these; a listener's unacked and sacked repeat the accept queue. */
static void set_listener_info(tcps_record *r, const tcps_struct *s) {
    tcps_read32(r, TCPS_F_reordering, s, TCPI_REORDERING);
    read_rate(r, TCPS_F_pacing_rate, s, TCPI_PACING_RATE);
    read_rate(r, TCPS_F_max_pacing_rate, s, TCPI_MAX_PACING_RATE);
}

/* The bytes that the struct begins with. */
static void set_flags(tcps_record *r, const tcps_struct *s, unsigned state) {
    if (s->at[TCPI_CA_STATE] <= CA_LAST) {
        tcps_set(r, TCPS_F_congestion_state, s->at[TCPI_CA_STATE]);
        tcps_set(r, TCPS_F_in_loss_recovery, s->at[TCPI_CA_STATE] >= CA_RECOVERY);
    }
    tcps_set(r, TCPS_F_retransmits, s->at[TCPI_RETRANSMITS]);
    tcps_set(r, TCPS_F_probes, s->at[TCPI_PROBES]);
    tcps_set(r, TCPS_F_rxt_shift, s->at[TCPI_BACKOFF]);
    if (state != LINUX_SYN_SENT) set_options(r, s->at); /* nothing is negotiated before the SYN is answered */
    tcps_set(r, TCPS_F_delivery_rate_app_limited, s->at[TCPI_APP_LIMITED] & 1);
    tcps_set(r, TCPS_F_fastopen_client_fail, s->at[TCPI_APP_LIMITED] >> 1 & 3);
}

/* What every kernel has. */
static void set_oldest(tcps_record *r, const tcps_struct *s, unsigned state) {
    tcps_read32(r, TCPS_F_rto_us, s, TCPI_RTO);
    tcps_read32(r, TCPS_F_ato_us, s, TCPI_ATO);
    uint64_t mss = tcps_holds(s, TCPI_SND_MSS, 4) ? tcps_load32(s->at + TCPI_SND_MSS) : 0;
    tcps_read32(r, TCPS_F_maxseg, s, TCPI_SND_MSS);
    tcps_read32(r, TCPS_F_rcv_mss, s, TCPI_RCV_MSS);
    tcps_read32(r, TCPS_F_unacked, s, TCPI_UNACKED);
    tcps_read32(r, TCPS_F_sacked, s, TCPI_SACKED);
    tcps_read32(r, TCPS_F_lost, s, TCPI_LOST);
    tcps_read32(r, TCPS_F_retrans_in_flight, s, TCPI_RETRANS);
    tcps_read32(r, TCPS_F_fackets, s, TCPI_FACKETS);
    if (state != LINUX_SYN_SENT) { /* nothing has happened yet: the times count from the machine's start */
        tcps_read32(r, TCPS_F_last_data_sent_ms, s, TCPI_LAST_DATA_SENT);
        tcps_read32(r, TCPS_F_idle_time_ms, s, TCPI_LAST_DATA_RECV);
        tcps_read32(r, TCPS_F_last_ack_recv_ms, s, TCPI_LAST_ACK_RECV);
    }
    tcps_read32(r, TCPS_F_pmtu, s, TCPI_PMTU);
    tcps_read32(r, TCPS_F_rcv_ssthresh, s, TCPI_RCV_SSTHRESH);
    if (tcps_holds(s, TCPI_RTTVAR, 4) && tcps_load32(s->at + TCPI_RTT)) { /* 0: no sample yet, and the variation is a constant then */
        tcps_read32(r, TCPS_F_rtt_us, s, TCPI_RTT);
        tcps_read32(r, TCPS_F_rttvar_us, s, TCPI_RTTVAR);
    }
    if (tcps_holds(s, TCPI_SND_SSTHRESH, 4) && tcps_load32(s->at + TCPI_SND_SSTHRESH) < SSTHRESH_INFINITE)
        tcps_set(r, TCPS_F_snd_ssthresh, saturated(tcps_load32(s->at + TCPI_SND_SSTHRESH) * mss));
    if (tcps_holds(s, TCPI_SND_CWND, 4)) tcps_set(r, TCPS_F_snd_cwnd, saturated(tcps_load32(s->at + TCPI_SND_CWND) * mss));
    tcps_read32(r, TCPS_F_advmss, s, TCPI_ADVMSS);
    tcps_read32(r, TCPS_F_reordering, s, TCPI_REORDERING);
    tcps_read32_nonzero(r, TCPS_F_rcv_rtt_us, s, TCPI_RCV_RTT);
    tcps_read32(r, TCPS_F_rcv_space, s, TCPI_RCV_SPACE);
    tcps_read32(r, TCPS_F_rexmit_packets, s, TCPI_TOTAL_RETRANS);
}

/* What kernels from 3.15 to 6.7 appended, a few fields each. */
static void set_appended(tcps_record *r, const tcps_struct *s, unsigned state) {
    read_rate(r, TCPS_F_pacing_rate, s, TCPI_PACING_RATE);
    read_rate(r, TCPS_F_max_pacing_rate, s, TCPI_MAX_PACING_RATE);
    tcps_read64(r, TCPS_F_bytes_acked, s, TCPI_BYTES_ACKED);
    if (tcps_holds(s, TCPI_BYTES_RECEIVED, 8)) {
        uint64_t received = tcps_load64(s->at + TCPI_BYTES_RECEIVED);
        tcps_set(r, TCPS_F_rx_bytes, received - (received && tcps_linux_fin_received(state)));
    }
    tcps_read32(r, TCPS_F_tx_packets, s, TCPI_SEGS_OUT);
    tcps_read32(r, TCPS_F_rx_packets, s, TCPI_SEGS_IN);
    tcps_read32(r, TCPS_F_notsent_bytes, s, TCPI_NOTSENT_BYTES);
    if (tcps_holds(s, TCPI_MIN_RTT, 4) && tcps_load32(s->at + TCPI_MIN_RTT) != UINT32_MAX)
        tcps_set(r, TCPS_F_rtt_min_us, tcps_load32(s->at + TCPI_MIN_RTT));
    tcps_read32(r, TCPS_F_data_segs_in, s, TCPI_DATA_SEGS_IN);
    tcps_read32(r, TCPS_F_data_segs_out, s, TCPI_DATA_SEGS_OUT);
    tcps_read64_nonzero(r, TCPS_F_delivery_rate, s, TCPI_DELIVERY_RATE); /* 0: no sample yet */
    tcps_read64(r, TCPS_F_busy_time_us, s, TCPI_BUSY_TIME);
    tcps_read64(r, TCPS_F_rwnd_limited_us, s, TCPI_RWND_LIMITED);
    tcps_read64(r, TCPS_F_sndbuf_limited_us, s, TCPI_SNDBUF_LIMITED);
    tcps_read32(r, TCPS_F_delivered, s, TCPI_DELIVERED);
    tcps_read32(r, TCPS_F_ecn_ce_delivered, s, TCPI_DELIVERED_CE);
    tcps_read64(r, TCPS_F_tx_bytes, s, TCPI_BYTES_SENT);
    tcps_read64(r, TCPS_F_retransmit_bytes, s, TCPI_BYTES_RETRANS);
    tcps_read32(r, TCPS_F_dsack_packets, s, TCPI_DSACK_DUPS);
    if (tcps_holds(s, TCPI_REORD_SEEN, 4)) {
        tcps_set(r, TCPS_F_reord_seen, tcps_load32(s->at + TCPI_REORD_SEEN));
        tcps_set(r, TCPS_F_reordering_detected, tcps_load32(s->at + TCPI_REORD_SEEN) != 0);
    }
    tcps_read32(r, TCPS_F_ooo_packets, s, TCPI_RCV_OOOPACK);
    tcps_read32(r, TCPS_F_snd_wnd, s, TCPI_SND_WND);
    tcps_read32(r, TCPS_F_rcv_wnd, s, TCPI_RCV_WND);
    tcps_read32(r, TCPS_F_rehash, s, TCPI_REHASH);
    tcps_read16(r, TCPS_F_total_rto, s, TCPI_TOTAL_RTO);
    tcps_read16(r, TCPS_F_total_rto_recoveries, s, TCPI_TOTAL_RTO_RECOVERIES);
    tcps_read32(r, TCPS_F_total_rto_time_ms, s, TCPI_TOTAL_RTO_TIME);
}

/* Accurate ECN, from 6.18 on. */
static void set_accurate_ecn(tcps_record *r, const tcps_struct *s, unsigned release) {
    tcps_read32(r, TCPS_F_ecn_ce_received, s, TCPI_RECEIVED_CE);
    tcps_read32(r, TCPS_F_delivered_e1_bytes, s, TCPI_DELIVERED_E1_BYTES);
    tcps_read32(r, TCPS_F_delivered_e0_bytes, s, TCPI_DELIVERED_E0_BYTES);
    tcps_read32(r, TCPS_F_delivered_ce_bytes, s, TCPI_DELIVERED_CE_BYTES);
    tcps_read32(r, TCPS_F_received_e1_bytes, s, TCPI_RECEIVED_E1_BYTES);
    tcps_read32(r, TCPS_F_received_e0_bytes, s, TCPI_RECEIVED_E0_BYTES);
    tcps_read32(r, TCPS_F_received_ce_bytes, s, TCPI_RECEIVED_CE_BYTES);
    if (release >= TCPI_ECN_BITS_SINCE && tcps_holds(s, TCPI_ECN_BITS, 4)) {
        uint32_t bits = tcps_load32(s->at + TCPI_ECN_BITS);
        tcps_set(r, TCPS_F_ecn_mode, bits & 3);
        tcps_set(r, TCPS_F_accecn_opt_seen, bits >> 2 & 3);
        tcps_set(r, TCPS_F_accecn_fail_mode, bits >> 4 & 15);
    }
}

void tcps_linux_tcp_info(tcps_record *r, const uint8_t *info, size_t len, unsigned state, unsigned release) {
    const tcps_struct s = {info, len};
    if (state == LINUX_LISTEN || state == LINUX_BOUND_INACTIVE) {
        set_listener_info(r, &s);
        return;
    }
    if (!tcps_holds(&s, TCPI_STATE, TCPI_RTO)) return;
    set_flags(r, &s, state);
    set_oldest(r, &s, state);
    set_appended(r, &s, state);
    set_accurate_ecn(r, &s, release);
}

void tcps_linux_meminfo(tcps_record *r, const uint8_t *info, size_t len) {
    const tcps_struct s = {info, len};
    tcps_read32(r, TCPS_F_skmem_rmem_alloc, &s, SKMEM_RMEM_ALLOC);
    tcps_read32(r, TCPS_F_rcv_buf_hiwat, &s, SKMEM_RCVBUF);
    tcps_read32(r, TCPS_F_skmem_wmem_alloc, &s, SKMEM_WMEM_ALLOC);
    tcps_read32(r, TCPS_F_snd_buf_hiwat, &s, SKMEM_SNDBUF);
    tcps_read32(r, TCPS_F_skmem_fwd_alloc, &s, SKMEM_FWD_ALLOC);
    tcps_read32(r, TCPS_F_skmem_wmem_queued, &s, SKMEM_WMEM_QUEUED);
    tcps_read32(r, TCPS_F_skmem_optmem, &s, SKMEM_OPTMEM);
    tcps_read32(r, TCPS_F_skmem_backlog, &s, SKMEM_BACKLOG);
    tcps_read32(r, TCPS_F_socket_drops, &s, SKMEM_DROPS);
}
