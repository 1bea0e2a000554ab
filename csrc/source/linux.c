/* Linux: NETLINK_SOCK_DIAG, read as it comes, and what other places know of its sockets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/linux.h"
#include "base/bitset.h"
#include "filter/inet_diag.h"
#include "parse/linux_diag.h"
#include "parse/linux_netstat.h"
#include "parse/linux_tcpinfo.h"
#include "source/linux_endings.h"
#include "source/linux_mptcp.h"
#include "source/linux_owners.h"
#include "source/linux_socket_info.h"
#include "source/names.h"
#include "source/source.h"

/* How often a dump during which the table changed is read again; each reading keeps the kernel's hash locks busy. */
#define RETRIES 3

enum { COUNTER_FILES = 4 };

struct tcps_source {
    tcps_kernel *kernel;
    tcps_names *names;
    tcps_linux_owners *owners;
    tcps_buffer text; /* a file of /proc */
    bool warned_counters[COUNTER_FILES];
    bool hears; /* the kernel says how connections end */
    uint64_t endings, endings_lost;
};

static void linux_close(tcps_source *s) {
    tcps_names_free(s->names);
    tcps_linux_owners_free(s->owners);
    free(s->text.bytes);
    free(s);
}

/* A release that the user names must be one; the running system's is never checked. */
static tcps_code check_release(tcps_kernel *k, tcps_status *status) {
    tcps_buffer text = {0};
    tcps_code code = TCPS_OK;
    bool named = !k->live && tcps_ask_all(k, &(tcps_question){.kind = TCPS_ASK_CALL, .name = TCPS_CALL_UNAME}, &text, NULL) == 0;
    if (named && tcps_buffer_append(&text, "", 1) == 0 && !tcps_linux_release((const char *)text.bytes))
        code = tcps_fail(status, TCPS_USAGE, "linux: '%.40s' is not a release of the kernel, such as 6.18", (const char *)text.bytes);
    free(text.bytes);
    return code;
}

static tcps_source *linux_open(tcps_kernel *k, tcps_status *status) {
    if (check_release(k, status) != TCPS_OK) return NULL;
    tcps_source *s = calloc(1, sizeof *s);
    if (s) {
        s->kernel = k;
        s->names = tcps_names_new(k, tcps_linux_identify);
        s->owners = s->names ? tcps_linux_owners_new(k, s->names) : NULL;
        if (s->owners) return s;
        linux_close(s);
    }
    tcps_fail(status, TCPS_NOMEM, "linux: no memory");
    return NULL;
}

#define REQUEST_ROOM (NL_HEADER + REQ_SIZE + 4 + TCPS_INET_DIAG_ROOM)

/* One dump of both families: TCPDIAG_GETSOCK is 18 % cheaper than a dump for each (measured at 100,000 sockets).
 * MEMINFO is not asked for: SKMEMINFO says the same and more. */
static size_t build_request(uint8_t request[REQUEST_ROOM], const tcps_wants *wants) {
    const uint8_t wanted = 1 << (ATTR_INFO - 1) | 1 << (ATTR_VEGASINFO - 1) | 1 << (ATTR_CONG - 1) | 1 << (ATTR_TOS - 1) | 1 << (ATTR_TCLASS - 1) |
                           1 << (ATTR_SKMEMINFO - 1) | 1 << (ATTR_SHUTDOWN - 1);
    tcps_inet_diag program;
    tcps_filter_inet_diag(wants->whole_table ? NULL : wants->filter, &program);
    uint32_t size = NL_HEADER + REQ_SIZE + (program.len ? 4 + program.len : 0);
    uint16_t type = NL_TYPE_TCPDIAG, flags = NL_FLAG_REQUEST | NL_FLAG_DUMP;
    memset(request, 0, size);
    memcpy(request + NL_LEN, &size, sizeof size);
    memcpy(request + NL_TYPE, &type, sizeof type);
    memcpy(request + NL_FLAGS, &flags, sizeof flags);
    request[NL_HEADER + REQ_EXT] = wanted;
    memcpy(request + NL_HEADER + REQ_STATES, &program.states, sizeof program.states);
    if (program.len) {
        uint8_t *attribute = request + NL_HEADER + REQ_SIZE;
        uint16_t len = (uint16_t)(4 + program.len), number = REQ_ATTR_BYTECODE;
        memcpy(attribute, &len, sizeof len);
        memcpy(attribute + 2, &number, sizeof number);
        memcpy(attribute + 4, program.bytecode, program.len);
    }
    return size;
}

typedef struct dump {
    tcps_linux_diag diag;
    tcps_sink *sink;
    tcps_code code;
    tcps_status status;
} dump;

static int take_datagram(void *context, const void *bytes, size_t len) {
    dump *d = context;
    d->code = tcps_linux_diag_parse(&d->diag, bytes, len, d->sink, &d->status);
    return d->code != TCPS_OK;
}

/* Reads the table once. What the kernel said in full is put whatever happens; how it ended is in `d`. */
static tcps_code read_table(tcps_source *s, const tcps_wants *wants, dump *d) {
    uint8_t request[REQUEST_ROOM];
    tcps_question q = {.kind = TCPS_ASK_NETLINK, .name = "sock_diag", .request = request, .request_len = build_request(request, wants)};
    int error = s->kernel->ask(s->kernel, &q, take_datagram, d, NULL);
    if (d->code != TCPS_OK) return d->code;
    tcps_status *status = &d->status;
    switch (error) {
    case 0: break;
    case ENOBUFS: return tcps_fail_errno(status, error, "linux: the kernel dropped part of its answer (ENOBUFS)");
    case EMSGSIZE: return tcps_fail_errno(status, error, "linux: a datagram of the kernel's answer was cut (MSG_TRUNC)");
    default: return tcps_fail_errno(status, error, "linux: cannot read NETLINK_SOCK_DIAG");
    }
    if (d->diag.error == ENOENT || d->diag.error == EOPNOTSUPP)
        return tcps_fail_errno(status, d->diag.error,
                               "linux: the kernel's tcp_diag is neither loaded nor loadable from here, try modprobe tcp_diag "
                               "as root (NLMSG_ERROR)");
    if (d->diag.error) return tcps_fail_errno(status, d->diag.error, "linux: the kernel ended its answer with an error (NLMSG_ERROR)");
    if (!d->diag.done) {
        tcps_code code = tcps_fail(status, d->diag.offset ? TCPS_TRUNCATED : TCPS_FORMAT, "linux: %s at byte %llu, NLMSG_DONE is missing",
                                   d->diag.offset ? "the answer ends" : "nothing to read", (unsigned long long)d->diag.offset);
        status->offset = d->diag.offset;
        return code;
    }
    return TCPS_OK;
}

/* --- what is not in the dump */

/* What is known besides the dump. What has to be asked for once it is over makes records wait. */
typedef enum stage { DUMP_ONLY, WITH_MPTCP, WITH_OWNERS } stage;

/* Between the parser and the pass: adds what is not in the dump. A socket of which more must be asked waits, as the message it came in, and is parsed
 * again when that is known. */
typedef struct joiner {
    tcps_sink sink;
    tcps_sink *next;
    tcps_source *source;
    tcps_linux_diag *dump; /* that is being parsed */
    stage stage;
    bool processes;
    tcps_buffer subflows, ownerless; /* netlink messages */
    tcps_mptcp_table mptcp;
    tcps_arena_mark mark; /* in the pass's memory: after what the pass has kept */
} joiner;

static tcps_code hold_back(joiner *j, tcps_buffer *waiting) {
    static const uint8_t padding[4];
    tcps_arena_back(&j->sink.pass->rows.arena, j->mark);
    if (tcps_buffer_append(waiting, j->dump->message, j->dump->message_len) != 0) return TCPS_NOMEM;
    return tcps_buffer_append(waiting, padding, -j->dump->message_len & 3) == 0 ? TCPS_OK : TCPS_NOMEM;
}

/* What waits in an MPTCP connection, in each of its subflows. */
static void set_mptcp(const joiner *j, tcps_record *r) {
    const tcps_mptcp_connection *c = tcps_mptcp_find(&j->mptcp, (uint32_t)r->value[TCPS_F_mptcp_token_local]);
    if (!c) return;
    tcps_set(r, TCPS_F_mptcp_unread_bytes, c->unread);
    tcps_set(r, TCPS_F_mptcp_unsent_bytes, c->unsent);
}

/* A socket in TIME_WAIT, a half-open one and an orphan have no inode, because they have no owner. False: the record has to wait for its owner. */
static bool set_owner(joiner *j, tcps_record *r) {
    if (tcps_has(r, TCPS_F_cgroup_id)) tcps_names_set_cgroup(j->source->names, r);
    if (j->stage == WITH_OWNERS) {
        tcps_linux_owners_set_found(j->source->owners, r);
        return true;
    }
    return !tcps_has(r, TCPS_F_inode) || tcps_linux_owners_set(j->source->owners, r);
}

static tcps_code join(tcps_sink *sink, tcps_record *r) {
    joiner *j = (joiner *)sink;
    tcps_sink *next = j->next;
    if (tcps_has(r, TCPS_F_interface_index)) tcps_names_set_interface(j->source->names, r, r->value[TCPS_F_interface_index]);
    bool subflow = tcps_has(r, TCPS_F_mptcp_token_local);
    if ((subflow || j->processes) && (!next->wants_more || next->wants_more(next, r))) {
        if (subflow && j->stage == DUMP_ONLY) return hold_back(j, &j->subflows);
        if (subflow) set_mptcp(j, r);
        if (j->processes && !set_owner(j, r)) return hold_back(j, &j->ownerless);
    }
    tcps_code code = next->put(next, r);
    j->mark = tcps_arena_here(&sink->pass->rows.arena);
    return code;
}

static tcps_code begin_join(joiner *j, tcps_status *status) {
    j->mark = tcps_arena_here(&j->sink.pass->rows.arena);
    tcps_names_begin(j->source->names, &j->sink.pass->rows);
    tcps_code code = j->processes ? tcps_linux_owners_begin(j->source->owners, j->sink.pass) : TCPS_OK;
    return code == TCPS_OK ? TCPS_OK : tcps_fail(status, code, "linux: no memory");
}

static void restart_join(joiner *j) {
    j->next->restart(j->next);
    j->mark = tcps_arena_here(&j->sink.pass->rows.arena);
    j->subflows.len = j->ownerless.len = 0;
    tcps_linux_owners_restart(j->source->owners);
}

/* Parses what waited again, now that more is known. */
static tcps_code resume(joiner *j, stage now, const tcps_buffer *waiting, unsigned release, tcps_status *status) {
    tcps_linux_diag again = {.release = release};
    j->stage = now;
    j->dump = &again;
    return tcps_linux_diag_parse(&again, waiting->bytes, waiting->len, &j->sink, status);
}

/* Asks for what is missing and puts the records that wait for it. */
static tcps_code finish_join(joiner *j, bool partial, unsigned release, tcps_status *status) {
    tcps_code code = TCPS_OK;
    if (j->subflows.len) {
        code = tcps_linux_mptcp_read(j->source->kernel, &j->mptcp);
        if (code != TCPS_OK) return tcps_fail(status, code, "linux: no memory");
        code = resume(j, WITH_MPTCP, &j->subflows, release, status);
    }
    if (code != TCPS_OK || !j->processes) return code;
    code = tcps_linux_owners_search(j->source->owners, partial);
    if (code != TCPS_OK) return tcps_fail(status, code, "linux: no memory");
    code = resume(j, WITH_OWNERS, &j->ownerless, release, status);
    if (code == TCPS_OK) tcps_linux_owners_end(j->source->owners);
    return code;
}

static void end_join(joiner *j) {
    free(j->subflows.bytes);
    free(j->ownerless.bytes);
    tcps_mptcp_table_free(&j->mptcp);
}

static const uint64_t *owner_fields(void) {
    static const uint16_t fields[] = {TCPS_F_pid, TCPS_F_fd, TCPS_F_command, TCPS_F_shared_descriptors, TCPS_F_holders, TCPS_F_cgroup};
    static uint64_t set[TCPS_MASK_WORDS];
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) tcps_bitset_add(set, fields[i]);
    return set;
}

static const uint64_t *added_after_parse(void) {
    static uint64_t set[TCPS_MASK_WORDS];
    tcps_bitset_add_all(set, owner_fields(), TCPS_MASK_WORDS);
    tcps_bitset_add(set, TCPS_F_mptcp_unread_bytes);
    tcps_bitset_add(set, TCPS_F_mptcp_unsent_bytes);
    return set;
}

/* The release of the kernel, a NUL, the name of the host, a NUL; of a file's key only the release. */
static int take_uname(void *context, const void *bytes, size_t len) {
    tcps_pass *pass = context;
    char text[512];
    if (len > sizeof text - 1) len = sizeof text - 1;
    memcpy(text, bytes, len);
    text[len] = 0;
    size_t release_len = strlen(text);
    pass->metadata.os_version = tcps_pass_string(pass, text);
    if (release_len + 1 < len) pass->metadata.hostname = tcps_pass_string(pass, text + release_len + 1);
    return 0;
}

/* The kernel's release as a number, 0 when nothing says it. */
static unsigned identify(tcps_source *s, tcps_pass *pass) {
    s->kernel->ask(s->kernel, &(tcps_question){.kind = TCPS_ASK_CALL, .name = TCPS_CALL_UNAME}, take_uname, pass, NULL);
    return pass->metadata.os_version ? tcps_linux_release(pass->metadata.os_version) : 0;
}

/* NLM_F_DUMP_INTR to the last. */
static void warn_inconsistent(tcps_pass *pass, unsigned retries) {
    tcps_status warning;
    char again[64] = "";
    if (retries) snprintf(again, sizeof again, ", and so when it was read again (%u times)", retries);
    tcps_fail(&warning, TCPS_INCONSISTENT, "linux: sockets came or went during the dump%s: one may be missing or there twice", again);
    tcps_pass_warn(pass, &warning);
    pass->metadata.has_inconsistent = 1;
    pass->metadata.inconsistent = 1;
}

static tcps_code linux_collect(tcps_source *s, const tcps_wants *wants, tcps_sink *sink, tcps_status *status) {
    tcps_pass *pass = sink->pass;
    unsigned release = identify(s, pass);
    tcps_code code = tcps_pass_add_source(pass, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_INET_DIAG);
    if (code != TCPS_OK) return tcps_fail(status, code, "linux: no memory");

    unsigned tries = 0;
    dump d;
    joiner j = {.sink = {.pass = pass, .put = join},
                .next = sink,
                .source = s,
                .dump = &d.diag,
                .processes = wants->processes || tcps_wants_any(wants, owner_fields())};
    code = begin_join(&j, status);
    if (code != TCPS_OK) return code;
    do {
        if (tries) restart_join(&j);
        d = (dump){.diag.release = release, .sink = &j.sink};
        code = read_table(s, wants, &d);
    } while (code == TCPS_OK && d.diag.interrupted && !s->kernel->fixed && tries++ < RETRIES);

    if (tries) {
        pass->metadata.has_retries = 1;
        pass->metadata.retries = tries < RETRIES ? tries : RETRIES;
    }
    if (d.diag.interrupted) warn_inconsistent(pass, pass->metadata.retries);
    /* A cut answer is a warning as long as something of it could be read. */
    if (code != TCPS_OK && d.diag.sockets && (d.code == TCPS_OK || d.code == TCPS_TRUNCATED)) {
        tcps_pass_warn_partial(pass, &d.status);
        code = TCPS_OK;
    }
    if (code == TCPS_OK)
        code = finish_join(&j, pass->partial || wants->filter, release, status);
    else if (status)
        *status = d.status;
    end_join(&j);
    return code;
}

static tcps_code linux_endings(tcps_source *s, tcps_sink *sink, tcps_status *status) {
    tcps_code code = tcps_linux_endings(s->kernel, sink, &s->endings, &s->endings_lost, status);
    s->hears = code == TCPS_OK;
    return code;
}

static void count_endings(const tcps_source *s, tcps_counters *counters) {
    if (!s->hears) return;
    tcps_bitset_add(counters->has, TCPS_S_delta_endings);
    tcps_bitset_add(counters->has, TCPS_S_delta_endings_lost);
    counters->value[TCPS_S_delta_endings] = s->endings;
    counters->value[TCPS_S_delta_endings_lost] = s->endings_lost;
}

typedef tcps_code parse_counters(const void *bytes, size_t len, tcps_counters *counters, tcps_status *status);

static const struct {
    const char *path;
    parse_counters *parse;
    bool gauges; /* it has some; what has only counters takes the kernel 40 us and says nothing without another pass */
} counter_files[COUNTER_FILES] = {
    {"/proc/net/snmp", tcps_linux_netstat_parse, true},
    {"/proc/net/netstat", tcps_linux_netstat_parse, false},
    {"/proc/net/sockstat", tcps_linux_sockstat_parse, true},
    {"/proc/net/sockstat6", tcps_linux_sockstat_parse, true},
};

/* Whether there is nothing to warn of: a recording without the file, or a kernel without IPv6, which has no sockstat6. */
static bool is_expected(int error, const char *path, bool others) {
    return error == EOPNOTSUPP || (error == ENOENT && others && strcmp(path, "/proc/net/sockstat6") == 0);
}

/* Counters and gauges of the network namespace. A file that cannot be read or parsed takes its fields with it, and is reported once. */
static tcps_code linux_counters(tcps_source *s, bool deltas, tcps_pass *pass, tcps_counters *counters, tcps_status *status) {
    bool any = false;
    count_endings(s, counters);
    for (size_t i = 0; i < COUNTER_FILES; i++) {
        if (!counter_files[i].gauges && !deltas) continue;
        const char *path = counter_files[i].path;
        tcps_status why = {0};
        int error = tcps_ask_all(s->kernel, &(tcps_question){.kind = TCPS_ASK_FILE, .name = path}, &s->text, NULL);
        if (error)
            tcps_fail_errno(&why, error, "linux: cannot read %s", path);
        else if (counter_files[i].parse(s->text.bytes, s->text.len, counters, &why) == TCPS_OK)
            any = true;
        if (why.code == TCPS_OK || s->warned_counters[i] || is_expected(error, path, any)) continue;
        s->warned_counters[i] = true;
        tcps_pass_warn(pass, &why);
    }
    (void)status;
    return any ? TCPS_OK : TCPS_UNSUPPORTED;
}

static const tcps_spec_key linux_keys[] = {
    {NULL, false, TCPS_ASK_NETLINK, "sock_diag", "the datagrams of a NETLINK_SOCK_DIAG dump, one after the other"},
    {"release", true, TCPS_ASK_CALL, TCPS_CALL_UNAME, "release of the kernel: 6.18 or 7.0.1-amd64"},
    {"snmp", false, TCPS_ASK_FILE, "/proc/net/snmp", "what /proc/net/snmp said"},
    {"netstat", false, TCPS_ASK_FILE, "/proc/net/netstat", "what /proc/net/netstat said"},
    {"sockstat", false, TCPS_ASK_FILE, "/proc/net/sockstat", "what /proc/net/sockstat said"},
    {"sockstat6", false, TCPS_ASK_FILE, "/proc/net/sockstat6", "what /proc/net/sockstat6 said"},
    {0},
};

const tcps_source_class tcps_source_linux = {
    .name = "linux",
    .help = "NETLINK_SOCK_DIAG (inet_diag) of Linux",
    .platform = TCPSTATS_READER__PLATFORM__PLATFORM_LINUX,
    .keys = linux_keys,
#ifdef __linux__
    .live = true,
#endif
    .added_after_parse = added_after_parse,
    .open = linux_open,
    .collect = linux_collect,
    .counters = linux_counters,
    .endings = linux_endings,
    .settle = tcps_linux_settle_ending,
    .close = linux_close,
    .socket_info = tcps_linux_socket_info,
};
