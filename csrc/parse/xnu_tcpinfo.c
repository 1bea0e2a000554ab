#include "parse/xnu_tcpinfo.h"

#include "abi/load.h"
#include "abi/xnu.h"
#include "tcp_stats.pb-c.h"

typedef struct info {
    tcps_record *r;
    const uint8_t *at;
    size_t len;
} info;

static bool holds(const info *i, size_t offset, size_t size) { return offset + size <= i->len; }

static void set8(const info *i, unsigned field, size_t offset) {
    if (holds(i, offset, 1)) tcps_set(i->r, field, i->at[offset]);
}

static void set32(const info *i, unsigned field, size_t offset) {
    if (holds(i, offset, 4)) tcps_set(i->r, field, tcps_load32(i->at + offset));
}

static void set64(const info *i, unsigned field, size_t offset) {
    if (holds(i, offset, 8)) tcps_set(i->r, field, tcps_load64(i->at + offset));
}

static void set32_if_absent(const info *i, unsigned field, size_t offset) {
    if (!tcps_has(i->r, field)) set32(i, field, offset);
}

/* Whole milliseconds to microseconds; 0 is no measurement. */
static void set_ms(const info *i, unsigned field, size_t offset) {
    if (!holds(i, offset, 4)) return;
    uint64_t us = (uint64_t)tcps_load32(i->at + offset) * 1000;
    if (us) tcps_set(i->r, field, us > UINT32_MAX ? UINT32_MAX : us);
}

static void set_ms_if_absent(const info *i, unsigned field, size_t offset) {
    if (!tcps_has(i->r, field)) set_ms(i, field, offset);
}

static void set_state(const info *i, size_t offset) {
    if (tcps_has(i->r, TCPS_F_state) || !holds(i, offset, 1) || i->at[offset] > XSTATE_TIME_WAIT) return;
    tcps_set(i->r, TCPS_F_state, i->at[offset] + 1u);
}

/* The kernel gives 0 for both scales unless they were negotiated. */
static void set_scales(const info *i, uint32_t options, size_t send, size_t receive) {
    const uint32_t wscale = 1u << 2;
    if (!(options & wscale)) return;
    if (!tcps_has(i->r, TCPS_F_snd_wscale)) set8(i, TCPS_F_snd_wscale, send);
    if (!tcps_has(i->r, TCPS_F_rcv_wscale)) set8(i, TCPS_F_rcv_wscale, receive);
}

static void set_fast_open(const info *i, uint32_t bits) {
    tcps_set(i->r, TCPS_F_tfo_state_macos, bits & TIBITS_TFO);
    tcps_set(i->r, TCPS_F_tfo_negotiated, (bits & (TITFO_SYN_DATA_ACKED | TITFO_SYN_DATA_RCV)) != 0);
}

static void set_bits(const info *i) {
    if (!holds(i, TI_BITS, 4)) return;
    uint32_t bits = tcps_load32(i->at + TI_BITS);
    set_fast_open(i, bits);
    tcps_set(i->r, TCPS_F_ecn_setup, bits >> TIBIT_ECN_SETUP & 0x1f);
    tcps_set(i->r, TCPS_F_local_peer, bits >> TIBIT_LOCAL_PEER & 1);
    if (tcps_has(i->r, TCPS_F_last_out_interface)) tcps_set(i->r, TCPS_F_last_out_interface_type, bits >> TIBIT_INTERFACE & 0x1f);
    tcps_set(i->r, TCPS_F_background, bits >> TIBIT_BACKGROUND & 3);
    if (i->len >= TI_SIZE_15) tcps_set(i->r, TCPS_F_l4s_enabled, bits >> TIBIT_L4S & 1);
}

static void set_counters(const info *i) {
    set64(i, TCPS_F_tx_packets, TI_TXPACKETS);
    set64(i, TCPS_F_tx_bytes, TI_TXBYTES);
    set64(i, TCPS_F_rx_packets, TI_RXPACKETS);
    set64(i, TCPS_F_rx_bytes, TI_RXBYTES);
    set64(i, TCPS_F_retransmit_bytes, TI_TXRETRANSMITBYTES);
    set64(i, TCPS_F_retransmit_packets_total, TI_TXRETRANSMITPACKETS);
    set64(i, TCPS_F_tx_unacked_bytes, TI_TXUNACKED);
    set64(i, TCPS_F_rx_duplicate_bytes, TI_RXDUPLICATEBYTES);
    set64(i, TCPS_F_ooo_bytes, TI_RXOUTOFORDERBYTES);
    set32(i, TCPS_F_ooo_packets, TI_RCVOOPACK);
    set8(i, TCPS_F_syn_retransmits, TI_SYNREXMITS);
    set64(i, TCPS_F_cell_rx_bytes, TI_CELL_RXBYTES);
    set64(i, TCPS_F_cell_tx_bytes, TI_CELL_TXBYTES);
    set64(i, TCPS_F_wifi_rx_bytes, TI_WIFI_RXBYTES);
    set64(i, TCPS_F_wifi_tx_bytes, TI_WIFI_TXBYTES);
    set64(i, TCPS_F_wired_rx_bytes, TI_WIRED_RXBYTES);
    set64(i, TCPS_F_wired_tx_bytes, TI_WIRED_TXBYTES);
    set32(i, TCPS_F_paws_drops, TI_PAWSDROP);
    set32(i, TCPS_F_sack_recoveries, TI_SACK_RECOVERY_EPISODE);
    set32(i, TCPS_F_dsack_sent, TI_DSACK_SENT);
    set32(i, TCPS_F_dsack_packets, TI_DSACK_RECVD);
    set32(i, TCPS_F_reordered_packets, TI_REORDERED_PKTS);
    if (holds(i, TI_REORDERED_PKTS, 4)) tcps_set(i->r, TCPS_F_reordering_detected, tcps_load32(i->at + TI_REORDERED_PKTS) != 0);
}

static void set_ecn(const info *i) {
    set32(i, TCPS_F_ecn_ce_received, TI_ECN_RECV_CE);
    set32(i, TCPS_F_ecn_cwr_received, TI_ECN_RECV_CWR);
    set32(i, TCPS_F_accecn_client_state, TI_CLIENT_ACCECN_STATE);
    set32(i, TCPS_F_accecn_server_state, TI_SERVER_ACCECN_STATE);
    set64(i, TCPS_F_ecn_packets_sent, TI_ECN_SENT);
    set64(i, TCPS_F_ecn_packets_acked, TI_ECN_ACKED);
    set64(i, TCPS_F_ecn_packets_marked, TI_ECN_MARKED);
    set64(i, TCPS_F_ecn_packets_lost, TI_ECN_LOST);
}

/* macOS 15 put the counters of accurate ECN before the two times that macOS 14 ends with: the one change that was no extension. */
static void set_after_336(const info *i) {
    if (i->len == TI_SIZE_14) {
        set64(i, TCPS_F_flow_control_us, TI_FLOW_CONTROL_TIME_14);
        set64(i, TCPS_F_rwnd_limited_us, TI_RCVWND_LIMITED_TIME_14);
        return;
    }
    set64(i, TCPS_F_accecn_ce_packets_received, TI_RECEIVED_CE_PACKETS);
    set64(i, TCPS_F_received_e0_bytes, TI_RECEIVED_ECT0_BYTES);
    set64(i, TCPS_F_received_e1_bytes, TI_RECEIVED_ECT1_BYTES);
    set64(i, TCPS_F_received_ce_bytes, TI_RECEIVED_CE_BYTES);
    set64(i, TCPS_F_delivered_e0_bytes, TI_DELIVERED_ECT0_BYTES);
    set64(i, TCPS_F_delivered_e1_bytes, TI_DELIVERED_ECT1_BYTES);
    set64(i, TCPS_F_delivered_ce_bytes, TI_DELIVERED_CE_BYTES);
    set64(i, TCPS_F_flow_control_us, TI_FLOW_CONTROL_TIME);
    set64(i, TCPS_F_rwnd_limited_us, TI_RCVWND_LIMITED_TIME);
}

void tcps_xnu_tcp_info(tcps_record *r, const uint8_t *bytes, size_t len) {
    const info i = {r, bytes, len};
    set_state(&i, TI_STATE);
    set8(&i, TCPS_F_negotiated_options, TI_OPTIONS);
    if (holds(&i, TI_OPTIONS, 1)) set_scales(&i, bytes[TI_OPTIONS], TI_SND_WSCALE, TI_RCV_WSCALE);
    if (holds(&i, TI_FLAGS, 4)) tcps_set(r, TCPS_F_in_loss_recovery, tcps_load32(bytes + TI_FLAGS) & TIFLAG_LOSSRECOVERY);
    set_ms_if_absent(&i, TCPS_F_rto_us, TI_RTO);
    set_ms(&i, TCPS_F_rtt_cur_us, TI_RTTCUR);
    set_ms_if_absent(&i, TCPS_F_rtt_us, TI_SRTT);
    set_ms_if_absent(&i, TCPS_F_rttvar_us, TI_RTTVAR);
    set_ms(&i, TCPS_F_rtt_min_us, TI_RTTBEST); /* seen, where t_rttmin of pcblist_n is the least that the kernel reckons with */
    set_ms(&i, TCPS_F_rcv_rtt_us, TI_RCV_SRTT);
    set32_if_absent(&i, TCPS_F_maxseg, TI_SND_MSS);
    set32_if_absent(&i, TCPS_F_snd_ssthresh, TI_SND_SSTHRESH);
    set32_if_absent(&i, TCPS_F_snd_cwnd, TI_SND_CWND);
    set32_if_absent(&i, TCPS_F_snd_wnd, TI_SND_WND);
    set32_if_absent(&i, TCPS_F_snd_nxt, TI_SND_NXT);
    set32_if_absent(&i, TCPS_F_rcv_nxt, TI_RCV_NXT);
    set32_if_absent(&i, TCPS_F_snd_buf_used, TI_SND_SBBYTES);
    set32(&i, TCPS_F_rcv_space, TI_RCV_SPACE);
    if (holds(&i, TI_LAST_OUTIF, 4)) tcps_set_nonzero(r, TCPS_F_last_out_interface, tcps_load32(bytes + TI_LAST_OUTIF));
    if (holds(&i, TI_SND_BW, 8)) tcps_set_nonzero(r, TCPS_F_snd_bw_bps, tcps_load64(bytes + TI_SND_BW));
    set_bits(&i);
    set_counters(&i);
    set_ecn(&i);
    set_after_336(&i);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_MACOS_TCP_INFO);
}

void tcps_xnu_connection_info(tcps_record *r, const uint8_t *bytes, size_t len) {
    const info i = {r, bytes, len};
    set_state(&i, TCI_STATE);
    set32(&i, TCPS_F_negotiated_options, TCI_OPTIONS);
    if (holds(&i, TCI_OPTIONS, 4)) set_scales(&i, tcps_load32(bytes + TCI_OPTIONS), TCI_SND_WSCALE, TCI_RCV_WSCALE);
    if (holds(&i, TCI_FLAGS, 4)) {
        uint32_t flags = tcps_load32(bytes + TCI_FLAGS);
        tcps_set(r, TCPS_F_in_loss_recovery, (flags & TCIFLAG_LOSSRECOVERY) != 0);
        tcps_set(r, TCPS_F_reordering_detected, (flags & TCIFLAG_REORDERING_DETECTED) != 0);
    }
    set_ms_if_absent(&i, TCPS_F_rto_us, TCI_RTO);
    set_ms(&i, TCPS_F_rtt_cur_us, TCI_RTTCUR);
    set_ms_if_absent(&i, TCPS_F_rtt_us, TCI_SRTT);
    set_ms_if_absent(&i, TCPS_F_rttvar_us, TCI_RTTVAR);
    set32_if_absent(&i, TCPS_F_maxseg, TCI_MAXSEG);
    set32_if_absent(&i, TCPS_F_snd_ssthresh, TCI_SND_SSTHRESH);
    set32_if_absent(&i, TCPS_F_snd_cwnd, TCI_SND_CWND);
    set32_if_absent(&i, TCPS_F_snd_wnd, TCI_SND_WND);
    set32_if_absent(&i, TCPS_F_rcv_wnd, TCI_RCV_WND);
    set32_if_absent(&i, TCPS_F_snd_buf_used, TCI_SND_SBBYTES);
    if (holds(&i, TCI_TFO, 4)) set_fast_open(&i, tcps_load32(bytes + TCI_TFO));
    set64(&i, TCPS_F_tx_packets, TCI_TXPACKETS);
    set64(&i, TCPS_F_tx_bytes, TCI_TXBYTES);
    set64(&i, TCPS_F_rx_packets, TCI_RXPACKETS);
    set64(&i, TCPS_F_rx_bytes, TCI_RXBYTES);
    set64(&i, TCPS_F_retransmit_bytes, TCI_TXRETRANSMITBYTES);
    set64(&i, TCPS_F_retransmit_packets_total, TCI_TXRETRANSMITPACKETS);
    set64(&i, TCPS_F_ooo_bytes, TCI_RXOUTOFORDERBYTES);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_MACOS_TCP_CONN_INFO);
}

static const tcps_text *text_of(const tcps_record *r, unsigned field) {
    return tcps_has(r, field) ? (const tcps_text *)(uintptr_t)r->value[field] : NULL;
}

static bool link_local(const char *a) { return (uint8_t)a[0] == 0xfe && ((uint8_t)a[1] & 0xc0) == 0x80; }

/* A sockaddr_in or sockaddr_in6; the kernel wants a link-local address as people know it, its scope beside it. */
static void write_sockaddr(uint8_t *sa, const tcps_text *address, uint64_t port, uint64_t scope) {
    bool v4 = address->len == 4;
    sa[XSA_LEN] = v4 ? XSIN_SIZE : XSIN6_SIZE;
    sa[XSA_FAMILY] = v4 ? XAF_INET : XAF_INET6;
    sa[XSA_PORT] = (uint8_t)(port >> 8);
    sa[XSA_PORT + 1] = (uint8_t)port;
    memcpy(sa + (v4 ? XSIN_ADDR : XSIN6_ADDR), address->bytes, address->len);
    if (v4 || !link_local(address->bytes)) return;
    uint32_t index = (uint32_t)scope;
    memcpy(sa + XSIN6_SCOPE, &index, sizeof index);
}

bool tcps_xnu_info_request(uint8_t request[60], const tcps_record *r) {
    const tcps_text *local = text_of(r, TCPS_F_local_addr), *remote = text_of(r, TCPS_F_remote_addr);
    if (!local || !remote || local->len != remote->len || (local->len != 4 && local->len != 16)) return false;
    if (!tcps_has(r, TCPS_F_remote_port) || !tcps_has(r, TCPS_F_local_port) || tcps_has(r, TCPS_F_user_space)) return false;
    uint64_t scope = tcps_has(r, TCPS_F_scope_id) ? r->value[TCPS_F_scope_id] : 0;
    const uint32_t proto = XIPPROTO_TCP;
    memset(request, 0, ITPL_SIZE);
    memcpy(request + ITPL_PROTO, &proto, sizeof proto);
    write_sockaddr(request + ITPL_LOCAL, local, r->value[TCPS_F_local_port], scope);
    write_sockaddr(request + ITPL_REMOTE, remote, r->value[TCPS_F_remote_port], scope);
    return true;
}
