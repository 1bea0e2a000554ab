/* The collector of macOS against kernels that misbehave: a scripted tcps_kernel stands behind the seam, so that every retry, growth, missing
 * permission and vanished connection runs here as it would on a Mac. Prints TAP; the exit status is 1 when something is not as it should be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/tap.h"
#include "abi/load.h"
#include "abi/xnu.h"
#include "collect/collect.h"

extern const tcps_source_class tcps_source_macos;

/* --- a dump */

typedef struct dump {
    uint8_t bytes[32 << 10];
    size_t len;
} dump;

static void put16_be(uint8_t *p, unsigned v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void put32(uint8_t *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static void put64(uint8_t *p, uint64_t v) { memcpy(p, &v, sizeof v); }

static uint8_t *add_record(dump *d, uint32_t len, uint32_t kind) {
    uint8_t *p = d->bytes + d->len;
    d->len += (len + 7) & ~7u;
    put32(p, len);
    put32(p + XTAG_KIND, kind);
    return p;
}

static void add_end(dump *d, uint32_t count, uint64_t generation) {
    uint8_t *p = add_record(d, XIG_SIZE, count);
    put64(p + XIG_GEN, generation);
}

/* The records of one connection, to be changed where a scenario needs it. */
typedef struct pieces {
    uint8_t *inpcb, *socket, *stats, *tcpcb;
} pieces;

static pieces add_socket(dump *d, unsigned n, uint32_t state) {
    pieces s;
    s.inpcb = add_record(d, XINPCB_SIZE, XKIND_INPCB);
    put64(s.inpcb + XINPCB_INPP, 0x1000 + n);
    put16_be(s.inpcb + XINPCB_LPORT, 1000 + n);
    put16_be(s.inpcb + XINPCB_FPORT, state == XSTATE_LISTEN ? 0 : 443);
    s.inpcb[XINPCB_VFLAG] = XVFLAG_IPV4;
    memcpy(s.inpcb + XINPCB_LADDR + XADDR_IPV4, "\x0a\0\0\x01", 4);
    memcpy(s.inpcb + XINPCB_FADDR + XADDR_IPV4, "\xc0\0\x02\x07", 4);
    s.socket = add_record(d, 104, XKIND_SOCKET);
    put64(s.socket + XSOCKET_SO, 0x2000 + n);
    put32(s.socket + XSOCKET_LAST_PID, 500 + n);
    add_record(d, XSOCKBUF_SIZE, XKIND_RCVBUF);
    add_record(d, XSOCKBUF_SIZE, XKIND_SNDBUF);
    s.stats = add_record(d, XSOCKSTAT_SIZE, XKIND_STATS);
    for (unsigned i = 0; i < 16; i++) put64(s.stats + XSOCKSTAT_DATA + 8 * i, 1 + i);
    s.tcpcb = add_record(d, XTCPCB_SIZE, XKIND_TCPCB);
    put32(s.tcpcb + XTCPCB_STATE, state);
    return s;
}

#define ESTABLISHED 4

static void make_dump(dump *d, unsigned sockets, uint64_t generation, uint64_t trailer_generation) {
    memset(d, 0, sizeof *d);
    add_end(d, sockets, generation);
    for (unsigned i = 0; i < sockets; i++) add_socket(d, i, ESTABLISHED);
    if (sockets) add_end(d, sockets, trailer_generation);
}

/* --- a kernel */

typedef struct reply {
    const dump *dump;
    int error;
    size_t at_most; /* with an error: so many bytes come with it */
} reply;

typedef struct script {
    tcps_kernel base;
    /* the table: answer by answer, the last one for ever */
    const reply *tables;
    unsigned table_count, reads, probes;
    size_t size, last_room;
    int probe_error;
    /* the rest: NULL is EOPNOTSUPP */
    const char *product, *darwin, *hostname;
    bool has_clock;
    uint32_t now_init, uptime_init;
    uint64_t uptime_ns;
    /* net.inet.tcp.info */
    const uint8_t *info;
    size_t info_len;
    int info_error, info_error_after; /* the first `after` calls are answered */
    unsigned info_calls;
    uint8_t info_request[ITPL_SIZE];
    /* processes */
    uint64_t start;
    const char *comm;
    unsigned comm_calls, start_calls, interface_calls;
    /* counters */
    const uint8_t *stats;
    int stats_error;
    uint32_t euid;
} script;

static int give(tcps_answer *answer, void *context, const void *bytes, size_t len, size_t *size) {
    if (size) *size = len;
    return answer(context, bytes, len) ? ECANCELED : 0;
}

static int give_text(const char *text, tcps_answer *answer, void *context, size_t *size) {
    return text ? give(answer, context, text, strlen(text) + 1, size) : EOPNOTSUPP;
}

static int ask_table(script *s, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (q->room == 0) {
        s->probes++;
        if (size) *size = s->size;
        return s->probe_error;
    }
    const reply *a = &s->tables[s->reads < s->table_count ? s->reads : s->table_count - 1];
    s->reads++;
    s->last_room = q->room;
    size_t len = a->error ? a->at_most : a->dump->len;
    int failed = len ? give(answer, context, a->dump->bytes, len, size) : 0;
    return failed ? failed : a->error;
}

static int ask_info(script *s, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    s->info_calls++;
    if (q->request_len == sizeof s->info_request) memcpy(s->info_request, q->request, q->request_len);
    if (s->info_error && (int)s->info_calls > s->info_error_after) return s->info_error;
    return s->info ? give(answer, context, s->info, s->info_len, size) : ENOENT;
}

static int ask_sysctl(script *s, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (strcmp(q->name, "net.inet.tcp.pcblist_n") == 0) return ask_table(s, q, answer, context, size);
    if (strcmp(q->name, "net.inet.tcp.info") == 0) return ask_info(s, q, answer, context, size);
    if (strcmp(q->name, "kern.osproductversion") == 0) return give_text(s->product, answer, context, size);
    if (strcmp(q->name, "kern.osrelease") == 0) return give_text(s->darwin, answer, context, size);
    if (strcmp(q->name, "kern.hostname") == 0) return give_text(s->hostname, answer, context, size);
    if (s->has_clock && strcmp(q->name, "net.inet.tcp.now_init") == 0) return give(answer, context, &s->now_init, 4, size);
    if (s->has_clock && strcmp(q->name, "net.inet.tcp.microuptime_init") == 0) return give(answer, context, &s->uptime_init, 4, size);
    if (strcmp(q->name, "net.inet.tcp.stats") == 0) {
        if (s->stats_error) return s->stats_error;
        return s->stats ? give(answer, context, s->stats, 992, size) : EOPNOTSUPP;
    }
    return EOPNOTSUPP;
}

static int ask_call(script *s, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (strcmp(q->name, TCPS_CALL_EUID) == 0) return give(answer, context, &s->euid, 4, size);
    if (strcmp(q->name, TCPS_CALL_PROCESS_START) == 0) {
        s->start_calls++;
        return s->start ? give(answer, context, &s->start, 8, size) : ESRCH;
    }
    if (strcmp(q->name, TCPS_CALL_PROCESS_NAME) == 0) {
        s->comm_calls++;
        return s->comm ? give(answer, context, s->comm, strlen(s->comm), size) : ESRCH;
    }
    if (strcmp(q->name, TCPS_CALL_INTERFACE_NAME) == 0) {
        s->interface_calls++;
        return q->number == 4 ? give(answer, context, "en0", 3, size) : ENXIO;
    }
    return EOPNOTSUPP;
}

static int script_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    script *s = (script *)k;
    if (size) *size = 0;
    switch (q->kind) {
    case TCPS_ASK_CLOCK: {
        tcps_clock clock = {.realtime_ns = 1, .monotonic_ns = 1, .uptime_ns = s->uptime_ns};
        return s->uptime_ns ? give(answer, context, &clock, sizeof clock, size) : EOPNOTSUPP;
    }
    case TCPS_ASK_SYSCTL: return ask_sysctl(s, q, answer, context, size);
    case TCPS_ASK_CALL: return ask_call(s, q, answer, context, size);
    default: return EOPNOTSUPP;
    }
}

/* --- a pass */

/* A live kernel of macOS 15 with one table. */
static script a_mac(const reply *tables, unsigned count) {
    return (script){
        .base = {.ask = script_ask, .live = true}, .tables = tables, .table_count = count, .size = 4096, .product = "15.3.1", .darwin = "24.3.0"};
}

static tcps_pass *pass(tcps_session *o, const tcps_wants *wants, tcps_status *status) {
    tcps_pass *b = NULL;
    tcps_status local = {0};
    tcps_pass_options p = {.wants = *wants};
    tcps_collect(o, &p, &b, status ? status : &local);
    return b;
}

static tcps_session opened(script *s) {
    tcps_status status = {0};
    return (tcps_session){.class = &tcps_source_macos, .kernel = &s->base, .source = tcps_source_macos.open(&s->base, &status)};
}

static tcps_pass *one_pass(script *s, const tcps_wants *wants, tcps_status *status) {
    tcps_session o = opened(s);
    tcps_pass *b = pass(&o, wants, status);
    o.class->close(o.source);
    return b;
}

static const tcps_wants nothing = {0};

/* One pass that is compared with the tracker's last. */
static tcps_pass *tracked_pass(script *s, const tcps_wants *wants, tcps_tracker *tracker) {
    tcps_session o = opened(s);
    tcps_pass *b = NULL;
    tcps_status status = {0};
    tcps_collect(&o, &(tcps_pass_options){.wants = *wants, .tracker = tracker}, &b, &status);
    o.class->close(o.source);
    return b;
}

static bool has(const tcps_pass *b, size_t row, unsigned field) { return tcps_row_has(b->all.rows[row], field); }

static bool is(const tcps_pass *b, size_t row, unsigned field, uint64_t value) {
    return has(b, row, field) && tcps_row_bits(b->all.rows[row], field) == value;
}

static bool is_text(const tcps_pass *b, size_t row, unsigned field, const char *text) {
    if (!has(b, row, field)) return false;
    const tcps_text *t = (const tcps_text *)(uintptr_t)tcps_row_bits(b->all.rows[row], field);
    return t->len == strlen(text) && memcmp(t->bytes, text, t->len) == 0;
}

static unsigned warnings(const tcps_pass *b, tcps_code code) {
    unsigned n = 0;
    for (const tcps_warning *w = b->warnings; w; w = w->next) n += w->status.code == code;
    return n;
}

static void test_table(void) {
    static dump steady, changed, none;
    make_dump(&steady, 3, 7, 7);
    make_dump(&changed, 2, 7, 9);
    make_dump(&none, 0, 5, 0);

    scenario = "the table changes once";
    reply once[] = {{.dump = &changed}, {.dump = &steady}};
    script s = a_mac(once, 2);
    tcps_pass *b = one_pass(&s, &nothing, NULL);
    check(b && b->all.count == 3, "the second dump is shown");
    check(b && b->metadata.retries == 1 && !b->metadata.has_inconsistent, "it was one retry and is consistent");
    check(b && b->metadata.pcblist_generation == 7 && !b->warnings, "generation, no warning");
    tcps_pass_unref(b);

    scenario = "the table changes for ever";
    reply ever[] = {{.dump = &changed}};
    s = a_mac(ever, 1);
    b = one_pass(&s, &nothing, NULL);
    check(s.reads == 4, "it is read four times and no more");
    check(b && b->all.count == 2 && b->metadata.retries == 3 && b->metadata.inconsistent, "sockets are kept, metadata says so");
    check(b && warnings(b, TCPS_INCONSISTENT) == 1, "and one warning");
    tcps_pass_unref(b);

    scenario = "a file with a changed table";
    s = a_mac(ever, 1);
    s.base.live = false;
    s.base.fixed = true;
    b = one_pass(&s, &nothing, NULL);
    check(b && b->all.count == 2 && b->metadata.inconsistent && !b->metadata.has_retries, "asking a file again is no retry");
    tcps_pass_unref(b);

    scenario = "the table outgrows the buffer";
    reply grows[] = {{.dump = &steady, .error = ENOMEM, .at_most = 700}, {.dump = &steady}};
    s = a_mac(grows, 2);
    b = one_pass(&s, &nothing, NULL);
    check(b && b->all.count == 3 && b->metadata.retries == 1 && !b->warnings, "it is read again with more room");
    check(s.last_room == 2 * (4096 + (16 << 10)), "with twice the room");
    tcps_pass_unref(b);

    scenario = "the table outgrows every buffer";
    reply outgrows[] = {{.dump = &steady, .error = ENOMEM, .at_most = 24 + 616 + 300}};
    s = a_mac(outgrows, 1);
    b = one_pass(&s, &nothing, NULL);
    check(s.reads == 5, "it is read five times and no more");
    check(b && b->all.count == 1 && warnings(b, TCPS_TRUNCATED) == 1, "whole sockets are kept, with a warning");
    tcps_pass_unref(b);

    scenario = "no memory and no bytes";
    reply nowhere[] = {{.dump = &steady, .error = ENOMEM}};
    tcps_status status = {0};
    s = a_mac(nowhere, 1);
    b = one_pass(&s, &nothing, &status);
    check(!b && status.code == TCPS_NOMEM && s.reads == 5, "the pass fails");

    scenario = "permission";
    reply refused[] = {{.dump = &steady, .error = EPERM}};
    s = a_mac(refused, 1);
    b = one_pass(&s, &nothing, &status);
    check(!b && status.code == TCPS_PERMISSION && status.sys_errno == EPERM, "the pass fails with it");
    s = a_mac(once, 1);
    s.probe_error = EPERM;
    b = one_pass(&s, &nothing, &status);
    check(!b && status.code == TCPS_PERMISSION && s.reads == 0, "so it does when the size is refused");

    scenario = "a size that cannot be";
    s = a_mac(once + 1, 1);
    s.size = (size_t)-1;
    b = one_pass(&s, &nothing, NULL);
    check(b && b->all.count == 3 && s.last_room == (size_t)1 << 30, "is not believed");
    tcps_pass_unref(b);

    scenario = "no connection";
    reply empty[] = {{.dump = &none}};
    s = a_mac(empty, 1);
    b = one_pass(&s, &nothing, NULL);
    check(b && b->all.count == 0 && !b->warnings && b->metadata.pcblist_generation == 5, "is a header and no trailer");
    tcps_pass_unref(b);
}

static void test_release(void) {
    static dump d;
    make_dump(&d, 1, 7, 7);
    reply table[] = {{.dump = &d}};
    static const struct {
        const char *product, *darwin;
        uint64_t tx_bytes; /* 0: absent */
        bool sums;
    } cases[] = {
        {"10.14", NULL, 40, true},     {"10.15.7", "19.6.0", 40, true}, {"11.0", NULL, 40, true},     {"14.7.1", "23.6.0", 40, true},
        {"15", NULL, 4, false},        {"15.3.1", NULL, 4, false},      {"26.0", "25.0.0", 4, false}, {"10.16", "24.3.0", 4, false},
        {"10.16", "20.6.0", 40, true}, {NULL, "24.0.0", 4, false},      {NULL, "20.0.0", 40, true},   {NULL, NULL, 0, false},
        {"fifteen", NULL, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[64];
        snprintf(name, sizeof name, "macOS %s, Darwin %s", cases[i].product ? cases[i].product : "-", cases[i].darwin ? cases[i].darwin : "-");
        scenario = name;
        script s = a_mac(table, 1);
        s.product = cases[i].product;
        s.darwin = cases[i].darwin;
        s.hostname = "mac.example";
        tcps_pass *b = one_pass(&s, &nothing, NULL);
        check(b && (cases[i].tx_bytes ? is(b, 0, TCPS_F_tx_bytes, cases[i].tx_bytes) : !has(b, 0, TCPS_F_tx_bytes)), "tx_bytes");
        check(b && (cases[i].sums ? is(b, 0, TCPS_F_rx_bytes, 32) && is(b, 0, TCPS_F_tx_packets, 36) && is(b, 0, TCPS_F_rx_packets, 28)
                                  : !has(b, 0, TCPS_F_rx_bytes) && !has(b, 0, TCPS_F_tx_packets) && !has(b, 0, TCPS_F_rx_packets)),
              "the other counters");
        check(b && strcmp(b->metadata.hostname, "mac.example") == 0, "hostname");
        check(b && (!cases[i].product || strcmp(b->metadata.os_version, cases[i].product) == 0), "os_version");
        check(b && warnings(b, TCPS_UNSUPPORTED) == !cases[i].tx_bytes, "a warning when the release is not known");
        tcps_pass_unref(b);
    }
    scenario = "an unknown release, pass after pass";
    script s = a_mac(table, 1);
    s.product = s.darwin = NULL;
    tcps_session o = opened(&s);
    tcps_pass *first = pass(&o, &nothing, NULL), *second = pass(&o, &nothing, NULL);
    check(first && second && first->warnings && !second->warnings, "is told once");
    tcps_pass_unref(first);
    tcps_pass_unref(second);
    o.class->close(o.source);

    scenario = "a release that somebody named";
    s = a_mac(table, 1);
    s.base.live = false;
    static const char *const wrong[] = {"9", "10.13", "1x", "15.", "-1", "15.1.2.3", "100"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tcps_status status = {0};
        s.product = wrong[i];
        tcps_source *source = tcps_source_macos.open(&s.base, &status);
        check(!source && status.code == TCPS_USAGE && strstr(status.what, wrong[i]), wrong[i]);
    }
}

static void test_ages(void) {
    static dump d;
    memset(&d, 0, sizeof d);
    add_end(&d, 4, 1);
    put32(add_socket(&d, 0, ESTABLISHED).tcpcb + XTCPCB_STARTTIME, UINT32_MAX - 999); /* 1 s before the clock wraps */
    pieces fresh = add_socket(&d, 1, ESTABLISHED);
    put32(fresh.tcpcb + XTCPCB_STARTTIME, 5000 + 3);
    put32(fresh.tcpcb + XTCPCB_RCVTIME, 4000);
    put32(add_socket(&d, 2, XSTATE_TIME_WAIT).tcpcb + XTCPCB_TIMER + 4 * XTIMER_2MSL, 5000 + 12000);
    put32(add_socket(&d, 3, ESTABLISHED).tcpcb + XTCPCB_TIMER + 4 * XTIMER_KEEP, 7);
    add_end(&d, 4, 1);
    reply table[] = {{.dump = &d}};
    script s = a_mac(table, 1);
    s.has_clock = true;
    s.now_init = UINT32_MAX - 999;
    s.uptime_init = 2000000;
    s.uptime_ns = 8000000000; /* 6 s after TCP began: its clock says 5000 */

    scenario = "ages";
    tcps_pass *b = one_pass(&s, &nothing, NULL);
    check(b && is(b, 0, TCPS_F_age_ms, 6000), "across the clock's wrap");
    check(b && is(b, 1, TCPS_F_age_ms, 0), "of what is 3 ms ahead of us");
    check(b && is(b, 1, TCPS_F_idle_time_ms, 1000), "since data came");
    check(b && !has(b, 2, TCPS_F_age_ms), "of what never was established");
    check(b && is(b, 2, TCPS_F_timer_2msl_ms, 12000) && is(b, 2, TCPS_F_timers_armed, 8), "what is left of TIME_WAIT");
    check(b && !has(b, 3, TCPS_F_timer_keep_ms) && is(b, 3, TCPS_F_timers_armed, 4) && is(b, 3, TCPS_F_timer_rexmt_ms, 0),
          "of other timers only that they run");
    tcps_pass_unref(b);
    s.has_clock = false;
    b = one_pass(&s, &nothing, NULL);
    check(b && !has(b, 0, TCPS_F_age_ms) && !has(b, 1, TCPS_F_idle_time_ms) && !has(b, 2, TCPS_F_timer_2msl_ms), "are absent without TCP's clock");
    tcps_pass_unref(b);
}

static void set_address(uint8_t *p, const char *address) { memcpy(p, address, 16); }

static void test_info(void) {
    static dump d;
    memset(&d, 0, sizeof d);
    add_end(&d, 5, 1);
    add_socket(&d, 0, ESTABLISHED);
    pieces local = add_socket(&d, 1, ESTABLISHED);
    local.inpcb[XINPCB_VFLAG] = XVFLAG_IPV6;
    set_address(local.inpcb + XINPCB_LADDR, "\xfe\x80\0\x04\0\0\0\0\0\0\0\0\0\0\0\1");
    set_address(local.inpcb + XINPCB_FADDR, "\xfe\x80\0\x04\0\0\0\0\0\0\0\0\0\0\0\2");
    add_socket(&d, 2, XSTATE_LISTEN);
    pieces flow = add_socket(&d, 3, ESTABLISHED);
    put64(flow.inpcb + XINPCB_INPP, 0);
    put64(flow.socket + XSOCKET_SO, 0);
    add_socket(&d, 4, ESTABLISHED);
    add_end(&d, 5, 1);
    reply table[] = {{.dump = &d}};
    uint8_t info[TI_SIZE_15] = {ESTABLISHED};
    put64(info + TI_TXBYTES, 1ull << 40);
    put64(info + TI_RXBYTES, 77);
    put64(info + TI_TXRETRANSMITBYTES, 88);
    put64(info + TI_TXRETRANSMITPACKETS, 5);
    put32(info + TI_RTTCUR, 12);
    put32(info + TI_RCVOOPACK, 3);
    const tcps_wants wants = {.tcp_info = true};

    scenario = "tcp_info";
    script s = a_mac(table, 1);
    s.info = info;
    s.info_len = sizeof info;
    tcps_pass *b = one_pass(&s, &nothing, NULL);
    check(b && s.info_calls == 0 && !has(b, 0, TCPS_F_retransmit_bytes), "is not asked for unless wanted");
    check(b && is_text(b, 1, TCPS_F_interface, "en0") && is(b, 1, TCPS_F_scope_id, 4), "the interface of a link-local address");
    tcps_pass_unref(b);
    b = one_pass(&s, &wants, NULL);
    check(b && s.info_calls == 3, "is asked of connections; not of listeners, not of user-space flows");
    check(b && is(b, 0, TCPS_F_tx_bytes, 1ull << 40) && is(b, 0, TCPS_F_rx_bytes, 77), "exact counters replace what pcblist_n has");
    check(b && is(b, 0, TCPS_F_retransmit_packets_total, 5) && is(b, 0, TCPS_F_retransmit_bytes, 88) && is(b, 0, TCPS_F_ooo_packets, 3),
          "retransmits");
    check(b && is(b, 0, TCPS_F_rtt_cur_us, 12000), "the last round trip");
    check(b && is(b, 0, TCPS_F_sources, 1u << 1 | 1u << 9) && is(b, 2, TCPS_F_sources, 1u << 1), "sources says who was asked");
    check(b && b->metadata.n_data_sources == 2, "so does the batch");
    tcps_pass_unref(b);

    scenario = "the question";
    static const uint8_t v4[ITPL_SIZE] = {6, 0, 0, 0, 16, 2, 0x03, 0xec, 10, 0, 0, 1, [32] = 16, 2, 0x01, 0xbb, 192, 0, 2, 7};
    check(memcmp(s.info_request, v4, sizeof v4) == 0, "of an IPv4 connection");
    static const uint8_t v6[ITPL_SIZE] = {6,    0,    0,        0,        28,        30, 0x03, 0xe9, 0,           0,    0,        0,
                                          0xfe, 0x80, [27] = 1, [28] = 4, [32] = 28, 30, 0x01, 0xbb, [40] = 0xfe, 0x80, [55] = 2, [56] = 4};
    tcps_wants two = {.tcp_info = true, .tcp_info_limit = 2};
    s.info_calls = 0;
    b = one_pass(&s, &two, NULL);
    check(memcmp(s.info_request, v6, sizeof v6) == 0, "of a link-local one: its scope beside the address");
    check(s.info_calls == 2 && b && b->all.count == 5 && !has(b, 4, TCPS_F_retransmit_bytes), "is asked so often as the limit says");
    tcps_pass_unref(b);

    scenario = "tcp_info in one pass only";
    s.info_calls = 0;
    tcps_tracker *tracker = tcps_tracker_new();
    const tcps_wants *asked[] = {&nothing, &two, &two, &nothing, &nothing};
    bool comparable[] = {false, false, true, false, true};
    for (unsigned i = 0; tracker && i < 5; i++) {
        b = tracked_pass(&s, asked[i], tracker);
        check(b && b->all.count == 5 && b->opened.count == 0 && !b->closed.count, "does not make another connection of it");
        check(b && has(b, 0, TCPS_F_delta_tx_bytes) == comparable[i], "two ways of counting are not compared");
        check(b && has(b, 4, TCPS_F_delta_tx_bytes) == (i > 0), "a connection beyond the limit is counted on in one way");
        check(b && has(b, 0, TCPS_F_connection_age_ms), "its age goes on");
        if (comparable[i]) check(b && is(b, 0, TCPS_F_delta_tx_bytes, 0), "and then begins again");
        tcps_pass_unref(b);
    }
    tcps_tracker_free(tracker);

    scenario = "connections that vanish";
    s.info_calls = 0;
    s.info_error = ENOENT;
    s.info_error_after = 1;
    b = one_pass(&s, &wants, NULL);
    check(b && s.info_calls == 3 && !b->warnings, "are normal");
    check(b && b->all.count == 5 && has(b, 0, TCPS_F_retransmit_bytes) && !has(b, 4, TCPS_F_retransmit_bytes) && is(b, 4, TCPS_F_tx_bytes, 4),
          "keep what pcblist_n said");
    tcps_pass_unref(b);

    scenario = "tcp_info that is refused";
    s.info_calls = 0;
    s.info_error = EPERM;
    s.info_error_after = 0;
    b = one_pass(&s, &wants, NULL);
    check(b && b->all.count == 5 && s.info_calls == 1 && warnings(b, TCPS_PERMISSION) == 1, "is asked once and told once");
    tcps_pass_unref(b);
    s.info_calls = 0;
    s.info_error = EIO;
    b = one_pass(&s, &wants, NULL);
    check(b && s.info_calls == 3 && warnings(b, TCPS_SYSTEM) == 1, "another error may be of one connection, and is told once");
    tcps_pass_unref(b);

    scenario = "a filter";
    s.info_calls = 0;
    s.info_error = 0;
    tcps_status status = {0};
    tcps_filter *filter = tcps_filter_parse("local_port=1004 retransmit_bytes>80", strlen("local_port=1004 retransmit_bytes>80"), &status);
    tcps_wants filtered = {.tcp_info = true, .filter = filter};
    b = filter ? one_pass(&s, &filtered, NULL) : NULL;
    check(b && b->all.count == 1 && s.info_calls == 1, "keeps the questions to what it may take");
    tcps_pass_unref(b);
    tcps_filter_free(filter);
}

static void test_processes(void) {
    static dump d;
    memset(&d, 0, sizeof d);
    add_end(&d, 3, 1);
    for (unsigned i = 0; i < 3; i++) put32(add_socket(&d, i, ESTABLISHED).socket + XSOCKET_LAST_PID, i < 2 ? 500 : 501);
    add_end(&d, 3, 1);
    reply table[] = {{.dump = &d}};
    script s = a_mac(table, 1);
    s.start = 1000;
    s.comm = "Safari";
    const tcps_wants wants = {.processes = true};

    scenario = "process names";
    tcps_session o = opened(&s);
    tcps_pass *b = pass(&o, &nothing, NULL);
    check(b && s.comm_calls == 0 && s.start_calls == 0 && !has(b, 0, TCPS_F_command), "are not asked for unless wanted");
    tcps_pass_unref(b);
    b = pass(&o, &wants, NULL);
    check(b && is_text(b, 0, TCPS_F_command, "Safari") && is_text(b, 1, TCPS_F_command, "Safari") && is_text(b, 2, TCPS_F_command, "Safari"),
          "are set");
    check(s.comm_calls == 2 && s.start_calls == 2, "once for each process");
    tcps_pass_unref(b);
    s.comm = "other";
    b = pass(&o, &wants, NULL);
    check(b && is_text(b, 0, TCPS_F_command, "Safari") && s.comm_calls == 2, "are kept from pass to pass");
    tcps_pass_unref(b);
    s.start = 2000;
    b = pass(&o, &wants, NULL);
    check(b && is_text(b, 2, TCPS_F_command, "other") && s.comm_calls == 4, "unless another process has the pid");
    tcps_pass_unref(b);
    s.comm = NULL;
    s.start = 0;
    b = pass(&o, &wants, NULL);
    check(b && !has(b, 0, TCPS_F_command) && b->all.count == 3 && !b->warnings, "are absent of a process that is gone");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

static bool counts(const tcps_counters *c, unsigned field) { return c->has[field >> 6] >> (field & 63) & 1; }

static void test_counters(void) {
    static uint8_t stats[992];
    static dump d;
    make_dump(&d, 0, 1, 0);
    reply table[] = {{.dump = &d}};
    script s = a_mac(table, 1);
    s.stats = stats;
    s.euid = 501;
    tcps_session o = opened(&s);
    tcps_counters c;

    scenario = "net.inet.tcp.stats";
    tcps_pass *b = tcps_pass_new();
    check(o.class->counters(o.source, true, b, &c, NULL) == TCPS_OK && !counts(&c, TCPS_S_delta_accepts), "all zero for who is not root: left out");
    check(warnings(b, TCPS_PERMISSION) == 1, "with a warning");
    o.class->counters(o.source, true, b, &c, NULL);
    check(warnings(b, TCPS_PERMISSION) == 1, "that comes once");
    s.euid = 0;
    o.class->counters(o.source, true, b, &c, NULL);
    check(counts(&c, TCPS_S_delta_accepts) && c.value[TCPS_S_delta_accepts] == 0, "all zero for root is zero");
    s.euid = 501;
    put32(stats + TCPSTAT_SNDREXMITPACK, 0xfffffff0);
    put32(stats + TCPSTAT_RCVDUPPACK, 9);
    o.class->counters(o.source, true, b, &c, NULL);
    check(counts(&c, TCPS_S_delta_snd_rexmit_packets) && c.value[TCPS_S_delta_snd_rexmit_packets] == 0xfffffff0 &&
              c.value[TCPS_S_delta_rcv_dup_packets] == 9,
          "counters");
    check(c.is_32bit[0] == c.has[0], "of 32 bits");
    tcps_pass_unref(b);
    o.class->close(o.source);

    o = opened(&s);
    b = tcps_pass_new();
    s.stats_error = ENOENT;
    check(o.class->counters(o.source, true, b, &c, NULL) == TCPS_OK && warnings(b, TCPS_SYSTEM) == 1, "an error is told, and no failure");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

int main(void) {
    test_table();
    test_release();
    test_ages();
    test_info();
    test_processes();
    test_counters();
    return tap_end();
}
