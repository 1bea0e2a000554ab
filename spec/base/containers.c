/* base/table.h, base/grow.h and base/bitset.h against plain arrays. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bitset.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/table.h"

#define MOST 5000
#define KEYS 1500 /* fewer than elements, so that some have the same */

static void must(bool right, const char *what) {
    if (right) return;
    printf("wrong: %s\n", what);
    exit(1);
}

static uint64_t key[MOST];

/* Every index under `wanted`, in the order in which they were added, and no other. */
static void check_key(const tcps_table *t, uint64_t wanted, size_t count) {
    size_t at = TCPS_TABLE_BEGIN;
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (key[i] != wanted) continue;
        if (first) must(tcps_table_get(t, wanted) == i, "get gives the first index");
        first = false;
        must(tcps_table_next(t, wanted, &at) == i, "next gives the indexes in order");
    }
    must(tcps_table_next(t, wanted, &at) == TCPS_NO_INDEX, "next ends after the last index");
    if (first) must(tcps_table_get(t, wanted) == TCPS_NO_INDEX, "get finds no key that was not added");
}

static void check_table(void) {
    tcps_table t = {0};
    must(tcps_table_get(&t, 1) == TCPS_NO_INDEX, "an empty table finds nothing");
    for (size_t i = 0; i < MOST; i++) {
        key[i] = (uint64_t)(rand() % KEYS) << (i % 2 ? 32 : 0);
        must(tcps_table_add(&t, key[i], (uint32_t)i) == TCPS_OK, "memory");
        if (i % 500 == 0) check_key(&t, key[i], i + 1);
    }
    must(t.count == MOST, "count");
    for (size_t i = 0; i < MOST; i++) check_key(&t, key[i], MOST);
    for (uint64_t absent = KEYS; absent < 2 * KEYS; absent++) check_key(&t, absent, MOST);

    must(tcps_table_init(&t, 2) == TCPS_OK && t.count == 0, "init empties the table");
    must(tcps_table_put(&t, 7, 70) == 70 && tcps_table_put(&t, 7, 71) == 70 && tcps_table_get(&t, 7) == 70, "put keeps the first index of a key");
    tcps_table_free(&t);
    must(tcps_table_get(&t, 7) == TCPS_NO_INDEX, "a freed table finds nothing");
}

static void check_grow(void) {
    size_t room = 0, moves = 0;
    uint32_t *array = NULL;
    for (uint32_t i = 0; i < MOST; i++) {
        size_t before = room;
        array = tcps_grow(array, &room, i + 1, sizeof *array);
        must(array && room > i, "memory");
        moves += room != before;
        array[i] = i;
    }
    for (uint32_t i = 0; i < MOST; i++) must(array[i] == i, "a growing array keeps its elements");
    must(moves < 16, "the room doubles");
    size_t kept = room;
    must(!tcps_grow(array, &room, SIZE_MAX / 2, sizeof *array) && room == kept, "what no memory holds leaves the array as it was");
    free(array);
}

static void check_bitset(void) {
    uint64_t a[2] = {0}, b[2] = {0};
    tcps_bitset_add(a, 0), tcps_bitset_add(a, 63), tcps_bitset_add(a, 64), tcps_bitset_add_if(a, 127, true), tcps_bitset_add_if(a, 5, false);
    for (size_t n = 0; n < 128; n++) must(tcps_bitset_has(a, n) == (n == 0 || n == 63 || n == 64 || n == 127), "has");
    tcps_bitset_remove(a, 64);
    must(!tcps_bitset_has(a, 64) && tcps_bitset_has(a, 63), "remove");
    tcps_bitset_add(b, 64);
    must(!tcps_bitset_meets(a, b, 2), "sets without a common member do not meet");
    tcps_bitset_add_all(b, a, 2);
    must(tcps_bitset_meets(a, b, 2) && tcps_bitset_has(b, 64) && tcps_bitset_has(b, 127), "add_all");
}

static void check_hash(void) {
    tcps_hash_key one = tcps_hash_new_key(), other = tcps_hash_new_key();
    const char text[] = "0123456789abcdef0123456789abcdef!";
    must(tcps_hash_bytes(0, text, 33, &one) != tcps_hash_bytes(0, text, 33, &other), "keys differ");
    for (size_t len = 0; len < 33; len++) {
        must(tcps_hash_bytes(0, text, len, &one) == tcps_hash_bytes(0, text, len, &one), "the same bytes have the same hash");
        must(tcps_hash_bytes(0, text, len, &one) != tcps_hash_bytes(0, text, len + 1, &one), "every byte counts");
    }
}

int main(void) {
    srand(1);
    check_table();
    check_grow();
    check_bitset();
    check_hash();
    printf("right\n");
    return 0;
}
