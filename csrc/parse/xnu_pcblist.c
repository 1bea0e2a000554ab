#include "parse/xnu_pcblist.h"

#include <inttypes.h>
#include <stdio.h>

#include "abi/xnu.h"
#include "parse/endpoints.h"
#include "parse/struct.h"

#define SOURCE_BIT (1ull << TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_MACOS_PCBLIST_N)

/* The records that make one socket: each as long as it says, tag included, and all of it inside the buffer. */
typedef struct group {
    size_t offset; /* of its first record */
    bool open;     /* has records */
    tcps_struct inpcb, socket, rcvbuf, sndbuf, stats, tcpcb;
} group;

typedef struct walk {
    const uint8_t *bytes;
    size_t len;
    const tcps_xnu_rules *rules;
    tcps_sink *sink;
    tcps_xnu_pcblist_report *report;
    tcps_record record;
} walk;

static inline uint64_t saturate32(uint64_t value) { return value > UINT32_MAX ? UINT32_MAX : value; }

/* Kernel times to microseconds: `per_ms` units make a millisecond. Multiplied first and in 64 bits, so that nothing is lost or wraps. */
static inline void set_us(tcps_record *r, unsigned field, const tcps_struct *p, size_t offset, unsigned per_ms) {
    if (tcps_holds(p, offset, 4)) tcps_set(r, field, saturate32((uint64_t)tcps_load32(p->at + offset) * 1000 / per_ms));
}

/* A mapped address has vflag 1: it is IPv4 on the wire, and net.inet.tcp.info wants it so too. */
static void set_endpoints(tcps_rows *rows, tcps_record *r, const tcps_struct *p) {
    if (tcps_holds(p, XINPCB_FPORT, 2)) tcps_set_nonzero(r, TCPS_F_remote_port, tcps_load16_be(p->at + XINPCB_FPORT));
    if (tcps_holds(p, XINPCB_LPORT, 2)) tcps_set_nonzero(r, TCPS_F_local_port, tcps_load16_be(p->at + XINPCB_LPORT));
    if (!tcps_holds(p, XINPCB_LADDR, 16)) return;
    const uint8_t *local = p->at + XINPCB_LADDR, *remote = p->at + XINPCB_FADDR;
    unsigned vflag = p->at[XINPCB_VFLAG] & (XVFLAG_IPV4 | XVFLAG_IPV6);
    if (vflag == XVFLAG_IPV4)
        tcps_set_addresses(rows, r, local + XADDR_IPV4, remote + XADDR_IPV4, 16 - XADDR_IPV4);
    else if (vflag)
        tcps_set_bsd_addresses6(rows, r, local, remote);
}

/* `classes`: how many of the four sets of counters mean anything where traffic is counted by class. */
static void set_counters(tcps_record *r, const tcps_struct *p, tcps_xnu_stats rule, unsigned classes) {
    if (rule == TCPS_XNU_STATS_DATA) {
        /* [0].txpackets counts appends to the send buffer, and what is received in order is counted twice. */
        if (tcps_holds(p, XSOCKSTAT_DATA + XDATA_TXBYTES, 8)) tcps_set(r, TCPS_F_tx_bytes, tcps_load64(p->at + XSOCKSTAT_DATA + XDATA_TXBYTES));
    } else if (rule == TCPS_XNU_STATS_CLASSES && p->len >= XSOCKSTAT_SIZE) {
        uint64_t sum[XDATA_SIZE / 8] = {0};
        for (unsigned i = 0; i < classes; i++)
            for (unsigned j = 0; j < XDATA_SIZE / 8; j++) sum[j] += tcps_load64(p->at + XSOCKSTAT_DATA + i * XDATA_SIZE + 8 * j);
        tcps_set(r, TCPS_F_rx_packets, sum[XDATA_RXPACKETS / 8]);
        tcps_set(r, TCPS_F_rx_bytes, sum[XDATA_RXBYTES / 8]);
        tcps_set(r, TCPS_F_tx_packets, sum[XDATA_TXPACKETS / 8]);
        tcps_set(r, TCPS_F_tx_bytes, sum[XDATA_TXBYTES / 8]);
    }
}

static void set_buffers(tcps_record *r, const group *g) {
    tcps_read32(r, TCPS_F_rcv_buf_used, &g->rcvbuf, XSOCKBUF_CC);
    tcps_read32(r, TCPS_F_rcv_buf_hiwat, &g->rcvbuf, XSOCKBUF_HIWAT);
    tcps_read32(r, TCPS_F_snd_buf_used, &g->sndbuf, XSOCKBUF_CC);
    tcps_read32(r, TCPS_F_snd_buf_hiwat, &g->sndbuf, XSOCKBUF_HIWAT);
}

static void set_pids(tcps_record *r, const tcps_struct *p) {
    tcps_read32(r, TCPS_F_pid, p, XSOCKET_LAST_PID);
    tcps_read32_nonzero(r, TCPS_F_effective_pid, p, XSOCKET_E_PID);
}

/* TcpState is XNU's number plus one; a number that XNU does not name stays unknown. */
static void set_state(tcps_record *r, const tcps_struct *p) {
    if (!tcps_holds(p, XTCPCB_STATE, 4)) return;
    uint32_t state = tcps_load32(p->at + XTCPCB_STATE);
    if (state <= XSTATE_TIME_WAIT) tcps_set(r, TCPS_F_state, state + 1);
}

static bool in_state(const tcps_record *r, uint64_t state) { return tcps_has(r, TCPS_F_state) && r->value[TCPS_F_state] == state + 1; }

/* Milliseconds since `then`, both on TCP's clock, which wraps after 49.7 days. Our clock and TCP's drift apart a little: what seems to lie a
 * few seconds ahead is now. */
static uint32_t since(uint32_t now, uint32_t then) {
    uint32_t age = now - then;
    return age > UINT32_MAX - 10000 ? 0 : age;
}

static void set_age(const tcps_xnu_rules *rules, tcps_record *r, unsigned field, const tcps_struct *p, size_t offset) {
    if (!rules->has_tcp_now || !tcps_holds(p, offset, 4)) return;
    uint32_t then = tcps_load32(p->at + offset);
    if (then) tcps_set(r, field, since(rules->tcp_now, then));
}

/* A timer that does not run has 0 ms left; what is left of one that runs is not exported, but for the end of TIME_WAIT. */
static void set_timers(const tcps_xnu_rules *rules, tcps_record *r, const tcps_struct *p) {
    static const unsigned fields[XTIMER_COUNT] = {TCPS_F_timer_rexmt_ms, TCPS_F_timer_persist_ms, TCPS_F_timer_keep_ms, TCPS_F_timer_2msl_ms};
    if (!tcps_holds(p, XTCPCB_TIMER, 4 * XTIMER_COUNT)) return;
    uint32_t armed = 0;
    for (unsigned i = 0; i < XTIMER_COUNT; i++) {
        if (tcps_load32(p->at + XTCPCB_TIMER + 4 * i))
            armed |= 1u << i;
        else
            tcps_set(r, fields[i], 0);
    }
    tcps_set(r, TCPS_F_timers_armed, armed);
    if (armed >> XTIMER_2MSL && rules->has_tcp_now && in_state(r, XSTATE_TIME_WAIT)) {
        int32_t left = (int32_t)(tcps_load32(p->at + XTCPCB_TIMER + 4 * XTIMER_2MSL) - rules->tcp_now);
        tcps_set(r, TCPS_F_timer_2msl_ms, left > 0 ? (uint32_t)left : 0);
    }
}

static void set_tcp(const tcps_xnu_rules *rules, tcps_record *r, const tcps_struct *p) {
    tcps_read32(r, TCPS_F_tcp_flags, p, XTCPCB_FLAGS);
    tcps_read32(r, TCPS_F_snd_cwnd, p, XTCPCB_SND_CWND);
    tcps_read32(r, TCPS_F_snd_ssthresh, p, XTCPCB_SND_SSTHRESH);
    tcps_read32(r, TCPS_F_snd_wnd, p, XTCPCB_SND_WND);
    tcps_read32(r, TCPS_F_rcv_wnd, p, XTCPCB_RCV_WND);
    tcps_read32(r, TCPS_F_maxseg, p, XTCPCB_MAXSEG);
    if (tcps_holds(p, XTCPCB_SRTT, 4) && tcps_load32(p->at + XTCPCB_SRTT)) set_us(r, TCPS_F_rtt_us, p, XTCPCB_SRTT, 32);
    set_us(r, TCPS_F_rttvar_us, p, XTCPCB_RTTVAR, 16); /* before the first sample too: the timeout is reckoned from it */
    set_us(r, TCPS_F_rto_us, p, XTCPCB_RXTCUR, 1);
    set_us(r, TCPS_F_rtt_min_us, p, XTCPCB_RTTMIN, 1);
    tcps_read32(r, TCPS_F_rtt_update_count, p, XTCPCB_RTTUPDATED);
    tcps_read32(r, TCPS_F_snd_nxt, p, XTCPCB_SND_NXT);
    tcps_read32(r, TCPS_F_snd_una, p, XTCPCB_SND_UNA);
    tcps_read32(r, TCPS_F_snd_max, p, XTCPCB_SND_MAX);
    tcps_read32(r, TCPS_F_rcv_nxt, p, XTCPCB_RCV_NXT);
    tcps_read32(r, TCPS_F_rcv_adv, p, XTCPCB_RCV_ADV);
    tcps_read32(r, TCPS_F_dupacks, p, XTCPCB_DUPACKS);
    tcps_read32(r, TCPS_F_rxt_shift, p, XTCPCB_RXTSHIFT);
    const uint32_t scaled = XTF_REQ_SCALE | XTF_RCVD_SCALE;
    if (tcps_has(r, TCPS_F_tcp_flags) && (r->value[TCPS_F_tcp_flags] & scaled) == scaled) {
        tcps_read8(r, TCPS_F_snd_wscale, p, XTCPCB_SND_SCALE);
        tcps_read8(r, TCPS_F_rcv_wscale, p, XTCPCB_RCV_SCALE);
    }
    set_age(rules, r, TCPS_F_age_ms, p, XTCPCB_STARTTIME);
    set_age(rules, r, TCPS_F_idle_time_ms, p, XTCPCB_RCVTIME);
    set_timers(rules, r, p);
}

static void set_socket(tcps_record *r, const tcps_struct *p) {
    tcps_read32(r, TCPS_F_uid, p, XSOCKET_UID);
    set_pids(r, p);
    tcps_read16(r, TCPS_F_socket_error, p, XSOCKET_ERROR);
    if (in_state(r, XSTATE_LISTEN)) {
        tcps_read16(r, TCPS_F_accept_queue, p, XSOCKET_QLEN);
        tcps_read16(r, TCPS_F_incomplete_queue, p, XSOCKET_INCQLEN);
        tcps_read16(r, TCPS_F_accept_backlog, p, XSOCKET_QLIMIT);
    }
}

/* What the IP layer keeps besides addresses and ports. */
static void set_inpcb(tcps_record *r, const tcps_struct *p) {
    if (tcps_holds(p, XINPCB_GENCNT, 8)) tcps_set(r, TCPS_F_inp_gencnt, tcps_load64(p->at + XINPCB_GENCNT));
    if (!tcps_holds(p, XINPCB_VFLAG, 1)) return;
    unsigned vflag = p->at[XINPCB_VFLAG];
    if (vflag & XVFLAG_IPV4) tcps_read8(r, TCPS_F_tos, p, XINPCB_TOS);
    if (vflag & XVFLAG_IPV6 && in_state(r, XSTATE_LISTEN)) tcps_set(r, TCPS_F_dual_stack, vflag & XVFLAG_IPV4);
}

/* Hands the group out as one record. */
static tcps_code put_socket(walk *w, const group *g) {
    tcps_record *r = &w->record;
    tcps_record_clear(r);
    tcps_set(r, TCPS_F_sources, SOURCE_BIT);
    set_endpoints(&w->sink->pass->rows, r, &g->inpcb);
    set_state(r, &g->tcpcb);
    bool has_so = tcps_holds(&g->socket, XSOCKET_SO, 8);
    uint64_t so = has_so ? tcps_load64(g->socket.at + XSOCKET_SO) : 0;
    bool kernels = so != 0 || !tcps_holds(&g->inpcb, XINPCB_INPP, 8) || tcps_load64(g->inpcb.at + XINPCB_INPP) != 0;
    if (kernels) {
        set_inpcb(r, &g->inpcb);
        set_tcp(w->rules, r, &g->tcpcb);
        tcps_set_nonzero(r, TCPS_F_socket_id, so);
        /* An inpcb whose socket is gone has nothing but zeros in its other records, and buffers of kind 0: nothing in them is known. */
        if (so || !has_so) {
            set_socket(r, &g->socket);
            set_buffers(r, g);
            set_counters(r, &g->stats, w->rules->stats, XDATA_COUNT);
        }
    } else {
        /* Of a flow of the user-space stack only this means anything: nstat fills it in and leaves the rest zero. */
        tcps_set(r, TCPS_F_user_space, true);
        set_pids(r, &g->socket);
        set_buffers(r, g);
        set_counters(r, &g->stats, w->rules->stats, 1);
        tcps_read32(r, TCPS_F_snd_wnd, &g->tcpcb, XTCPCB_SND_WND);
        tcps_read32(r, TCPS_F_snd_cwnd, &g->tcpcb, XTCPCB_SND_CWND);
    }
    w->report->sockets++;
    return w->sink->put(w->sink, r);
}

static tcps_code close_group(walk *w, group *g) {
    tcps_code code = TCPS_OK;
    if (g->inpcb.at)
        code = put_socket(w, g);
    else if (g->open)
        w->report->dropped++;
    *g = (group){0};
    return code;
}

/* Ends the walk: the group under way is cut, and what was wrong is said once. */
static void stop(walk *w, const group *g, tcps_code code, size_t offset, const char *what) {
    char cut[64] = "";
    if (g->open) {
        w->report->dropped++;
        snprintf(cut, sizeof cut, "; the socket that begins at %zu is left out", g->offset);
    }
    tcps_fail(&w->report->status, code, "net.inet.tcp.pcblist_n: %s at offset %zu of %zu, after %" PRIu64 " sockets%s", what, offset, w->len,
              w->report->sockets, cut);
    w->report->status.offset = offset;
}

static void take_trailer(walk *w, size_t offset, size_t size, const group *g) {
    char what[64];
    if (size < XIG_SIZE) {
        snprintf(what, sizeof what, "a trailer of %zu bytes", size);
        stop(w, g, TCPS_FORMAT, offset, what);
        return;
    }
    w->report->has_trailer = true;
    w->report->trailer_generation = tcps_load64(w->bytes + offset + XIG_GEN);
    if (w->len > offset + size) {
        snprintf(what, sizeof what, "%zu bytes that follow the trailer", w->len - offset - size);
        stop(w, g, TCPS_FORMAT, offset + size, what);
    }
}

/* Keeps a record for the group that it belongs to; an xinpcb_n begins the next one, an xtcpcb_n ends it. */
static tcps_code take_record(walk *w, group *g, uint32_t kind, size_t offset, size_t size) {
    tcps_struct p = {w->bytes + offset, size};
    tcps_code code;
    switch (kind) {
    case XKIND_INPCB:
        if ((code = close_group(w, g)) != TCPS_OK) return code;
        g->inpcb = p;
        break;
    case XKIND_SOCKET: g->socket = p; break;
    case XKIND_RCVBUF: g->rcvbuf = p; break;
    case XKIND_SNDBUF: g->sndbuf = p; break;
    case XKIND_STATS: g->stats = p; break;
    case XKIND_TCPCB: g->tcpcb = p; break;
    case XKIND_NONE: return TCPS_OK;
    default: w->report->unknown++; return TCPS_OK;
    }
    if (!g->open) {
        g->open = true;
        g->offset = offset;
    }
    return kind == XKIND_TCPCB ? close_group(w, g) : TCPS_OK;
}

/* Steps from record to record. Lengths are added in 64 bits: 0xfffffff9 rounded up is not a small number. */
static tcps_code walk_records(walk *w, uint64_t offset, bool expect_none) {
    group g = {0};
    tcps_code code;
    char what[96];
    const uint64_t begin = offset;
    while (offset < w->len) {
        uint64_t left = w->len - offset;
        uint64_t size = left < 4 ? 0 : tcps_load32(w->bytes + offset + XTAG_LEN);
        if (left < XTAG_SIZE && (left < 4 || size >= XTAG_SIZE)) {
            snprintf(what, sizeof what, "%" PRIu64 " bytes, too few for a record,", left);
            stop(w, &g, TCPS_TRUNCATED, offset, what);
            return TCPS_OK;
        }
        if (size < XTAG_SIZE) {
            snprintf(what, sizeof what, "a record of %" PRIu64 " bytes, which cannot be,", size);
            stop(w, &g, TCPS_FORMAT, offset, what);
            return TCPS_OK;
        }
        if (size > left) {
            snprintf(what, sizeof what, "a %s of %" PRIu64 " bytes, cut after %" PRIu64 ",", size <= XIG_SIZE ? "trailer" : "record", size, left);
            stop(w, &g, TCPS_TRUNCATED, offset, what);
            return TCPS_OK;
        }
        /* Before the kind: the trailer's second word is a count, and a count of 1, 2, 4, 8, 16 or 32 looks like a kind. */
        if (size <= XIG_SIZE) {
            if ((code = close_group(w, &g)) != TCPS_OK) return code;
            take_trailer(w, offset, size, &g);
            return TCPS_OK;
        }
        if ((code = take_record(w, &g, tcps_load32(w->bytes + offset + XTAG_KIND), offset, size)) != TCPS_OK) return code;
        offset += (size + 7) & ~(uint64_t)7;
    }
    /* A kernel without connections gives a header and no trailer. */
    if (!expect_none || offset != begin || g.open) stop(w, &g, TCPS_TRUNCATED, w->len, "no trailer");
    return TCPS_OK;
}

tcps_code tcps_xnu_pcblist_parse(const uint8_t *bytes, size_t len, const tcps_xnu_rules *rules, tcps_sink *sink, tcps_xnu_pcblist_report *report) {
    *report = (tcps_xnu_pcblist_report){0};
    tcps_status *status = &report->status;
    if (len < XIG_SIZE) {
        if (len)
            tcps_fail(status, TCPS_TRUNCATED, "net.inet.tcp.pcblist_n: %zu bytes, too few for its header of %d", len, XIG_SIZE);
        else
            tcps_fail(status, TCPS_TRUNCATED, "net.inet.tcp.pcblist_n: empty");
        return TCPS_OK;
    }
    uint64_t header = tcps_load32(bytes + XIG_LEN);
    if (header < XIG_SIZE || header > len) {
        tcps_fail(status, TCPS_FORMAT,
                  "net.inet.tcp.pcblist_n: a header of %" PRIu64 " bytes at offset 0 of %zu; is it what sysctl -b net.inet.tcp.pcblist_n gives?",
                  header, len);
        return TCPS_OK;
    }
    report->has_generation = true;
    report->generation = tcps_load64(bytes + XIG_GEN);
    walk w = {.bytes = bytes, .len = len, .rules = rules, .sink = sink, .report = report};
    tcps_code code = walk_records(&w, (header + 7) & ~(uint64_t)7, tcps_load32(bytes + XIG_COUNT) == 0);
    if (code == TCPS_OK && status->code == TCPS_OK && report->unknown && !report->sockets)
        tcps_fail(status, TCPS_FORMAT,
                  "net.inet.tcp.pcblist_n: %" PRIu64 " records of unknown kinds and no socket; is it what sysctl -b net.inet.tcp.pcblist_n gives?",
                  report->unknown);
    return code;
}

bool tcps_xnu_pcblist_changed(const uint8_t *bytes, size_t len) {
    if (len < 2 * XIG_SIZE) return false;
    const uint8_t *trailer = bytes + len - XIG_SIZE;
    if (tcps_load32(bytes + XIG_LEN) != XIG_SIZE || tcps_load32(trailer + XIG_LEN) != XIG_SIZE) return false;
    return tcps_load64(bytes + XIG_GEN) != tcps_load64(trailer + XIG_GEN);
}
