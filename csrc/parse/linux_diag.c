#include "parse/linux_diag.h"

#include "parse/endpoints.h"
#include "parse/linux_attributes.h"
#include "parse/linux_tcpinfo.h"
#include "parse/struct.h"

/* INET_DIAG_MEMINFO: less than SKMEMINFO says, which is why we do not ask for it; older recordings have it. */
static void set_meminfo(tcps_record *r, const tcps_struct *s) {
    tcps_read32(r, TCPS_F_skmem_rmem_alloc, s, MEMINFO_RMEM);
    tcps_read32(r, TCPS_F_skmem_wmem_queued, s, MEMINFO_WMEM);
    tcps_read32(r, TCPS_F_skmem_fwd_alloc, s, MEMINFO_FMEM);
    tcps_read32(r, TCPS_F_skmem_wmem_alloc, s, MEMINFO_TMEM);
}

/* Vegas, DCTCP and BBR report more of themselves; "none yet" of a round trip time is 0x7fffffff or all ones. */
static void set_vegas(tcps_record *r, const tcps_struct *s) {
    if (!tcps_holds(s, 0, VEGAS_SIZE)) return;
    tcps_set(r, TCPS_F_vegas_enabled, tcps_load32(s->at + VEGAS_ENABLED) != 0);
    tcps_read32(r, TCPS_F_vegas_rtt_count, s, VEGAS_RTTCNT);
    tcps_read32(r, TCPS_F_vegas_rtt_us, s, VEGAS_RTT);
    if (tcps_load32(s->at + VEGAS_MINRTT) < SSTHRESH_INFINITE) tcps_read32(r, TCPS_F_vegas_min_rtt_us, s, VEGAS_MINRTT);
}

static void set_dctcp(tcps_record *r, const tcps_struct *s) {
    if (!tcps_holds(s, 0, DCTCP_SIZE)) return;
    tcps_set(r, TCPS_F_dctcp_enabled, tcps_load16(s->at + DCTCP_ENABLED) != 0);
    tcps_set(r, TCPS_F_dctcp_ce_state, tcps_load16(s->at + DCTCP_CE_STATE) != 0);
    tcps_read32(r, TCPS_F_dctcp_alpha, s, DCTCP_ALPHA);
    tcps_read32(r, TCPS_F_dctcp_ab_ecn, s, DCTCP_AB_ECN);
    tcps_read32(r, TCPS_F_dctcp_ab_tot, s, DCTCP_AB_TOT);
}

static void set_bbr(tcps_record *r, const tcps_struct *s) {
    if (!tcps_holds(s, 0, BBR_SIZE)) return;
    tcps_set(r, TCPS_F_bbr_bw, tcps_load32(s->at + BBR_BW_LO) | (uint64_t)tcps_load32(s->at + BBR_BW_HI) << 32);
    if (tcps_load32(s->at + BBR_MIN_RTT) != UINT32_MAX) tcps_read32(r, TCPS_F_bbr_min_rtt_us, s, BBR_MIN_RTT);
    tcps_read32(r, TCPS_F_bbr_pacing_gain, s, BBR_PACING_GAIN);
    tcps_read32(r, TCPS_F_bbr_cwnd_gain, s, BBR_CWND_GAIN);
}

/* A string that may or may not be ended by a NUL. */
static void read_string(tcps_rows *rows, tcps_record *r, unsigned field, const tcps_struct *s) {
    size_t len = strnlen((const char *)s->at, s->len);
    if (len) tcps_set_text(r, field, tcps_rows_intern(rows, field, s->at, len));
}

static void set_tls(tcps_record *r, const tcps_struct *tls) {
    static const uint16_t fields[] = {
        [TLS_VERSION] = TCPS_F_tls_version, [TLS_CIPHER] = TCPS_F_tls_cipher, [TLS_TXCONF] = TCPS_F_tls_txconf, [TLS_RXCONF] = TCPS_F_tls_rxconf};
    const uint8_t *at = tls->at, *end = at + tls->len;
    bool zerocopy = false;
    for (tcps_attribute a; tcps_next_attribute(&at, end, &a);) {
        if (a.type < sizeof fields / sizeof *fields && fields[a.type]) tcps_read16(r, fields[a.type], &a.payload, 0);
        zerocopy |= a.type == TLS_ZC_RO_TX;
    }
    tcps_set(r, TCPS_F_tls_zerocopy, zerocopy);
}

/* The kernel reports a mapping and a peer only when it has them. */
static void set_subflow(tcps_record *r, const tcps_struct *subflow) {
    static const uint16_t fields[] = {
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
    const uint8_t *at = subflow->at, *end = at + subflow->len;
    for (tcps_attribute a; tcps_next_attribute(&at, end, &a);) {
        if (a.type >= sizeof fields / sizeof *fields || !fields[a.type]) continue;
        switch (a.payload.len) {
        case 1: tcps_read8(r, fields[a.type], &a.payload, 0); break;
        case 2: tcps_read16(r, fields[a.type], &a.payload, 0); break;
        case 4: tcps_read32(r, fields[a.type], &a.payload, 0); break;
        case 8: tcps_read64(r, fields[a.type], &a.payload, 0); break;
        default: break;
        }
    }
}

static void set_ulp(tcps_rows *rows, tcps_record *r, const tcps_struct *ulp) {
    const uint8_t *at = ulp->at, *end = at + ulp->len;
    for (tcps_attribute a; tcps_next_attribute(&at, end, &a);) {
        if (a.type == ULP_NAME) read_string(rows, r, TCPS_F_ulp, &a.payload);
        if (a.type == ULP_TLS) set_tls(r, &a.payload);
        if (a.type == ULP_MPTCP) set_subflow(r, &a.payload);
    }
}

/* True when the attribute is one that only a full socket has. */
static inline bool set_attribute(tcps_rows *rows, tcps_record *r, const tcps_attribute *a, unsigned state, unsigned release) {
    const tcps_struct *s = &a->payload;
    switch (a->type) {
    case ATTR_INFO: tcps_linux_tcp_info(r, s->at, s->len, state, release); return true;
    case ATTR_SKMEMINFO: tcps_linux_meminfo(r, s->at, s->len); return true;
    case ATTR_MEMINFO: set_meminfo(r, s); return true;
    case ATTR_CONG: read_string(rows, r, TCPS_F_cc_algo, s); break;
    case ATTR_VEGASINFO: set_vegas(r, s); break;
    case ATTR_DCTCPINFO: set_dctcp(r, s); break;
    case ATTR_BBRINFO: set_bbr(r, s); break;
    case ATTR_TOS: tcps_read8(r, TCPS_F_tos, s, 0); break;
    case ATTR_TCLASS: tcps_read8(r, TCPS_F_tclass, s, 0); break;
    case ATTR_SHUTDOWN:
        if (s->len) tcps_set(r, TCPS_F_shutdown, s->at[0] & 3);
        break;
    case ATTR_SKV6ONLY:
        if (s->len) tcps_set(r, TCPS_F_v6only, s->at[0] != 0);
        break;
    case ATTR_MARK: tcps_read32(r, TCPS_F_mark, s, 0); break;
    case ATTR_CLASS_ID: tcps_read32(r, TCPS_F_class_id, s, 0); break;
    case ATTR_CGROUP_ID: tcps_read64(r, TCPS_F_cgroup_id, s, 0); break;
    case ATTR_SOCKOPT: tcps_read16(r, TCPS_F_socket_options, s, 0); break;
    case ATTR_MD5SIG: tcps_set(r, TCPS_F_md5sig_keys, (uint32_t)(s->len / MD5SIG_SIZE)); break;
    case ATTR_ULP_INFO: set_ulp(rows, r, s); break;
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

static void set_endpoints(tcps_rows *rows, tcps_record *r, const uint8_t *m) {
    size_t len = m[MSG_FAMILY] == LINUX_AF_INET ? 4 : 16;
    tcps_set_addresses(rows, r, m + MSG_SRC, m + MSG_DST, len);
    tcps_set_nonzero(r, TCPS_F_local_port, tcps_load16_be(m + MSG_SPORT));
    tcps_set_nonzero(r, TCPS_F_remote_port, tcps_load16_be(m + MSG_DPORT));
    uint32_t interface = tcps_load32(m + MSG_IF);
    tcps_set_nonzero(r, TCPS_F_interface_index, interface);
    if (len == 16 && (tcps_is_link_local(m + MSG_SRC) || tcps_is_link_local(m + MSG_DST))) tcps_set_nonzero(r, TCPS_F_scope_id, interface);
}

static bool any_address(const uint8_t *a) {
    static const uint8_t zero[16];
    return memcmp(a, zero, 16) == 0;
}

/* idiag_rqueue and idiag_wqueue. Of a listener they are its accept queue and its limit. A FIN that nobody has read counts as a byte; and a connect()
 * that waits for the first data has nothing to send, whatever the difference of its sequence numbers says. */
static void set_queues(tcps_record *r, const uint8_t *m) {
    uint32_t receive = tcps_load32(m + MSG_RQUEUE), send = tcps_load32(m + MSG_WQUEUE);
    unsigned state = m[MSG_STATE];
    if (state == LINUX_LISTEN) {
        tcps_set(r, TCPS_F_accept_queue, receive);
        tcps_set(r, TCPS_F_accept_backlog, send);
        return;
    }
    bool deferred = state == LINUX_SYN_SENT && tcps_has(r, TCPS_F_socket_options) && r->value[TCPS_F_socket_options] & SOCKOPT_DEFER_CONNECT;
    if (deferred && tcps_has(r, TCPS_F_notsent_bytes)) tcps_set(r, TCPS_F_notsent_bytes, 0);
    tcps_set(r, TCPS_F_rcv_buf_used, receive - (receive && tcps_linux_fin_received(state)));
    tcps_set(r, TCPS_F_snd_buf_used, deferred ? 0 : send);
}

static void set_socket(tcps_rows *rows, tcps_record *r, const uint8_t *m, size_t len, unsigned release) {
    unsigned state = m[MSG_STATE];
    set_endpoints(rows, r, m);
    tcps_set_nonzero(r, TCPS_F_state, tcps_linux_state(state));
    tcps_set(r, TCPS_F_socket_id, tcps_load64(m + MSG_COOKIE));
    tcps_set_nonzero(r, TCPS_F_inode, tcps_load32(m + MSG_INODE));
    if (state != LINUX_LISTEN) set_timers(r, m[MSG_TIMER], m[MSG_RETRANS], tcps_load32(m + MSG_EXPIRES));

    bool full = tcps_has(r, TCPS_F_inode);
    const uint8_t *at = m + MSG_SIZE, *end = m + len;
    for (tcps_attribute a; tcps_next_attribute(&at, end, &a);) full |= set_attribute(rows, r, &a, state, release);

    /* TIME_WAIT and half-open connections are no full sockets: their owner, queues and buffers are zero because there are none. */
    if (full) {
        tcps_set(r, TCPS_F_uid, tcps_load32(m + MSG_UID));
        set_queues(r, m);
        if (state == LINUX_LISTEN && m[MSG_FAMILY] == LINUX_AF_INET6 && tcps_has(r, TCPS_F_v6only))
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
            set_socket(&sink->pass->rows, &r, m, m_len, dump->release);
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
