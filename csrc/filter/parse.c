#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "filter/filter_internal.h"

/* A piece of the text. */
typedef struct word {
    const char *at;
    size_t len;
} word;

typedef struct parser {
    tcps_filter *f;
    const char *text;  /* what is parsed: in lower case */
    const char *typed; /* the same as it was typed, for messages */
    tcps_status *status;
    word directive; /* the one that is being parsed, whole */
    unsigned seen;  /* bit n: directives[n] was there */
} parser;

/* ---- What is said of a mistake: "WORD: what is wrong, did you mean HINT? (column N)" ---- */

#define SHOWN 48 /* bytes, so that two words and a hint fit into tcps_status.what */

/* `w` as it was typed, with bytes that are not printable escaped; cut with "..." when it is long. */
static const char *show(const parser *p, word w, char shown[SHOWN]) {
    const char *typed = p->typed + (w.at - p->text);
    size_t n = 0;
    for (size_t i = 0; i < w.len; i++) {
        unsigned char c = (unsigned char)typed[i];
        bool printable = c >= 0x20 && c <= 0x7e;
        if (n + (printable ? 1 : 4) + sizeof "..." > SHOWN) {
            memcpy(shown + n, "...", sizeof "...");
            return shown;
        }
        if (printable)
            shown[n++] = (char)c;
        else
            n += (size_t)snprintf(shown + n, 5, "\\x%02x", c);
    }
    shown[n] = 0;
    return shown;
}

/* Fails with `problem`; `at` says where, `hint` (NULL or empty: none) what may have been meant. Always false. */
static bool wrong_at(parser *p, word shown, const char *at, const char *hint, const char *problem) {
    char text[SHOWN];
    bool hinted = hint && *hint;
    size_t offset = (size_t)(at - p->text);
    tcps_fail(p->status, TCPS_USAGE, "%s: %s%s%s%s (column %zu)", show(p, shown, text), problem, hinted ? ", did you mean " : "", hinted ? hint : "",
              hinted ? "?" : "", offset + 1);
    if (p->status) p->status->offset = offset;
    return false;
}

/* The whole of `w` is wrong. */
static bool wrong(parser *p, word w, const char *hint, const char *problem) { return wrong_at(p, w, w.at, hint, problem); }

/* A piece of the directive's value is wrong: "has a leading zero". An empty piece is one that is missing. */
static bool wrong_value(parser *p, word piece, const char *hint, const char *problem) {
    char text[SHOWN], line[128];
    if (piece.len == 0) return wrong_at(p, p->directive, piece.at, hint, "a value is missing");
    snprintf(line, sizeof line, "%s %s", show(p, piece, text), problem);
    return wrong_at(p, p->directive, piece.at, hint, line);
}

/* ---- Words that may be chosen ---- */

typedef struct choice {
    const char *name;
    uint8_t value;
} choice;

static const choice states[] = {
    {"closed", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSED},
    {"listen", TCPSTATS_READER__TCP_STATE__TCP_STATE_LISTEN},
    {"syn_sent", TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT},
    {"syn_received", TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED},
    {"syn_rcvd", TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED},
    {"established", TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED},
    {"close_wait", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSE_WAIT},
    {"closewait", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSE_WAIT},
    {"fin_wait_1", TCPSTATS_READER__TCP_STATE__TCP_STATE_FIN_WAIT_1},
    {"closing", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSING},
    {"last_ack", TCPSTATS_READER__TCP_STATE__TCP_STATE_LAST_ACK},
    {"fin_wait_2", TCPSTATS_READER__TCP_STATE__TCP_STATE_FIN_WAIT_2},
    {"time_wait", TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT},
    {"timewait", TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT},
    {NULL, 0},
};
static const choice formats[] = {{"compact", 0}, {"full", 0}, {NULL, 0}};
static const choice groups[] = {{"identity", 0}, {"state", 0}, {"congestion", 0}, {"rtt", 0}, {"sequences", 0}, {"counters", 0}, {"timers", 0},
                                {"buffers", 0},  {"ecn", 0},   {"names", 0},      {"all", 0}, {"default", 0},   {NULL, 0}};

static bool is(word w, const char *name) { return strlen(name) == w.len && memcmp(name, w.at, w.len) == 0; }

static const choice *choose(parser *p, const choice *from, word w, const char *problem) {
    tcps_nearest n = tcps_nearest_to(w.at, w.len);
    for (const choice *c = from; c->name; c++) {
        if (is(w, c->name)) return c;
        tcps_nearest_consider(&n, c->name);
    }
    wrong_value(p, w, n.name, problem);
    return NULL;
}

/* ---- Values ---- */

/* The next of the values that commas separate; false after the last. */
static bool take_item(word *rest, word *item) {
    if (!rest->at) return false;
    const char *comma = memchr(rest->at, ',', rest->len);
    *item = (word){rest->at, comma ? (size_t)(comma - rest->at) : rest->len};
    *rest = comma ? (word){comma + 1, rest->len - item->len - 1} : (word){NULL, 0};
    return true;
}

/* Decimal digits without a leading zero, up to `most`. */
static bool parse_number(parser *p, word w, uint64_t most, const char *problem, uint64_t *number) {
    uint64_t n = 0;
    if (w.len == 0) return wrong_value(p, w, NULL, problem);
    for (size_t i = 0; i < w.len; i++) {
        unsigned digit = (unsigned)w.at[i] - '0';
        if (digit > 9 || n > (most - digit) / 10) return wrong_value(p, w, NULL, problem);
        n = 10 * n + digit;
    }
    if (w.len > 1 && w.at[0] == '0') {
        char hint[24] = "";
        if (n) snprintf(hint, sizeof hint, "%llu", (unsigned long long)n);
        return wrong_value(p, w, hint, "has a leading zero");
    }
    *number = n;
    return true;
}

static void look_at(tcps_filter *f, unsigned field) { f->fields[field >> 6] |= 1ull << (field & 63); }

static void demand(tcps_filter *f, unsigned field) {
    look_at(f, field);
    f->need[field >> 6] |= 1ull << (field & 63);
}

/* The same for the fields that decide whether a tracker sees the socket. */
static void demand_to_admit(tcps_filter *f, unsigned field) {
    demand(f, field);
    f->need_to_admit[field >> 6] |= 1ull << (field & 63);
}

/* ---- Directives ---- */

typedef struct directive directive;
struct directive {
    const char *name;
    bool (*parse)(parser *p, const directive *d, word value);
    uint16_t target;  /* where in tcps_filter the value goes */
    uint8_t field;    /* which the value is compared with */
    uint8_t not_with; /* DIRECTIVE_* that it cannot stand with; 0 is none, for local_port stands with all */
    bool once, no_value;
};

enum {
    DIRECTIVE_LOCAL_PORT,
    DIRECTIVE_REMOTE_PORT,
    DIRECTIVE_LOCAL_ADDR,
    DIRECTIVE_REMOTE_ADDR,
    DIRECTIVE_INCLUDE_STATE,
    DIRECTIVE_EXCLUDE,
    DIRECTIVE_IPV4_ONLY,
    DIRECTIVE_IPV6_ONLY,
    DIRECTIVE_PID,
    DIRECTIVE_UID,
    DIRECTIVE_COMMAND,
    DIRECTIVE_FORMAT,
    DIRECTIVE_FIELDS,
    DIRECTIVES
};

static void *target(const parser *p, const directive *d) { return (char *)p->f + d->target; }

static bool parse_port(parser *p, word w, uint16_t *port) {
    static const char problem[] = "is no port from 1 to 65535";
    uint64_t n;
    if (!parse_number(p, w, UINT16_MAX, problem, &n)) return false;
    if (n == 0) return wrong_value(p, w, NULL, problem);
    *port = (uint16_t)n;
    return true;
}

static bool parse_range(parser *p, word w, tcps_port_range *r) {
    const char *dash = memchr(w.at, '-', w.len);
    word first = {w.at, dash ? (size_t)(dash - w.at) : w.len};
    if (!parse_port(p, first, &r->first)) return false;
    r->last = r->first;
    if (!dash) return true;
    if (!parse_port(p, (word){dash + 1, w.len - first.len - 1}, &r->last)) return false;
    if (r->first <= r->last) return true;
    char hint[16];
    snprintf(hint, sizeof hint, "%u-%u", r->last, r->first);
    return wrong_value(p, w, hint, "ends before it begins");
}

static bool parse_ports(parser *p, const directive *d, word value) {
    tcps_port_set *set = target(p, d);
    for (word item; take_item(&value, &item);) {
        tcps_port_range r;
        if (!parse_range(p, item, &r)) return false;
        for (unsigned i = 0; i < set->count; i++)
            if (r.first <= set->range[i].last && r.last >= set->range[i].first) return wrong_value(p, item, NULL, "was there before");
        if (set->count == TCPS_FILTER_PORTS) return wrong_value(p, item, NULL, "is one too many: 8 ports or ranges at most");
        set->range[set->count++] = r;
    }
    demand_to_admit(p->f, d->field);
    return true;
}

static bool parse_address(parser *p, const directive *d, word value) {
    char hint[TCPS_ADDRESS_TEXT];
    const char *problem = tcps_prefix_parse(target(p, d), value.at, value.len, hint);
    if (problem) return wrong_value(p, value, hint, problem);
    demand_to_admit(p->f, d->field);
    return true;
}

/* The set of the states that `value` names, in *set. */
static bool parse_states(parser *p, word value, uint32_t *set) {
    *set = 0;
    for (word item; take_item(&value, &item);) {
        const choice *state = choose(p, states, item, "is no state");
        if (!state) return false;
        *set |= 1u << state->value;
    }
    return true;
}

static bool parse_include_state(parser *p, const directive *d, word value) {
    demand_to_admit(p->f, d->field);
    return parse_states(p, value, &p->f->states);
}

/* A socket whose state is not known is in none of the excluded ones. */
static bool parse_exclude(parser *p, const directive *d, word value) {
    uint32_t excluded;
    if (!parse_states(p, value, &excluded)) return false;
    p->f->states &= ~excluded;
    look_at(p->f, d->field);
    return true;
}

static bool parse_ipv4_only(parser *p, const directive *d, word value) {
    (void)value;
    p->f->ip_version = TCPSTATS_READER__IP_VERSION__IP_VERSION_4;
    demand_to_admit(p->f, d->field);
    return true;
}

static bool parse_ipv6_only(parser *p, const directive *d, word value) {
    (void)value;
    p->f->ip_version = TCPSTATS_READER__IP_VERSION__IP_VERSION_6;
    demand_to_admit(p->f, d->field);
    return true;
}

static bool parse_numbers(parser *p, const directive *d, word value) {
    bool is_pid = d->field == TCPS_F_pid;
    tcps_number_list *list = target(p, d);
    for (word item; take_item(&value, &item);) {
        uint64_t n;
        if (!parse_number(p, item, is_pid ? INT32_MAX : UINT32_MAX, is_pid ? "is no process id" : "is no user id (a number)", &n)) return false;
        for (unsigned i = 0; i < list->count; i++)
            if (list->number[i] == n) return wrong_value(p, item, NULL, "was there before");
        list->number[list->count++] = (uint32_t)n;
    }
    demand(p->f, d->field);
    return true;
}

static bool parse_commands(parser *p, const directive *d, word value) {
    tcps_word_list *list = target(p, d);
    for (word item; take_item(&value, &item);) {
        if (item.len == 0) return wrong_value(p, item, NULL, "");
        for (unsigned i = 0; i < list->count; i++)
            if (list->word[i].len == item.len && memcmp(p->text + list->word[i].at, item.at, item.len) == 0)
                return wrong_value(p, item, NULL, "was there before");
        list->word[list->count].at = (uint16_t)(item.at - p->text);
        list->word[list->count++].len = (uint16_t)item.len;
    }
    demand(p->f, d->field);
    return true;
}

/* What the module should write: no matter here, where every field is asked for, but as wrong here as there. */
static bool parse_format(parser *p, const directive *d, word value) {
    (void)d;
    return choose(p, formats, value, "is no format") != NULL;
}

static bool parse_groups(parser *p, const directive *d, word value) {
    (void)d;
    for (word item; take_item(&value, &item);)
        if (!choose(p, groups, item, "is no group of fields")) return false;
    return true;
}

static const directive directives[DIRECTIVES] = {
    [DIRECTIVE_LOCAL_PORT] = {"local_port", parse_ports, offsetof(tcps_filter, local_port), TCPS_F_local_port, 0, true, false},
    [DIRECTIVE_REMOTE_PORT] = {"remote_port", parse_ports, offsetof(tcps_filter, remote_port), TCPS_F_remote_port, 0, true, false},
    [DIRECTIVE_LOCAL_ADDR] = {"local_addr", parse_address, offsetof(tcps_filter, local_addr), TCPS_F_local_addr, 0, true, false},
    [DIRECTIVE_REMOTE_ADDR] = {"remote_addr", parse_address, offsetof(tcps_filter, remote_addr), TCPS_F_remote_addr, 0, true, false},
    [DIRECTIVE_INCLUDE_STATE] = {"include_state", parse_include_state, 0, TCPS_F_state, DIRECTIVE_EXCLUDE, true, false},
    [DIRECTIVE_EXCLUDE] = {"exclude", parse_exclude, 0, TCPS_F_state, DIRECTIVE_INCLUDE_STATE, false, false},
    [DIRECTIVE_IPV4_ONLY] = {"ipv4_only", parse_ipv4_only, 0, TCPS_F_ip_version, DIRECTIVE_IPV6_ONLY, false, true},
    [DIRECTIVE_IPV6_ONLY] = {"ipv6_only", parse_ipv6_only, 0, TCPS_F_ip_version, DIRECTIVE_IPV4_ONLY, false, true},
    [DIRECTIVE_PID] = {"pid", parse_numbers, offsetof(tcps_filter, pid), TCPS_F_pid, 0, true, false},
    [DIRECTIVE_UID] = {"uid", parse_numbers, offsetof(tcps_filter, uid), TCPS_F_uid, 0, true, false},
    [DIRECTIVE_COMMAND] = {"command", parse_commands, offsetof(tcps_filter, command), TCPS_F_command, 0, true, false},
    [DIRECTIVE_FORMAT] = {"format", parse_format, 0, 0, 0, false, false},
    [DIRECTIVE_FIELDS] = {"fields", parse_groups, 0, 0, 0, false, false},
};

static const directive *directive_named(word key) {
    for (unsigned i = 0; i < DIRECTIVES; i++)
        if (is(key, directives[i].name)) return &directives[i];
    return NULL;
}

static bool is_number_field(unsigned field) { return tcps_number_mask[field >> 6] >> (field & 63) & 1; }

/* The integer field of that name, or NULL. */
static const tcps_field *number_field_named(word key) {
    const tcps_field *field = tcps_field_named(key.at, key.len);
    return field && is_number_field(field->number) ? field : NULL;
}

/* `key` is no directive or, if it is `compared`, no integer field. */
static bool wrong_key(parser *p, word key, bool compared) {
    tcps_nearest n = tcps_nearest_to(key.at, key.len);
    bool other_field = tcps_field_named(key.at, key.len) != NULL; /* text, a flag, an enum: not another field is meant */
    if (!compared || other_field)
        for (unsigned i = 0; i < DIRECTIVES; i++) tcps_nearest_consider(&n, directives[i].name);
    if (!n.name && !other_field)
        for (unsigned field = 0; field < TCPS_FIELD_LIMIT; field++)
            if (is_number_field(field)) tcps_nearest_consider(&n, tcps_fields[field].name);
    return wrong(p, key, n.name, compared ? "no integer field" : "unknown directive");
}

static bool parse_directive(parser *p, const directive *d, word key, word value) {
    unsigned bit = 1u << (d - directives);
    char problem[64];
    if (d->once && (p->seen & bit)) return wrong(p, p->directive, NULL, "may be there once only");
    if (d->not_with && (p->seen & 1u << d->not_with)) {
        snprintf(problem, sizeof problem, "cannot stand with %s", directives[d->not_with].name);
        return wrong(p, p->directive, NULL, problem);
    }
    p->seen |= bit;
    if (d->no_value) {
        if (value.at) return wrong(p, p->directive, d->name, "takes no value");
    } else if (value.len == 0) {
        return wrong(p, key, NULL, "a value is missing");
    }
    return d->parse(p, d, value);
}

/* ---- FIELD op N ---- */

typedef enum relation { IS_EQ, IS_NE, IS_GE, IS_LE, IS_GT, IS_LT } relation;

static const struct {
    char text[3];
    relation how;
} operators[] = {{"==", IS_EQ}, {"!=", IS_NE}, {">=", IS_GE}, {"<=", IS_LE}, {">", IS_GT}, {"<", IS_LT}};

static bool parse_operand(parser *p, const tcps_field *field, word value, uint64_t *key) {
    bool is_signed = field->type == TCPS_T_I32 || field->type == TCPS_T_I64;
    bool negative = value.len && value.at[0] == '-';
    word digits = {value.at + negative, value.len - negative};
    const char *problem = is_signed ? "is no integer of 64 bits" : "is no integer from 0 to 18446744073709551615";
    if (negative && (!is_signed || digits.len == 0)) return wrong_value(p, value, NULL, problem);
    uint64_t n;
    if (!parse_number(p, digits, is_signed ? (uint64_t)INT64_MAX + negative : UINT64_MAX, problem, &n)) return false;
    *key = tcps_comparison_key(is_signed ? TCPS_T_I64 : TCPS_T_U64, negative ? 0 - n : n);
    return true;
}

static bool parse_comparison(parser *p, const tcps_field *field, relation how, word value) {
    tcps_filter *f = p->f;
    tcps_comparison *c = &f->comparison[f->comparison_count++];
    uint64_t n = 0;
    if (!parse_operand(p, field, value, &n)) return false;
    *c = (tcps_comparison){.field = field->number, .type = (uint8_t)field->type};
    switch (how) {
    case IS_NE: c->outside = true; /* fall through */
    case IS_EQ: c->first = n; break;
    case IS_LT: c->outside = true; /* fall through */
    case IS_GE: c->first = n, c->span = UINT64_MAX - n; break;
    case IS_GT: c->outside = true; /* fall through */
    case IS_LE: c->span = n; break;
    }
    demand(f, field->number);
    return true;
}

/* ---- The text ---- */

static bool is_key_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

static bool parse_word(parser *p, word w) {
    p->directive = w;
    word key = {w.at, 0};
    while (key.len < w.len && is_key_byte(key.at[key.len])) key.len++;
    word rest = {key.at + key.len, w.len - key.len};
    const directive *d = directive_named(key);
    const tcps_field *field = number_field_named(key);

    for (unsigned i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t len = strlen(operators[i].text);
        if (rest.len < len || memcmp(rest.at, operators[i].text, len) != 0) continue;
        if (!field && d && !d->no_value) {
            char hint[24];
            snprintf(hint, sizeof hint, "%s=", d->name);
            return wrong(p, key, hint, "no integer field");
        }
        if (!field) return wrong_key(p, key, true);
        return parse_comparison(p, field, operators[i].how, (word){rest.at + len, rest.len - len});
    }
    bool assigned = rest.len && rest.at[0] == '=';
    if (d && rest.len == 0) return parse_directive(p, d, key, (word){NULL, 0});
    if (d && assigned) return parse_directive(p, d, key, (word){rest.at + 1, rest.len - 1});
    if (field && !d) {
        char hint[96] = "";
        bool plain = assigned && rest.len > 1 && rest.len < 24 && (is_key_byte(rest.at[1]) || rest.at[1] == '-');
        if (plain) snprintf(hint, sizeof hint, "%s==%.*s", field->name, (int)rest.len - 1, rest.at + 1);
        return wrong(p, key, hint, "a field is compared by one of > >= < <= == !=");
    }
    return wrong_key(p, key.len && (assigned || rest.len == 0) ? key : w, false);
}

/* The word that byte `at` of the text is in, which may be a space. */
static word word_around(const char *text, size_t len, size_t at) {
    size_t first = at, end = at;
    while (first > 0 && text[first - 1] != ' ') first--;
    while (end < len && text[end] != ' ') end++;
    return (word){text + first, end - first};
}

static bool check_bytes(parser *p, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (p->text[i] >= 0x20 && p->text[i] <= 0x7e) continue;
        return wrong_at(p, word_around(p->text, len, i), p->text + i, NULL, "a byte that is no printable ASCII");
    }
    return true;
}

static bool parse_text(parser *p, size_t len) {
    unsigned count = 0;
    for (size_t at = 0; at < len;) {
        if (p->text[at] == ' ') {
            at++;
            continue;
        }
        word w = word_around(p->text, len, at);
        at += w.len;
        if (count++ == TCPS_FILTER_DIRECTIVES) return wrong(p, w, NULL, "one too many: 16 directives at most");
        if (!parse_word(p, w)) return false;
    }
    return true;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c; }

tcps_filter *tcps_filter_parse(const char *text, size_t len, tcps_status *status) {
    tcps_schema_init();
    parser p = {.text = text, .typed = text, .status = status};
    if (len > TCPS_FILTER_BYTES) {
        wrong_at(&p, word_around(text, len, TCPS_FILTER_BYTES), text + TCPS_FILTER_BYTES, NULL, "a filter has 511 bytes at most");
        return NULL;
    }
    tcps_filter *f = calloc(1, sizeof *f);
    if (!f) {
        tcps_fail(status, TCPS_NOMEM, "filter: no memory");
        return NULL;
    }
    for (size_t i = 0; i < len; i++) f->text[i] = lower(text[i]);
    f->states = TCPS_STATES_ALL;
    p.f = f;
    p.text = f->text;
    if (check_bytes(&p, len) && parse_text(&p, len)) return f;
    tcps_filter_free(f);
    return NULL;
}

void tcps_filter_free(tcps_filter *f) { free(f); }
