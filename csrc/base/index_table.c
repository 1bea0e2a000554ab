#include "base/index_table.h"

#include <stdlib.h>

tcps_code tcps_index_table_init(tcps_index_table *t, size_t count) {
    tcps_index_table_free(t);
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    t->slots = calloc(slots, sizeof *t->slots);
    if (!t->slots) return TCPS_NOMEM;
    t->mask = slots - 1;
    return TCPS_OK;
}

void tcps_index_table_free(tcps_index_table *t) {
    free(t->slots);
    *t = (tcps_index_table){0};
}

/* The kernel hands out cookies and inodes by counting, so neighbours are the rule: the multiplication spreads them, its high bits are the best. */
static inline size_t first_slot(const tcps_index_table *t, uint64_t key) { return (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & t->mask; }

uint32_t tcps_index_table_put(tcps_index_table *t, uint64_t key, uint32_t index) {
    size_t i = first_slot(t, key);
    for (; t->slots[i].index_plus_1; i = (i + 1) & t->mask)
        if (t->slots[i].key == key) return t->slots[i].index_plus_1 - 1;
    t->slots[i] = (tcps_index_slot){key, index + 1};
    t->count++;
    return index;
}

uint32_t tcps_index_table_get(const tcps_index_table *t, uint64_t key) {
    if (!t->slots) return TCPS_NO_INDEX;
    for (size_t i = first_slot(t, key); t->slots[i].index_plus_1; i = (i + 1) & t->mask)
        if (t->slots[i].key == key) return t->slots[i].index_plus_1 - 1;
    return TCPS_NO_INDEX;
}

tcps_code tcps_index_table_reserve(tcps_index_table *t, size_t count) {
    if (t->slots && 2 * count <= t->mask + 1) return TCPS_OK;
    tcps_index_table grown = {0};
    if (tcps_index_table_init(&grown, count) != TCPS_OK) return TCPS_NOMEM;
    for (size_t i = 0; t->slots && i <= t->mask; i++)
        if (t->slots[i].index_plus_1) tcps_index_table_put(&grown, t->slots[i].key, t->slots[i].index_plus_1 - 1);
    tcps_index_table_free(t);
    *t = grown;
    return TCPS_OK;
}
