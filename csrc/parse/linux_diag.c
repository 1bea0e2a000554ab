#include "parse/linux_diag.h"

#include "abi/linux.h"
#include "abi/load.h"

#define S(name) TCPSTATS_READER__TCP_STATE__TCP_STATE_##name
TcpstatsReader__TcpState tcps_linux_state(unsigned state) {
    static const TcpstatsReader__TcpState states[] = {
        S(UNKNOWN), S(ESTABLISHED), S(SYN_SENT), S(SYN_RECEIVED), S(FIN_WAIT_1), S(FIN_WAIT_2),   S(TIME_WAIT),
        S(CLOSED),  S(CLOSE_WAIT),  S(LAST_ACK), S(LISTEN),       S(CLOSING),    S(SYN_RECEIVED),
    };
    return state < sizeof states / sizeof *states ? states[state] : S(UNKNOWN);
}

static uint32_t saturated(uint64_t v) { return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v; }

/* Every field below is there only if it ends within the attribute: older kernels give shorter structs. */
#define HAS(offset, size) ((offset) + (size) <= len)
#define U8(offset) info[offset]
#define U32(offset) tcps_load32(info + (offset))
#define U64(offset) tcps_load64(info + (offset))
#define SET32(name, offset)                                                                                                                          \
    do {                                                                                                                                             \
        if (HAS(offset, 4)) tcps_set(r, TCPS_F_##name, U32(offset));                                                                                 \
    } while (0)
#define SET64(name, offset)                                                                                                                          \
    do {                                                                                                                                             \
        if (HAS(offset, 8)) tcps_set(r, TCPS_F_##name, U64(offset));                                                                                 \
    } while (0)

/* Bytes per second; the kernel's "no limit" is all ones. */
static void set_rate(tcps_record *r, unsigned field, uint64_t rate) {
    if (rate != UINT64_MAX) tcps_set(r, field, rate);
}

static void set_options(tcps_record *r, const uint8_t *info) {
    unsigned options = U8(5);
    unsigned fast_open = options & OPT_SYN_DATA ? 16 : 0;
    tcps_set(r, TCPS_F_negotiated_options, (options & (OPT_TIMESTAMPS | OPT_SACK | OPT_WSCALE | OPT_ECN)) | fast_open);
    tcps_set(r, TCPS_F_ecn_seen, (options & OPT_ECN_SEEN) != 0);
    tcps_set(r, TCPS_F_tfo_negotiated, fast_open != 0);
    if (options & OPT_WSCALE) {
        tcps_set(r, TCPS_F_snd_wscale, U8(6) & 15);
        tcps_set(r, TCPS_F_rcv_wscale, U8(6) >> 4);
    }
}

/* A listener's tcp_info is zero but for these; its unacked and sacked repeat the accept queue. */
static void set_listener_info(tcps_record *r, const uint8_t *info, size_t len) {
    SET32(reordering, 88);
    if (HAS(104, 8)) set_rate(r, TCPS_F_pacing_rate, U64(104));
    if (HAS(112, 8)) set_rate(r, TCPS_F_max_pacing_rate, U64(112));
}

void tcps_linux_tcp_info(tcps_record *r, const uint8_t *info, size_t len, unsigned state) {
    if (state == LINUX_LISTEN) {
        set_listener_info(r, info, len);
        return;
    }
    if (!HAS(0, 8)) return;
    if (U8(1) <= CA_LAST) {
        tcps_set(r, TCPS_F_congestion_state, U8(1));
        tcps_set(r, TCPS_F_in_loss_recovery, U8(1) >= CA_RECOVERY);
    }
    tcps_set(r, TCPS_F_retransmits, U8(2));
    tcps_set(r, TCPS_F_probes, U8(3));
    tcps_set(r, TCPS_F_rxt_shift, U8(4));
    if (state != LINUX_SYN_SENT) set_options(r, info); /* nothing is negotiated before the SYN is answered */
    tcps_set(r, TCPS_F_delivery_rate_app_limited, U8(7) & 1);
    tcps_set(r, TCPS_F_fastopen_client_fail, U8(7) >> 1 & 3);
    SET32(rto_us, 8);
    SET32(ato_us, 12);
    uint64_t mss = HAS(16, 4) ? U32(16) : 0;
    SET32(maxseg, 16);
    SET32(rcv_mss, 20);
    SET32(unacked, 24);
    SET32(sacked, 28);
    SET32(lost, 32);
    SET32(retrans_in_flight, 36);
    SET32(fackets, 40);
    if (state != LINUX_SYN_SENT) { /* before that, the times count from the machine's start */
        SET32(last_data_sent_ms, 44);
        SET32(idle_time_ms, 52);
    }
    SET32(last_ack_recv_ms, 56);
    SET32(pmtu, 60);
    SET32(rcv_ssthresh, 64);
    if (HAS(72, 4) && U32(68)) { /* 0: no sample yet, and the variation is a constant then */
        SET32(rtt_us, 68);
        SET32(rttvar_us, 72);
    }
    if (HAS(76, 4) && U32(76) < SSTHRESH_INFINITE) tcps_set(r, TCPS_F_snd_ssthresh, saturated(U32(76) * mss));
    if (HAS(80, 4)) tcps_set(r, TCPS_F_snd_cwnd, saturated(U32(80) * mss));
    SET32(advmss, 84);
    SET32(reordering, 88);
    if (HAS(92, 4)) tcps_set_nonzero(r, TCPS_F_rcv_rtt_us, U32(92));
    SET32(rcv_space, 96);
    SET32(rexmit_packets, 100);
    if (HAS(104, 8)) set_rate(r, TCPS_F_pacing_rate, U64(104));
    if (HAS(112, 8)) set_rate(r, TCPS_F_max_pacing_rate, U64(112));
    SET64(bytes_acked, 120);
    SET64(rx_bytes, 128);
    if (HAS(136, 4)) tcps_set(r, TCPS_F_tx_packets, U32(136));
    if (HAS(140, 4)) tcps_set(r, TCPS_F_rx_packets, U32(140));
    SET32(notsent_bytes, 144);
    if (HAS(148, 4) && U32(148) != UINT32_MAX) tcps_set(r, TCPS_F_rtt_min_us, U32(148));
    SET32(data_segs_in, 152);
    SET32(data_segs_out, 156);
    if (HAS(160, 8)) tcps_set_nonzero(r, TCPS_F_delivery_rate, U64(160)); /* 0: no sample yet */
    SET64(busy_time_us, 168);
    SET64(rwnd_limited_us, 176);
    SET64(sndbuf_limited_us, 184);
    SET32(delivered, 192);
    SET32(ecn_ce_delivered, 196);
    SET64(tx_bytes, 200);
    SET64(retransmit_bytes, 208);
    SET32(dsack_packets, 216);
    if (HAS(220, 4)) {
        tcps_set(r, TCPS_F_reord_seen, U32(220));
        tcps_set(r, TCPS_F_reordering_detected, U32(220) != 0);
    }
    SET32(ooo_packets, 224);
    SET32(snd_wnd, 228);
    SET32(rcv_wnd, 232);
    SET32(rehash, 236);
    if (HAS(240, 2)) tcps_set(r, TCPS_F_total_rto, tcps_load16(info + 240));
    if (HAS(242, 2)) tcps_set(r, TCPS_F_total_rto_recoveries, tcps_load16(info + 242));
    SET32(total_rto_time_ms, 244);
    SET32(ecn_ce_received, 248);
    SET32(delivered_e1_bytes, 252);
    SET32(delivered_e0_bytes, 256);
    SET32(delivered_ce_bytes, 260);
    SET32(received_e1_bytes, 264);
    SET32(received_e0_bytes, 268);
    SET32(received_ce_bytes, 272);
}

/* INET_DIAG_MEMINFO and INET_DIAG_SKMEMINFO are arrays of u32; the second says all that the first does. */
void tcps_linux_meminfo(tcps_record *r, const uint8_t *info, size_t len) {
    SET32(skmem_rmem_alloc, 0);
    SET32(rcv_buf_hiwat, 4);
    SET32(skmem_wmem_alloc, 8);
    SET32(snd_buf_hiwat, 12);
    SET32(skmem_fwd_alloc, 16);
    SET32(skmem_wmem_queued, 20);
    SET32(skmem_optmem, 24);
    SET32(skmem_backlog, 28);
    SET32(socket_drops, 32);
}

static void set_meminfo(tcps_record *r, const uint8_t *info, size_t len) {
    SET32(skmem_rmem_alloc, 0);
    SET32(skmem_wmem_queued, 4);
    SET32(skmem_fwd_alloc, 8);
    SET32(skmem_wmem_alloc, 12);
}

/* Vegas, DCTCP and BBR tell more of themselves. */
static void set_vegas(tcps_record *r, const uint8_t *info, size_t len) {
    if (!HAS(0, 16)) return;
    tcps_set(r, TCPS_F_vegas_enabled, U32(0) != 0);
    SET32(vegas_rtt_count, 4);
    SET32(vegas_rtt_us, 8);
    if (U32(12) < SSTHRESH_INFINITE) tcps_set(r, TCPS_F_vegas_min_rtt_us, U32(12)); /* the algorithms' "none yet" is 0x7fffffff */
}

static void set_dctcp(tcps_record *r, const uint8_t *info, size_t len) {
    if (!HAS(0, 16)) return;
    tcps_set(r, TCPS_F_dctcp_enabled, tcps_load16(info) != 0);
    tcps_set(r, TCPS_F_dctcp_ce_state, tcps_load16(info + 2) != 0);
    SET32(dctcp_alpha, 4);
    SET32(dctcp_ab_ecn, 8);
    SET32(dctcp_ab_tot, 12);
}

static void set_bbr(tcps_record *r, const uint8_t *info, size_t len) {
    if (!HAS(0, 20)) return;
    tcps_set(r, TCPS_F_bbr_bw, U32(0) | (uint64_t)U32(4) << 32);
    if (U32(8) != UINT32_MAX) tcps_set(r, TCPS_F_bbr_min_rtt_us, U32(8));
    SET32(bbr_pacing_gain, 12);
    SET32(bbr_cwnd_gain, 16);
}

/* Attributes: u16 length, header included, u16 type, payload; the next one begins at a multiple of 4. */
typedef struct attribute {
    const uint8_t *payload;
    size_t len;
    unsigned type;
} attribute;

/* Takes the next attribute out of [*at, end); false when there is none or it is longer than what is left. */
static inline bool next_attribute(const uint8_t **at, const uint8_t *end, attribute *a) {
    if (end - *at < 4) return false;
    size_t len = tcps_load16(*at);
    if (len < 4 || len > (size_t)(end - *at)) return false;
    *a = (attribute){*at + 4, len - 4, tcps_load16(*at + 2) & ATTR_TYPE_MASK};
    size_t step = (len + 3) & ~(size_t)3;
    *at += step < (size_t)(end - *at) ? step : (size_t)(end - *at);
    return true;
}

/* A string that may or may not be ended by a NUL. */
static void set_string(tcps_batch *batch, tcps_record *r, unsigned field, const attribute *a) {
    size_t len = strnlen((const char *)a->payload, a->len);
    if (len) tcps_set_text(r, field, tcps_batch_intern(batch, field, a->payload, len));
}

static void set_tls(tcps_record *r, const attribute *tls) {
    static const uint8_t fields[] = {
        [TLS_VERSION] = TCPS_F_tls_version, [TLS_CIPHER] = TCPS_F_tls_cipher, [TLS_TXCONF] = TCPS_F_tls_txconf, [TLS_RXCONF] = TCPS_F_tls_rxconf};
    const uint8_t *at = tls->payload, *end = at + tls->len;
    bool zerocopy = false;
    for (attribute a; next_attribute(&at, end, &a);) {
        if (a.type < sizeof fields && fields[a.type] && a.len >= 2) tcps_set(r, fields[a.type], tcps_load16(a.payload));
        zerocopy |= a.type == TLS_ZC_RO_TX;
    }
    tcps_set(r, TCPS_F_tls_zerocopy, zerocopy);
}

/* The kernel tells of a mapping and a peer only when it has them. */
static void set_subflow(tcps_record *r, const attribute *subflow) {
    static const uint8_t fields[] = {
        [SUBFLOW_TOKEN_REM] = TCPS_F_mptcp_token_remote,
        [SUBFLOW_TOKEN_LOC] = TCPS_F_mptcp_token_local,
        [SUBFLOW_MAP_SEQ] = TCPS_F_mptcp_map_seq,
        [SUBFLOW_MAP_SFSEQ] = TCPS_F_mptcp_map_subflow_seq,
        [SUBFLOW_SSN_OFFSET] = TCPS_F_mptcp_subflow_offset,
        [SUBFLOW_MAP_DATALEN] = TCPS_F_mptcp_map_length,
        [SUBFLOW_FLAGS] = TCPS_F_mptcp_flags,
        [SUBFLOW_ID_REM] = TCPS_F_mptcp_id_remote,
        [SUBFLOW_ID_LOC] = TCPS_F_mptcp_id_local,
    };
    const uint8_t *at = subflow->payload, *end = at + subflow->len;
    for (attribute a; next_attribute(&at, end, &a);) {
        if (a.type >= sizeof fields || !fields[a.type]) continue;
        switch (a.len) {
        case 1: tcps_set(r, fields[a.type], a.payload[0]); break;
        case 2: tcps_set(r, fields[a.type], tcps_load16(a.payload)); break;
        case 4: tcps_set(r, fields[a.type], tcps_load32(a.payload)); break;
        case 8: tcps_set(r, fields[a.type], tcps_load64(a.payload)); break;
        default: break;
        }
    }
}

static void set_ulp(tcps_batch *batch, tcps_record *r, const attribute *ulp) {
    const uint8_t *at = ulp->payload, *end = at + ulp->len;
    for (attribute a; next_attribute(&at, end, &a);) {
        if (a.type == ULP_NAME) set_string(batch, r, TCPS_F_ulp, &a);
        if (a.type == ULP_TLS) set_tls(r, &a);
        if (a.type == ULP_MPTCP) set_subflow(r, &a);
    }
}

/* True when the attribute is one that only a full socket has. */
static inline bool set_attribute(tcps_batch *batch, tcps_record *r, const attribute *a, unsigned state) {
    const uint8_t *p = a->payload;
    switch (a->type) {
    case ATTR_INFO: tcps_linux_tcp_info(r, p, a->len, state); return true;
    case ATTR_SKMEMINFO: tcps_linux_meminfo(r, p, a->len); return true;
    case ATTR_MEMINFO: set_meminfo(r, p, a->len); return true;
    case ATTR_CONG: set_string(batch, r, TCPS_F_cc_algo, a); break;
    case ATTR_VEGASINFO: set_vegas(r, p, a->len); break;
    case ATTR_DCTCPINFO: set_dctcp(r, p, a->len); break;
    case ATTR_BBRINFO: set_bbr(r, p, a->len); break;
    case ATTR_TOS:
        if (a->len >= 1) tcps_set(r, TCPS_F_tos, p[0]);
        break;
    case ATTR_TCLASS:
        if (a->len >= 1) tcps_set(r, TCPS_F_tclass, p[0]);
        break;
    case ATTR_SHUTDOWN:
        if (a->len >= 1) tcps_set(r, TCPS_F_shutdown, p[0] & 3);
        break;
    case ATTR_SKV6ONLY:
        if (a->len >= 1) tcps_set(r, TCPS_F_v6only, p[0] != 0);
        break;
    case ATTR_MARK:
        if (a->len >= 4) tcps_set(r, TCPS_F_mark, tcps_load32(p));
        break;
    case ATTR_CLASS_ID:
        if (a->len >= 4) tcps_set(r, TCPS_F_class_id, tcps_load32(p));
        break;
    case ATTR_CGROUP_ID:
        if (a->len >= 8) tcps_set(r, TCPS_F_cgroup_id, tcps_load64(p));
        break;
    case ATTR_SOCKOPT:
        if (a->len >= 2) tcps_set(r, TCPS_F_socket_options, tcps_load16(p));
        break;
    case ATTR_MD5SIG: tcps_set(r, TCPS_F_md5sig_keys, (uint32_t)(a->len / MD5SIG_SIZE)); break;
    case ATTR_ULP_INFO: set_ulp(batch, r, a); break;
    default: break;
    }
    return false;
}

/* Retransmission and probe share one timer, and the kernel names keepalive only when that one is off: so a 0 below is known. */
static void set_timers(tcps_record *r, unsigned timer, unsigned retransmits, uint32_t expires) {
    if (timer == TIMER_2MSL) {
        tcps_set(r, TCPS_F_timer_2msl_ms, expires);
        return;
    }
    tcps_set(r, TCPS_F_timer_rexmt_ms, timer == TIMER_REXMT ? expires : 0);
    tcps_set(r, TCPS_F_timer_persist_ms, timer == TIMER_PERSIST ? expires : 0);
    if (timer == TIMER_KEEP || timer == 0) tcps_set(r, TCPS_F_timer_keep_ms, expires);
    if (timer) tcps_set(r, TCPS_F_timer_retransmits, retransmits);
}

static bool link_local(const uint8_t *a) {
    return (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || (a[0] == 0xff && ((a[1] & 15) == 1 || (a[1] & 15) == 2));
}

static void set_endpoints(tcps_batch *batch, tcps_record *r, const uint8_t *m) {
    size_t len = m[MSG_FAMILY] == LINUX_AF_INET ? 4 : 16;
    tcps_set(r, TCPS_F_ip_version, len == 4 ? 1 : 2);
    tcps_set_text(r, TCPS_F_local_addr, tcps_batch_text(batch, m + MSG_SRC, len));
    tcps_set_text(r, TCPS_F_remote_addr, tcps_batch_text(batch, m + MSG_DST, len));
    tcps_set_nonzero(r, TCPS_F_local_port, tcps_load16_be(m + MSG_SPORT));
    tcps_set_nonzero(r, TCPS_F_remote_port, tcps_load16_be(m + MSG_DPORT));
    uint32_t interface = tcps_load32(m + MSG_IF);
    tcps_set_nonzero(r, TCPS_F_interface_index, interface);
    if (len == 16 && (link_local(m + MSG_SRC) || link_local(m + MSG_DST))) tcps_set_nonzero(r, TCPS_F_scope_id, interface);
}

static bool any_address(const uint8_t *a) {
    static const uint8_t zero[16];
    return memcmp(a, zero, 16) == 0;
}

static void set_socket(tcps_batch *batch, tcps_record *r, const uint8_t *m, size_t len) {
    unsigned state = m[MSG_STATE];
    set_endpoints(batch, r, m);
    tcps_set_nonzero(r, TCPS_F_state, tcps_linux_state(state));
    tcps_set(r, TCPS_F_socket_id, tcps_load64(m + MSG_COOKIE));
    tcps_set_nonzero(r, TCPS_F_inode, tcps_load32(m + MSG_INODE));
    if (state != LINUX_LISTEN) set_timers(r, m[MSG_TIMER], m[MSG_RETRANS], tcps_load32(m + MSG_EXPIRES));

    bool full = tcps_has(r, TCPS_F_inode);
    const uint8_t *at = m + MSG_SIZE, *end = m + len;
    for (attribute a; next_attribute(&at, end, &a);) full |= set_attribute(batch, r, &a, state);

    /* TIME_WAIT and half-open connections are no full sockets: their owner, queues and buffers are zero because there are none. */
    if (full) {
        tcps_set(r, TCPS_F_uid, tcps_load32(m + MSG_UID));
        bool listener = state == LINUX_LISTEN;
        tcps_set(r, listener ? TCPS_F_accept_queue : TCPS_F_rcv_buf_used, tcps_load32(m + MSG_RQUEUE));
        tcps_set(r, listener ? TCPS_F_accept_backlog : TCPS_F_snd_buf_used, tcps_load32(m + MSG_WQUEUE));
        if (listener && m[MSG_FAMILY] == LINUX_AF_INET6 && tcps_has(r, TCPS_F_v6only))
            tcps_set(r, TCPS_F_dual_stack, !r->value[TCPS_F_v6only] && any_address(m + MSG_SRC));
    } else if (state == LINUX_SYN_RECV || state == LINUX_NEW_SYN_RECV) {
        tcps_set(r, TCPS_F_half_open, true);
    }
    tcps_set(r, TCPS_F_sources, 1ull << TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_INET_DIAG);
}

/* The errno that ends a dump: a negative i32 after the header; a message without one says that all is well. */
static int message_error(const uint8_t *m, size_t len) {
    int32_t error = len >= 4 ? (int32_t)tcps_load32(m) : 0;
    return error < 0 && error > INT32_MIN ? -error : 0;
}

tcps_code tcps_linux_diag_parse(tcps_linux_diag *dump, const uint8_t *bytes, size_t len, tcps_sink *sink, tcps_status *status) {
    const uint8_t *at = bytes, *end = bytes + len;
    tcps_record r;
    while (end - at >= NL_HEADER) {
        size_t size = tcps_load32(at + NL_LEN);
        if (size < NL_HEADER || size > (size_t)(end - at)) break;
        unsigned type = tcps_load16(at + NL_TYPE);
        const uint8_t *m = at + NL_HEADER;
        size_t m_len = size - NL_HEADER;
        dump->interrupted |= (tcps_load16(at + NL_FLAGS) & NL_FLAG_DUMP_INTR) != 0;
        if ((type == NL_TYPE_TCPDIAG || type == NL_TYPE_SOCK_DIAG) && m_len >= MSG_SIZE &&
            (m[MSG_FAMILY] == LINUX_AF_INET || m[MSG_FAMILY] == LINUX_AF_INET6)) {
            tcps_record_clear(&r);
            set_socket(sink->batch, &r, m, m_len);
            dump->message = at;
            dump->message_len = size;
            tcps_code code = sink->put(sink, &r);
            if (code != TCPS_OK) return tcps_fail(status, code, "the dump was given up");
            dump->sockets++;
        } else if (type == NL_TYPE_DONE || type == NL_TYPE_ERROR) {
            dump->done |= type == NL_TYPE_DONE;
            if (!dump->error) dump->error = message_error(m, m_len);
        } else if (type != NL_TYPE_NOOP) {
            dump->skipped++;
        }
        size_t step = (size + 3) & ~(size_t)3;
        if (step > (size_t)(end - at)) step = (size_t)(end - at);
        at += step;
        dump->offset += step;
    }
    if (at == end) return TCPS_OK;
    tcps_code code = tcps_fail(status, TCPS_TRUNCATED, "netlink message cut at byte %llu: %llu bytes are left", (unsigned long long)dump->offset,
                               (unsigned long long)(end - at));
    if (status) status->offset = dump->offset;
    return code;
}
