#include "delta/changes.h"

/* Whether the kernel has yet to say how it ended, which it does long before TIME_WAIT is over. */
static bool is_awaited(const tcps_tracker *t, const tcps_entry *e) {
    return t->expects && (e->state != TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT || e->missed);
}

/* How many passes may miss a connection before we give it up: one, or as many as fit in a second. A worker of the kernel writes the endings, which came
 * 0.2 s late with both processors busy. */
static unsigned patience(const tcps_tracker *t) {
    uint64_t interval = t->now_ns > t->last_ns ? t->now_ns - t->last_ns : 1;
    if (!t->expects || interval >= 1000000000) return 1;
    return interval < 10000000 ? 100 : (unsigned)(1000000000 / interval);
}

/* Whether to wait for an entry of the last pass that this one lacks. */
static bool is_kept_open(const tcps_tracker *t, size_t i) {
    const tcps_entry *e = &t->last.entries[i];
    return e->missed < patience(t) && !tcps_entry_has_ended(t, i) && (t->pass->partial || is_awaited(t, e));
}

/* Keeps an entry of the last pass for the next one; an open one with its last row. */
static tcps_code keep(tcps_tracker *t, const tcps_entry *e, bool open) {
    if (tcps_entries_reserve(t) != TCPS_OK) return TCPS_NOMEM;
    tcps_entry *kept = &t->now.entries[t->now.count++];
    const tcps_row *row = open ? tcps_entry_last_row(t, e) : NULL;
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

/* Nothing is kept for long, so that nothing piles up: what may come again is compared again, and the rest is known not to be new when it returns. A
 * connection that is missing from two cut dumps is forgotten, and then the list is no longer complete. */
tcps_code tcps_missing_keep(tcps_tracker *t, bool *complete) {
    for (size_t i = 0; i < t->last.count; i++) {
        const tcps_entry *e = &t->last.entries[i];
        if (t->successor[i] & POSITION || e->gone) continue;
        if (e->missed >= patience(t) && t->pass->partial && !tcps_entry_has_ended(t, i)) {
            *complete = false;
            continue;
        }
        if (keep(t, e, is_kept_open(t, i)) != TCPS_OK) return TCPS_NOMEM;
    }
    return TCPS_OK;
}

/* The last row of a connection that is gone, without its deltas. */
static tcps_code add_closed(tcps_tracker *t, const tcps_row *row) {
    tcps_record r;
    tcps_row_unpack(&r, row);
    tcps_changes_set(&r, 0, NULL);
    tcps_set(&r, TCPS_F_close_reason, TCPSTATS_READER__CLOSE_REASON__CLOSE_REASON_LAST_SEEN);
    return tcps_tracker_close(t, &r);
}

/* The pass keeps them after its own rows, and those whose ending was heard are there already. */
tcps_code tcps_missing_close(tcps_tracker *t) {
    tcps_pass *pass = t->pass;
    for (size_t i = 0; t->lists_closed && i < t->last.count; i++) {
        if (t->successor[i] && !(t->successor[i] & REPLACED)) continue;
        const tcps_row *row = tcps_entry_last_row(t, &t->last.entries[i]);
        if (!row || tcps_entry_has_ended(t, i)) continue;
        if (!t->successor[i] && (pass->partial || is_kept_open(t, i))) continue;
        /* The index alone knows an entry that repeats another one. */
        if (!t->successor[i] && !t->indexed && tcps_index_build(t) != TCPS_OK) return TCPS_NOMEM;
        if (t->successor[i] & REPEATED) continue;
        if (add_closed(t, row) != TCPS_OK) return TCPS_NOMEM;
    }
    size_t closed = pass->rows.count - pass->all.count;
    if (!closed) return TCPS_OK;
    pass->closed = (tcps_view){pass->rows.rows + pass->all.count, closed};
    return TCPS_OK;
}
