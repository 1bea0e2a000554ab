#include "parse/freebsd_pcblist.h"

#include "parse/endpoints.h"
#include "parse/freebsd_pieces.h"

/* A listener for both families is bound to the wildcard address, whose bytes are the same in either. It counts as IPv4's here, because inp_vflag
 * says IPv4 too, and dual_stack says the rest. */
static void set_endpoints(tcps_rows *rows, tcps_record *r, const tcps_struct *x) {
    unsigned vflag = x->at[XT_VFLAG] & (XT_VFLAG_IPV4 | XT_VFLAG_IPV6);
    if (vflag & XT_VFLAG_IPV4) {
        tcps_set_addresses(rows, r, x->at + XT_LADDR + 12, x->at + XT_FADDR + 12, 4);
    } else if (vflag == XT_VFLAG_IPV6) {
        tcps_set_bsd_addresses6(rows, r, x->at + XT_LADDR, x->at + XT_FADDR);
    }
    if (vflag == (XT_VFLAG_IPV4 | XT_VFLAG_IPV6)) tcps_set(r, TCPS_F_dual_stack, true);
    tcps_set_nonzero(r, TCPS_F_local_port, tcps_load16_be(x->at + XT_LPORT));
    tcps_set_nonzero(r, TCPS_F_remote_port, tcps_load16_be(x->at + XT_FPORT));
    tcps_set(r, TCPS_F_fib, tcps_load16(x->at + XT_FIB));
}

/* What struct socket knows. A listener has queues of connections instead of buffers (sotoxsocket leaves those zero). */
static void set_socket(tcps_record *r, const tcps_struct *x) {
    tcps_set(r, TCPS_F_socket_id, tcps_load64(x->at + XT_SO));
    tcps_read32(r, TCPS_F_uid, x, XT_UID);
    tcps_set(r, TCPS_F_socket_error, tcps_load16(x->at + XT_ERROR));
    if (tcps_load16(x->at + XT_OPTIONS) & XT_OPTION_ACCEPTCONN) {
        tcps_read32(r, TCPS_F_accept_queue, x, XT_QLEN);
        tcps_read32(r, TCPS_F_incomplete_queue, x, XT_INCQLEN);
        tcps_read32(r, TCPS_F_accept_backlog, x, XT_QLIMIT);
    } else {
        tcps_read32(r, TCPS_F_rcv_buf_used, x, XT_RCV_CC);
        tcps_read32(r, TCPS_F_rcv_buf_hiwat, x, XT_RCV_HIWAT);
        tcps_read32(r, TCPS_F_snd_buf_used, x, XT_SND_CC);
        tcps_read32(r, TCPS_F_snd_buf_hiwat, x, XT_SND_HIWAT);
    }
}

/* What struct inpcb knows. Its type of service and time to live are IPv4's; IPv6 has a hop limit where somebody set one. */
static void set_inpcb(tcps_record *r, const tcps_struct *x) {
    tcps_set(r, TCPS_F_inp_gencnt, tcps_load64(x->at + XT_GENCNT));
    tcps_read32(r, TCPS_F_flow_id, x, XT_FLOWID);
    if (x->at[XT_VFLAG] & XT_VFLAG_IPV4) {
        tcps_set(r, TCPS_F_tos, x->at[XT_TOS]);
        tcps_read8(r, TCPS_F_ttl, x, XT_TTL);
    } else {
        uint16_t hops = tcps_load16(x->at + XT_HOPS);
        if (hops <= UINT8_MAX) tcps_set_nonzero(r, TCPS_F_ttl, hops);
    }
}

static bool is_connection(const tcps_record *r) {
    uint64_t state = tcps_has(r, TCPS_F_state) ? r->value[TCPS_F_state] : 0;
    return state != TCPSTATS_READER__TCP_STATE__TCP_STATE_LISTEN && state != TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSED;
}

/* What struct tcpcb knows. */
static void set_tcpcb(tcps_rows *rows, tcps_record *r, const tcps_struct *x, unsigned release) {
    tcps_freebsd_read_name(rows, r, TCPS_F_tcp_stack, x, XT_STACK, XT_STACK_SIZE);
    tcps_freebsd_read_name(rows, r, TCPS_F_log_id, x, XT_LOGID, XT_LOGID_SIZE);
    tcps_freebsd_read_name(rows, r, TCPS_F_cc_algo, x, XT_CC, XT_CC_SIZE);
    tcps_read32(r, TCPS_F_tcp_flags, x, XT_FLAGS);
    tcps_read32(r, TCPS_F_zerowin_probes, x, XT_SNDZEROWIN);
    tcps_read32(r, TCPS_F_rexmit_packets, x, XT_SNDREXMITPACK);
    tcps_read32(r, TCPS_F_ooo_packets, x, XT_RCVOOPACK);
    tcps_read32(r, TCPS_F_idle_time_ms, x, XT_RCVTIME);
    tcps_freebsd_read_timer(r, TCPS_F_timer_rexmt_ms, x, XT_TT_REXMT);
    tcps_freebsd_read_timer(r, TCPS_F_timer_persist_ms, x, XT_TT_PERSIST);
    tcps_freebsd_read_timer(r, TCPS_F_timer_keep_ms, x, XT_TT_KEEP);
    tcps_freebsd_read_timer(r, TCPS_F_timer_2msl_ms, x, XT_TT_2MSL);
    tcps_freebsd_read_timer(r, TCPS_F_timer_delack_ms, x, XT_TT_DELACK);
    if (is_connection(r)) { /* of any other these are what a new tcpcb begins with */
        tcps_read32(r, TCPS_F_snd_cwnd, x, XT_SND_CWND);
        tcps_read32(r, TCPS_F_snd_ssthresh, x, XT_SND_SSTHRESH);
    }
    tcps_read32(r, TCPS_F_maxseg, x, XT_MAXSEG);
    tcps_read32(r, TCPS_F_rcv_wnd, x, XT_RCV_WND);
    tcps_read32(r, TCPS_F_snd_wnd, x, XT_SND_WND);
    tcps_read32(r, TCPS_F_ecn_flags, x, XT_ECN);
    if (release >= 14) {
        tcps_read32(r, TCPS_F_dsack_bytes, x, XT_DSACK_BYTES);
        tcps_read32(r, TCPS_F_dsack_tlp_bytes, x, XT_DSACK_TLP_BYTES);
        tcps_read32(r, TCPS_F_dsack_packets, x, XT_DSACK_PACK);
    }
}

static void set_encaps_port(tcps_record *r, const tcps_struct *x, unsigned release) {
    size_t offset = release >= 14 ? XT_ENCAPS_PORT : XT_ENCAPS_PORT_13;
    if (release && tcps_holds(x, offset, 2)) tcps_set(r, TCPS_F_encaps_port, tcps_load16_be(x->at + offset));
}

/* A TIME_WAIT of 13 may have lost its tcpcb: then the kernel leaves that part zero. A real one always has a stack and a segment size. */
static bool has_tcpcb(const tcps_struct *x) { return tcps_holds(x, XT_MAXSEG, 4) ? x->at[XT_STACK] || tcps_load32(x->at + XT_MAXSEG) : true; }

static void set_record(tcps_rows *rows, tcps_record *r, const tcps_struct *x, unsigned release) {
    set_endpoints(rows, r, x);
    if (tcps_holds(x, XT_STATE, 4)) tcps_freebsd_set_state(r, tcps_load32(x->at + XT_STATE));
    set_encaps_port(r, x, release);
    tcps_set(r, TCPS_F_sources, 1ull << TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_FREEBSD_PCBLIST);
    /* An entry of the syncache is neither socket nor inpcb nor tcpcb: nothing more of it is known. */
    if (tcps_load64(x->at + XT_XI_LEN) == 0) {
        tcps_set(r, TCPS_F_half_open, true);
        return;
    }
    set_inpcb(r, x);
    if (tcps_load64(x->at + XT_SO)) set_socket(r, x);
    if (has_tcpcb(x)) set_tcpcb(rows, r, x, release);
}

/* Up to the flag that says which family the addresses are of: without it a record names no connection. */
#define SHORTEST_RECORD (XT_VFLAG + 1)

bool tcps_freebsd_pcblist_generations(const uint8_t *bytes, size_t len, uint64_t *first, uint64_t *last) {
    *first = *last = 0;
    if (len < 2 * XIG_SIZE || tcps_load64(bytes + XIG_LEN) != XIG_SIZE || tcps_load64(bytes + len - XIG_SIZE + XIG_LEN) != XIG_SIZE) return false;
    *first = tcps_load64(bytes + XIG_GEN);
    *last = tcps_load64(bytes + len - XIG_SIZE + XIG_GEN);
    return true;
}

static tcps_code fail_at(tcps_status *status, tcps_code code, size_t offset, const char *what, uint64_t length) {
    tcps_fail(status, code, "net.inet.tcp.pcblist: %s at byte %zu (length %llu)", what, offset, (unsigned long long)length);
    if (status) status->offset = offset;
    return code;
}

tcps_code tcps_freebsd_pcblist_parse(const uint8_t *bytes, size_t len, unsigned release, tcps_sink *sink, tcps_freebsd_pcblist *report,
                                     tcps_status *status) {
    *report = (tcps_freebsd_pcblist){0};
    if (len < XIG_SIZE) return fail_at(status, len ? TCPS_TRUNCATED : TCPS_FORMAT, 0, "no header", len);
    uint64_t size = tcps_load64(bytes + XIG_LEN);
    if (size < XIG_SIZE || size > len) return fail_at(status, TCPS_FORMAT, 0, "no header", size);

    size_t offset = (size_t)size;
    for (tcps_record r; len - offset >= 8; offset += (size_t)size) {
        size = tcps_load64(bytes + offset + XT_LEN);
        size_t left = len - offset;
        if (size == XIG_SIZE && left >= XIG_SIZE) {
            if (left == XIG_SIZE) return TCPS_OK;
            return fail_at(status, TCPS_FORMAT, offset + XIG_SIZE, "bytes after the trailer", left - XIG_SIZE);
        }
        if (size < XIG_SIZE) return fail_at(status, TCPS_FORMAT, offset, "no record", size);
        if (size > left) return fail_at(status, TCPS_TRUNCATED, offset, "cut record", size);
        if (size < SHORTEST_RECORD) {
            if (!report->skipped++) report->first_skipped = offset;
            continue;
        }
        tcps_record_clear(&r);
        set_record(&sink->pass->rows, &r, &(tcps_struct){bytes + offset, (size_t)size}, release);
        tcps_code code = sink->put(sink, &r);
        if (code != TCPS_OK) return tcps_fail(status, code, "the dump was given up");
        report->sockets++;
    }
    return fail_at(status, TCPS_TRUNCATED, offset, "the trailer is missing", len - offset);
}
