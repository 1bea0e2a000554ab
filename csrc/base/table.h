/* Where in an array the element with a key is: open addressing over 64-bit keys, each with a 32-bit index. Keys are only added; a table is emptied or
 * freed as a whole. What has no 64-bit key of its own is found by a hash of it (base/hash.h): several indexes may have one key, and the caller
 * compares the elements. */
#ifndef TCPS_TABLE_H
#define TCPS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define TCPS_NO_INDEX UINT32_MAX

typedef struct tcps_table_slot {
    uint64_t key;
    uint32_t index_plus_1; /* 0: free */
} tcps_table_slot;

/* All zero is an empty table in which nothing is found. */
typedef struct tcps_table {
    tcps_table_slot *slots;
    size_t mask; /* slots less one; at most half of them are taken */
    size_t count;
} tcps_table;

/* Empties the table and makes room for `count` keys. TCPS_OK, or TCPS_NOMEM with an empty table. Free with tcps_table_free. */
tcps_code tcps_table_init(tcps_table *t, size_t count);
void tcps_table_free(tcps_table *t);

/* Makes room for `count` keys in all, keeping those that are there. TCPS_OK, or TCPS_NOMEM with the table as it was. */
tcps_code tcps_table_reserve(tcps_table *t, size_t count);

/* Keeps `index` under `key` unless the key is there already. Returns the index that the key stands for now. No more keys than there is room for. */
uint32_t tcps_table_put(tcps_table *t, uint64_t key, uint32_t index);

/* Keeps `index` under `key`, beside those that are there, making room where there is none. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_table_add(tcps_table *t, uint64_t key, uint32_t index);

/* The first index under `key`, or TCPS_NO_INDEX. */
uint32_t tcps_table_get(const tcps_table *t, uint64_t key);

/* Every index under `key`, in the order in which they were added: begin with *at = TCPS_TABLE_BEGIN. TCPS_NO_INDEX after the last. */
#define TCPS_TABLE_BEGIN SIZE_MAX
uint32_t tcps_table_next(const tcps_table *t, uint64_t key, size_t *at);

#endif
