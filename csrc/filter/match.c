#include "base/bitset.h"
#include "filter/clause.h"
#include "record/holder_list.h"

/* What a filter is evaluated for, a record or a row, read in the same way. Everything below is inlined for each of them, so that the calls and the
 * test of `unknown` vanish. */
typedef struct subject {
    const uint64_t *has;
    const void *of;
    uint64_t (*bits)(const void *of, unsigned field);
    const uint64_t *unknown; /* fields that are not known yet, or NULL */
} subject;

#define INLINE static inline __attribute__((always_inline))

static uint64_t record_bits(const void *of, unsigned field) { return ((const tcps_record *)of)->value[field]; }
static uint64_t row_bits(const void *of, unsigned field) { return tcps_row_bits(of, field); }

INLINE uint64_t bits(const subject *s, const tcps_clause *c) { return s->bits(s->of, c->field); }
INLINE const tcps_text *text(const subject *s, const tcps_clause *c) { return (const tcps_text *)(uintptr_t)bits(s, c); }

/* ---- NAME_matches for every kind: whether the clause holds of a field that is there ---- */

INLINE bool family_matches(const subject *s, const tcps_clause *c) { return (uint32_t)bits(s, c) == c->ip_version; }

INLINE bool states_matches(const subject *s, const tcps_clause *c) {
    uint64_t state = bits(s, c);
    return c->states >> (state < TCPS_STATE_OTHER ? state : TCPS_STATE_OTHER) & 1;
}

INLINE bool ports_matches(const subject *s, const tcps_clause *c) {
    const tcps_port_set *set = &c->ports;
    uint64_t port = bits(s, c);
    for (unsigned i = 0; i < set->count; i++)
        if (port >= set->range[i].first && port <= set->range[i].last) return true;
    return false;
}

INLINE bool prefix_matches(const subject *s, const tcps_clause *c) { return tcps_prefix_contains(&c->prefix, text(s, c)); }

INLINE bool comparison_matches(const subject *s, const tcps_clause *c) {
    const tcps_comparison *k = &c->comparison;
    return (((bits(s, c) & k->mask) ^ k->flip) - k->first <= k->span) != k->outside;
}

/* ASCII only: a kernel's names are bytes, whatever the locale. */
static bool equal_but_case(const char *lower, const char *any, size_t len) {
    for (size_t i = 0; i < len; i++) {
        char c = any[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 'a' - 'A');
        if (c != lower[i]) return false;
    }
    return true;
}

static bool has_pid(const tcps_clause *c, const tcps_named_holder *h) {
    for (unsigned i = 0; i < c->numbers.count; i++)
        if (c->numbers.list[i] == h->pid) return true;
    return false;
}

static bool has_command(const tcps_clause *c, const tcps_named_holder *h) {
    for (unsigned i = 0; i < c->words.count; i++) {
        const tcps_filter_word *w = &c->words.list[i];
        if (w->len == h->command_len && equal_but_case(w->at, h->command, w->len)) return true;
    }
    return false;
}

static bool any_holder(const tcps_text *holders, const tcps_clause *c, bool (*holds)(const tcps_clause *, const tcps_named_holder *)) {
    tcps_named_holder h;
    for (size_t at = 0; tcps_holder_list_next(holders, &at, &h);)
        if (holds(c, &h)) return true;
    return false;
}

/* pid= and command= hold of a socket when they hold of any of its holders. */
INLINE bool holders_match(const subject *s, const tcps_clause *c, bool (*holds)(const tcps_clause *, const tcps_named_holder *)) {
    return tcps_bitset_has(s->has, TCPS_F_holders) && any_holder((const tcps_text *)(uintptr_t)s->bits(s->of, TCPS_F_holders), c, holds);
}

INLINE bool numbers_matches(const subject *s, const tcps_clause *c) {
    uint64_t number = bits(s, c) & tcps_value_mask[c->field];
    for (unsigned i = 0; i < c->numbers.count; i++)
        if (c->numbers.list[i] == number) return true;
    return c->field == TCPS_F_pid && holders_match(s, c, has_pid);
}

INLINE bool words_matches(const subject *s, const tcps_clause *c) {
    const tcps_text *value = text(s, c);
    for (unsigned i = 0; i < c->words.count; i++) {
        const tcps_filter_word *w = &c->words.list[i];
        if (w->len == value->len && equal_but_case(w->at, value->bytes, w->len)) return true;
    }
    return c->field == TCPS_F_command && holders_match(s, c, has_command);
}

/* ---- All clauses ---- */

#define MATCHES(KIND, name)                                                                                                                          \
    for (; c->kind == TCPS_CLAUSE_##KIND; c++) {                                                                                                     \
        if (only_endpoints && !c->endpoint) continue;                                                                                                \
        if (s->unknown && tcps_bitset_has(s->unknown, c->field)) continue;                                                                           \
        if (!(tcps_bitset_has(s->has, c->field) ? name##_matches(s, c) : c->matches_absent)) return false;                                           \
    }

/* Owners have lists of numbers and words. Not inlined: the calls in here would have every other filter save registers, 7 of 104 instructions.
 * Nor is the subject given by its address: it would lie in memory, which takes 4, and a hardened build would check the stack at the return, 6 more. */
__attribute__((noinline)) static bool lists_match(const tcps_clause *c, subject given) {
    const subject *s = &given;
    const bool only_endpoints = false;
    TCPS_LIST_KINDS(MATCHES)
    return true;
}

/* Kind after kind, in the order in which they lie in the list: no jump through a table for each. */
INLINE bool matches(const tcps_filter *f, const subject *s, bool only_endpoints) {
    const tcps_clause *c = f->clause;
    TCPS_ENDPOINT_KINDS(MATCHES)
    TCPS_COMPARISON_KINDS(MATCHES)
    return only_endpoints || c->kind == TCPS_CLAUSE_END || lists_match(c, *s);
}

bool tcps_filter_match(const tcps_filter *f, const tcps_record *r) { return matches(f, &(subject){r->has, r, record_bits, NULL}, false); }

bool tcps_filter_match_row(const tcps_filter *f, const tcps_row *row) { return matches(f, &(subject){row->shape->has, row, row_bits, NULL}, false); }

bool tcps_filter_may_match(const tcps_filter *f, const tcps_record *r, const uint64_t unknown[TCPS_MASK_WORDS]) {
    return matches(f, &(subject){r->has, r, record_bits, unknown}, false);
}

bool tcps_filter_matches_endpoints(const tcps_filter *f, const tcps_record *r) { return matches(f, &(subject){r->has, r, record_bits, NULL}, true); }

void tcps_filter_fields(const tcps_filter *f, uint64_t fields[TCPS_MASK_WORDS]) {
    memset(fields, 0, TCPS_MASK_WORDS * sizeof *fields);
    for (unsigned i = 0; i < f->count; i++) tcps_bitset_add(fields, f->clause[i].field);
}

/* Of states only LISTEN: nothing becomes it or ceases to be it. */
static bool is_stable(const tcps_clause *c) {
    const uint32_t listen = 1u << TCPSTATS_READER__TCP_STATE__TCP_STATE_LISTEN;
    return c->endpoint && (c->kind != TCPS_CLAUSE_STATES || c->states == listen || c->states == ~listen);
}

bool tcps_filter_admits_from_birth(const tcps_filter *f) {
    uint32_t alive = 0;
    for (unsigned state = TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT; state <= TCPSTATS_READER__TCP_STATE__TCP_STATE_FIN_WAIT_2; state++)
        alive |= 1u << state;
    bool from_birth = true;
    for (unsigned i = 0; i < f->count; i++)
        if (f->clause[i].kind == TCPS_CLAUSE_STATES) from_birth &= (f->clause[i].states & alive) == alive;
    return from_birth;
}

bool tcps_filter_is_stable(const tcps_filter *f) {
    bool stable = true;
    for (unsigned i = 0; i < f->count; i++) stable &= is_stable(&f->clause[i]);
    return stable;
}
