/* What the files of the tracker share: what it remembers of connections, and what it knows of the record at hand.
 *
 *   tracker.c   a pass: begin, record, end
 *   index.c     finds a record's connection in the last pass and in this one
 *   changes.h   changes of a connection's counters
 *   missing.c   connections that this pass lacks: closed, or kept for the next pass
 *   endings.c   what the kernel says when a connection ends */
#ifndef TCPS_TRACKER_INTERNAL_H
#define TCPS_TRACKER_INTERNAL_H

#include "base/table.h"
#include "delta/identity.h"
#include "delta/sources.h"
#include "delta/tracker.h"

enum { N_COUNTERS = 9, NO_ROW = -1 };

/* What is remembered of a connection from pass to pass: 120 bytes. */
typedef struct tcps_entry {
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
    uint8_t missed; /* passes since it was seen, while we wait for it: the dump was cut, or the kernel has yet to say how it ended */
    bool gone;      /* not seen, and reported as closed if it was a row: kept for one pass more, in case the dump missed it */
    bool told;      /* its ending was reported: what is left of it is in TIME_WAIT */
    bool newborn;   /* it began after the pass before the one that saw it first, and no counter was seen since */
} tcps_entry;

/* The connections of one pass in the dump's order. */
typedef struct tcps_seen {
    tcps_entry *entries;
    size_t count, room;
    tcps_rows rows; /* last rows of entries that were missed */
} tcps_seen;

/* What became of a connection of the last pass in this one: 0 nothing yet, else where it is now (index + 1) and what that means. */
#define REPLACED (1u << 31) /* another connection took its place: this one is closed */
#define REPEATED (1u << 30) /* the last pass has the same connection at that index: look there */
#define ENDED (1u << 29)    /* the kernel said how it ended, and this pass reports it */
#define POSITION (ENDED - 1)

/* The index: open addressing by the upper half of the key, at most half full. `position` is 0 for a free slot, else an index + 1. */
typedef struct tcps_slot {
    uint32_t tag;
    uint32_t position;
} tcps_slot;
#define IN_THIS_PASS (1u << 31) /* in `position`: of this pass; otherwise of the last */

struct tcps_tracker {
    tcps_hash_key key;
    tcps_seen last, now;
    uint32_t *successor;   /* of every entry of `last` */
    size_t successor_room; /* entries */
    tcps_slot *slots;      /* valid when `indexed` */
    size_t slot_count, slots_used;
    size_t cursor;                    /* the entry of `last` that should come next */
    tcps_entry *latest;               /* of the record that was seen last */
    bool running;                     /* between begin and end */
    bool indexed;                     /* every entry of `last` is in `slots`, and those of `now` that are new */
    bool ended;                       /* there is a last pass */
    bool complete;                    /* what `last` does not have began after it, or after the last pass that was not cut */
    bool consistent;                  /* nothing changed places in the last dump while it was read */
    bool births;                      /* what this pass shows first has just begun */
    uint64_t sequence, last_sequence; /* of this pass and of the last, where they are recorded ones; 0: unknown */
    uint64_t now_ns, last_ns;         /* of this pass and of the last that ended */
    bool lists_closed;
    tcps_pass *last_pass; /* NULL unless that was so when the last pass ended */
    tcps_pass *pass;
    tcps_rows heard;      /* endings since the last pass that ended */
    size_t next_heard;    /* the one that tcps_tracker_next_ending gives */
    tcps_entry *ending;   /* what the last pass knew of the one that it gave; NULL: nothing */
    bool expects;         /* the kernel says how connections end */
    tcps_table lingering; /* index in `now`, by the hash of addresses and ports, of what is in TIME_WAIT and not told */
    tcps_table by_socket; /* index in `last` by socket_id, while endings lack the remote end; empty: not made */
    tcps_summary summary;
};

/* A record on its way through the tracker. */
typedef struct tcps_observation {
    uint64_t tuple, key, socket_id, generation;
    uint16_t sources;
    uint8_t state;
    const tcps_entry *before; /* what was known of the connection; NULL: it is new */
    tcps_entry *again;        /* the same in this pass, which saw it already */
    uint32_t *successor;      /* of the entry of the last pass: where it is now goes there */
    tcps_slot *free_slot;     /* where a new connection goes into the index */
} tcps_observation;

/* Identifies the connection of a record; the search for it sets the other members. */
static inline tcps_observation tcps_observe(const tcps_tracker *t, const tcps_record *r) {
    tcps_observation s = {.tuple = tcps_identity_tuple(r, &t->key)};
    if (tcps_has(r, TCPS_F_socket_id)) s.socket_id = r->value[TCPS_F_socket_id];
    if (tcps_has(r, TCPS_F_inp_gencnt)) s.generation = r->value[TCPS_F_inp_gencnt];
    if (tcps_has(r, TCPS_F_sources)) s.sources = (uint16_t)tcps_sources_that_count(r->value[TCPS_F_sources]);
    if (tcps_has(r, TCPS_F_state)) s.state = (uint8_t)r->value[TCPS_F_state];
    s.key = tcps_identity_connection(s.tuple, s.generation, s.socket_id, &t->key);
    return s;
}

/* A BSD takes the socket away from a connection in TIME_WAIT, so 0 is not another socket. */
static inline bool tcps_same_socket(uint64_t a, uint64_t b) { return a == b || !a || !b; }

/* Of a position in the index that is not 0. */
static inline tcps_entry *tcps_entry_at(tcps_tracker *t, uint32_t position) {
    return position & IN_THIS_PASS ? &t->now.entries[(position & ~IN_THIS_PASS) - 1] : &t->last.entries[position - 1];
}

/* The last row of an entry of the last pass; NULL: it has none. */
static inline const tcps_row *tcps_entry_last_row(const tcps_tracker *t, const tcps_entry *e) {
    if (e->row == NO_ROW) return NULL;
    if (e->missed) return t->last.rows.rows[e->row];
    return t->last_pass ? t->last_pass->all.rows[e->row] : NULL;
}

/* Whether the ending of entry `i` of the last pass was reported, in this pass or before. */
static inline bool tcps_entry_has_ended(const tcps_tracker *t, size_t i) { return t->last.entries[i].told || t->successor[i] & ENDED; }

static inline uint64_t tcps_milliseconds(uint64_t from_ns, uint64_t to_ns) { return to_ns > from_ns ? (to_ns - from_ns) / 1000000 : 0; }

/* index.c: every connection of the last pass and the new ones of this pass. Built at the first record that is out of the last pass's order. */

/* Finds a connection by key and socket: *position is 0 if it is unknown, and then a new one goes into s->free_slot. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_index_look_up(tcps_tracker *t, tcps_observation *s, uint32_t *position);

/* Puts a new connection into s->free_slot. */
void tcps_index_take(tcps_tracker *t, tcps_slot *s, uint64_t key, uint32_t position);

/* Builds the index, which alone knows which entries of the last pass repeat another one. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_index_build(tcps_tracker *t);

/* tracker.c: makes room for one more entry in this pass. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_entries_reserve(tcps_tracker *t);

/* missing.c: after the last record and the last ending of a pass */

/* Sets pass->closed: what ended, which the pass has already, and what is missing and not kept. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_missing_close(tcps_tracker *t);

/* Keeps what this pass lacks for the next one. Clears *complete if it forgets a connection that may come again. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_missing_keep(tcps_tracker *t, bool *complete);

#endif
