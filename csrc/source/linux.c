/* Linux: NETLINK_SOCK_DIAG, read as it comes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/linux.h"
#include "parse/linux_diag.h"
#include "parse/linux_netstat.h"
#include "source/source.h"

/* A dump during which the table changed is read again so often; each one keeps the kernel's hash locks busy. */
#define RETRIES 3

struct tcps_source {
    tcps_kernel *kernel;
    tcps_buffer text; /* a file of /proc */
};

static tcps_source *linux_open(tcps_kernel *k, tcps_status *status) {
    tcps_source *s = calloc(1, sizeof *s);
    if (!s) {
        tcps_fail(status, TCPS_NOMEM, "linux: no memory");
        return NULL;
    }
    s->kernel = k;
    return s;
}

static void linux_close(tcps_source *s) {
    free(s->text.bytes);
    free(s);
}

/* One dump of both families: TCPDIAG_GETSOCK is 18 % cheaper than a dump for each (facts: measured at 100,000 sockets).
 * MEMINFO is not asked for: SKMEMINFO says the same and more. */
static size_t build_request(uint8_t request[256]) {
    const uint8_t wanted = 1 << (ATTR_INFO - 1) | 1 << (ATTR_VEGASINFO - 1) | 1 << (ATTR_CONG - 1) | 1 << (ATTR_TOS - 1) | 1 << (ATTR_TCLASS - 1) |
                           1 << (ATTR_SKMEMINFO - 1) | 1 << (ATTR_SHUTDOWN - 1);
    uint32_t size = NL_HEADER + REQ_SIZE, states = LINUX_ALL_STATES;
    uint16_t type = NL_TYPE_TCPDIAG, flags = NL_FLAG_REQUEST | NL_FLAG_DUMP;
    memset(request, 0, size);
    memcpy(request + NL_LEN, &size, sizeof size);
    memcpy(request + NL_TYPE, &type, sizeof type);
    memcpy(request + NL_FLAGS, &flags, sizeof flags);
    request[NL_HEADER + REQ_EXT] = wanted;
    memcpy(request + NL_HEADER + REQ_STATES, &states, sizeof states);
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
static tcps_code read_table(tcps_source *s, dump *d) {
    uint8_t request[256];
    tcps_question q = {.kind = TCPS_ASK_NETLINK, .name = "sock_diag", .request = request, .request_len = build_request(request)};
    int error = s->kernel->ask(s->kernel, &q, take_datagram, d, NULL);
    if (d->code != TCPS_OK) return d->code;
    tcps_status *status = &d->status;
    switch (error) {
    case 0: break;
    case ENOBUFS: return tcps_fail_errno(status, error, "linux: the kernel dropped part of its answer (ENOBUFS)");
    case EMSGSIZE: return tcps_fail_errno(status, error, "linux: a datagram of the kernel's answer was cut (MSG_TRUNC)");
    default: return tcps_fail_errno(status, error, "linux: cannot read NETLINK_SOCK_DIAG");
    }
    if (d->diag.error) return tcps_fail_errno(status, d->diag.error, "linux: the kernel ended its answer with an error (NLMSG_ERROR)");
    if (!d->diag.done) {
        tcps_code code = tcps_fail(status, d->diag.offset ? TCPS_TRUNCATED : TCPS_FORMAT, "linux: %s at byte %llu, NLMSG_DONE is missing",
                                   d->diag.offset ? "the answer ends" : "nothing to read", (unsigned long long)d->diag.offset);
        status->offset = d->diag.offset;
        return code;
    }
    return TCPS_OK;
}

static int take_uname(void *context, const void *bytes, size_t len) {
    tcps_batch *batch = context;
    const char *release = bytes, *end = release + len;
    const char *host = memchr(release, 0, len);
    if (!host || end[-1] != 0) return 1;
    batch->metadata.os_version = tcps_batch_string(batch, release);
    if (host + 1 < end) batch->metadata.hostname = tcps_batch_string(batch, host + 1);
    return 0;
}

static tcps_code linux_collect(tcps_source *s, const tcps_wants *wants, tcps_sink *sink, tcps_status *status) {
    (void)wants;
    tcps_batch *batch = sink->batch;
    s->kernel->ask(s->kernel, &(tcps_question){.kind = TCPS_ASK_CALL, .name = "uname"}, take_uname, batch, NULL);
    tcps_code code = tcps_batch_add_source(batch, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_INET_DIAG);
    if (code != TCPS_OK) return tcps_fail(status, code, "linux: no memory");

    unsigned tries = 0;
    dump d;
    do {
        if (tries) sink->restart(sink);
        d = (dump){.sink = sink};
        code = read_table(s, &d);
    } while (code == TCPS_OK && d.diag.interrupted && s->kernel->live && tries++ < RETRIES);

    if (tries) {
        batch->metadata.has_retries = 1;
        batch->metadata.retries = tries < RETRIES ? tries : RETRIES;
    }
    if (d.diag.interrupted) {
        batch->metadata.has_inconsistent = 1;
        batch->metadata.inconsistent = 1;
    }
    /* A cut answer is a warning as long as something of it could be read. */
    if (code != TCPS_OK && d.diag.sockets && (d.code == TCPS_OK || d.code == TCPS_TRUNCATED)) {
        tcps_batch_cut(batch, &d.status);
        return TCPS_OK;
    }
    if (code != TCPS_OK && status) *status = d.status;
    return code;
}

typedef tcps_code parse_counters(const void *bytes, size_t len, tcps_counters *counters, tcps_status *status);

/* Counters and gauges of the network namespace. A file that is not there (no IPv6, a restricted /proc) takes its fields with it. */
static tcps_code linux_counters(tcps_source *s, tcps_batch *batch, tcps_counters *counters, tcps_status *status) {
    static const struct {
        const char *path;
        parse_counters *parse;
    } files[] = {
        {"/proc/net/snmp", tcps_linux_netstat_parse},
        {"/proc/net/netstat", tcps_linux_netstat_parse},
        {"/proc/net/sockstat", tcps_linux_sockstat_parse},
        {"/proc/net/sockstat6", tcps_linux_sockstat_parse},
    };
    bool any = false;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        s->text.len = 0;
        tcps_status why = {0};
        if (tcps_ask_all(s->kernel, &(tcps_question){.kind = TCPS_ASK_FILE, .name = files[i].path}, &s->text, NULL) != 0) continue;
        if (files[i].parse(s->text.bytes, s->text.len, counters, &why) == TCPS_OK)
            any = true;
        else
            tcps_batch_warn(batch, &why);
    }
    return any ? TCPS_OK : s->kernel->live ? tcps_fail(status, TCPS_SYSTEM, "linux: no counters can be read below /proc/net") : TCPS_UNSUPPORTED;
}

static const tcps_key linux_keys[] = {
    {NULL, false, TCPS_ASK_NETLINK, "sock_diag", "the datagrams of a NETLINK_SOCK_DIAG dump, one after the other"},
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
    .open = linux_open,
    .collect = linux_collect,
    .counters = linux_counters,
    .close = linux_close,
};
