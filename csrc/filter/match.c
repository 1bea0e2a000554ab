#include "filter/filter_internal.h"

/* What a filter is asked about, a record or a row, behind one look. Everything below is inlined for each of them, so that the calls and the
 * test of `late` vanish. */
typedef struct view {
    const uint64_t *has;
    const void *of;
    uint64_t (*bits)(const void *of, unsigned field);
    const uint64_t *late; /* fields that are not known yet, or NULL */
} view;

#define INLINE static inline __attribute__((always_inline))

static uint64_t record_bits(const void *of, unsigned field) { return ((const tcps_record *)of)->value[field]; }
static uint64_t row_bits(const void *of, unsigned field) { return tcps_row_bits(of, field); }

INLINE bool has_all(const view *v, const uint64_t *need) {
    uint64_t lacks = 0;
    for (unsigned w = 0; w < TCPS_WORDS; w++) lacks |= need[w] & ~v->has[w] & (v->late ? ~v->late[w] : ~0ull);
    return lacks == 0;
}

INLINE bool is_late(const view *v, unsigned field) { return v->late && (v->late[field >> 6] >> (field & 63) & 1); }
INLINE uint64_t bits(const view *v, unsigned field) { return v->bits(v->of, field); }
INLINE const tcps_text *text(const view *v, unsigned field) { return (const tcps_text *)(uintptr_t)bits(v, field); }

INLINE bool ports_match(const view *v, const tcps_port_set *set, unsigned field) {
    if (set->count == 0 || is_late(v, field)) return true;
    uint64_t port = bits(v, field);
    for (unsigned i = 0; i < set->count; i++)
        if (port >= set->range[i].first && port <= set->range[i].last) return true;
    return false;
}

INLINE bool address_matches(const view *v, const tcps_prefix *p, unsigned field) {
    return p->size == 0 || is_late(v, field) || tcps_prefix_contains(p, text(v, field));
}

INLINE bool state_matches(const view *v, uint32_t states) {
    if (states == TCPS_STATES_ALL || is_late(v, TCPS_F_state)) return true;
    uint64_t state = TCPSTATS_READER__TCP_STATE__TCP_STATE_UNKNOWN; /* what an absent state is */
    if (v->has[0] >> TCPS_F_state & 1) state = bits(v, TCPS_F_state);
    return states >> (state < TCPS_STATE_OTHER ? state : TCPS_STATE_OTHER) & 1;
}

/* Everything that a kernel can be told. The fields are there, or late. */
INLINE bool endpoints_match(const tcps_filter *f, const view *v) {
    if (!state_matches(v, f->states)) return false;
    if (f->ip_version && !is_late(v, TCPS_F_ip_version) && bits(v, TCPS_F_ip_version) != f->ip_version) return false;
    return ports_match(v, &f->remote_port, TCPS_F_remote_port) && ports_match(v, &f->local_port, TCPS_F_local_port) &&
           address_matches(v, &f->remote_addr, TCPS_F_remote_addr) && address_matches(v, &f->local_addr, TCPS_F_local_addr);
}

INLINE bool comparisons_match(const tcps_filter *f, const view *v) {
    for (unsigned i = 0; i < f->comparison_count; i++) {
        const tcps_comparison *c = &f->comparison[i];
        if (is_late(v, c->field)) continue;
        bool inside = tcps_comparison_key(c->type, bits(v, c->field)) - c->first <= c->span;
        if (inside == c->outside) return false;
    }
    return true;
}

INLINE bool number_listed(const view *v, const tcps_number_list *list, unsigned field) {
    if (list->count == 0 || is_late(v, field)) return true;
    uint32_t number = (uint32_t)bits(v, field);
    for (unsigned i = 0; i < list->count; i++)
        if (list->number[i] == number) return true;
    return false;
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

INLINE bool command_listed(const tcps_filter *f, const view *v) {
    if (f->command.count == 0 || is_late(v, TCPS_F_command)) return true;
    const tcps_text *command = text(v, TCPS_F_command);
    for (unsigned i = 0; i < f->command.count; i++) {
        if (f->command.word[i].len == command->len && equal_but_case(f->text + f->command.word[i].at, command->bytes, command->len)) return true;
    }
    return false;
}

INLINE bool matches(const tcps_filter *f, const view *v) {
    return has_all(v, f->need) && endpoints_match(f, v) && comparisons_match(f, v) && number_listed(v, &f->uid, TCPS_F_uid) &&
           number_listed(v, &f->pid, TCPS_F_pid) && command_listed(f, v);
}

bool tcps_filter_match(const tcps_filter *f, const tcps_record *r) { return matches(f, &(view){r->has, r, record_bits, NULL}); }

bool tcps_filter_match_row(const tcps_filter *f, const tcps_row *row) { return matches(f, &(view){row->shape->has, row, row_bits, NULL}); }

bool tcps_filter_may_match(const tcps_filter *f, const tcps_record *r, const uint64_t late[TCPS_WORDS]) {
    return matches(f, &(view){r->has, r, record_bits, late});
}

bool tcps_filter_admits(const tcps_filter *f, const tcps_record *r) {
    view v = {r->has, r, record_bits, NULL};
    return has_all(&v, f->need_to_admit) && endpoints_match(f, &v);
}

void tcps_filter_fields(const tcps_filter *f, uint64_t fields[TCPS_WORDS]) { memcpy(fields, f->fields, sizeof f->fields); }

bool tcps_filter_lasting(const tcps_filter *f) {
    const uint32_t listen = 1u << TCPSTATS_READER__TCP_STATE__TCP_STATE_LISTEN;
    bool states = f->states == TCPS_STATES_ALL || f->states == listen || f->states == (TCPS_STATES_ALL & ~listen);
    return states && !f->comparison_count && !f->pid.count && !f->uid.count && !f->command.count;
}
