#include "delta/tracker_internal.h"

#include <stdlib.h>

/* The slot of the connection, or the free one where it belongs. NULL when there are too many of the same key with another socket, which no
 * kernel makes: a forged dump must not cost more than a true one. */
static tcps_slot *seek(tcps_tracker *t, uint64_t key, uint64_t socket_id) {
    uint32_t tag = (uint32_t)(key >> 32);
    unsigned rivals = 0;
    for (size_t i = tag & (t->slot_count - 1);; i = (i + 1) & (t->slot_count - 1)) {
        tcps_slot *s = &t->slots[i];
        if (!s->position) return s;
        if (s->tag != tag) continue;
        const tcps_entry *e = tcps_entry_at(t, s->position);
        if (e->key != key) continue;
        if (tcps_same_socket(e->socket_id, socket_id)) return s;
        if (++rivals == 8) return NULL;
    }
}

void tcps_index_take(tcps_tracker *t, tcps_slot *s, uint64_t key, uint32_t position) {
    *s = (tcps_slot){.tag = (uint32_t)(key >> 32), .position = position};
    t->slots_used++;
}

/* Makes `slots` an empty table of `count`, a power of two. */
static tcps_code clear_slots(tcps_tracker *t, size_t count) {
    if (t->slot_count != count) {
        tcps_slot *slots = malloc(count * sizeof *slots);
        if (!slots) return TCPS_NOMEM;
        free(t->slots);
        t->slots = slots;
        t->slot_count = count;
    }
    memset(t->slots, 0, count * sizeof *t->slots);
    t->slots_used = 0;
    return TCPS_OK;
}

tcps_code tcps_index_build(tcps_tracker *t) {
    size_t count = 64;
    while (count < 3 * t->last.count) count *= 2; /* a third more may come before it has to grow */
    if (clear_slots(t, count) != TCPS_OK) return TCPS_NOMEM;
    for (size_t i = 0; i < t->last.count; i++) {
        const tcps_entry *e = &t->last.entries[i];
        tcps_slot *s = seek(t, e->key, e->socket_id);
        if (!s) continue;
        if (!s->position)
            tcps_index_take(t, s, e->key, (uint32_t)i + 1);
        else if (!t->successor[i])
            t->successor[i] = REPEATED | s->position;
    }
    t->indexed = true;
    return TCPS_OK;
}

/* Twice as many slots. Where a slot belongs follows from its tag alone. */
static tcps_code grow_index(tcps_tracker *t) {
    tcps_slot *old = t->slots;
    size_t old_count = t->slot_count;
    tcps_slot *slots = calloc(2 * old_count, sizeof *slots);
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

tcps_code tcps_index_look_up(tcps_tracker *t, tcps_observation *s, uint32_t *position) {
    if (!t->indexed && tcps_index_build(t) != TCPS_OK) return TCPS_NOMEM;
    if (2 * (t->slots_used + 1) > t->slot_count && grow_index(t) != TCPS_OK) return TCPS_NOMEM;
    tcps_slot *found = seek(t, s->key, s->socket_id);
    *position = found ? found->position : 0;
    if (*position) return TCPS_OK;
    s->free_slot = found;
    if (!s->socket_id && !s->generation) return TCPS_OK;
    /* A half-open connection of a BSD has no handle yet: this may be what became of one. */
    found = seek(t, tcps_identity_connection(s->tuple, 0, 0, &t->key), 0);
    if (found && found->position && tcps_entry_at(t, found->position)->state == TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED)
        *position = found->position;
    return TCPS_OK;
}
