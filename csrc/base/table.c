#include "base/table.h"

#include <stdlib.h>

tcps_code tcps_table_init(tcps_table *t, size_t count) {
    tcps_table_free(t);
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    t->slots = calloc(slots, sizeof *t->slots);
    if (!t->slots) return TCPS_NOMEM;
    t->mask = slots - 1;
    return TCPS_OK;
}

void tcps_table_free(tcps_table *t) {
    free(t->slots);
    *t = (tcps_table){0};
}

/* The kernel hands out cookies and inodes by counting, so neighbours are the rule: the multiplication spreads them, its high bits are the best. */
static inline size_t first_slot(const tcps_table *t, uint64_t key) { return (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & t->mask; }

static void insert(tcps_table *t, size_t i, uint64_t key, uint32_t index) {
    while (t->slots[i].index_plus_1) i = (i + 1) & t->mask;
    t->slots[i] = (tcps_table_slot){key, index + 1};
    t->count++;
}

uint32_t tcps_table_put(tcps_table *t, uint64_t key, uint32_t index) {
    size_t i = first_slot(t, key);
    for (; t->slots[i].index_plus_1; i = (i + 1) & t->mask)
        if (t->slots[i].key == key) return t->slots[i].index_plus_1 - 1;
    insert(t, i, key, index);
    return index;
}

tcps_code tcps_table_add(tcps_table *t, uint64_t key, uint32_t index) {
    if (tcps_table_reserve(t, t->count + 1) != TCPS_OK) return TCPS_NOMEM;
    insert(t, first_slot(t, key), key, index);
    return TCPS_OK;
}

uint32_t tcps_table_next(const tcps_table *t, uint64_t key, size_t *at) {
    if (!t->slots) return TCPS_NO_INDEX;
    for (size_t i = *at == TCPS_TABLE_BEGIN ? first_slot(t, key) : (*at + 1) & t->mask; t->slots[i].index_plus_1; i = (i + 1) & t->mask) {
        if (t->slots[i].key != key) continue;
        *at = i;
        return t->slots[i].index_plus_1 - 1;
    }
    return TCPS_NO_INDEX;
}

uint32_t tcps_table_get(const tcps_table *t, uint64_t key) {
    size_t at = TCPS_TABLE_BEGIN;
    return tcps_table_next(t, key, &at);
}

/* Walked from after a free slot, so that the indexes of one key keep their order. */
tcps_code tcps_table_reserve(tcps_table *t, size_t count) {
    if (t->slots && 2 * count <= t->mask + 1) return TCPS_OK;
    tcps_table grown = {0};
    if (tcps_table_init(&grown, count) != TCPS_OK) return TCPS_NOMEM;
    size_t free_slot = 0;
    while (t->slots && t->slots[free_slot].index_plus_1) free_slot++;
    for (size_t n = 0; t->slots && n <= t->mask; n++) {
        const tcps_table_slot *s = &t->slots[(free_slot + n) & t->mask];
        if (s->index_plus_1) insert(&grown, first_slot(&grown, s->key), s->key, s->index_plus_1 - 1);
    }
    tcps_table_free(t);
    *t = grown;
    return TCPS_OK;
}
