#include "delta/changes.h"

void tcps_tracker_expect_endings(tcps_tracker *t, bool expects) { t->expects = expects && t->lists_closed; }

tcps_code tcps_tracker_hear(tcps_tracker *t, const tcps_record *r) {
    if (!t->lists_closed || !t->ended) return TCPS_OK;
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

/* Finds the ending's connection in the last pass (*last) and in this one (*now), by its handle alone if the kernel wiped its addresses. */
static tcps_code find_ended(tcps_tracker *t, tcps_observation *s, bool wiped, tcps_entry **last, tcps_entry **now, bool *known) {
    uint32_t position = 0, index;
    *last = *now = NULL;
    *known = false;
    if (wiped) {
        if (find_socket(t, s->socket_id, &index) != TCPS_OK) return TCPS_NOMEM;
        position = index == TCPS_NO_INDEX ? 0 : index + 1;
    } else if (tcps_index_look_up(t, s, &position) != TCPS_OK) {
        return TCPS_NOMEM;
    }
    if (position & IN_THIS_PASS) {
        *now = tcps_entry_at(t, position);
    } else if (!position) {
        /* Linux gives a socket its cookie when it is first asked for; what is left in TIME_WAIT gets another one if that is later. */
        index = wiped ? TCPS_NO_INDEX : tcps_table_get(&t->lingering, s->tuple);
        if (index != TCPS_NO_INDEX) *now = &t->now.entries[index];
    } else {
        if (t->successor[position - 1] & REPEATED) position = t->successor[position - 1] & POSITION;
        *last = &t->last.entries[position - 1];
        *known = (*last)->gone || tcps_entry_has_ended(t, position - 1);
        uint32_t successor = t->successor[position - 1];
        if (successor & POSITION && !(successor & REPLACED)) *now = &t->now.entries[(successor & POSITION) - 1];
        t->successor[position - 1] |= ENDED;
    }
    return TCPS_OK;
}

tcps_code tcps_tracker_next_ending(tcps_tracker *t, tcps_record *r, bool *lingers) {
    while (t->next_heard < t->heard.count) {
        tcps_row_unpack(r, t->heard.rows[t->next_heard++]);
        tcps_observation s = tcps_observe(t, r);
        bool wiped = is_wiped(r), known;
        tcps_entry *now;
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
    tcps_observation s = tcps_observe(t, r);
    if (!t->ending) {
        if (!is_wiped(r)) known = tcps_changes_since_birth(t, r, s.state, change);
        tcps_changes_set(r, known, change);
        return;
    }
    s.before = t->ending;
    known = tcps_changes_since(r, &s, change, &fell);
    /* The kernel reads a socket's state and its counters at different moments of a dump: a FIN may be counted that is taken out now. */
    for (unsigned n = 0; n < N_COUNTERS; n++)
        if (fell >> n & 1) change[n] = 0;
    const tcps_row *row = tcps_entry_last_row(t, t->ending);
    if (row) complete(r, row);
    tcps_changes_set(r, known | fell, change);
    tcps_set(r, TCPS_F_connection_age_ms, tcps_milliseconds(t->ending->first_ns, t->now_ns));
}

/* The pass keeps them after its own rows. */
tcps_code tcps_tracker_close(tcps_tracker *t, tcps_record *r) {
    tcps_pass *pass = t->pass;
    tcps_code code = tcps_rows_copy(&pass->rows, r);
    pass->all.rows = pass->rows.rows; /* which may have moved */
    return code;
}
