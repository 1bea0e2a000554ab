#include "delta/tracker.h"

#include <stdlib.h>

#include "delta/changes.h"

tcps_tracker *tcps_tracker_new(void) {
    tcps_tracker *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->key = tcps_hash_new_key();
    t->lists_closed = true;
    return t;
}

void tcps_tracker_list_closed(tcps_tracker *t, bool wanted) { t->lists_closed = wanted; }

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
    return sizeof *t + (t->last.room + t->now.room) * sizeof(tcps_entry) + t->successor_room * sizeof *t->successor +
           t->slot_count * sizeof(tcps_slot);
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
tcps_code tcps_entries_reserve(tcps_tracker *t) {
    tcps_seen *p = &t->now;
    if (p->count < p->room) return TCPS_OK;
    if (p->count >= POSITION - 1) return TCPS_NOMEM; /* more would not fit a `position` */
    size_t likely = t->last.count + t->last.count / 8 + 64, room = p->room < likely ? likely : p->room + p->room / 2;
    tcps_entry *entries = realloc(p->entries, room * sizeof *entries);
    if (!entries) return TCPS_NOMEM;
    p->entries = entries;
    p->room = room;
    return TCPS_OK;
}

/* Finds what is known of the connection: it is next in the order of the last pass, or anywhere. */
static tcps_code find(tcps_tracker *t, tcps_observation *s) {
    uint32_t position = 0;
    const tcps_entry *next = t->cursor < t->last.count ? &t->last.entries[t->cursor] : NULL;
    if (next && next->key == s->key && tcps_same_socket(next->socket_id, s->socket_id))
        position = (uint32_t)t->cursor + 1;
    else if (t->ended && tcps_index_look_up(t, s, &position) != TCPS_OK)
        return TCPS_NOMEM;
    if (position & IN_THIS_PASS) {
        s->before = s->again = tcps_entry_at(t, position);
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
static bool opens_again(const tcps_observation *s) {
    return !s->socket_id && !s->generation && s->state < s->before->state && s->state >= TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT &&
           s->state <= TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED;
}

/* The entry of a connection that this pass has not seen yet. */
static tcps_entry *append(tcps_tracker *t, const tcps_observation *s, bool replaces) {
    tcps_entry *e = &t->now.entries[t->now.count++];
    uint32_t position = (uint32_t)t->now.count;
    if (s->successor)
        *s->successor = replaces ? position | REPLACED : position;
    else if (s->free_slot)
        tcps_index_take(t, s->free_slot, s->key, position | IN_THIS_PASS);
    e->row = NO_ROW;
    e->opened = replaces || (!s->before && t->complete);
    e->missed = 0;
    e->gone = false;
    e->told = false;
    return e;
}

tcps_code tcps_tracker_record(tcps_tracker *t, tcps_record *r) {
    t->latest = NULL;
    tcps_observation s = tcps_observe(t, r);
    if (tcps_entries_reserve(t) != TCPS_OK || find(t, &s) != TCPS_OK) return TCPS_NOMEM;

    uint64_t change[N_COUNTERS];
    unsigned known = 0, fell = 0;
    bool replaces = false;
    if (s.before) known = tcps_changes_since(r, &s, change, &fell);
    if (s.before && !s.again && (fell || opens_again(&s))) {
        replaces = true;
        s.before = NULL;
    }
    bool told = s.before && s.before->told;
    if (s.before && s.before->gone)
        s.before = NULL, known = 0;
    else if (!s.before)
        known = tcps_changes_since_birth(t, r, s.state, change);
    tcps_entry *e = s.again ? s.again : append(t, &s, replaces);
    tcps_entry_set(t, e, &s, r);
    e->told |= told;
    t->latest = e;
    if (t->expects && s.state == TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT && !e->told &&
        tcps_table_add(&t->lingering, s.tuple, (uint32_t)(e - t->now.entries)) != TCPS_OK)
        return TCPS_NOMEM;

    tcps_changes_set(r, known, change);
    tcps_set(r, TCPS_F_connection_age_ms, tcps_milliseconds(e->first_ns, t->now_ns));
    tcps_set(r, TCPS_F_time_in_state_ms, tcps_milliseconds(e->since_ns, t->now_ns));
    return TCPS_OK;
}

void tcps_tracker_kept(tcps_tracker *t, uint32_t row) {
    if (t->latest && t->latest->row == NO_ROW) t->latest->row = (int32_t)row;
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

/* Gives memory back after a pass that was much larger than this one. */
static void shrink(tcps_tracker *t) {
    size_t room = t->last.count < 64 ? 64 : 2 * t->last.count;
    tcps_seen *passes[] = {&t->last, &t->now};
    for (size_t i = 0; i < 2; i++) {
        if (passes[i]->room <= 2 * room) continue;
        tcps_entry *entries = realloc(passes[i]->entries, room * sizeof *entries);
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
    if (t->ended && (list_opened(t) != TCPS_OK || tcps_missing_close(t) != TCPS_OK)) return TCPS_NOMEM;
    if (tcps_missing_keep(t, &complete) != TCPS_OK) return TCPS_NOMEM;
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
    t->last_pass = t->lists_closed ? tcps_pass_ref(t->pass) : NULL;
    tcps_pass_unref(t->pass);
    t->pass = NULL;
    tcps_seen last = t->last;
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
