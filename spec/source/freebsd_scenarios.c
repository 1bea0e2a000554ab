/* The collector of FreeBSD against kernels that misbehave: a scripted tcps_kernel stands behind the seam, so that a device that is missing, busy or
 * cut, tables that grow or change, and missing permissions run here as they would there. Prints TAP; the exit status is 1 when something is not as
 * it should be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/tap.h"
#include "abi/freebsd.h"
#include "abi/load.h"
#include "collect/collect.h"
#include "filter/filter.h"
#include "kernel/capture.h"

extern const tcps_source_class tcps_source_freebsd;

/* --- what kernels say */

typedef struct bytes {
    uint8_t at[1200 << 10];
    size_t len;
} bytes;

static void put16(uint8_t *p, unsigned v) { memcpy(p, &(uint16_t){(uint16_t)v}, 2); }
static void put16_be(uint8_t *p, unsigned v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void put32(uint8_t *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static void put64(uint8_t *p, uint64_t v) { memcpy(p, &v, sizeof v); }

static uint8_t *add(bytes *b, size_t len) {
    uint8_t *p = b->at + b->len;
    memset(p, 0, len);
    b->len += len;
    return p;
}

#define XT_SIZE 744
#define XF_SIZE 128
#define ESTABLISHED 4
#define SOCKET(n) (0xfffff80000001000u + 0x100u * (unsigned)(n))

static void add_xinpgen(bytes *b, uint32_t count, uint64_t generation) {
    uint8_t *p = add(b, XIG_SIZE);
    put64(p + XIG_LEN, XIG_SIZE);
    put32(p + XIG_COUNT, count);
    put64(p + XIG_GEN, generation);
}

static void make_pcblist(bytes *b, unsigned sockets, uint64_t first, uint64_t last) {
    b->len = 0;
    add_xinpgen(b, sockets, first);
    for (unsigned i = 0; i < sockets; i++) {
        uint8_t *p = add(b, XT_SIZE);
        put64(p + XT_LEN, XT_SIZE);
        put64(p + XT_XI_LEN, 400);
        put64(p + XT_SO, SOCKET(i));
        put16_be(p + XT_LPORT, 1000 + i);
        put16_be(p + XT_FPORT, 443);
        memcpy(p + XT_LADDR + 12, "\x0a\0\0\x01", 4);
        memcpy(p + XT_FADDR + 12, "\xc0\0\x02\x07", 4);
        put64(p + XT_GENCNT, 7000 + i);
        p[XT_VFLAG] = XT_VFLAG_IPV4;
        memcpy(p + XT_STACK, "freebsd", 8);
        put32(p + XT_STATE, ESTABLISHED);
        put32(p + XT_SNDREXMITPACK, 3 + i);
    }
    add_xinpgen(b, sockets, last);
}

static void make_stream(bytes *b, unsigned sockets) {
    b->len = 0;
    for (unsigned i = 0; i < sockets; i++) {
        uint8_t *p = add(b, KLD_SIZE);
        put32(p + KLD_VERSION, KLD_PROTOCOL);
        put32(p + KLD_LEN, KLD_SIZE);
        p[KLD_AF] = FREEBSD_AF_INET;
        put16(p + KLD_LPORT, 1000 + i);
        put16(p + KLD_RPORT, 443);
        memcpy(p + KLD_LADDR, "\x0a\0\0\x01", 4);
        memcpy(p + KLD_RADDR, "\xc0\0\x02\x07", 4);
        put32(p + KLD_STATE, ESTABLISHED);
        put32(p + KLD_RTT, 25000);
        put64(p + KLD_SO, SOCKET(i));
    }
}

static void add_file(bytes *b, unsigned socket, int pid, int fd) {
    uint8_t *p = add(b, XF_SIZE);
    put64(p + XF_LEN, XF_SIZE);
    put32(p + XF_PID, (uint32_t)pid);
    put32(p + XF_FD, (uint32_t)fd);
    put16(p + XF_TYPE, XF_TYPE_SOCKET);
    put64(p + XF_DATA, SOCKET(socket));
}

/* --- a kernel */

/* Answers in the order of the questions; the last one for ever. */
typedef struct turn {
    const bytes *answer;
    int error; /* comes with at_most bytes of the answer */
    size_t at_most;
    uint64_t takes_ns;
} turn;

typedef struct turns {
    const turn *at;
    unsigned count, asked;
} turns;
#define TURNS(...)                                                                                                                                   \
    { (const turn[]){__VA_ARGS__}, sizeof((const turn[]){__VA_ARGS__}) / sizeof(turn), 0 }

typedef struct script {
    tcps_kernel base;
    turns pcblist, files, reads;
    int open_error, busy_opens; /* the first busy_opens opens fail with open_error, all when it is 0 */
    int version_error, filter_error;
    uint32_t protocol, record_size, hint;
    uint32_t read_limit_ms;
    unsigned opens, closes, filters, commands;
    uint8_t filter[KF_SIZE];
    size_t last_room;
    uint64_t now_ns;
    int command_error, states_error;
    bool no_release;
    uint64_t counters[TCPSTAT_SIZE_14 / 8], states[FREEBSD_TCPS_COUNT];
} script;

static int give(tcps_answer *answer, void *context, const void *at, size_t len, size_t *size) {
    if (size) *size = len;
    return answer(context, at, len) ? ECANCELED : 0;
}

static int take_turn(script *s, turns *t, size_t room, tcps_answer *answer, void *context, size_t *size) {
    if (!t->count) return ENOENT;
    const turn *now = &t->at[t->asked < t->count ? t->asked : t->count - 1];
    t->asked++;
    s->now_ns += now->takes_ns;
    size_t len = now->error ? now->at_most : now->answer->len;
    if (len > room) len = room;
    int failed = len ? give(answer, context, now->answer->at, len, size) : 0;
    return failed ? failed : now->error;
}

static int probe(const turns *t, size_t *size) {
    if (!t->count) return ENOENT;
    const turn *now = &t->at[t->asked < t->count ? t->asked : t->count - 1];
    if (now->error && now->error != ENOMEM) return now->error;
    *size = now->answer->len;
    return 0;
}

static int ask_command(script *s, tcps_answer *answer, void *context, size_t *size) {
    uint8_t process[KI_SIZE] = {0};
    s->commands++;
    if (s->command_error) return s->command_error;
    put32(process + KI_STRUCTSIZE, KI_SIZE);
    memcpy(process + KI_COMM, "sshd", 5);
    return give(answer, context, process, sizeof process, size);
}

static int ask_sysctl(script *s, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    turns *t = strcmp(q->name, "net.inet.tcp.pcblist") == 0 ? &s->pcblist : strcmp(q->name, "kern.file") == 0 ? &s->files : NULL;
    if (t) return q->room ? take_turn(s, t, q->room, answer, context, size) : probe(t, size);
    if (strncmp(q->name, "1.14.1.", 7) == 0) return ask_command(s, answer, context, size);
    if (strcmp(q->name, "kern.osreldate") == 0 && !s->no_release) return give(answer, context, &(uint32_t){1401000}, 4, size);
    if (strcmp(q->name, "kern.osrelease") == 0 && !s->no_release) return give(answer, context, "14.1-RELEASE", 13, size);
    if (strcmp(q->name, "kern.hostname") == 0) return give(answer, context, "beastie", 8, size);
    if (strcmp(q->name, "net.inet.tcp.stats") == 0) return q->room ? give(answer, context, s->counters, sizeof s->counters, size) : 0;
    if (strcmp(q->name, "net.inet.tcp.states") == 0 && s->states_error) return s->states_error;
    if (strcmp(q->name, "net.inet.tcp.states") == 0) return q->room ? give(answer, context, s->states, sizeof s->states, size) : 0;
    if (strcmp(q->name, "dev.tcpstats.max_read_duration_ms") == 0) return give(answer, context, &s->read_limit_ms, 4, size);
    return ENOENT;
}

static int ask_ioctl(script *s, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (q->number == KLD_IOCTL_VERSION) {
        uint32_t version[4] = {s->protocol, s->record_size, s->hint, 0};
        return s->version_error ? s->version_error : give(answer, context, version, sizeof version, size);
    }
    if (q->number != KLD_IOCTL_SET_FILTER || q->request_len != KF_SIZE) return ENOTTY;
    s->filters++;
    memcpy(s->filter, q->request, KF_SIZE);
    return s->filter_error;
}

static int script_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    script *s = (script *)k;
    if (size) *size = 0;
    switch (q->kind) {
    case TCPS_ASK_CLOCK: {
        tcps_clock clock = {s->now_ns, s->now_ns, s->now_ns};
        return give(answer, context, &clock, sizeof clock, size);
    }
    case TCPS_ASK_SYSCTL: return ask_sysctl(s, q, answer, context, size);
    case TCPS_ASK_OPEN: s->opens++; return s->open_error && (!s->busy_opens || (int)s->opens <= s->busy_opens) ? s->open_error : 0;
    case TCPS_ASK_IOCTL: return ask_ioctl(s, q, answer, context, size);
    case TCPS_ASK_READ: s->last_room = q->room; return take_turn(s, &s->reads, q->room, answer, context, size);
    case TCPS_ASK_CLOSE: s->closes++; return 0;
    default: return EOPNOTSUPP;
    }
}

static void script_close(tcps_kernel *k) { (void)k; }

/* --- a test */

#define CHECK(condition) check(condition, #condition)

typedef struct run {
    tcps_session opened;
    tcps_pass_options pass;
    tcps_pass *batch;
    tcps_status status;
    tcps_code code;
} run;

static void begin(run *r, script *s, const char *name) {
    scenario = name;
    s->base = (tcps_kernel){.ask = script_ask, .close = script_close, .live = true};
    if (!s->protocol) s->protocol = KLD_PROTOCOL;
    if (!s->record_size) s->record_size = KLD_SIZE;
    if (!s->read_limit_ms) s->read_limit_ms = 5000;
    *r = (run){.opened = {.class = &tcps_source_freebsd, .kernel = &s->base}};
    r->opened.source = tcps_source_freebsd.open(&s->base, &r->status);
}

/* The next pass; the batch of the one before is gone. */
static void collect(run *r) {
    tcps_pass_unref(r->batch);
    r->batch = NULL; /* which a pass that fails leaves alone */
    r->code = tcps_collect(&r->opened, &r->pass, &r->batch, &r->status);
}

static void end(run *r) {
    tcps_pass_unref(r->batch);
    tcps_source_freebsd.close(r->opened.source);
}

static unsigned warnings(const run *r) {
    unsigned n = 0;
    for (const tcps_warning *w = r->batch->warnings; w; w = w->next) n++;
    return n;
}

static bool warned(const run *r, const char *words) {
    for (const tcps_warning *w = r->batch->warnings; w; w = w->next)
        if (strstr(w->status.what, words)) return true;
    return false;
}

static bool fed_by(const run *r, TcpstatsReader__DataSource source) {
    for (size_t i = 0; i < r->batch->metadata.n_data_sources; i++)
        if (r->batch->metadata.data_sources[i] == source) return true;
    return false;
}
#define KLD TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_FREEBSD_KLD
#define PCBLIST TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_FREEBSD_PCBLIST
#define KERN_FILE TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_KERN_FILE

static uint64_t field(const run *r, size_t row, unsigned number) { return tcps_row_bits(r->batch->all.rows[row], number); }
static bool has(const run *r, size_t row, unsigned number) { return tcps_row_has(r->batch->all.rows[row], number); }

static bytes list3, list5, changed3, stream3, stream90, stream100, stream300, files, none;

/* --- the device */

static void device_missing(void) {
    static const int ways[] = {ENOENT, ENXIO, EOPNOTSUPP};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        script s = {.open_error = ways[i], .pcblist = TURNS({.answer = &list3})};
        run r;
        begin(&r, &s, "device missing");
        collect(&r);
        CHECK(r.code == TCPS_OK && r.batch->all.count == 3);
        CHECK(fed_by(&r, PCBLIST) && !fed_by(&r, KLD));
        CHECK(warnings(&r) == 0);
        CHECK(strcmp(r.batch->metadata.os_version, "14.1-RELEASE") == 0 && strcmp(r.batch->metadata.hostname, "beastie") == 0);
        CHECK(r.batch->metadata.pcblist_generation == 9 && !r.batch->metadata.has_retries);
        end(&r);
    }
}

static void device_works(void) {
    script s = {.hint = 3, .reads = TURNS({.answer = &stream3}), .pcblist = TURNS({.answer = &list5})};
    run r;
    begin(&r, &s, "device works");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && warnings(&r) == 0);
    CHECK(fed_by(&r, KLD) && !fed_by(&r, PCBLIST));
    CHECK(s.opens == 1 && s.closes == 1 && s.filters == 1 && s.pcblist.asked == 0);
    CHECK(tcps_load32(s.filter + KF_VERSION) == 2 && tcps_load32(s.filter + KF_FIELD_MASK) == 0x3ff);
    CHECK(tcps_load16(s.filter + KF_STATE_MASK) == 0xffff && tcps_load32(s.filter + KF_FLAGS) == 0);
    CHECK(s.last_room >= 4 * KLD_SIZE);
    CHECK(field(&r, 2, TCPS_F_rtt_us) == 25000 && has(&r, 2, TCPS_F_rexmit_packets));
    end(&r);
}

static void device_busy(void) {
    script s = {.hint = 3, .reads = TURNS({.error = EBUSY}, {.answer = &stream3})};
    run r;
    begin(&r, &s, "device busy for a moment");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && warnings(&r) == 0);
    CHECK(r.batch->metadata.retries == 1 && s.closes == 2);
    end(&r);

    script always = {.hint = 3, .reads = TURNS({.error = EBUSY}), .pcblist = TURNS({.answer = &list3})};
    begin(&r, &always, "device busy for ever");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3);
    CHECK(fed_by(&r, PCBLIST) && !fed_by(&r, KLD));
    CHECK(warnings(&r) == 1 && warned(&r, "/dev/tcpstats: read"));
    CHECK(always.opens == 4 && always.closes == 4);
    end(&r);

    script opens = {.hint = 3, .open_error = EMFILE, .busy_opens = 2, .reads = TURNS({.answer = &stream3})};
    begin(&r, &opens, "too many opens for a moment");
    collect(&r);
    CHECK(r.code == TCPS_OK && fed_by(&r, KLD) && r.batch->metadata.retries == 2);
    end(&r);
}

static void device_refused(void) {
    script s = {.open_error = EACCES, .pcblist = TURNS({.answer = &list3})};
    run r;
    begin(&r, &s, "device not for us");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && warnings(&r) == 1 && warned(&r, "/dev/tcpstats: open"));
    collect(&r);
    CHECK(r.code == TCPS_OK && warnings(&r) == 0);
    end(&r);
}

static void device_of_another_version(void) {
    script s = {.protocol = 2, .record_size = 384, .pcblist = TURNS({.answer = &list3})};
    run r;
    begin(&r, &s, "another protocol");
    collect(&r);
    CHECK(r.code == TCPS_OK && fed_by(&r, PCBLIST) && r.batch->all.count == 3);
    CHECK(warned(&r, "protocol 2 with records of 384 bytes") && s.closes == 1 && s.reads.asked == 0);
    collect(&r);
    CHECK(warnings(&r) == 0);
    end(&r);

    script odd = {.version_error = ENOTTY, .pcblist = TURNS({.answer = &list3})};
    begin(&r, &odd, "no such ioctl");
    collect(&r);
    CHECK(r.code == TCPS_OK && fed_by(&r, PCBLIST) && warned(&r, "TCPSTATS_VERSION") && odd.closes == 1);
    end(&r);

    script old = {.hint = 3, .filter_error = EOPNOTSUPP, .reads = TURNS({.answer = &stream3})};
    begin(&r, &old, "another version of the filter");
    collect(&r);
    CHECK(r.code == TCPS_OK && fed_by(&r, KLD) && r.batch->all.count == 3 && warned(&r, "SET_FILTER"));
    CHECK(field(&r, 0, TCPS_F_rtt_us) == 25000 && !has(&r, 0, TCPS_F_rexmit_packets) && !has(&r, 0, TCPS_F_snd_nxt));
    collect(&r);
    CHECK(warnings(&r) == 0);
    end(&r);
}

static void short_reads(void) {
    run r;
    script cut = {.hint = 300, .reads = TURNS({.answer = &stream3}, {.answer = &stream300})};
    begin(&r, &cut, "a read that a signal cut");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 300 && r.batch->metadata.retries == 1 && warnings(&r) == 0);
    CHECK(!r.batch->metadata.has_inconsistent);
    end(&r);

    script hidden = {.hint = 300, .reads = TURNS({.answer = &stream90})};
    begin(&r, &hidden, "sockets of other jails");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 90 && hidden.reads.asked == 2 && warnings(&r) == 0);
    collect(&r);
    CHECK(r.batch->all.count == 90 && hidden.reads.asked == 3 && !r.batch->metadata.has_retries);
    end(&r);

    script erratic = {.hint = 300, .reads = TURNS({.answer = &stream3}, {.answer = &stream100}, {.answer = &stream3}, {.answer = &stream100})};
    begin(&r, &erratic, "reads that are always cut");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 100 && erratic.reads.asked == 4);
    CHECK(warned(&r, "100 of about 300") && r.batch->metadata.inconsistent && r.batch->metadata.retries == 3);
    end(&r);

    script slow = {.hint = 300, .reads = TURNS({.answer = &stream100, .takes_ns = 5200000000u})};
    begin(&r, &slow, "a read that ran into the module's limit");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 100 && slow.reads.asked == 1);
    CHECK(warned(&r, "100 of about 300") && r.batch->metadata.inconsistent);
    end(&r);

    script patient = {.hint = 100, .read_limit_ms = 60000, .reads = TURNS({.answer = &stream100, .takes_ns = 5200000000u})};
    begin(&r, &patient, "a slow read within the module's limit");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 100 && warnings(&r) == 0 && !r.batch->metadata.has_inconsistent);
    end(&r);

    script grown = {.hint = 1, .reads = TURNS({.answer = &stream300})};
    begin(&r, &grown, "more sockets than the hint said");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 300 && r.batch->metadata.retries == 3 && warnings(&r) == 0);
    end(&r);

    script empty = {.hint = 0, .reads = TURNS({.answer = &none})};
    begin(&r, &empty, "no sockets");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 0 && warnings(&r) == 0 && fed_by(&r, KLD));
    end(&r);
}

/* A hint of four thousand million sockets is not believed. */
static void absurd_hint(void) {
    script s = {.hint = UINT32_MAX, .reads = TURNS({.answer = &stream3})};
    run r;
    begin(&r, &s, "a hint that cannot be");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && s.last_room <= (size_t)2 << 30);
    end(&r);
}

/* --- the sysctl */

static void pcblist_grows(void) {
    script s = {.open_error = ENOENT,
                .pcblist = TURNS({.answer = &list3, .error = ENOMEM, .at_most = XIG_SIZE + XT_SIZE}, {.answer = &list3, .error = ENOMEM},
                                 {.answer = &list5})};
    run r;
    begin(&r, &s, "ENOMEM");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 5 && warnings(&r) == 0); /* nothing of what came with ENOMEM */
    CHECK(r.batch->metadata.retries == 2 && s.pcblist.asked == 3);
    end(&r);

    script never = {.open_error = ENOENT, .pcblist = TURNS({.answer = &list3, .error = ENOMEM})};
    begin(&r, &never, "ENOMEM for ever");
    collect(&r);
    CHECK(r.code == TCPS_NOMEM && strstr(r.status.what, "net.inet.tcp.pcblist") && never.pcblist.asked < 20);
    end(&r);
}

static void pcblist_changes(void) {
    static bytes second, large;
    make_pcblist(&second, 4, 30, 30);
    script s = {.open_error = ENOENT, .pcblist = TURNS({.answer = &changed3}, {.answer = &second})};
    run r;
    begin(&r, &s, "generations differ");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 4 && r.batch->metadata.retries == 1);
    CHECK(!r.batch->metadata.has_inconsistent && r.batch->metadata.pcblist_generation == 30);
    end(&r);

    static bytes restless[8];
    turn turns_of[8];
    for (unsigned i = 0; i < 8; i++) {
        make_pcblist(&restless[i], 2 + i % 2, 100 + 2 * i, 101 + 2 * i);
        turns_of[i] = (turn){.answer = &restless[i]};
    }
    script always = {.open_error = ENOENT, .pcblist = {turns_of, 8, 0}};
    begin(&r, &always, "generations differ for ever");
    collect(&r);
    CHECK(r.code == TCPS_OK && always.pcblist.asked == 2 && r.batch->metadata.retries == 1);
    CHECK(r.batch->metadata.inconsistent && r.batch->all.count == 3);
    CHECK(r.batch->warnings && r.batch->warnings->status.code == TCPS_INCONSISTENT && !r.batch->warnings->next);
    end(&r);

    make_pcblist(&large, 1500, 40, 41);
    script long_dump = {.open_error = ENOENT, .pcblist = TURNS({.answer = &large}, {.answer = &second})};
    begin(&r, &long_dump, "generations of a long dump differ");
    collect(&r);
    CHECK(r.code == TCPS_OK && long_dump.pcblist.asked == 1 && r.batch->all.count == 1500 && !r.batch->metadata.has_retries);
    CHECK(r.batch->metadata.inconsistent && warned(&r, "connections came or went"));
    end(&r);

    script file = {.open_error = ENOENT, .pcblist = TURNS({.answer = &changed3}, {.answer = &second})};
    begin(&r, &file, "a file with a changed table");
    file.base.fixed = true;
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && !r.batch->metadata.has_retries && r.batch->metadata.inconsistent);
    CHECK(r.batch->warnings && strcmp(r.batch->warnings->status.what, "freebsd: connections came or went during the dump: one may be missing") == 0);
    end(&r);
}

static void pcblist_refused(void) {
    script s = {.open_error = ENOENT, .pcblist = TURNS({.answer = &list3, .error = EPERM})};
    run r;
    begin(&r, &s, "pcblist not for us");
    collect(&r);
    CHECK(r.code == TCPS_PERMISSION && r.status.sys_errno == EPERM && !r.batch);
    end(&r);

    script released = {.open_error = ENOENT, .no_release = true, .pcblist = TURNS({.answer = &list3})};
    begin(&r, &released, "no release");
    collect(&r);
    CHECK(r.code == TCPS_OK && warned(&r, "release") && !has(&r, 0, TCPS_F_encaps_port) && !has(&r, 0, TCPS_F_dsack_bytes));
    end(&r);
}

static void pcblist_damaged(void) {
    static bytes cut, lying, headless;
    cut = lying = list3;
    headless = none;
    cut.len -= XIG_SIZE + 100;
    put64(lying.at + XIG_SIZE + XT_SIZE, UINT64_MAX - 7);
    run r;
    script s = {.open_error = ENOENT, .pcblist = TURNS({.answer = &cut})};
    begin(&r, &s, "a cut answer");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 2 && warnings(&r) == 1);
    CHECK(r.batch->warnings->status.code == TCPS_TRUNCATED && r.batch->warnings->status.offset == XIG_SIZE + 2 * XT_SIZE);
    end(&r);

    script liar = {.open_error = ENOENT, .pcblist = TURNS({.answer = &lying})};
    begin(&r, &liar, "a length that lies");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 1 && r.batch->warnings->status.offset == XIG_SIZE + XT_SIZE);
    end(&r);

    script empty = {.open_error = ENOENT, .pcblist = TURNS({.answer = &headless})};
    begin(&r, &empty, "an empty answer");
    collect(&r);
    CHECK(r.code == TCPS_FORMAT);
    end(&r);
}

/* --- owners */

static void owners(void) {
    script s = {.open_error = ENOENT, .pcblist = TURNS({.answer = &list3}), .files = TURNS({.answer = &files})};
    run r;
    begin(&r, &s, "owners");
    collect(&r);
    CHECK(s.files.asked == 0 && !has(&r, 0, TCPS_F_pid)); /* nobody asked */
    r.pass.wants.processes = true;
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && warnings(&r) == 0 && fed_by(&r, KERN_FILE));
    CHECK(field(&r, 0, TCPS_F_pid) == 500 && field(&r, 0, TCPS_F_fd) == 3 && field(&r, 0, TCPS_F_shared_descriptors) == 2);
    CHECK(field(&r, 1, TCPS_F_pid) == 500 && field(&r, 1, TCPS_F_shared_descriptors) == 0);
    CHECK(!has(&r, 2, TCPS_F_pid) && !has(&r, 2, TCPS_F_command));
    CHECK(strcmp(((const tcps_text *)(uintptr_t)field(&r, 0, TCPS_F_command))->bytes, "sshd") == 0);
    CHECK(s.commands == 2); /* three descriptors, two processes */
    end(&r);

    script gone = {.open_error = ENOENT, .pcblist = TURNS({.answer = &list3}), .files = TURNS({.answer = &files}), .command_error = ESRCH};
    begin(&r, &gone, "a process that has ended");
    r.pass.wants.processes = true;
    collect(&r);
    CHECK(r.code == TCPS_OK && warnings(&r) == 0 && has(&r, 0, TCPS_F_pid) && !has(&r, 0, TCPS_F_command) && gone.commands == 2);
    end(&r);

    script refused = {.open_error = ENOENT, .pcblist = TURNS({.answer = &list3}), .files = TURNS({.answer = &files, .error = EPERM})};
    begin(&r, &refused, "kern.file not for us");
    r.pass.wants.processes = true;
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && warned(&r, "kern.file") && !fed_by(&r, KERN_FILE));
    end(&r);

    script device = {.hint = 3, .reads = TURNS({.answer = &stream3}), .files = TURNS({.answer = &files})};
    begin(&r, &device, "owners of the device's sockets");
    r.pass.wants.processes = true;
    collect(&r);
    CHECK(field(&r, 0, TCPS_F_pid) == 500 && fed_by(&r, KLD) && fed_by(&r, KERN_FILE));
    end(&r);

    /* Names are asked only for what may still match. */
    script filtered = {.open_error = ENOENT, .pcblist = TURNS({.answer = &list3}), .files = TURNS({.answer = &files})};
    begin(&r, &filtered, "a filter that refuses the owner's sockets");
    const char text[] = "local_port=1002 command=sshd";
    tcps_filter *f = tcps_filter_parse(text, strlen(text), &r.status);
    r.pass.wants.processes = true;
    r.pass.wants.filter = f;
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 0 && filtered.commands == 0);
    end(&r);
    tcps_filter_free(f);
}

/* --- counters */

static void counters(void) {
    script s = {.hint = 3, .reads = TURNS({.answer = &stream3}), .counters = {7, 8}, .states = {0, 2, 0, 1, 90, 4, 0, 0, 0, 0, 30}};
    run r;
    begin(&r, &s, "counters");
    const char text[] = "local_port=1001";
    tcps_filter *f = tcps_filter_parse(text, strlen(text), &r.status);
    r.pass.wants.filter = f;
    collect(&r);
    const TcpstatsReader__SystemSummary *m = &r.batch->summary;
    CHECK(r.batch->all.count == 1 && tcps_load32(s.filter + KF_FLAGS) == KF_FLAG_LOCAL_PORT);
    CHECK(m->total_sockets == 127 && m->n_state_counts == 5 && m->state_counts[2]->count == 90); /* what the filter kept from us is counted */
    CHECK(m->embryonic_connections == 1 && m->current_established == 94 && m->time_wait_sockets == 30);
    CHECK(!m->has_delta_conn_attempts && warnings(&r) == 0);
    r.pass.wants.whole_table = true;
    collect(&r);
    CHECK(r.batch->all.count == 1 && tcps_load32(s.filter + KF_FLAGS) == 0);
    end(&r);
    tcps_filter_free(f);

    script refused = {.hint = 3, .reads = TURNS({.answer = &stream3}), .states_error = EPERM};
    begin(&r, &refused, "states not for us");
    collect(&r);
    CHECK(r.code == TCPS_OK && warnings(&r) == 1 && warned(&r, "net.inet.tcp.states") && r.batch->summary.total_sockets == 3);
    collect(&r);
    CHECK(r.code == TCPS_OK && warnings(&r) == 0);
    end(&r);
}

/* --- recordings */

/* A pass over `s`, with `filter`, kept in the file `path`. */
static void record_pass(script *s, const char *path, const char *filter) {
    run r;
    begin(&r, s, "recording");
    r.opened.kernel = tcps_kernel_recording(&s->base, path, "freebsd", &r.status);
    CHECK(r.opened.kernel != NULL);
    tcps_source_freebsd.close(r.opened.source);
    r.opened.source = tcps_source_freebsd.open(r.opened.kernel, &r.status);
    tcps_filter *f = tcps_filter_parse(filter, strlen(filter), &r.status);
    r.pass.wants.processes = true;
    r.pass.wants.filter = f;
    collect(&r);
    CHECK(r.code == TCPS_OK);
    end(&r);
    r.opened.kernel->close(r.opened.kernel);
    tcps_filter_free(f);
}

static void replay(run *r, const char *path, const char *name) {
    char spec[128];
    scenario = name;
    *r = (run){.code = TCPS_OK};
    snprintf(spec, sizeof spec, "capture:%s", path);
    CHECK(tcps_source_open(spec, NULL, &r->opened, &r->status) == TCPS_OK);
}

static void recordings(void) {
    char path[] = "/tmp/freebsd_scenarios.XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    run r;
    script s = {.hint = 300, .reads = TURNS({.answer = &stream3}, {.answer = &stream300}), .files = TURNS({.answer = &files})};
    record_pass(&s, path, "");
    replay(&r, path, "a recording of the device");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 300 && warnings(&r) == 0 && r.batch->metadata.retries == 1 && fed_by(&r, KLD));
    CHECK(field(&r, 0, TCPS_F_pid) == 500 && has(&r, 0, TCPS_F_command) && has(&r, 0, TCPS_F_rexmit_packets));
    collect(&r);
    CHECK(r.code == TCPS_END);
    tcps_pass_unref(r.batch);
    tcps_source_close(&r.opened);

    replay(&r, path, "the same with a filter");
    tcps_filter *f = tcps_filter_parse("local_port=1001", 15, &r.status);
    r.pass.wants.filter = f;
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 1 && has(&r, 0, TCPS_F_rexmit_packets) && warnings(&r) == 0);
    tcps_pass_unref(r.batch);
    tcps_source_close(&r.opened);
    tcps_filter_free(f);

    script few = {.hint = 300, .reads = TURNS({.answer = &stream3}), .files = TURNS({.answer = &files})};
    record_pass(&few, path, "local_port=1000-1002");
    replay(&r, path, "a recording with a filter"); /* its records say what they have */
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 3 && warnings(&r) == 0 && !r.batch->metadata.has_retries);
    CHECK(field(&r, 0, TCPS_F_rtt_us) == 25000 && !has(&r, 0, TCPS_F_rexmit_packets));
    tcps_pass_unref(r.batch);
    tcps_source_close(&r.opened);

    script table = {.open_error = ENOENT, .pcblist = TURNS({.answer = &list3, .error = ENOMEM, .at_most = 100}, {.answer = &list5})};
    record_pass(&table, path, "");
    replay(&r, path, "a recording of pcblist");
    collect(&r);
    CHECK(r.code == TCPS_OK && r.batch->all.count == 5 && r.batch->metadata.retries == 1 && fed_by(&r, PCBLIST));
    CHECK(strcmp(r.batch->metadata.os_version, "14.1-RELEASE") == 0 && has(&r, 0, TCPS_F_dsack_bytes));
    tcps_pass_unref(r.batch);
    tcps_source_close(&r.opened);
    unlink(path);
}

int main(void) {
    make_pcblist(&list3, 3, 9, 9);
    make_pcblist(&list5, 5, 10, 10);
    make_pcblist(&changed3, 3, 11, 12);
    make_stream(&stream3, 3);
    make_stream(&stream90, 90);
    make_stream(&stream100, 100);
    make_stream(&stream300, 300);
    add_file(&files, 0, 500, 3);
    add_file(&files, 0, 501, 4);
    add_file(&files, 1, 500, 5);
    add_file(&files, 0, 501, 9);
    device_missing();
    device_works();
    device_busy();
    device_refused();
    device_of_another_version();
    short_reads();
    absurd_hint();
    pcblist_grows();
    pcblist_changes();
    pcblist_refused();
    pcblist_damaged();
    owners();
    counters();
    recordings();
    return tap_end();
}
