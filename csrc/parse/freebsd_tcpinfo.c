#include "parse/freebsd_tcpinfo.h"

#include "parse/freebsd_pieces.h"
#include "tcp_stats.pb-c.h"

static void set_options(tcps_record *r, const tcps_struct *info) {
    unsigned options = info->at[TI_OPTIONS];
    unsigned fast_open = options & TI_OPT_TFO ? 16 : 0;
    tcps_set(r, TCPS_F_negotiated_options, (options & (TI_OPT_TIMESTAMPS | TI_OPT_SACK | TI_OPT_WSCALE | TI_OPT_ECN)) | fast_open);
    if (options & TI_OPT_WSCALE) {
        tcps_set(r, TCPS_F_snd_wscale, info->at[TI_WSCALE] & 15);
        tcps_set(r, TCPS_F_rcv_wscale, info->at[TI_WSCALE] >> 4);
    }
}

/* tcp_fill_info of every release; what the struct declares with two underscores is never filled. */
static void set_common(tcps_record *r, const tcps_struct *info) {
    set_options(r, info);
    tcps_read32(r, TCPS_F_rto_us, info, TI_RTO);
    tcps_read32(r, TCPS_F_maxseg, info, TI_SND_MSS);
    tcps_set(r, TCPS_F_idle_time_ms, tcps_load32(info->at + TI_LAST_DATA_RECV) / 1000);
    if (tcps_load32(info->at + TI_RTT)) { /* 0: no sample yet, and the variation is a constant then */
        tcps_read32(r, TCPS_F_rtt_us, info, TI_RTT);
        tcps_read32(r, TCPS_F_rttvar_us, info, TI_RTTVAR);
    }
    tcps_read32(r, TCPS_F_snd_ssthresh, info, TI_SND_SSTHRESH);
    tcps_read32(r, TCPS_F_snd_cwnd, info, TI_SND_CWND);
    tcps_read32(r, TCPS_F_rcv_wnd, info, TI_RCV_SPACE);
    tcps_read32(r, TCPS_F_snd_wnd, info, TI_SND_WND);
    tcps_read32(r, TCPS_F_snd_nxt, info, TI_SND_NXT);
    tcps_read32(r, TCPS_F_rcv_nxt, info, TI_RCV_NXT);
    tcps_read32(r, TCPS_F_rexmit_packets, info, TI_SND_REXMITPACK);
    tcps_read32(r, TCPS_F_ooo_packets, info, TI_RCV_OOOPACK);
    tcps_read32(r, TCPS_F_zerowin_probes, info, TI_SND_ZEROWIN);
}

static void set_since_14(tcps_record *r, const tcps_struct *info) {
    tcps_read32(r, TCPS_F_ecn_ce_delivered, info, TI_DELIVERED_CE);
    tcps_read32(r, TCPS_F_ecn_ce_received, info, TI_RECEIVED_CE);
    tcps_read32(r, TCPS_F_tlp_probes_sent, info, TI_TOTAL_TLP);
    tcps_read64(r, TCPS_F_tlp_bytes_sent, info, TI_TOTAL_TLP_BYTES);
    tcps_read32(r, TCPS_F_snd_una, info, TI_SND_UNA);
    tcps_read32(r, TCPS_F_snd_max, info, TI_SND_MAX);
    tcps_read32(r, TCPS_F_sack_blocks, info, TI_NUMSACKS);
    tcps_read32(r, TCPS_F_rcv_adv, info, TI_RCV_ADV);
    tcps_read32(r, TCPS_F_dupacks, info, TI_DUPACKS);
}

void tcps_freebsd_tcp_info(tcps_record *r, const uint8_t *info, size_t len) {
    if (len < TI_SIZE_13) return;
    tcps_freebsd_set_state(r, info[TI_STATE]);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_FREEBSD_TCP_INFO);
    if (info[TI_STATE] == FREEBSD_TCPS_LISTEN) return; /* of a listener the rest is what a new tcpcb begins with */
    const tcps_struct s = {info, len};
    set_common(r, &s);
    if (len >= TI_SIZE_14) set_since_14(r, &s);
}
