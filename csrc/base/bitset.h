/* Sets of small numbers, most often of field numbers: bit n of an array of 64-bit words says that n is in the set. The words belong to whoever has
 * the set; nothing here checks that `n` is below 64 times their number. */
#ifndef TCPS_BITSET_H
#define TCPS_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool tcps_bitset_has(const uint64_t *set, size_t n) { return set[n >> 6] >> (n & 63) & 1; }
static inline void tcps_bitset_add(uint64_t *set, size_t n) { set[n >> 6] |= 1ull << (n & 63); }
static inline void tcps_bitset_remove(uint64_t *set, size_t n) { set[n >> 6] &= ~(1ull << (n & 63)); }

/* Adds `n` if `wanted`; compiles to no branch. */
static inline void tcps_bitset_add_if(uint64_t *set, size_t n, bool wanted) { set[n >> 6] |= (uint64_t)wanted << (n & 63); }

/* Of sets of `words` words: adds every member of `other`, and whether the two have a member in common. */
static inline void tcps_bitset_add_all(uint64_t *set, const uint64_t *other, size_t words) {
    for (size_t w = 0; w < words; w++) set[w] |= other[w];
}
static inline bool tcps_bitset_meets(const uint64_t *set, const uint64_t *other, size_t words) {
    uint64_t common = 0;
    for (size_t w = 0; w < words; w++) common |= set[w] & other[w];
    return common != 0;
}

#endif
