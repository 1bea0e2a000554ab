#include "parse/xnu_tcpinfo.h"

#include "abi/xnu.h"
#include "base/bitset.h"
#include "parse/endpoints.h"
#include "parse/struct.h"
#include "tcp_stats.pb-c.h"

static void set32_if_absent(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (!tcps_has(r, field)) tcps_read32(r, field, s, offset);
}

/* Whole milliseconds to microseconds; 0 is not a measurement. */
static void set_ms(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (!tcps_holds(s, offset, 4)) return;
    uint64_t us = (uint64_t)tcps_load32(s->at + offset) * 1000;
    if (us) tcps_set(r, field, us > UINT32_MAX ? UINT32_MAX : us);
}

static void set_ms_if_absent(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (!tcps_has(r, field)) set_ms(r, field, s, offset);
}

static void set_state(tcps_record *r, const tcps_struct *s, size_t offset) {
    if (tcps_has(r, TCPS_F_state) || !tcps_holds(s, offset, 1) || s->at[offset] > XSTATE_TIME_WAIT) return;
    tcps_set(r, TCPS_F_state, s->at[offset] + 1u);
}

/* The kernel gives 0 for both scales unless they were negotiated. */
static void set_scales(tcps_record *r, const tcps_struct *s, uint32_t options, size_t send, size_t receive) {
    const uint32_t wscale = 1u << 2;
    if (!(options & wscale)) return;
    if (!tcps_has(r, TCPS_F_snd_wscale)) tcps_read8(r, TCPS_F_snd_wscale, s, send);
    if (!tcps_has(r, TCPS_F_rcv_wscale)) tcps_read8(r, TCPS_F_rcv_wscale, s, receive);
}

static void set_fast_open(tcps_record *r, uint32_t bits) {
    tcps_set(r, TCPS_F_tfo_state_macos, bits & TIBITS_TFO);
    tcps_set(r, TCPS_F_tfo_negotiated, (bits & (TITFO_SYN_DATA_ACKED | TITFO_SYN_DATA_RCV)) != 0);
}

static void set_bits(tcps_record *r, const tcps_struct *s) {
    if (!tcps_holds(s, TI_BITS, 4)) return;
    uint32_t bits = tcps_load32(s->at + TI_BITS);
    set_fast_open(r, bits);
    tcps_set(r, TCPS_F_ecn_setup, bits >> TIBIT_ECN_SETUP & 0x1f);
    tcps_set(r, TCPS_F_local_peer, bits >> TIBIT_LOCAL_PEER & 1);
    if (tcps_has(r, TCPS_F_last_out_interface)) tcps_set(r, TCPS_F_last_out_interface_type, bits >> TIBIT_INTERFACE & 0x1f);
    tcps_set(r, TCPS_F_background, bits >> TIBIT_BACKGROUND & 3);
    if (s->len >= TI_SIZE_15) tcps_set(r, TCPS_F_l4s_enabled, bits >> TIBIT_L4S & 1);
}

static void set_counters(tcps_record *r, const tcps_struct *s) {
    tcps_read64(r, TCPS_F_tx_packets, s, TI_TXPACKETS);
    tcps_read64(r, TCPS_F_tx_bytes, s, TI_TXBYTES);
    tcps_read64(r, TCPS_F_rx_packets, s, TI_RXPACKETS);
    tcps_read64(r, TCPS_F_rx_bytes, s, TI_RXBYTES);
    tcps_read64(r, TCPS_F_retransmit_bytes, s, TI_TXRETRANSMITBYTES);
    tcps_read64(r, TCPS_F_retransmit_packets_total, s, TI_TXRETRANSMITPACKETS);
    tcps_read64(r, TCPS_F_tx_unacked_bytes, s, TI_TXUNACKED);
    tcps_read64(r, TCPS_F_rx_duplicate_bytes, s, TI_RXDUPLICATEBYTES);
    tcps_read64(r, TCPS_F_ooo_bytes, s, TI_RXOUTOFORDERBYTES);
    tcps_read32(r, TCPS_F_ooo_packets, s, TI_RCVOOPACK);
    tcps_read8(r, TCPS_F_syn_retransmits, s, TI_SYNREXMITS);
    tcps_read64(r, TCPS_F_cell_rx_bytes, s, TI_CELL_RXBYTES);
    tcps_read64(r, TCPS_F_cell_tx_bytes, s, TI_CELL_TXBYTES);
    tcps_read64(r, TCPS_F_wifi_rx_bytes, s, TI_WIFI_RXBYTES);
    tcps_read64(r, TCPS_F_wifi_tx_bytes, s, TI_WIFI_TXBYTES);
    tcps_read64(r, TCPS_F_wired_rx_bytes, s, TI_WIRED_RXBYTES);
    tcps_read64(r, TCPS_F_wired_tx_bytes, s, TI_WIRED_TXBYTES);
    tcps_read32(r, TCPS_F_paws_drops, s, TI_PAWSDROP);
    tcps_read32(r, TCPS_F_sack_recoveries, s, TI_SACK_RECOVERY_EPISODE);
    tcps_read32(r, TCPS_F_dsack_sent, s, TI_DSACK_SENT);
    tcps_read32(r, TCPS_F_dsack_packets, s, TI_DSACK_RECVD);
    tcps_read32(r, TCPS_F_reordered_packets, s, TI_REORDERED_PKTS);
    if (tcps_holds(s, TI_REORDERED_PKTS, 4)) tcps_set(r, TCPS_F_reordering_detected, tcps_load32(s->at + TI_REORDERED_PKTS) != 0);
}

static void set_ecn(tcps_record *r, const tcps_struct *s) {
    tcps_read32(r, TCPS_F_ecn_ce_received, s, TI_ECN_RECV_CE);
    tcps_read32(r, TCPS_F_ecn_cwr_received, s, TI_ECN_RECV_CWR);
    tcps_read32(r, TCPS_F_accecn_client_state, s, TI_CLIENT_ACCECN_STATE);
    tcps_read32(r, TCPS_F_accecn_server_state, s, TI_SERVER_ACCECN_STATE);
    tcps_read64(r, TCPS_F_ecn_packets_sent, s, TI_ECN_SENT);
    tcps_read64(r, TCPS_F_ecn_packets_acked, s, TI_ECN_ACKED);
    tcps_read64(r, TCPS_F_ecn_packets_marked, s, TI_ECN_MARKED);
    tcps_read64(r, TCPS_F_ecn_packets_lost, s, TI_ECN_LOST);
}

/* macOS 15 put the counters of accurate ECN before the two times that macOS 14 ends with: the one change that was no extension. */
static void set_after_336(tcps_record *r, const tcps_struct *s) {
    if (s->len == TI_SIZE_14) {
        tcps_read64(r, TCPS_F_flow_control_us, s, TI_FLOW_CONTROL_TIME_14);
        tcps_read64(r, TCPS_F_rwnd_limited_us, s, TI_RCVWND_LIMITED_TIME_14);
        return;
    }
    tcps_read64(r, TCPS_F_accecn_ce_packets_received, s, TI_RECEIVED_CE_PACKETS);
    tcps_read64(r, TCPS_F_received_e0_bytes, s, TI_RECEIVED_ECT0_BYTES);
    tcps_read64(r, TCPS_F_received_e1_bytes, s, TI_RECEIVED_ECT1_BYTES);
    tcps_read64(r, TCPS_F_received_ce_bytes, s, TI_RECEIVED_CE_BYTES);
    tcps_read64(r, TCPS_F_delivered_e0_bytes, s, TI_DELIVERED_ECT0_BYTES);
    tcps_read64(r, TCPS_F_delivered_e1_bytes, s, TI_DELIVERED_ECT1_BYTES);
    tcps_read64(r, TCPS_F_delivered_ce_bytes, s, TI_DELIVERED_CE_BYTES);
    tcps_read64(r, TCPS_F_flow_control_us, s, TI_FLOW_CONTROL_TIME);
    tcps_read64(r, TCPS_F_rwnd_limited_us, s, TI_RCVWND_LIMITED_TIME);
}

void tcps_xnu_tcp_info(tcps_record *r, const uint8_t *bytes, size_t len) {
    const tcps_struct s = {bytes, len};
    set_state(r, &s, TI_STATE);
    tcps_read8(r, TCPS_F_negotiated_options, &s, TI_OPTIONS);
    if (tcps_holds(&s, TI_OPTIONS, 1)) set_scales(r, &s, bytes[TI_OPTIONS], TI_SND_WSCALE, TI_RCV_WSCALE);
    if (tcps_holds(&s, TI_FLAGS, 4)) tcps_set(r, TCPS_F_in_loss_recovery, tcps_load32(bytes + TI_FLAGS) & TIFLAG_LOSSRECOVERY);
    set_ms_if_absent(r, TCPS_F_rto_us, &s, TI_RTO);
    set_ms(r, TCPS_F_rtt_cur_us, &s, TI_RTTCUR);
    set_ms_if_absent(r, TCPS_F_rtt_us, &s, TI_SRTT);
    set_ms_if_absent(r, TCPS_F_rttvar_us, &s, TI_RTTVAR);
    set_ms(r, TCPS_F_rtt_min_us, &s, TI_RTTBEST); /* seen, where t_rttmin of pcblist_n is the least that the kernel reckons with */
    set_ms(r, TCPS_F_rcv_rtt_us, &s, TI_RCV_SRTT);
    set32_if_absent(r, TCPS_F_maxseg, &s, TI_SND_MSS);
    set32_if_absent(r, TCPS_F_snd_ssthresh, &s, TI_SND_SSTHRESH);
    set32_if_absent(r, TCPS_F_snd_cwnd, &s, TI_SND_CWND);
    set32_if_absent(r, TCPS_F_snd_wnd, &s, TI_SND_WND);
    set32_if_absent(r, TCPS_F_snd_nxt, &s, TI_SND_NXT);
    set32_if_absent(r, TCPS_F_rcv_nxt, &s, TI_RCV_NXT);
    set32_if_absent(r, TCPS_F_snd_buf_used, &s, TI_SND_SBBYTES);
    tcps_read32(r, TCPS_F_rcv_space, &s, TI_RCV_SPACE);
    tcps_read32_nonzero(r, TCPS_F_last_out_interface, &s, TI_LAST_OUTIF);
    tcps_read64_nonzero(r, TCPS_F_snd_bw_bps, &s, TI_SND_BW);
    set_bits(r, &s);
    set_counters(r, &s);
    set_ecn(r, &s);
    set_after_336(r, &s);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_MACOS_TCP_INFO);
}

/* In a struct of all ones every number is known and every bit is set; no field has the value of `untouched` by that. */
void tcps_xnu_tcp_info_fields(uint64_t fields[TCPS_MASK_WORDS]) {
    const uint64_t untouched = 0x5555555555555555u;
    uint8_t bytes[TI_SIZE_15];
    tcps_record r;
    memset(bytes, 0xff, sizeof bytes);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) tcps_set(&r, f, untouched);
    tcps_xnu_tcp_info(&r, bytes, sizeof bytes);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++)
        if (r.value[f] != untouched) tcps_bitset_add(fields, f);
}

void tcps_xnu_connection_info(tcps_record *r, const uint8_t *bytes, size_t len) {
    const tcps_struct s = {bytes, len};
    set_state(r, &s, TCI_STATE);
    tcps_read32(r, TCPS_F_negotiated_options, &s, TCI_OPTIONS);
    if (tcps_holds(&s, TCI_OPTIONS, 4)) set_scales(r, &s, tcps_load32(bytes + TCI_OPTIONS), TCI_SND_WSCALE, TCI_RCV_WSCALE);
    if (tcps_holds(&s, TCI_FLAGS, 4)) {
        uint32_t flags = tcps_load32(bytes + TCI_FLAGS);
        tcps_set(r, TCPS_F_in_loss_recovery, (flags & TCIFLAG_LOSSRECOVERY) != 0);
        tcps_set(r, TCPS_F_reordering_detected, (flags & TCIFLAG_REORDERING_DETECTED) != 0);
    }
    set_ms_if_absent(r, TCPS_F_rto_us, &s, TCI_RTO);
    set_ms(r, TCPS_F_rtt_cur_us, &s, TCI_RTTCUR);
    set_ms_if_absent(r, TCPS_F_rtt_us, &s, TCI_SRTT);
    set_ms_if_absent(r, TCPS_F_rttvar_us, &s, TCI_RTTVAR);
    set32_if_absent(r, TCPS_F_maxseg, &s, TCI_MAXSEG);
    set32_if_absent(r, TCPS_F_snd_ssthresh, &s, TCI_SND_SSTHRESH);
    set32_if_absent(r, TCPS_F_snd_cwnd, &s, TCI_SND_CWND);
    set32_if_absent(r, TCPS_F_snd_wnd, &s, TCI_SND_WND);
    set32_if_absent(r, TCPS_F_rcv_wnd, &s, TCI_RCV_WND);
    set32_if_absent(r, TCPS_F_snd_buf_used, &s, TCI_SND_SBBYTES);
    if (tcps_holds(&s, TCI_TFO, 4)) set_fast_open(r, tcps_load32(bytes + TCI_TFO));
    tcps_read64(r, TCPS_F_tx_packets, &s, TCI_TXPACKETS);
    tcps_read64(r, TCPS_F_tx_bytes, &s, TCI_TXBYTES);
    tcps_read64(r, TCPS_F_rx_packets, &s, TCI_RXPACKETS);
    tcps_read64(r, TCPS_F_rx_bytes, &s, TCI_RXBYTES);
    tcps_read64(r, TCPS_F_retransmit_bytes, &s, TCI_TXRETRANSMITBYTES);
    tcps_read64(r, TCPS_F_retransmit_packets_total, &s, TCI_TXRETRANSMITPACKETS);
    tcps_read64(r, TCPS_F_ooo_bytes, &s, TCI_RXOUTOFORDERBYTES);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_MACOS_TCP_CONN_INFO);
}

static const tcps_text *text_of(const tcps_record *r, unsigned field) {
    return tcps_has(r, field) ? (const tcps_text *)(uintptr_t)r->value[field] : NULL;
}

/* A sockaddr_in or sockaddr_in6; the kernel wants a link-local address as people know it, its scope beside it. */
static void write_sockaddr(uint8_t *sa, const tcps_text *address, uint64_t port, uint64_t scope) {
    bool v4 = address->len == 4;
    sa[XSA_LEN] = v4 ? XSIN_SIZE : XSIN6_SIZE;
    sa[XSA_FAMILY] = v4 ? XAF_INET : XAF_INET6;
    sa[XSA_PORT] = (uint8_t)(port >> 8);
    sa[XSA_PORT + 1] = (uint8_t)port;
    memcpy(sa + (v4 ? XSIN_ADDR : XSIN6_ADDR), address->bytes, address->len);
    if (v4 || !tcps_is_link_local((const uint8_t *)address->bytes)) return;
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
