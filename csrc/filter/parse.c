/* The rows of the language, and the text that is made of them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bitset.h"
#include "filter/parser.h"

static const choice formats[] = {{"compact", 0}, {"full", 0}, {NULL, 0}};
static const choice groups[] = {{"identity", 0}, {"state", 0}, {"congestion", 0}, {"rtt", 0}, {"sequences", 0}, {"counters", 0}, {"timers", 0},
                                {"buffers", 0},  {"ecn", 0},   {"names", 0},      {"all", 0}, {"default", 0},   {NULL, 0}};

#define IPV4 TCPSTATS_READER__IP_VERSION__IP_VERSION_4
#define IPV6 TCPSTATS_READER__IP_VERSION__IP_VERSION_6

/* `format` and `fields` say what the module should write: of no effect here, where all fields are read, but what is wrong there is wrong here. */
static const directive directives[] = {
    {"local_port", TCPS_CLAUSE_PORTS, .field = TCPS_F_local_port},
    {"remote_port", TCPS_CLAUSE_PORTS, .field = TCPS_F_remote_port},
    {"local_addr", TCPS_CLAUSE_PREFIX, .field = TCPS_F_local_addr},
    {"remote_addr", TCPS_CLAUSE_PREFIX, .field = TCPS_F_remote_addr},
    {"include_state", TCPS_CLAUSE_STATES, .field = TCPS_F_state},
    {"exclude", TCPS_CLAUSE_STATES, .field = TCPS_F_state, .inverted = true, .repeats = true},
    {"ipv4_only", TCPS_CLAUSE_FAMILY, .field = TCPS_F_ip_version, .value = IPV4, .no_value = true},
    {"ipv6_only", TCPS_CLAUSE_FAMILY, .field = TCPS_F_ip_version, .value = IPV6, .no_value = true},
    {"pid", TCPS_CLAUSE_NUMBERS, .field = TCPS_F_pid, .noun = "a process id"},
    {"uid", TCPS_CLAUSE_NUMBERS, .field = TCPS_F_uid, .noun = "a user id (a number)"},
    {"command", TCPS_CLAUSE_WORDS, .field = TCPS_F_command},
    {"format", .words = formats, .noun = "a format"},
    {"fields", .words = groups, .noun = "a group of fields", .list = true},
};
enum { DIRECTIVES = sizeof directives / sizeof *directives };

void tcps_filter_consider_directives(tcps_nearest *n) {
    for (unsigned i = 0; i < DIRECTIVES; i++) tcps_nearest_consider(n, directives[i].name);
}

const directive *tcps_filter_directive(word key) {
    for (unsigned i = 0; i < DIRECTIVES; i++)
        if (tcps_filter_is(key, directives[i].name)) return &directives[i];
    return NULL;
}

/* The integer field of that name, or NULL. */
static const tcps_field *number_field_named(word key) {
    const tcps_field *field = tcps_field_named(key.at, key.len);
    return field && tcps_bitset_has(tcps_number_mask, field->number) ? field : NULL;
}

/* ---- Clauses ---- */

/* These decide which connections a tracker sees. */
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
        snprintf(problem, sizeof problem, "cannot be combined with %s", other->name);
        return tcps_filter_wrong(p, p->directive, NULL, again ? "may appear only once" : problem);
    }
    p->seen[p->seen_count++] = d;
    if (d->no_value) {
        if (value.at) return tcps_filter_wrong(p, p->directive, d->name, "takes no value");
        if (again) return true;
    } else if (value.len == 0) {
        return tcps_filter_missing_value(p, d, key);
    }
    return d->words ? tcps_filter_check_words(p, d, value) : add_clause(p, d, value);
}

/* ---- The text ---- */

static const struct {
    char text[3];
    tcps_relation how;
} operators[] = {{"==", TCPS_IS_EQ}, {"!=", TCPS_IS_NE}, {">=", TCPS_IS_GE}, {"<=", TCPS_IS_LE}, {">", TCPS_IS_GT}, {"<", TCPS_IS_LT}};

static bool is_key_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

static bool parse_comparison(parser *p, word key, tcps_relation how, word operand) {
    const tcps_field *field = number_field_named(key);
    if (!field) return tcps_filter_wrong_field(p, key);
    directive comparison = {field->name, TCPS_CLAUSE_COMPARISON, .field = field->number, .value = (uint8_t)how};
    return add_clause(p, &comparison, operand);
}

static bool parse_word(parser *p, word w) {
    p->directive = w;
    word key = {w.at, 0};
    while (key.len < w.len && is_key_byte(key.at[key.len])) key.len++;
    word rest = {key.at + key.len, w.len - key.len};
    for (unsigned i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t len = strlen(operators[i].text);
        if (rest.len >= len && memcmp(rest.at, operators[i].text, len) == 0)
            return parse_comparison(p, key, operators[i].how, (word){rest.at + len, rest.len - len});
    }
    const directive *d = tcps_filter_directive(key);
    bool assigned = rest.len && rest.at[0] == '=';
    if (d && rest.len == 0) return parse_directive(p, d, key, (word){NULL, 0});
    if (d && assigned) return parse_directive(p, d, key, (word){rest.at + 1, rest.len - 1});
    if (!d && number_field_named(key)) return tcps_filter_wrong_assignment(p, key, rest);
    return tcps_filter_wrong_key(p, key.len && (assigned || rest.len == 0) ? key : w);
}

/* The word that byte `at` of the text is in, which may be a space. A quote that begins a value goes on to the next of its kind, or to the end. */
static word word_around(const char *text, size_t len, size_t at) {
    word w = {text, 0};
    for (size_t i = 0; i < len; i++) {
        bool begins = i > (size_t)(w.at - text) && (text[i - 1] == '=' || text[i - 1] == ',') && (text[i] == '"' || text[i] == '\'');
        const char *quote = begins ? memchr(text + i + 1, text[i], len - i - 1) : NULL;
        if (begins) i = quote ? (size_t)(quote - text) : len - 1;
        if (text[i] != ' ' || begins) continue;
        if (i >= at) return (word){w.at, (size_t)(text + i - w.at)};
        w.at = text + i + 1;
    }
    return (word){w.at, (size_t)(text + len - w.at)};
}

static bool check_bytes(parser *p) {
    for (size_t i = 0; i < p->len; i++) {
        if (p->text[i] >= 0x20 && p->text[i] <= 0x7e) continue;
        return tcps_filter_wrong_at(p, word_around(p->text, p->len, i), p->text + i, NULL, "a byte that is not printable ASCII");
    }
    return true;
}

static bool parse_text(parser *p) {
    unsigned count = 0;
    for (size_t at = 0; at < p->len;) {
        if (p->text[at] == ' ') {
            at++;
            continue;
        }
        word w = word_around(p->text, p->len, at);
        at += w.len;
        if (count++ == TCPS_FILTER_DIRECTIVES) return tcps_filter_wrong(p, w, NULL, "one too many: at most 16 directives");
        if (!parse_word(p, w)) return false;
    }
    return true;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c; }

tcps_filter *tcps_filter_parse(const char *text, size_t len, tcps_status *status) {
    tcps_schema_init();
    parser p = {.text = text, .typed = text, .len = len, .status = status};
    if (len > TCPS_FILTER_BYTES) {
        tcps_filter_wrong_at(&p, word_around(text, len, TCPS_FILTER_BYTES), text + TCPS_FILTER_BYTES, NULL, "a filter has at most 511 bytes");
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
    if (check_bytes(&p) && parse_text(&p)) return f;
    tcps_filter_free(f);
    return NULL;
}

void tcps_filter_free(tcps_filter *f) { free(f); }

size_t tcps_filter_size(void) { return sizeof(tcps_filter); }
