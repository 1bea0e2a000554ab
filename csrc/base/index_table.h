/* Where in an array the element with a key is: open addressing over 64-bit keys. Keys are only added; a table is thrown away as a whole. */
#ifndef TCPS_INDEX_TABLE_H
#define TCPS_INDEX_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define TCPS_NO_INDEX UINT32_MAX

typedef struct tcps_index_slot {
    uint64_t key;
    uint32_t index_plus_1; /* 0: free */
} tcps_index_slot;

/* All zero is an empty table in which nothing is found. */
typedef struct tcps_index_table {
    tcps_index_slot *slots;
    size_t mask; /* slots less one; at most half of them are taken */
    size_t count;
} tcps_index_table;

/* Empties the table and makes room for `count` keys. TCPS_OK, or TCPS_NOMEM with an empty table. Free with tcps_index_table_free. */
tcps_code tcps_index_table_init(tcps_index_table *t, size_t count);
void tcps_index_table_free(tcps_index_table *t);

/* Makes room for `count` keys in all, keeping those that are there. TCPS_OK, or TCPS_NOMEM with the table as it was. */
tcps_code tcps_index_table_reserve(tcps_index_table *t, size_t count);

/* Keeps `index` under `key` unless the key is there already. Gives the index that the key stands for now. No more keys than there is room for. */
uint32_t tcps_index_table_put(tcps_index_table *t, uint64_t key, uint32_t index);

/* The index under `key`, or TCPS_NO_INDEX. */
uint32_t tcps_index_table_get(const tcps_index_table *t, uint64_t key);

#endif
