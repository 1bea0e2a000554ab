#include "delta/tracker.h"

#include <stdlib.h>

#include "base/table.h"
#include "delta/identity.h"
#include "delta/sources.h"

enum { N_COUNTERS = 9, NO_ROW = -1 };

/* What is counted since the connection began, and the field that gets its change. A later line wins over an earlier one with the same delta. */
static const struct counter {
    uint16_t field, delta;
    bool is_32bit;    /* in every kernel */
    bool is_segments; /* 32 bits or 64 by their source */
    uint64_t limit;   /* largest value of the delta's field */
} counters[N_COUNTERS] = {
    {TCPS_F_retransmit_packets_total, TCPS_F_delta_rexmit_packets, false, false, INT32_MAX},
    {TCPS_F_rexmit_packets, TCPS_F_delta_rexmit_packets, true, false, INT32_MAX},
    {TCPS_F_ooo_packets, TCPS_F_delta_ooo_packets, true, false, INT32_MAX},
    {TCPS_F_zerowin_probes, TCPS_F_delta_zerowin, true, false, INT32_MAX},
    {TCPS_F_tx_bytes, TCPS_F_delta_tx_bytes, false, false, INT64_MAX},
    {TCPS_F_rx_bytes, TCPS_F_delta_rx_bytes, false, false, INT64_MAX},
    {TCPS_F_retransmit_bytes, TCPS_F_delta_retransmit_bytes, false, false, INT64_MAX},
    {TCPS_F_tx_packets, TCPS_F_delta_tx_packets, false, true, INT64_MAX},
    {TCPS_F_rx_packets, TCPS_F_delta_rx_packets, false, true, INT64_MAX},
};

/* What is remembered of a connection from pass to pass: 120 bytes. */
typedef struct entry {
    uint64_t key; /* tcps_identity_connection */
    uint64_t socket_id;
    uint64_t first_ns; /* first seen */
    uint64_t since_ns; /* first seen in this state */
    uint64_t value[N_COUNTERS];
    int32_t row;      /* in the pass that saw it, or NO_ROW; of a missed one in `seen.rows` */
    uint16_t counted; /* bit n: value[n] is known */
    uint16_t sources; /* that fed the counters: bit by number */
    uint8_t state;
    bool opened;
    uint8_t missed; /* passes since it was seen, while it is not given up: the dump was cut, or the kernel will still say how it ended */
    bool gone;      /* not seen, and reported as closed if it was a row: kept for one pass more, in case the dump missed it */
    bool told;      /* its ending was reported: what is still there of it is in TIME_WAIT */
    bool newborn;   /* it began after the pass before the one that saw it first, and no counter was seen since */
} entry;

/* The connections of one pass in the dump's order. */
typedef struct seen {
    entry *entries;
    size_t count, room;
    tcps_rows rows; /* last rows of entries that were missed */
} seen;

/* What became of a connection of the last pass in this one: 0 nothing yet, else where it is now (index + 1) and how that is to be read. */
#define REPLACED (1u << 31) /* something else came in its place: this one is closed */
#define REPEATED (1u << 30) /* the last pass has the same connection at the index given: ask there */
#define ENDED (1u << 29)    /* the kernel said how it ended, and this pass reports it */
#define POSITION (ENDED - 1)

/* The index: open addressing by the upper half of the key, at most half full. `position` is 0 for a free slot, else an index + 1. */
typedef struct slot {
    uint32_t tag;
    uint32_t position;
} slot;
#define IN_THIS_PASS (1u << 31) /* in `position`: of this pass; otherwise of the last */

struct tcps_tracker {
    tcps_hash_key key;
    seen last, now;
    uint32_t *successor;   /* of every entry of `last` */
    size_t successor_room; /* entries */
    slot *slots;           /* valid when `indexed` */
    size_t slot_count, slots_used;
    size_t cursor;                    /* the entry of `last` that should come next */
    entry *latest;                    /* of the record that was seen last */
    bool running;                     /* between begin and end */
    bool indexed;                     /* every entry of `last` is in `slots`, and those of `now` that are new */
    bool ended;                       /* there is a last pass */
    bool complete;                    /* what `last` does not have began after it, or after the last pass that was not cut */
    bool consistent;                  /* nothing changed places in the last dump while it was read */
    bool births;                      /* what this pass shows first has just begun */
    uint64_t sequence, last_sequence; /* of this pass and of the last, where they are recorded ones; 0: unknown */
    uint64_t now_ns, last_ns;         /* of this pass and of the last that ended */
    bool tell_closed;
    tcps_pass *last_pass; /* NULL unless that was so when the last pass ended */
    tcps_pass *pass;
    tcps_rows heard;      /* endings since the last pass that ended */
    size_t next_heard;    /* the one that tcps_tracker_next_ending gives */
    entry *ending;        /* what the last pass knew of the one that it gave; NULL: nothing */
    bool expects;         /* the kernel says how connections end */
    tcps_table lingering; /* index in `now`, by the hash of addresses and ports, of what is in TIME_WAIT and not told */
    tcps_table by_socket; /* index in `last` by socket_id, while endings lack the remote end; empty: not made */
    tcps_summary summary;
};

tcps_tracker *tcps_tracker_new(void) {
    tcps_tracker *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->key = tcps_hash_new_key();
    t->tell_closed = true;
    return t;
}

void tcps_tracker_tell_closed(tcps_tracker *t, bool wanted) { t->tell_closed = wanted; }

void tcps_tracker_free(tcps_tracker *t) {
    if (!t) return;
    tcps_pass_unref(t->pass);
    tcps_pass_unref(t->last_pass);
    free(t->last.entries);
    free(t->now.entries);
    tcps_rows_fini(&t->last.rows);
    tcps_rows_fini(&t->now.rows);
    tcps_rows_fini(&t->heard);
    tcps_table_free(&t->by_socket);
    tcps_table_free(&t->lingering);
    free(t->successor);
    free(t->slots);
    free(t);
}

tcps_summary *tcps_tracker_summary(tcps_tracker *t) { return &t->summary; }

size_t tcps_tracker_size(const tcps_tracker *t) {
    return sizeof *t + (t->last.room + t->now.room) * sizeof(entry) + t->successor_room * sizeof *t->successor + t->slot_count * sizeof(slot);
}

void tcps_tracker_abort(tcps_tracker *t) {
    tcps_pass_unref(t->pass);
    t->pass = NULL;
    t->latest = NULL;
    t->running = false;
}

/* A recorded pass says which one it is: one between it and the last may be lost. */
static bool follows(const tcps_tracker *t, const tcps_pass *pass) {
    return !t->last_sequence || !pass->metadata.has_batch_sequence || pass->metadata.batch_sequence == t->last_sequence + 1;
}

void tcps_tracker_begin(tcps_tracker *t, uint64_t monotonic_ns, tcps_pass *pass, bool from_birth) {
    tcps_pass_ref(pass); /* before the abort, which may let go of the same one */
    tcps_tracker_abort(t);
    t->pass = pass;
    t->running = true;
    t->indexed = false;
    t->births = from_birth && t->ended && t->complete && t->consistent && follows(t, pass);
    t->sequence = pass->metadata.has_batch_sequence ? pass->metadata.batch_sequence : 0;
    t->now_ns = monotonic_ns;
    t->now.count = 0;
    t->cursor = 0;
    t->next_heard = 0;
    tcps_table_free(&t->lingering);
    tcps_rows_fini(&t->now.rows);
    if (t->last.count) memset(t->successor, 0, t->last.count * sizeof *t->successor);
}

/* Room for one entry more in this pass, which is likely to have as many as the last. */
static tcps_code make_room(tcps_tracker *t) {
    seen *p = &t->now;
    if (p->count < p->room) return TCPS_OK;
    if (p->count >= POSITION - 1) return TCPS_NOMEM; /* more would not fit a `position` */
    size_t likely = t->last.count + t->last.count / 8 + 64, room = p->room < likely ? likely : p->room + p->room / 2;
    entry *entries = realloc(p->entries, room * sizeof *entries);
    if (!entries) return TCPS_NOMEM;
    p->entries = entries;
    p->room = room;
    return TCPS_OK;
}

/* A BSD takes the socket away from a connection in TIME_WAIT, so 0 is no other socket. */
static bool same_socket(uint64_t a, uint64_t b) { return a == b || !a || !b; }

static entry *entry_at(tcps_tracker *t, uint32_t position) {
    return position & IN_THIS_PASS ? &t->now.entries[(position & ~IN_THIS_PASS) - 1] : &t->last.entries[position - 1];
}

/* The slot of the connection, or the free one where it belongs. NULL when there are too many of the same key with another socket, which no
 * kernel makes: a forged dump must not cost more than a true one. */
static slot *seek(tcps_tracker *t, uint64_t key, uint64_t socket_id) {
    uint32_t tag = (uint32_t)(key >> 32);
    unsigned rivals = 0;
    for (size_t i = tag & (t->slot_count - 1);; i = (i + 1) & (t->slot_count - 1)) {
        slot *s = &t->slots[i];
        if (!s->position) return s;
        if (s->tag != tag) continue;
        const entry *e = entry_at(t, s->position);
        if (e->key != key) continue;
        if (same_socket(e->socket_id, socket_id)) return s;
        if (++rivals == 8) return NULL;
    }
}

static void take_slot(tcps_tracker *t, slot *s, uint64_t key, uint32_t position) {
    *s = (slot){.tag = (uint32_t)(key >> 32), .position = position};
    t->slots_used++;
}

/* Makes `slots` an empty table of `count`, a power of two. */
static tcps_code clear_slots(tcps_tracker *t, size_t count) {
    if (t->slot_count != count) {
        slot *slots = malloc(count * sizeof *slots);
        if (!slots) return TCPS_NOMEM;
        free(t->slots);
        t->slots = slots;
        t->slot_count = count;
    }
    memset(t->slots, 0, count * sizeof *t->slots);
    t->slots_used = 0;
    return TCPS_OK;
}

static tcps_code build_index(tcps_tracker *t) {
    size_t count = 64;
    while (count < 3 * t->last.count) count *= 2; /* a third more may come before it has to grow */
    if (clear_slots(t, count) != TCPS_OK) return TCPS_NOMEM;
    for (size_t i = 0; i < t->last.count; i++) {
        const entry *e = &t->last.entries[i];
        slot *s = seek(t, e->key, e->socket_id);
        if (!s) continue;
        if (!s->position)
            take_slot(t, s, e->key, (uint32_t)i + 1);
        else if (!t->successor[i])
            t->successor[i] = REPEATED | s->position;
    }
    t->indexed = true;
    return TCPS_OK;
}

/* Twice as many slots. Where a slot belongs follows from its tag alone. */
static tcps_code grow_index(tcps_tracker *t) {
    slot *old = t->slots;
    size_t old_count = t->slot_count;
    slot *slots = calloc(2 * old_count, sizeof *slots);
    if (!slots) return TCPS_NOMEM;
    t->slots = slots;
    t->slot_count = 2 * old_count;
    for (size_t n = 0; n < old_count; n++) {
        if (!old[n].position) continue;
        size_t i = old[n].tag & (t->slot_count - 1);
        while (slots[i].position) i = (i + 1) & (t->slot_count - 1);
        slots[i] = old[n];
    }
    free(old);
    return TCPS_OK;
}

/* A record on its way through the tracker. */
typedef struct observation {
    uint64_t tuple, key, socket_id, generation;
    uint16_t sources;
    uint8_t state;
    const entry *before; /* what was known of the connection; NULL: it is new */
    entry *again;        /* the same in this pass, which saw it already */
    uint32_t *successor; /* of the entry of the last pass, to be told where it is now */
    slot *free_slot;     /* where a new connection goes into the index */
} observation;

static observation identify(const tcps_tracker *t, const tcps_record *r) {
    observation s = {.tuple = tcps_identity_tuple(r, &t->key)};
    if (tcps_has(r, TCPS_F_socket_id)) s.socket_id = r->value[TCPS_F_socket_id];
    if (tcps_has(r, TCPS_F_inp_gencnt)) s.generation = r->value[TCPS_F_inp_gencnt];
    if (tcps_has(r, TCPS_F_sources)) s.sources = (uint16_t)tcps_sources_that_count(r->value[TCPS_F_sources]);
    if (tcps_has(r, TCPS_F_state)) s.state = (uint8_t)r->value[TCPS_F_state];
    s.key = tcps_identity_connection(s.tuple, s.generation, s.socket_id, &t->key);
    return s;
}

/* Looks among all connections of the last pass and the new ones of this. `*position` is 0 when it is nowhere. TCPS_OK or TCPS_NOMEM. */
static tcps_code look_up(tcps_tracker *t, observation *s, uint32_t *position) {
    if (!t->indexed && build_index(t) != TCPS_OK) return TCPS_NOMEM;
    if (2 * (t->slots_used + 1) > t->slot_count && grow_index(t) != TCPS_OK) return TCPS_NOMEM;
    slot *found = seek(t, s->key, s->socket_id);
    *position = found ? found->position : 0;
    if (*position) return TCPS_OK;
    s->free_slot = found;
    if (!s->socket_id && !s->generation) return TCPS_OK;
    /* A half-open connection of a BSD has no handle yet: this may be what became of one. */
    found = seek(t, tcps_identity_connection(s->tuple, 0, 0, &t->key), 0);
    if (found && found->position && entry_at(t, found->position)->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED)
        *position = found->position;
    return TCPS_OK;
}

/* Finds what is known of the connection: it is next in the order of the last pass, or anywhere. */
static tcps_code find(tcps_tracker *t, observation *s) {
    uint32_t position = 0;
    const entry *next = t->cursor < t->last.count ? &t->last.entries[t->cursor] : NULL;
    if (next && next->key == s->key && same_socket(next->socket_id, s->socket_id))
        position = (uint32_t)t->cursor + 1;
    else if (t->ended && look_up(t, s, &position) != TCPS_OK)
        return TCPS_NOMEM;
    if (position & IN_THIS_PASS) {
        s->before = s->again = entry_at(t, position);
    } else if (position) {
        t->cursor = position;
        if (t->successor[position - 1] & REPEATED) position = t->successor[position - 1] & POSITION;
        uint32_t *successor = &t->successor[position - 1];
        if (*successor)
            s->before = s->again = &t->now.entries[(*successor & POSITION) - 1];
        else
            s->before = &t->last.entries[position - 1], s->successor = successor;
    }
    return TCPS_OK;
}

/* A tuple alone is used again, by a connection that opens while the one before was further on. */
static bool opens_again(const observation *s) {
    return !s->socket_id && !s->generation && s->state < s->before->state && s->state >= TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT &&
           s->state <= TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED;
}

/* A half-open connection has transferred nothing: a counter that the kernel did not have for it yet was 0. */
static bool was_half_open(const entry *before) {
    return before->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT || before->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED;
}

/* The loops over the counters are unrolled: each field is then a constant, and a record takes 607 instructions instead of 1,057. */

/* Changes since `before`: bit n of the result says that change[n] is known, bit n of `*fell` that the counter fell. None is known where other
 * sources fed the record than then, e.g. macOS's tcp_info in one pass only: they count the same field differently. */
static inline unsigned changes(const tcps_record *r, const observation *s, uint64_t change[N_COUNTERS], unsigned *fell) {
    const entry *before = s->before;
    bool segments_32bit = tcps_sources_count_segments_in_32bit(s->sources);
    unsigned known = 0;
    *fell = 0;
    if (s->sources != before->sources) return 0;
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++) {
        const struct counter *c = &counters[n];
        bool counted = before->counted >> n & 1;
        if (!tcps_has(r, c->field) || (!counted && !before->newborn && !was_half_open(before))) continue;
        bool is_32bit = c->is_32bit || (c->is_segments && segments_32bit);
        uint64_t now = r->value[c->field], then = counted ? before->value[n] : 0;
        change[n] = is_32bit ? (uint32_t)(now - then) : now - then;
        bool up = is_32bit ? (uint32_t)now >= (uint32_t)then || change[n] <= INT32_MAX : now >= then;
        *(up ? &known : fell) |= 1u << n;
    }
    return known;
}

/* The entry of a connection that this pass has not seen yet. */
static entry *append(tcps_tracker *t, const observation *s, bool replaces) {
    entry *e = &t->now.entries[t->now.count++];
    uint32_t position = (uint32_t)t->now.count;
    if (s->successor)
        *s->successor = replaces ? position | REPLACED : position;
    else if (s->free_slot)
        take_slot(t, s->free_slot, s->key, position | IN_THIS_PASS);
    e->row = NO_ROW;
    e->opened = replaces || (!s->before && t->complete);
    e->missed = 0;
    e->gone = false;
    e->told = false;
    return e;
}

/* Of a connection that has just begun, the change is all that it counted. One in TIME_WAIT may be one that the last dump missed. */
static unsigned begin_counting(const tcps_tracker *t, const tcps_record *r, uint8_t state, uint64_t change[N_COUNTERS]) {
    unsigned known = 0;
    if (!t->births || state == TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT) return 0;
    for (unsigned n = 0; n < N_COUNTERS; n++) {
        if (!tcps_has(r, counters[n].field)) continue;
        change[n] = r->value[counters[n].field];
        known |= 1u << n;
    }
    return known;
}

static inline void set_deltas(tcps_record *r, unsigned known, const uint64_t change[N_COUNTERS]) {
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++) tcps_unset(r, counters[n].delta);
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++)
        if (known >> n & 1) tcps_set(r, counters[n].delta, change[n] < counters[n].limit ? change[n] : counters[n].limit);
}

/* Linux has no counters of a connection in TIME_WAIT, but will say them once more when it says how it ended. */
static void keep_counters(const tcps_tracker *t, entry *e, const observation *s) {
    const entry *before = s->before;
    bool kept = before && t->expects && s->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT;
    bool newborn = before ? before->newborn && !before->counted : t->births;
    if (kept && before != e) memcpy(e->value, before->value, sizeof e->value);
    e->counted = kept ? before->counted : 0;
    e->newborn = newborn;
}

static void remember(const tcps_tracker *t, entry *e, const observation *s, const tcps_record *r) {
    /* In this order: `before` may be `e` itself. */
    e->since_ns = s->before && s->before->state == s->state ? s->before->since_ns : t->now_ns;
    e->first_ns = s->before ? s->before->first_ns : t->now_ns;
    e->key = s->key;
    e->socket_id = s->socket_id;
    e->sources = s->sources;
    e->state = s->state;
    keep_counters(t, e, s);
#pragma GCC unroll 9
    for (unsigned n = 0; n < N_COUNTERS; n++) {
        if (!tcps_has(r, counters[n].field)) continue;
        e->value[n] = r->value[counters[n].field];
        e->counted |= (uint16_t)(1u << n);
    }
}

static uint64_t milliseconds(uint64_t from_ns, uint64_t to_ns) { return to_ns > from_ns ? (to_ns - from_ns) / 1000000 : 0; }

tcps_code tcps_tracker_record(tcps_tracker *t, tcps_record *r) {
    t->latest = NULL;
    observation s = identify(t, r);
    if (make_room(t) != TCPS_OK || find(t, &s) != TCPS_OK) return TCPS_NOMEM;

    uint64_t change[N_COUNTERS];
    unsigned known = 0, fell = 0;
    bool replaces = false;
    if (s.before) known = changes(r, &s, change, &fell);
    if (s.before && !s.again && (fell || opens_again(&s))) {
        replaces = true;
        s.before = NULL;
    }
    bool told = s.before && s.before->told;
    if (s.before && s.before->gone)
        s.before = NULL, known = 0;
    else if (!s.before)
        known = begin_counting(t, r, s.state, change);
    entry *e = s.again ? s.again : append(t, &s, replaces);
    remember(t, e, &s, r);
    e->told |= told;
    t->latest = e;
    if (t->expects && s.state == TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT && !e->told &&
        tcps_table_add(&t->lingering, s.tuple, (uint32_t)(e - t->now.entries)) != TCPS_OK)
        return TCPS_NOMEM;

    set_deltas(r, known, change);
    tcps_set(r, TCPS_F_connection_age_ms, milliseconds(e->first_ns, t->now_ns));
    tcps_set(r, TCPS_F_time_in_state_ms, milliseconds(e->since_ns, t->now_ns));
    return TCPS_OK;
}

void tcps_tracker_kept(tcps_tracker *t, uint32_t row) {
    if (t->latest && t->latest->row == NO_ROW) t->latest->row = (int32_t)row;
}

/* The last row of an entry of the last pass; NULL: it has none. */
static const tcps_row *last_row(const tcps_tracker *t, const entry *e) {
    if (e->row == NO_ROW) return NULL;
    if (e->missed) return t->last.rows.rows[e->row];
    return t->last_pass ? t->last_pass->all.rows[e->row] : NULL;
}

static bool has_ended(const tcps_tracker *t, size_t i) { return t->last.entries[i].told || t->successor[i] & ENDED; }

/* Whether the kernel will still say how it ended: it said so long before TIME_WAIT is over. */
static bool is_awaited(const tcps_tracker *t, const entry *e) {
    return t->expects && (e->state != TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT || e->missed);
}

/* How many passes may miss a connection before it is given up: one, and as many as a second has. A worker of the kernel writes the endings, which came
 * 0.2 s late with both processors busy. */
static unsigned patience(const tcps_tracker *t) {
    uint64_t interval = t->now_ns > t->last_ns ? t->now_ns - t->last_ns : 1;
    if (!t->expects || interval >= 1000000000) return 1;
    return interval < 10000000 ? 100 : (unsigned)(1000000000 / interval);
}

/* Whether an entry of the last pass that this one lacks is not given up yet: once, so that nothing piles up. */
static bool is_kept_open(const tcps_tracker *t, size_t i) {
    const entry *e = &t->last.entries[i];
    return e->missed < patience(t) && !has_ended(t, i) && (t->pass->partial || is_awaited(t, e));
}

/* Keeps an entry of the last pass for the next one; an open one with its last row. */
static tcps_code keep(tcps_tracker *t, const entry *e, bool open) {
    if (make_room(t) != TCPS_OK) return TCPS_NOMEM;
    entry *kept = &t->now.entries[t->now.count++];
    const tcps_row *row = open ? last_row(t, e) : NULL;
    *kept = *e;
    kept->row = NO_ROW;
    kept->opened = false;
    kept->missed = open ? e->missed + 1 : 0;
    kept->gone = !open;
    if (!row) return TCPS_OK;
    tcps_record r;
    tcps_row_unpack(&r, row);
    kept->row = (int32_t)t->now.rows.count;
    return tcps_rows_copy(&t->now.rows, &r);
}

/* Keeps what this pass does not have for one pass more, so that nothing piles up: what may come again is compared with again, another one is known not to
 * be new when it returns. Whoever is missing from two cut dumps is forgotten, and then the list is not complete any more. */
static tcps_code carry_over(tcps_tracker *t, bool *complete) {
    for (size_t i = 0; i < t->last.count; i++) {
        const entry *e = &t->last.entries[i];
        if (t->successor[i] & POSITION || e->gone) continue;
        if (e->missed >= patience(t) && t->pass->partial && !has_ended(t, i)) {
            *complete = false;
            continue;
        }
        if (keep(t, e, is_kept_open(t, i)) != TCPS_OK) return TCPS_NOMEM;
    }
    return TCPS_OK;
}

static tcps_code list_opened(tcps_tracker *t) {
    tcps_pass *pass = t->pass;
    size_t count = 0;
    for (size_t i = 0; i < t->now.count; i++) count += t->now.entries[i].opened && t->now.entries[i].row != NO_ROW;
    const tcps_row **rows = count ? tcps_arena_take(&pass->arena, count * sizeof *rows) : NULL;
    if (count && !rows) return TCPS_NOMEM;
    pass->opened = (tcps_view){rows, count};
    for (size_t i = 0; i < t->now.count; i++)
        if (t->now.entries[i].opened && t->now.entries[i].row != NO_ROW) *rows++ = pass->all.rows[t->now.entries[i].row];
    return TCPS_OK;
}

/* The last row of a connection that is gone, less its deltas. */
static tcps_code add_closed(tcps_tracker *t, const tcps_row *row) {
    tcps_record r;
    tcps_row_unpack(&r, row);
    set_deltas(&r, 0, NULL);
    tcps_set(&r, TCPS_F_close_reason, TCPSTATS_READER__CLOSE_REASON__CLOSE_REASON_LAST_SEEN);
    return tcps_rows_copy(&t->pass->rows, &r);
}

/* The pass keeps them after its own rows, and those whose ending was heard are there already. */
static tcps_code list_closed(tcps_tracker *t) {
    tcps_pass *pass = t->pass;
    for (size_t i = 0; t->tell_closed && i < t->last.count; i++) {
        if (t->successor[i] && !(t->successor[i] & REPLACED)) continue;
        const tcps_row *row = last_row(t, &t->last.entries[i]);
        if (!row || has_ended(t, i)) continue;
        if (!t->successor[i] && (pass->partial || is_kept_open(t, i))) continue;
        /* The index alone knows an entry that repeats another one. */
        if (!t->successor[i] && !t->indexed && build_index(t) != TCPS_OK) return TCPS_NOMEM;
        if (t->successor[i] & REPEATED) continue;
        if (add_closed(t, row) != TCPS_OK) return TCPS_NOMEM;
    }
    size_t closed = pass->rows.count - pass->all.count;
    if (!closed) return TCPS_OK;
    pass->all.rows = pass->rows.rows; /* which may have moved */
    pass->closed = (tcps_view){pass->rows.rows + pass->all.count, closed};
    return TCPS_OK;
}

/* --- endings */

void tcps_tracker_expect_endings(tcps_tracker *t, bool expects) { t->expects = expects && t->tell_closed; }

tcps_code tcps_tracker_hear(tcps_tracker *t, const tcps_record *r) {
    if (!t->tell_closed || !t->ended) return TCPS_OK;
    tcps_record copy = *r;
    return tcps_rows_copy(&t->heard, &copy);
}

static bool is_wiped(const tcps_record *r) {
    return tcps_has(r, TCPS_F_close_reason) && r->value[TCPS_F_close_reason] == TCPSTATS_READER__CLOSE_REASON__CLOSE_REASON_WIPED;
}

/* The entry of the last pass with that handle, whatever its addresses: TCPS_NO_INDEX when there is none. */
static tcps_code find_socket(tcps_tracker *t, uint64_t socket_id, uint32_t *index) {
    if (!t->by_socket.count && t->last.count) {
        tcps_code code = tcps_table_init(&t->by_socket, t->last.count);
        for (size_t i = 0; code == TCPS_OK && i < t->last.count; i++) tcps_table_put(&t->by_socket, t->last.entries[i].socket_id, (uint32_t)i);
        if (code != TCPS_OK) return code;
    }
    *index = tcps_table_get(&t->by_socket, socket_id);
    return TCPS_OK;
}

/* What the last pass knew of the connection, under what its ending says. The state stays the one in which it was last seen. */
static void complete(tcps_record *r, const tcps_row *row) {
    tcps_record before;
    tcps_row_unpack(&before, row);
    uint64_t sources = tcps_has(&before, TCPS_F_sources) ? before.value[TCPS_F_sources] : 0;
    tcps_unset(&before, TCPS_F_time_in_state_ms);
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++)
        for (uint64_t m = before.has[w]; m; m &= m - 1) {
            unsigned field = 64 * w + (unsigned)__builtin_ctzll(m);
            if (field == TCPS_F_state || !tcps_has(r, field)) tcps_set(r, field, before.value[field]);
        }
    if (tcps_has(r, TCPS_F_sources)) r->value[TCPS_F_sources] |= sources;
}

/* Finds the ending's connection in the last pass (*last) and in this one (*now), by its handle alone where the kernel wiped its addresses. */
static tcps_code find_ended(tcps_tracker *t, observation *s, bool wiped, entry **last, entry **now, bool *known) {
    uint32_t position = 0, index;
    *last = *now = NULL;
    *known = false;
    if (wiped) {
        if (find_socket(t, s->socket_id, &index) != TCPS_OK) return TCPS_NOMEM;
        position = index == TCPS_NO_INDEX ? 0 : index + 1;
    } else if (look_up(t, s, &position) != TCPS_OK) {
        return TCPS_NOMEM;
    }
    if (position & IN_THIS_PASS) {
        *now = entry_at(t, position);
    } else if (!position) {
        /* Linux gives a socket its cookie when somebody asks, and what is left of it in TIME_WAIT another one if that is later. */
        index = wiped ? TCPS_NO_INDEX : tcps_table_get(&t->lingering, s->tuple);
        if (index != TCPS_NO_INDEX) *now = &t->now.entries[index];
    } else {
        if (t->successor[position - 1] & REPEATED) position = t->successor[position - 1] & POSITION;
        *last = &t->last.entries[position - 1];
        *known = (*last)->gone || has_ended(t, position - 1);
        uint32_t successor = t->successor[position - 1];
        if (successor & POSITION && !(successor & REPLACED)) *now = &t->now.entries[(successor & POSITION) - 1];
        t->successor[position - 1] |= ENDED;
    }
    return TCPS_OK;
}

tcps_code tcps_tracker_next_ending(tcps_tracker *t, tcps_record *r, bool *lingers) {
    while (t->next_heard < t->heard.count) {
        tcps_row_unpack(r, t->heard.rows[t->next_heard++]);
        observation s = identify(t, r);
        bool wiped = is_wiped(r), known;
        entry *now;
        if (find_ended(t, &s, wiped, &t->ending, &now, &known) != TCPS_OK) return TCPS_NOMEM;
        if (known) continue;
        if (!t->ending && !wiped && !tcps_has(r, TCPS_F_remote_port)) continue; /* it never was a connection */
        if (now) now->told = true, now->opened = false;
        *lingers = now != NULL;
        return TCPS_OK;
    }
    return TCPS_END;
}

void tcps_tracker_complete(tcps_tracker *t, tcps_record *r) {
    uint64_t change[N_COUNTERS];
    unsigned known = 0, fell;
    observation s = identify(t, r);
    if (!t->ending) {
        if (!is_wiped(r)) known = begin_counting(t, r, s.state, change);
        set_deltas(r, known, change);
        return;
    }
    s.before = t->ending;
    known = changes(r, &s, change, &fell);
    /* The kernel reads a socket's state and its counters at different moments of a dump: a FIN may be counted that is taken out now. */
    for (unsigned n = 0; n < N_COUNTERS; n++)
        if (fell >> n & 1) change[n] = 0;
    const tcps_row *row = last_row(t, t->ending);
    if (row) complete(r, row);
    set_deltas(r, known | fell, change);
    tcps_set(r, TCPS_F_connection_age_ms, milliseconds(t->ending->first_ns, t->now_ns));
}

tcps_code tcps_tracker_close(tcps_tracker *t, tcps_record *r) { return tcps_rows_copy(&t->pass->rows, r); }

/* --- the end of a pass */

/* Gives memory back after a pass that was much larger than this one. */
static void shrink(tcps_tracker *t) {
    size_t room = t->last.count < 64 ? 64 : 2 * t->last.count;
    seen *passes[] = {&t->last, &t->now};
    for (size_t i = 0; i < 2; i++) {
        if (passes[i]->room <= 2 * room) continue;
        entry *entries = realloc(passes[i]->entries, room * sizeof *entries);
        if (entries) passes[i]->entries = entries, passes[i]->room = room;
    }
    if (t->slot_count > 16 * room) {
        free(t->slots);
        t->slots = NULL;
        t->slot_count = 0;
    }
}

tcps_code tcps_tracker_end(tcps_tracker *t) {
    if (!t->running) return TCPS_OK;
    bool complete = !t->pass->partial || (t->ended && t->complete);
    if (t->ended && (list_opened(t) != TCPS_OK || list_closed(t) != TCPS_OK)) return TCPS_NOMEM;
    if (carry_over(t, &complete) != TCPS_OK) return TCPS_NOMEM;
    if (t->successor_room < t->now.count || t->successor_room > 8 * t->now.count + 64) {
        size_t room = t->now.count + t->now.count / 4 + 1;
        uint32_t *successor = malloc(room * sizeof *successor);
        if (!successor) return TCPS_NOMEM;
        free(t->successor);
        t->successor = successor;
        t->successor_room = room;
    }
    t->pass->tracked = true;
    if (t->ended && t->now_ns > t->last_ns) t->pass->since_ns = t->now_ns - t->last_ns;
    t->last_ns = t->now_ns;
    t->last_sequence = t->sequence;
    t->complete = complete;
    t->consistent = !t->pass->metadata.inconsistent;
    tcps_pass_unref(t->last_pass);
    t->last_pass = t->tell_closed ? tcps_pass_ref(t->pass) : NULL;
    tcps_pass_unref(t->pass);
    t->pass = NULL;
    seen last = t->last;
    t->last = t->now;
    t->now = last;
    t->latest = NULL;
    if (t->heard.count) tcps_rows_fini(&t->heard);
    tcps_table_free(&t->by_socket);
    tcps_table_free(&t->lingering);
    t->running = false;
    t->ended = true;
    shrink(t);
    return TCPS_OK;
}
