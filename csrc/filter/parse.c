/* The rows of the language, and the text that is made of them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bitset.h"
#include "base/nearest.h"
#include "filter/parser.h"

static const choice formats[] = {{"compact", 0}, {"full", 0}, {NULL, 0}};
static const choice groups[] = {{"identity", 0}, {"state", 0}, {"congestion", 0}, {"rtt", 0}, {"sequences", 0}, {"counters", 0}, {"timers", 0},
                                {"buffers", 0},  {"ecn", 0},   {"names", 0},      {"all", 0}, {"default", 0},   {NULL, 0}};

#define IPV4 TCPSTATS_READER__IP_VERSION__IP_VERSION_4
#define IPV6 TCPSTATS_READER__IP_VERSION__IP_VERSION_6

/* `format` and `fields` say what the module should write: no matter here, where every field is asked for, but as wrong here as there. */
static const directive directives[] = {
    {"local_port", TCPS_CLAUSE_PORTS, .field = TCPS_F_local_port},
    {"remote_port", TCPS_CLAUSE_PORTS, .field = TCPS_F_remote_port},
    {"local_addr", TCPS_CLAUSE_PREFIX, .field = TCPS_F_local_addr},
    {"remote_addr", TCPS_CLAUSE_PREFIX, .field = TCPS_F_remote_addr},
    {"include_state", TCPS_CLAUSE_STATES, .field = TCPS_F_state},
    {"exclude", TCPS_CLAUSE_STATES, .field = TCPS_F_state, .inverted = true, .repeats = true},
    {"ipv4_only", TCPS_CLAUSE_FAMILY, .field = TCPS_F_ip_version, .value = IPV4, .no_value = true},
    {"ipv6_only", TCPS_CLAUSE_FAMILY, .field = TCPS_F_ip_version, .value = IPV6, .no_value = true},
    {"pid", TCPS_CLAUSE_NUMBERS, .field = TCPS_F_pid, .noun = "process id"},
    {"uid", TCPS_CLAUSE_NUMBERS, .field = TCPS_F_uid, .noun = "user id (a number)"},
    {"command", TCPS_CLAUSE_WORDS, .field = TCPS_F_command},
    {"format", .words = formats, .noun = "format"},
    {"fields", .words = groups, .noun = "group of fields", .list = true},
};
enum { DIRECTIVES = sizeof directives / sizeof *directives };

static const directive *directive_named(word key) {
    for (unsigned i = 0; i < DIRECTIVES; i++)
        if (tcps_filter_is(key, directives[i].name)) return &directives[i];
    return NULL;
}

/* The integer field of that name, or NULL. */
static const tcps_field *number_field_named(word key) {
    const tcps_field *field = tcps_field_named(key.at, key.len);
    return field && tcps_bitset_has(tcps_number_mask, field->number) ? field : NULL;
}

/* `key` is no directive or, if it is `compared`, no integer field. */
static bool wrong_key(parser *p, word key, bool compared) {
    tcps_nearest n = tcps_nearest_to(key.at, key.len);
    bool other_field = tcps_field_named(key.at, key.len) != NULL; /* text, a flag, an enum: not another field is meant */
    if (!compared || other_field)
        for (unsigned i = 0; i < DIRECTIVES; i++) tcps_nearest_consider(&n, directives[i].name);
    if (!n.name && !other_field)
        for (unsigned field = 0; field < TCPS_FIELD_LIMIT; field++)
            if (tcps_bitset_has(tcps_number_mask, field)) tcps_nearest_consider(&n, tcps_fields[field].name);
    return tcps_filter_wrong(p, key, n.name, compared ? "no integer field" : "unknown directive");
}

/* ---- Clauses ---- */

/* What a tracker sees goes by these: which connections there are for the one who asks. */
static bool is_endpoint_field(unsigned field) {
    return field == TCPS_F_local_port || field == TCPS_F_remote_port || field == TCPS_F_local_addr || field == TCPS_F_remote_addr ||
           field == TCPS_F_ip_version || field == TCPS_F_state;
}

static bool is_endpoint_kind(tcps_clause_kind kind) {
    switch (kind) {
#define ENDPOINT(KIND, name) case TCPS_CLAUSE_##KIND:
        TCPS_ENDPOINT_KINDS(ENDPOINT)
#undef ENDPOINT
        return true;
    default: return false;
    }
}

static bool add_clause(parser *p, const directive *d, word value) {
    tcps_filter *f = p->f;
    tcps_clause c = {.kind = (uint8_t)d->kind, .type = (uint8_t)tcps_fields[d->field].type, .field = d->field};
    c.endpoint = is_endpoint_kind(d->kind) && is_endpoint_field(d->field);
    if (!tcps_filter_parse_value(p, d, value, &c)) return false;
    unsigned at = f->count++;
    for (; at > 0 && f->clause[at - 1].kind > c.kind; at--) f->clause[at] = f->clause[at - 1];
    f->clause[at] = c;
    f->clause[f->count].kind = TCPS_CLAUSE_END;
    return true;
}

static bool parse_directive(parser *p, const directive *d, word key, word value) {
    bool again = false;
    for (unsigned i = 0; i < p->seen_count && !d->words; i++) {
        const directive *other = p->seen[i];
        char problem[64];
        if (other->words || other->kind != d->kind || other->field != d->field) continue;
        again = other == d;
        if (again && (d->repeats || d->no_value)) continue;
        snprintf(problem, sizeof problem, "cannot stand with %s", other->name);
        return tcps_filter_wrong(p, p->directive, NULL, again ? "may be there once only" : problem);
    }
    p->seen[p->seen_count++] = d;
    if (d->no_value) {
        if (value.at) return tcps_filter_wrong(p, p->directive, d->name, "takes no value");
        if (again) return true;
    } else if (value.len == 0) {
        return tcps_filter_wrong(p, key, NULL, "a value is missing");
    }
    return d->words ? tcps_filter_check_words(p, d, value) : add_clause(p, d, value);
}

/* ---- The text ---- */

static const struct {
    char text[3];
    tcps_relation how;
} operators[] = {{"==", TCPS_IS_EQ}, {"!=", TCPS_IS_NE}, {">=", TCPS_IS_GE}, {"<=", TCPS_IS_LE}, {">", TCPS_IS_GT}, {"<", TCPS_IS_LT}};

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
            return tcps_filter_wrong(p, key, hint, "no integer field");
        }
        if (!field) return wrong_key(p, key, true);
        directive comparison = {field->name, TCPS_CLAUSE_COMPARISON, field->number, .value = (uint8_t)operators[i].how};
        return add_clause(p, &comparison, (word){rest.at + len, rest.len - len});
    }
    bool assigned = rest.len && rest.at[0] == '=';
    if (d && rest.len == 0) return parse_directive(p, d, key, (word){NULL, 0});
    if (d && assigned) return parse_directive(p, d, key, (word){rest.at + 1, rest.len - 1});
    if (field && !d) {
        char hint[96] = "";
        bool plain = assigned && rest.len > 1 && rest.len < 24 && (is_key_byte(rest.at[1]) || rest.at[1] == '-');
        if (plain) snprintf(hint, sizeof hint, "%s==%.*s", field->name, (int)rest.len - 1, rest.at + 1);
        return tcps_filter_wrong(p, key, hint, "a field is compared by one of > >= < <= == !=");
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
        return tcps_filter_wrong_at(p, word_around(p->text, len, i), p->text + i, NULL, "a byte that is no printable ASCII");
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
        if (count++ == TCPS_FILTER_DIRECTIVES) return tcps_filter_wrong(p, w, NULL, "one too many: 16 directives at most");
        if (!parse_word(p, w)) return false;
    }
    return true;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c; }

tcps_filter *tcps_filter_parse(const char *text, size_t len, tcps_status *status) {
    tcps_schema_init();
    parser p = {.text = text, .typed = text, .status = status};
    if (len > TCPS_FILTER_BYTES) {
        tcps_filter_wrong_at(&p, word_around(text, len, TCPS_FILTER_BYTES), text + TCPS_FILTER_BYTES, NULL, "a filter has 511 bytes at most");
        return NULL;
    }
    tcps_filter *f = calloc(1, sizeof *f);
    if (!f) {
        tcps_fail(status, TCPS_NOMEM, "filter: no memory");
        return NULL;
    }
    for (size_t i = 0; i < len; i++) f->text[i] = lower(text[i]);
    f->clause[0].kind = TCPS_CLAUSE_END;
    p.f = f;
    p.text = f->text;
    if (check_bytes(&p, len) && parse_text(&p, len)) return f;
    tcps_filter_free(f);
    return NULL;
}

void tcps_filter_free(tcps_filter *f) { free(f); }
