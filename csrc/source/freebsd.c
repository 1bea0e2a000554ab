/* FreeBSD: the tcpstats module's device where it is loaded, net.inet.tcp.pcblist where it is not; owners from kern.file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"
#include "base/bitset.h"
#include "parse/freebsd_kld.h"
#include "parse/freebsd_pcblist.h"
#include "parse/freebsd_tcpinfo.h"
#include "parse/freebsd_tcpstat.h"
#include "parse/freebsd_xfile.h"
#include "source/freebsd_device.h"
#include "source/freebsd_owners.h"
#include "source/sysctl.h"

#define PCBLIST "net.inet.tcp.pcblist"

/* A dump during which the table changed is read once again, if it is short. The records of such a dump are right in themselves: the kernel leaves out
 * what is newer than the generation in the header, so that a difference says only that the dump was not atomic. On a busy machine every dump has
 * one: with 5,000 sockets and one process that opens and closes connections, five retries cost 4.7 s of system time where one reading costs 1.0. */
#define RETRIES 1
#define SHORT_DUMP ((size_t)1 << 20) /* 1,400 sockets */

#define OLDEST_RELEASE 13 /* older ones have another struct xtcpcb */

struct tcps_source {
    tcps_kernel *kernel;
    tcps_buffer dump, files;
    tcps_names *names;
    tcps_holders holders;
    tcps_freebsd_device device;
    bool warned_release, warned_stats, warned_states;
};

static void freebsd_close(tcps_source *s) {
    free(s->dump.bytes);
    free(s->files.bytes);
    tcps_names_free(s->names);
    tcps_holders_free(&s->holders);
    free(s);
}

/* ---- Which FreeBSD it is ---- */

/* "14", "14.1-RELEASE-p5" or kern.osreldate's 1401000: the major version, 0 when it is none of them. */
static unsigned parse_release(const char *text) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || (*end && *end != '.' && *end != '-')) return 0;
    if (!*end && n >= 1000000) n /= 100000;
    return n && n < 100 ? (unsigned)n : 0;
}

static bool ask_text(tcps_source *s, const char *name, char *text, size_t room) {
    return tcps_sysctl_text(s->kernel, name, text, room) == 0 && *text;
}

/* Asked in every pass, so that each pass of a recording is complete. The major version, 0 when nothing says it. */
static unsigned identify(tcps_source *s, tcps_pass *pass) {
    char text[256];
    unsigned release = 0;
    uint32_t osreldate;
    if (ask_text(s, "kern.hostname", text, sizeof text)) pass->metadata.hostname = tcps_pass_string(pass, text);
    if (ask_text(s, "kern.osrelease", text, sizeof text)) {
        pass->metadata.os_version = tcps_pass_string(pass, text);
        release = parse_release(text);
    }
    if (tcps_sysctl_u32(s->kernel, "kern.osreldate", &osreldate) == 0) release = osreldate / 100000;
    return release;
}

/* A release that the user names must exist; the running system's is never checked. */
static tcps_code check_named_release(tcps_source *s, tcps_status *status) {
    char text[256];
    if (s->kernel->live || !ask_text(s, "kern.osrelease", text, sizeof text) || parse_release(text) >= OLDEST_RELEASE) return TCPS_OK;
    return tcps_fail(status, TCPS_USAGE, "freebsd: unknown release '%.40s', there are: 13, 14, 15 and later (14.1, 1401000)", text);
}

/* The same for the groups of fields of a recorded stream; `*fields` is 0 when nothing was named. */
static tcps_code ask_named_fields(tcps_source *s, uint32_t *fields, tcps_status *status) {
    char word[32] = "";
    tcps_buffer answer = {0};
    *fields = 0;
    if (tcps_ask_all(s->kernel, &(tcps_question){.kind = TCPS_ASK_CALL, .name = TCPS_CALL_TCPSTATS_FIELDS}, &answer, NULL) != 0) return TCPS_OK;
    if (answer.len && answer.len < sizeof word) memcpy(word, answer.bytes, answer.len);
    free(answer.bytes);
    *fields = tcps_freebsd_kld_fields_named(word);
    if (*fields) return TCPS_OK;
    return tcps_fail(status, TCPS_USAGE, "freebsd: unknown fields '%s', there are: all, default or a mask such as 0x3FF", word);
}

static tcps_source *freebsd_open(tcps_kernel *k, tcps_status *status) {
    tcps_source *s = calloc(1, sizeof *s);
    if (!s || !(s->names = tcps_names_new(k, tcps_freebsd_identify))) {
        free(s);
        tcps_fail(status, TCPS_NOMEM, "freebsd: no memory");
        return NULL;
    }
    s->kernel = k;
    uint32_t fields;
    if (check_named_release(s, status) == TCPS_OK && (k->live || ask_named_fields(s, &fields, status) == TCPS_OK)) return s;
    freebsd_close(s);
    return NULL;
}

/* Without the release, two fields cannot be distinguished; everything else is known. */
static tcps_code check_release(tcps_source *s, tcps_pass *pass, unsigned release, tcps_status *status) {
    if (release >= OLDEST_RELEASE) return TCPS_OK;
    if (release)
        return tcps_fail(status, TCPS_UNSUPPORTED, "freebsd: " PCBLIST " of FreeBSD %u is not known, %d is the oldest that is", release,
                         OLDEST_RELEASE);
    if (s->warned_release) return TCPS_OK;
    s->warned_release = true;
    tcps_status warning;
    tcps_fail(&warning, TCPS_UNSUPPORTED, "freebsd: the release is not known (as in release=14): encaps_port and dsack_* are left out");
    tcps_pass_warn(pass, &warning);
    return TCPS_OK;
}

/* ---- The two ways to the sockets ---- */

static void set_retries(tcps_pass *pass, unsigned retries) {
    if (!retries) return;
    pass->metadata.has_retries = 1;
    pass->metadata.retries = retries;
}

static void set_inconsistent(tcps_pass *pass) {
    pass->metadata.has_inconsistent = 1;
    pass->metadata.inconsistent = 1;
}

static void warn_inconsistent(tcps_pass *pass, bool again) {
    tcps_status warning;
    tcps_fail(&warning, TCPS_INCONSISTENT, "freebsd: connections came or went during the dump%s: one may be missing",
              again ? ", and again when it was read a second time" : "");
    tcps_pass_warn(pass, &warning);
    set_inconsistent(pass);
}

/* Leaves in s->dump an answer whose generations agree, or the last of those that did not. */
static tcps_code read_pcblist(tcps_source *s, tcps_pass *pass, tcps_status *status) {
    uint64_t first, last;
    unsigned retries = 0;
    unsigned changed = 0;
    for (;; changed++) {
        int error = tcps_sysctl_table(s->kernel, PCBLIST, &s->dump, &retries);
        if (error) return tcps_fail_errno(status, error, "freebsd: cannot read " PCBLIST);
        if (!tcps_freebsd_pcblist_generations(s->dump.bytes, s->dump.len, &first, &last) || first == last) break;
        if (changed == RETRIES || s->kernel->fixed || s->dump.len > SHORT_DUMP) break;
        retries++;
    }
    set_retries(pass, retries);
    if (first != last) warn_inconsistent(pass, changed != 0);
    if (s->dump.len >= XIG_SIZE) {
        pass->metadata.has_pcblist_generation = 1;
        pass->metadata.pcblist_generation = tcps_load64(s->dump.bytes + XIG_GEN);
    }
    return TCPS_OK;
}

static bool is_stream(const tcps_buffer *dump) {
    return dump->len >= 8 && tcps_load32(dump->bytes) == KLD_PROTOCOL && tcps_load32(dump->bytes + KLD_LEN) == KLD_SIZE;
}

/* A cut or damaged answer is a warning as long as it was one at all. */
static tcps_code settle(tcps_code code, uint64_t sockets, tcps_pass *pass, const tcps_status *detail, tcps_status *status) {
    bool readable = (code == TCPS_TRUNCATED || code == TCPS_FORMAT) && (sockets || detail->offset);
    if (readable) tcps_pass_warn_partial(pass, detail);
    if (code == TCPS_OK || readable) return TCPS_OK;
    if (status) *status = *detail;
    return code;
}

static tcps_code parse_pcblist(tcps_source *s, unsigned release, tcps_sink *sink, tcps_status *status) {
    tcps_freebsd_pcblist report;
    tcps_status detail;
    if (is_stream(&s->dump))
        return tcps_fail(status, TCPS_FORMAT, "freebsd: these are records of /dev/tcpstats, not of " PCBLIST "; say so, as in freebsd:FILE,device");
    tcps_code code = tcps_freebsd_pcblist_parse(s->dump.bytes, s->dump.len, release, sink, &report, &detail);
    if (report.skipped) {
        tcps_status warning;
        tcps_fail(&warning, TCPS_FORMAT, PCBLIST ": %llu records are too short to be read, the first at byte %llu",
                  (unsigned long long)report.skipped, (unsigned long long)report.first_skipped);
        warning.offset = report.first_skipped;
        tcps_pass_warn(sink->pass, &warning);
    }
    return settle(code, report.sockets, sink->pass, &detail, status);
}

static tcps_code parse_stream(tcps_source *s, const tcps_freebsd_dump *stream, tcps_sink *sink, tcps_status *status) {
    tcps_freebsd_kld report;
    tcps_status detail;
    uint32_t fields = stream->fields;
    if (!fields && ask_named_fields(s, &fields, status) != TCPS_OK) return TCPS_USAGE;
    if (!fields) fields = tcps_freebsd_kld_fields(s->dump.bytes, s->dump.len);
    set_retries(sink->pass, stream->retries);
    if (stream->partial) set_inconsistent(sink->pass);
    tcps_code code = tcps_freebsd_kld_parse(s->dump.bytes, s->dump.len, fields, sink, &report, &detail);
    return settle(code, report.sockets, sink->pass, &detail, status);
}

/* ---- Owners ---- */

static const uint64_t *added_after_parse(void) {
    static const uint16_t fields[] = {TCPS_F_pid, TCPS_F_fd, TCPS_F_command, TCPS_F_shared_descriptors, TCPS_F_holders};
    static uint64_t set[TCPS_MASK_WORDS];
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) tcps_bitset_add(set, fields[i]);
    return set;
}

/* Asked after the sockets, so that a socket of the dump has its owner. A file that was named is used whether or not owners were asked for.
 * True when there is something to join. */
static bool read_owners(tcps_source *s, const tcps_wants *wants, tcps_pass *pass) {
    bool wanted = wants->processes || tcps_wants_any(wants, added_after_parse());
    if (!wanted && s->kernel->live) return false;
    tcps_status warning;
    int error = tcps_sysctl_table(s->kernel, "kern.file", &s->files, NULL);
    if (error) {
        tcps_fail_errno(&warning, error, "freebsd: cannot read kern.file, owners are not known");
        if (wanted) tcps_pass_warn(pass, &warning);
        return false;
    }
    if (tcps_freebsd_xfile_parse(&s->holders, s->files.bytes, s->files.len, &warning) != TCPS_OK) tcps_pass_warn(pass, &warning);
    return true;
}

static tcps_code parse(tcps_source *s, const tcps_freebsd_dump *stream, unsigned release, tcps_sink *sink, tcps_status *status) {
    return stream ? parse_stream(s, stream, sink, status) : parse_pcblist(s, release, sink, status);
}

static tcps_code parse_with_owners(tcps_source *s, const tcps_freebsd_dump *stream, unsigned release, tcps_sink *sink, tcps_status *status) {
    tcps_code code = tcps_pass_add_source(sink->pass, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_KERN_FILE);
    if (code != TCPS_OK) return tcps_fail(status, code, "freebsd: no memory");
    tcps_names_begin(s->names, &sink->pass->rows);
    if (tcps_names_are_stale(s->names)) tcps_names_forget_processes(s->names);
    tcps_freebsd_joiner joiner = tcps_freebsd_joiner_make(sink, s->names, &s->holders);
    return parse(s, stream, release, &joiner.sink, status);
}

static tcps_code freebsd_collect(tcps_source *s, const tcps_wants *wants, tcps_sink *sink, tcps_status *status) {
    tcps_pass *pass = sink->pass;
    tcps_freebsd_dump stream;
    tcps_code code;
    unsigned release = identify(s, pass);
    bool device = tcps_freebsd_device_read(&s->device, s->kernel, wants, pass, &s->dump, &stream);
    if (!device) {
        code = read_pcblist(s, pass, status);
        if (code == TCPS_OK) code = check_release(s, pass, release, status);
        if (code != TCPS_OK) return code;
    }
    code = tcps_pass_add_source(pass, device ? TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_FREEBSD_KLD
                                             : TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_FREEBSD_PCBLIST);
    if (code != TCPS_OK) return tcps_fail(status, code, "freebsd: no memory");
    return (read_owners(s, wants, pass) ? parse_with_owners : parse)(s, device ? &stream : NULL, release, sink, status);
}

/* ---- The system's counters ---- */

/* What is wrong with these is the same in every pass. */
static void warn_once(bool *warned, tcps_pass *pass, const tcps_status *status) {
    if (!*warned) tcps_pass_warn(pass, status);
    *warned = true;
}

typedef tcps_code parse_counters(const uint8_t *bytes, size_t len, tcps_counters *counters, tcps_status *status);

/* A file need not have these answers: their absence is not reported. */
static void read_counters(tcps_source *s, const char *name, parse_counters *take, tcps_counters *counters, bool *warned, tcps_pass *pass) {
    tcps_buffer answer = {0};
    tcps_status status;
    int error = tcps_sysctl_table(s->kernel, name, &answer, NULL);
    if (error) tcps_fail_errno(&status, error, "freebsd: cannot read %s", name);
    if (error ? error != EOPNOTSUPP : take(answer.bytes, answer.len, counters, &status) != TCPS_OK) warn_once(warned, pass, &status);
    free(answer.bytes);
}

static tcps_code freebsd_counters(tcps_source *s, bool deltas, tcps_pass *pass, tcps_counters *counters, tcps_status *status) {
    (void)deltas;
    (void)status;
    *counters = (tcps_counters){0};
    read_counters(s, "net.inet.tcp.stats", tcps_freebsd_tcpstat_parse, counters, &s->warned_stats, pass);
    read_counters(s, "net.inet.tcp.states", tcps_freebsd_states_parse, counters, &s->warned_states, pass);
    return TCPS_OK;
}

static const tcps_spec_key freebsd_keys[] = {
    {NULL, false, TCPS_ASK_SYSCTL, PCBLIST, "an answer to sysctl net.inet.tcp.pcblist"},
    {NULL, false, TCPS_ASK_READ, "/dev/tcpstats", "with the key device: what one read of /dev/tcpstats gave"},
    {"release", true, TCPS_ASK_SYSCTL, "kern.osrelease", "release of FreeBSD: 14, 14.1-RELEASE or 1401000"},
    {"hostname", true, TCPS_ASK_SYSCTL, "kern.hostname", "name of the host"},
    {"kern_file", false, TCPS_ASK_SYSCTL, "kern.file", "an answer to sysctl kern.file: the owners"},
    {"device", true, TCPS_ASK_OPEN, "/dev/tcpstats", "the file is a stream of /dev/tcpstats"},
    {"fields", true, TCPS_ASK_CALL, TCPS_CALL_TCPSTATS_FIELDS,
     "groups that the stream was filtered to: all, default or a mask (otherwise as the records show)"},
    {"tcp_stats", false, TCPS_ASK_SYSCTL, "net.inet.tcp.stats", "an answer to sysctl net.inet.tcp.stats: the counters"},
    {"tcp_states", false, TCPS_ASK_SYSCTL, "net.inet.tcp.states", "an answer to sysctl net.inet.tcp.states: sockets by state"},
    {0},
};

static void freebsd_socket_info(tcps_kernel *k, int fd, const uint8_t *info, size_t len, tcps_rows *rows, tcps_record *r) {
    (void)k;
    (void)rows;
    tcps_freebsd_tcp_info(r, info, len);
    tcps_set(r, TCPS_F_fd, (uint64_t)fd);
}

const tcps_source_class tcps_source_freebsd = {
    .name = "freebsd",
    .help = "/dev/tcpstats or net.inet.tcp.pcblist of FreeBSD",
    .platform = TCPSTATS_READER__PLATFORM__PLATFORM_FREEBSD,
    .keys = freebsd_keys,
#ifdef __FreeBSD__
    .live = true,
#endif
    .added_after_parse = added_after_parse,
    .open = freebsd_open,
    .collect = freebsd_collect,
    .counters = freebsd_counters,
    .close = freebsd_close,
    .socket_info = freebsd_socket_info,
};
