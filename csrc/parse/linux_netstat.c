#include "parse/linux_netstat.h"

#include "base/bitset.h"

/* A name of the kernel's (net/ipv4/proc.c) and the field that it feeds. A field that several names of a group feed is their sum. */
typedef struct feed {
    const char *name;
    uint8_t len; /* of the name: most words of a file differ in it */
    uint8_t field;
} feed;
#define WORD(text) text, sizeof(text) - 1

static const feed tcp_feeds[] = {
    {WORD("ActiveOpens"), TCPS_S_delta_conn_attempts},
    {WORD("PassiveOpens"), TCPS_S_delta_accepts},
    {WORD("AttemptFails"), TCPS_S_delta_attempt_fails},
    {WORD("EstabResets"), TCPS_S_delta_drops},
    {WORD("EstabResets"), TCPS_S_delta_estab_resets},
    {WORD("CurrEstab"), TCPS_S_current_established},
    {WORD("InSegs"), TCPS_S_delta_rcv_total_packets},
    {WORD("OutSegs"), TCPS_S_delta_snd_total_packets},
    {WORD("RetransSegs"), TCPS_S_delta_snd_total_packets},
    {WORD("RetransSegs"), TCPS_S_delta_snd_rexmit_packets},
    {WORD("InErrs"), TCPS_S_delta_rcv_errors},
    {WORD("OutRsts"), TCPS_S_delta_resets_sent},
    {WORD("InCsumErrors"), TCPS_S_delta_rcv_badsum},
};

static const feed tcp_ext_feeds[] = {
    {WORD("SyncookiesSent"), TCPS_S_delta_syncookies_sent},
    {WORD("SyncookiesRecv"), TCPS_S_delta_syncookies_received},
    {WORD("SyncookiesFailed"), TCPS_S_delta_syncookies_failed},
    {WORD("EmbryonicRsts"), TCPS_S_delta_embryonic_resets},
    {WORD("PruneCalled"), TCPS_S_delta_prunes},
    {WORD("RcvPruned"), TCPS_S_delta_receive_pruned},
    {WORD("OfoPruned"), TCPS_S_delta_ooo_pruned},
    {WORD("PAWSEstab"), TCPS_S_delta_paws_drops},
    {WORD("DelayedACKLost"), TCPS_S_delta_rcv_dup_packets},
    {WORD("TCPOFOMerge"), TCPS_S_delta_rcv_dup_packets},
    {WORD("ListenOverflows"), TCPS_S_delta_listen_overflows},
    {WORD("ListenDrops"), TCPS_S_delta_listen_drops},
    {WORD("TCPLostRetransmit"), TCPS_S_delta_lost_retransmits},
    {WORD("TCPFastRetrans"), TCPS_S_delta_fast_retransmits},
    {WORD("TCPSlowStartRetrans"), TCPS_S_delta_slow_start_retransmits},
    {WORD("TCPTimeouts"), TCPS_S_delta_timeouts},
    {WORD("TCPLossProbes"), TCPS_S_delta_tail_loss_probes},
    {WORD("TCPLossProbeRecovery"), TCPS_S_delta_tail_loss_recoveries},
    {WORD("TCPRcvCollapsed"), TCPS_S_delta_receive_collapsed},
    {WORD("TCPDSACKRecv"), TCPS_S_delta_dsacks_received},
    {WORD("TCPAbortOnData"), TCPS_S_delta_aborts_on_data},
    {WORD("TCPAbortOnClose"), TCPS_S_delta_aborts_on_close},
    {WORD("TCPAbortOnMemory"), TCPS_S_delta_aborts_on_memory},
    {WORD("TCPAbortOnTimeout"), TCPS_S_delta_aborts_on_timeout},
    {WORD("TCPAbortOnLinger"), TCPS_S_delta_aborts_on_linger},
    {WORD("TCPMemoryPressures"), TCPS_S_delta_memory_pressures},
    {WORD("TCPMemoryPressuresChrono"), TCPS_S_delta_memory_pressure_ms},
    {WORD("TCPSpuriousRTOs"), TCPS_S_delta_spurious_timeouts},
    {WORD("TCPBacklogDrop"), TCPS_S_delta_backlog_drops},
    {WORD("TCPTimeWaitOverflow"), TCPS_S_delta_time_wait_overflows},
    {WORD("TCPReqQFullDrop"), TCPS_S_delta_request_queue_drops},
    {WORD("TCPRetransFail"), TCPS_S_delta_retransmit_failures},
    {WORD("TCPOFOQueue"), TCPS_S_delta_rcv_ooo_packets},
    {WORD("TCPOFODrop"), TCPS_S_delta_ooo_drops},
    {WORD("TCPChallengeACK"), TCPS_S_delta_challenge_acks},
    {WORD("TCPToZeroWindowAdv"), TCPS_S_delta_zero_windows_sent},
    {WORD("TCPSynRetrans"), TCPS_S_delta_syn_retransmits},
    {WORD("TCPOrigDataSent"), TCPS_S_delta_snd_data_packets},
    {WORD("TCPWinProbe"), TCPS_S_delta_window_probes},
    {WORD("TCPKeepAlive"), TCPS_S_delta_keepalives},
    {WORD("TCPDelivered"), TCPS_S_delta_delivered_packets},
    {WORD("TCPDeliveredCE"), TCPS_S_delta_ecn_ce_delivered},
    {WORD("TCPZeroWindowDrop"), TCPS_S_delta_zero_window_drops},
    {WORD("TCPRcvQDrop"), TCPS_S_delta_receive_queue_drops},
};

static const feed sockstat_feeds[] = {
    {WORD("inuse"), TCPS_S_sockets_in_use},    {WORD("orphan"), TCPS_S_orphans},   {WORD("tw"), TCPS_S_timewait_entries},
    {WORD("alloc"), TCPS_S_sockets_allocated}, {WORD("mem"), TCPS_S_memory_pages},
};

enum { MOST_FEEDS = 64 };

typedef struct group {
    const char *name;
    size_t len;
    const feed *feeds;
    size_t count;
} group;

#define FEEDS(name, feeds)                                                                                                                           \
    { WORD(name), feeds, sizeof(feeds) / sizeof *(feeds) }
static const group netstat_groups[] = {FEEDS("Tcp:", tcp_feeds), FEEDS("TcpExt:", tcp_ext_feeds)};
static const group sockstat_groups[] = {FEEDS("TCP:", sockstat_feeds), FEEDS("TCP6:", sockstat_feeds)};
_Static_assert(sizeof tcp_ext_feeds / sizeof *tcp_ext_feeds <= MOST_FEEDS, "found[] must have room for every feed");

/* A piece of text, and what is left of it. */
typedef struct text {
    const char *at, *end;
} text;

/* Takes a line, with its newline, off `t`. */
static bool take_line(text *t, text *line) {
    if (t->at == t->end) return false;
    const char *newline = memchr(t->at, '\n', (size_t)(t->end - t->at));
    *line = (text){t->at, newline ? newline + 1 : t->end};
    t->at = line->end;
    return true;
}

/* Takes a word off `line`. One that nothing follows, not even the newline, may be cut and is not given. */
static bool take_word(text *line, text *word) {
    while (line->at < line->end && (*line->at == ' ' || *line->at == '\n')) line->at++;
    word->at = line->at;
    while (line->at < line->end && *line->at != ' ' && *line->at != '\n') line->at++;
    word->end = line->at;
    return word->at < word->end && line->at < line->end;
}

static bool is(const text *word, const char *name, size_t len) { return (size_t)(word->end - word->at) == len && memcmp(word->at, name, len) == 0; }

static const group *group_named(const text *word, const group groups[2]) {
    for (unsigned i = 0; i < 2; i++)
        if (is(word, groups[i].name, groups[i].len)) return &groups[i];
    return NULL;
}

/* A decimal number of 64 bits. */
static bool number(const text *word, uint64_t *value) {
    *value = 0;
    for (const char *at = word->at; at < word->end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9 || __builtin_mul_overflow(*value, 10u, value) || __builtin_add_overflow(*value, digit, value)) return false;
    }
    return true;
}

/* The values of a group's feeds. */
typedef struct findings {
    uint64_t known; /* bit n: value[n] is */
    uint64_t value[MOST_FEEDS];
} findings;

static void note(findings *f, const group *g, const text *name, const text *value) {
    uint64_t bits;
    if (!number(value, &bits)) return;
    for (size_t n = 0; n < g->count; n++) {
        if (!is(name, g->feeds[n].name, g->feeds[n].len)) continue;
        f->known |= 1ull << n;
        f->value[n] = bits;
    }
}

/* Adds what was found to the counters; a sum that lacks a part is absent. */
static void add(tcps_counters *c, const group *g, const findings *f) {
    uint64_t lacking[TCPS_SUMMARY_WORDS] = {0};
    for (size_t n = 0; n < g->count; n++)
        if (!(f->known >> n & 1)) tcps_bitset_add(lacking, g->feeds[n].field);
    for (size_t n = 0; n < g->count; n++) {
        unsigned field = g->feeds[n].field, word = field >> 6;
        uint64_t bit = 1ull << (field & 63);
        if (lacking[word] & bit) continue;
        c->value[field] = f->value[n] + (c->has[word] & bit ? c->value[field] : 0);
        c->has[word] |= bit;
    }
}

tcps_code tcps_linux_netstat_parse(const void *bytes, size_t len, tcps_counters *counters, tcps_status *status) {
    text file = {bytes, (const char *)bytes + len}, names, values, name, value;
    bool any = false;
    while (take_line(&file, &names)) {
        if (!take_word(&names, &name)) continue;
        const group *g = group_named(&name, netstat_groups);
        if (!g) continue;
        text rest = file;
        if (!take_line(&rest, &values) || !take_word(&values, &value) || !is(&value, g->name, g->len)) continue;
        file = rest;
        findings found = {0};
        while (take_word(&names, &name) && take_word(&values, &value)) note(&found, g, &name, &value);
        add(counters, g, &found);
        any = true;
    }
    return any ? TCPS_OK : tcps_fail(status, TCPS_FORMAT, "linux: neither Tcp: nor TcpExt: in the system's counters");
}

tcps_code tcps_linux_sockstat_parse(const void *bytes, size_t len, tcps_counters *counters, tcps_status *status) {
    text file = {bytes, (const char *)bytes + len}, line, name, value;
    bool any = false;
    while (take_line(&file, &line)) {
        if (!take_word(&line, &name)) continue;
        const group *g = group_named(&name, sockstat_groups);
        if (!g) continue;
        findings found = {0};
        while (take_word(&line, &name) && take_word(&line, &value)) note(&found, g, &name, &value);
        add(counters, g, &found);
        any = true;
    }
    return any ? TCPS_OK : tcps_fail(status, TCPS_FORMAT, "linux: no TCP: in sockstat");
}
