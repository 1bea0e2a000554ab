/* macOS: sysctl net.inet.tcp.pcblist_n, and net.inet.tcp.info where asked for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/load.h"
#include "abi/xnu.h"
#include "base/bitset.h"
#include "parse/xnu_pcblist.h"
#include "parse/xnu_release.h"
#include "parse/xnu_tcpinfo.h"
#include "parse/xnu_tcpstat.h"
#include "source/macos_process.h"
#include "source/names.h"
#include "source/source.h"

/* A dump in which the table changed is read again at most so often: XNU holds the lock of all of TCP's connections for the whole of it. */
#define RETRIES 3
/* How often a buffer that was too small is doubled: up to 16 times what the kernel asked for. */
#define GROWTHS 4
/* About 1.7 million sockets, eight times what fits in a Mac's ports and descriptors. */
#define MOST_BYTES ((size_t)1 << 30)
/* Beyond what the size probe says, which has an eighth to spare itself. */
#define HEADROOM ((size_t)16 << 10)
/* tcp_info has 408 bytes in macOS 15 and grows with the releases. */
#define INFO_ROOM 1024

struct tcps_source {
    tcps_kernel *kernel;
    tcps_buffer table, small; /* pcblist_n; any other answer */
    tcps_names *names;
    bool warned_release, warned_stats;
};

static int ask_sysctl(tcps_source *s, const char *name, tcps_buffer *buffer, size_t room) {
    return tcps_ask_all(s->kernel, &(tcps_question){.kind = TCPS_ASK_SYSCTL, .name = name, .room = room}, buffer, NULL);
}

/* A sysctl's text, valid until the next question, without the NUL that the kernel counts; NULL when it does not answer. */
static const char *ask_text(tcps_source *s, const char *name, size_t *len) {
    if (ask_sysctl(s, name, &s->small, 256) != 0 || tcps_buffer_append(&s->small, "", 1) != 0) return NULL;
    *len = strlen((const char *)s->small.bytes);
    return *len ? (const char *)s->small.bytes : NULL;
}

static bool ask_u32(tcps_source *s, const char *name, uint32_t *value) {
    if (ask_sysctl(s, name, &s->small, sizeof *value) != 0 || s->small.len != sizeof *value) return false;
    *value = tcps_load32(s->small.bytes);
    return true;
}

static void macos_close(tcps_source *s) {
    tcps_names_free(s->names);
    free(s->table.bytes);
    free(s->small.bytes);
    free(s);
}

/* A release that the user names must exist; the running system's is never checked. */
static tcps_code check_release(tcps_source *s, tcps_status *status) {
    size_t len;
    tcps_xnu_stats stats;
    const char *version = s->kernel->live ? NULL : ask_text(s, "kern.osproductversion", &len);
    if (!version || tcps_xnu_release_of_product(version, len, &stats)) return TCPS_OK;
    return tcps_fail(status, TCPS_USAGE, "macos: unknown release '%.40s', there are: 10.14, 10.15, 11, 12, 13, 14, 15 and later (15.3.1)", version);
}

static tcps_source *macos_open(tcps_kernel *k, tcps_status *status) {
    tcps_source *s = calloc(1, sizeof *s);
    if (!s || !(s->names = tcps_names_new(k, tcps_macos_identify))) {
        free(s);
        tcps_fail(status, TCPS_NOMEM, "macos: no memory");
        return NULL;
    }
    s->kernel = k;
    if (check_release(s, status) == TCPS_OK) return s;
    macos_close(s);
    return NULL;
}

/* Darwin's version decides where there is one: the product's is 10.16 for programs that run in compatibility mode. */
static tcps_xnu_stats ask_release(tcps_source *s, tcps_pass *pass) {
    tcps_xnu_stats product = TCPS_XNU_STATS_UNKNOWN, darwin = TCPS_XNU_STATS_UNKNOWN;
    size_t len;
    const char *version = ask_text(s, "kern.osproductversion", &len);
    if (version) {
        pass->metadata.os_version = tcps_pass_string(pass, version);
        tcps_xnu_release_of_product(version, len, &product);
    }
    version = ask_text(s, "kern.osrelease", &len);
    if (version) {
        if (!pass->metadata.os_version) pass->metadata.os_version = tcps_pass_string(pass, version);
        tcps_xnu_release_of_darwin(version, len, &darwin);
    }
    tcps_xnu_stats stats = darwin ? darwin : product;
    if (!stats && !s->warned_release) {
        tcps_status warning;
        tcps_fail(
            &warning, TCPS_UNSUPPORTED,
            "macos: the release is not known%s, and byte and packet counters mean one thing up to macOS 14 and another from 15 on: they are left out",
            s->kernel->live ? "" : " (add release=15 or the like)");
        tcps_pass_warn(pass, &warning);
        s->warned_release = true;
    }
    return stats;
}

static void ask_hostname(tcps_source *s, tcps_pass *pass) {
    size_t len;
    const char *name = ask_text(s, "kern.hostname", &len);
    if (name) pass->metadata.hostname = tcps_pass_string(pass, name);
}

/* TCP's own clock now, from when it was started: tcp_now counts milliseconds of uptime since then, from a random value (tcp_init). Asked after
 * the dump, so that nothing in it is younger than now. */
static bool ask_tcp_now(tcps_source *s, uint32_t *now) {
    uint32_t init, uptime_init;
    if (!ask_u32(s, "net.inet.tcp.now_init", &init) || !ask_u32(s, "net.inet.tcp.microuptime_init", &uptime_init)) return false;
    uint64_t uptime_us = tcps_ask_clock(s->kernel).uptime_ns / 1000;
    if (!uptime_us || uptime_us < uptime_init) return false;
    *now = init + (uint32_t)((uptime_us - uptime_init) / 1000);
    return true;
}

static tcps_code probe_size(tcps_source *s, size_t *size, tcps_status *status) {
    *size = 0;
    int error =
        s->kernel->ask(s->kernel, &(tcps_question){.kind = TCPS_ASK_SYSCTL, .name = "net.inet.tcp.pcblist_n"}, tcps_buffer_append, &s->small, size);
    return error ? tcps_fail_errno(status, error, "macos: cannot ask for the size of net.inet.tcp.pcblist_n") : TCPS_OK;
}

static size_t with_headroom(size_t size) { return size > MOST_BYTES - HEADROOM ? MOST_BYTES : size + HEADROOM; }

/* How often the table was read again, and whether the last reading still did not fit. */
typedef struct reading {
    uint32_t growths, retries;
    bool outgrown;
} reading;

/* Reads the table into s->table, again while it changes or outgrows the buffer, but never for long. */
static tcps_code read_table(tcps_source *s, reading *how, tcps_status *status) {
    size_t size;
    if (probe_size(s, &size, status) != TCPS_OK) return status->code;
    size_t room = with_headroom(size);
    for (;;) {
        int error = ask_sysctl(s, "net.inet.tcp.pcblist_n", &s->table, room);
        how->outgrown = error == ENOMEM;
        if (how->outgrown && how->growths < GROWTHS && room < MOST_BYTES) {
            how->growths++;
            room = room > MOST_BYTES / 2 ? MOST_BYTES : 2 * room;
            continue;
        }
        if (error && !(how->outgrown && s->table.len)) return tcps_fail_errno(status, error, "macos: cannot read net.inet.tcp.pcblist_n");
        if (!tcps_xnu_pcblist_changed(s->table.bytes, s->table.len)) return TCPS_OK;
        if (s->kernel->fixed || how->retries == RETRIES) return TCPS_OK;
        how->retries++;
        /* Connections come while we read: ask again how many there are. */
        if (probe_size(s, &size, status) != TCPS_OK) return status->code;
        if (with_headroom(size) > room) room = with_headroom(size);
    }
}

/* The way of a record from the parser to the sink, where more is asked about it. */
typedef struct enricher {
    tcps_sink sink; /* the parser's */
    tcps_sink *next;
    tcps_source *source;
    const tcps_wants *wants;
    bool processes; /* names of owners */
    uint32_t asked;
    bool answered;
    uint64_t failures; /* calls that failed for another reason than that the connection is gone */
    int error;         /* of the first of them */
} enricher;

/* All of these would fail in the same way for every other connection. */
static bool is_final(int error) { return error == EPERM || error == EACCES || error == EOPNOTSUPP || error == EINVAL; }

static void ask_tcp_info(enricher *e, tcps_record *r) {
    uint8_t request[ITPL_SIZE];
    if (e->wants->tcp_info_limit && e->asked >= e->wants->tcp_info_limit) return;
    if (is_final(e->error) || !tcps_xnu_info_request(request, r)) return;
    e->asked++;
    tcps_source *s = e->source;
    tcps_question q = {.kind = TCPS_ASK_SYSCTL, .name = "net.inet.tcp.info", .request = request, .request_len = sizeof request, .room = INFO_ROOM};
    int error = tcps_ask_all(s->kernel, &q, &s->small, NULL);
    if (error == 0 && s->small.len) {
        tcps_xnu_tcp_info(r, s->small.bytes, s->small.len);
        e->answered = true;
    } else if (error && error != ENOENT) { /* ENOENT: it was closed since the dump */
        if (!e->failures++) e->error = error;
    }
}

static void set_command(tcps_source *s, tcps_record *r) {
    uint32_t process = tcps_names_process(s->names, (uint32_t)r->value[TCPS_F_pid]);
    if (process != TCPS_NO_INDEX) tcps_set_text(r, TCPS_F_command, tcps_names_command(s->names, process));
}

static tcps_code enrich(tcps_sink *sink, tcps_record *r) {
    enricher *e = (enricher *)sink;
    tcps_source *s = e->source;
    const tcps_wants *w = e->wants;
    bool scoped = tcps_has(r, TCPS_F_scope_id), owned = e->processes && tcps_has(r, TCPS_F_pid);
    if ((scoped || owned || w->tcp_info) && (!e->next->wants_more || e->next->wants_more(e->next, r))) {
        if (scoped) tcps_names_set_interface(s->names, r, r->value[TCPS_F_scope_id]);
        if (owned) set_command(s, r);
        if (w->tcp_info) ask_tcp_info(e, r);
    }
    return e->next->put(e->next, r);
}

static void warn_failures(const enricher *e, tcps_pass *pass) {
    if (!e->failures) return;
    tcps_status warning;
    tcps_fail_errno(&warning, e->error, "macos: net.inet.tcp.info failed for %llu of %u connections", (unsigned long long)e->failures, e->asked);
    tcps_pass_warn(pass, &warning);
}

static void warn_changes(const reading *how, const tcps_xnu_pcblist_report *report, tcps_pass *pass) {
    TcpstatsReader__CollectionMetadata *m = &pass->metadata;
    m->has_retries = how->growths + how->retries != 0;
    m->retries = how->growths + how->retries;
    m->has_pcblist_generation = report->has_generation;
    m->pcblist_generation = report->generation;
    if (!report->has_trailer || report->trailer_generation == report->generation) return;
    m->has_inconsistent = 1;
    m->inconsistent = 1;
    tcps_status warning;
    char again[64] = "";
    if (how->retries) snprintf(again, sizeof again, ", and so when it was read again (%u times)", how->retries);
    tcps_fail(&warning, TCPS_INCONSISTENT, "macos: connections were being created during the dump%s: one may be missing", again);
    tcps_pass_warn(pass, &warning);
}

/* What the parser says of the dump's end: the end of the pass when nothing could be read, a warning when something could. */
static tcps_code judge(const tcps_source *s, const reading *how, const tcps_xnu_pcblist_report *report, tcps_pass *pass, tcps_status *status) {
    const tcps_status *end = &report->status;
    if (end->code == TCPS_OK) return TCPS_OK;
    if (!report->has_generation || (end->code == TCPS_FORMAT && !report->sockets)) {
        if (status) *status = *end;
        return end->code;
    }
    tcps_status warning = *end;
    if (how->outgrown) {
        tcps_fail(&warning, TCPS_TRUNCATED,
                  "macos: the table outgrew the buffer %u times; the %llu sockets in the %zu bytes that the kernel gave are kept", how->growths + 1,
                  (unsigned long long)report->sockets, s->table.len);
        warning.offset = end->offset;
    }
    tcps_pass_warn_partial(pass, &warning);
    return TCPS_OK;
}

static tcps_code macos_collect(tcps_source *s, const tcps_wants *wants, tcps_sink *sink, tcps_status *status) {
    tcps_pass *pass = sink->pass;
    tcps_status local;
    if (!status) status = &local;
    tcps_names_begin(s->names, &pass->rows);
    if (tcps_names_are_stale(s->names)) tcps_names_forget_processes(s->names);
    tcps_xnu_rules rules = {.stats = ask_release(s, pass)};
    ask_hostname(s, pass);

    reading how = {0};
    tcps_code code = read_table(s, &how, status);
    if (code != TCPS_OK) return code;
    rules.has_tcp_now = ask_tcp_now(s, &rules.tcp_now);

    uint64_t names[TCPS_MASK_WORDS] = {0};
    tcps_bitset_add(names, TCPS_F_command);
    enricher e = {.sink = {.pass = pass, .put = enrich},
                  .next = sink,
                  .source = s,
                  .wants = wants,
                  .processes = wants->processes || tcps_wants_any(wants, names)};
    tcps_xnu_pcblist_report report;
    code = tcps_xnu_pcblist_parse(s->table.bytes, s->table.len, &rules, &e.sink, &report);
    if (code == TCPS_OK) code = tcps_pass_add_source(pass, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_MACOS_PCBLIST_N);
    if (code == TCPS_OK && e.answered) code = tcps_pass_add_source(pass, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_MACOS_TCP_INFO);
    if (code != TCPS_OK) return tcps_fail(status, code, code == TCPS_NOMEM ? "macos: no memory" : "the dump was given up");
    warn_changes(&how, &report, pass);
    warn_failures(&e, pass);
    return judge(s, &how, &report, pass, status);
}

static int take_u32(void *context, const void *bytes, size_t len) {
    if (len == sizeof(uint32_t)) memcpy(context, bytes, len);
    return 0;
}

/* Not root when the kernel does not say, as of a file: whoever made it may have got zeros. */
static bool is_root(tcps_source *s) {
    uint32_t euid = UINT32_MAX;
    s->kernel->ask(s->kernel, &(tcps_question){.kind = TCPS_ASK_CALL, .name = TCPS_CALL_EUID}, take_u32, &euid, NULL);
    return euid == 0;
}

static tcps_code macos_counters(tcps_source *s, bool deltas, tcps_pass *pass, tcps_counters *counters, tcps_status *status) {
    (void)deltas;
    (void)status;
    *counters = (tcps_counters){0};
    tcps_buffer *b = &s->small;
    tcps_status warning = {0};
    int error = ask_sysctl(s, "net.inet.tcp.stats", b, 4096);
    if (error && error != EOPNOTSUPP) {
        tcps_fail_errno(&warning, error, "macos: cannot read net.inet.tcp.stats");
    } else if (!error && tcps_xnu_tcpstat_hidden(b->bytes, b->len) && !is_root(s)) {
        tcps_fail(&warning, TCPS_PERMISSION, "macos: net.inet.tcp.stats is all zero for who is not root: the system's counters are left out");
    } else if (!error) {
        tcps_xnu_tcpstat(counters, b->bytes, b->len);
    }
    if (warning.code != TCPS_OK && !s->warned_stats) {
        tcps_pass_warn(pass, &warning);
        s->warned_stats = true;
    }
    return TCPS_OK;
}

static const tcps_spec_key macos_keys[] = {
    {NULL, false, TCPS_ASK_SYSCTL, "net.inet.tcp.pcblist_n", "what sysctl -b net.inet.tcp.pcblist_n gives"},
    {"release", true, TCPS_ASK_SYSCTL, "kern.osproductversion", "the release of macOS it was taken on: 10.14, 10.15, 11 to 15 or later"},
    {"hostname", true, TCPS_ASK_SYSCTL, "kern.hostname", "the name of the Mac it was taken on"},
    {"tcp_stats", false, TCPS_ASK_SYSCTL, "net.inet.tcp.stats", "what sudo sysctl -b net.inet.tcp.stats gives"},
    {0},
};

static void macos_socket_info(tcps_kernel *k, int fd, const uint8_t *info, size_t len, tcps_rows *rows, tcps_record *r) {
    (void)k;
    (void)rows;
    tcps_xnu_connection_info(r, info, len);
    tcps_set(r, TCPS_F_fd, (uint64_t)fd);
}

/* Whether or not tcp_info is asked for: what a filter has to wait for is the same, and nothing is asked that was not wanted. */
static const uint64_t *added_after_parse(void) {
    static uint64_t set[TCPS_MASK_WORDS];
    if (!tcps_bitset_has(set, TCPS_F_command)) {
        tcps_xnu_tcp_info_fields(set);
        tcps_bitset_add(set, TCPS_F_interface);
        tcps_bitset_add(set, TCPS_F_command);
    }
    return set;
}

const tcps_source_class tcps_source_macos = {
    .name = "macos",
    .help = "net.inet.tcp.pcblist_n of macOS 10.14 and later",
    .platform = TCPSTATS_READER__PLATFORM__PLATFORM_MACOS,
    .keys = macos_keys,
#ifdef __APPLE__
    .live = true,
#endif
    .added_after_parse = added_after_parse,
    .open = macos_open,
    .collect = macos_collect,
    .counters = macos_counters,
    .close = macos_close,
    .socket_info = macos_socket_info,
};
