/* A keyed hash. Peers choose addresses, ports and, through their programs, names: with a random key nobody can prepare values that meet in one hash.
 * Each step multiplies two words to 128 bits and folds the halves. */
#ifndef TCPS_HASH_H
#define TCPS_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct tcps_hash_key {
    uint64_t word[4];
} tcps_hash_key;

/* A fresh random key. */
tcps_hash_key tcps_hash_new_key(void);

static inline uint64_t tcps_hash_fold(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;
    return (a * b) ^ (a1 * b1 + (middle >> 32) + (other >> 32));
#endif
}

/* Of `len` bytes that follow what `hash` is the hash of. */
static inline uint64_t tcps_hash_bytes(uint64_t hash, const void *bytes, size_t len, const tcps_hash_key *key) {
    const uint8_t *at = bytes;
    hash ^= len;
    do {
        uint64_t word[2] = {0, 0};
        size_t piece = len < sizeof word ? len : sizeof word;
        if (piece) memcpy(word, at, piece); /* `bytes` may be NULL then */
        hash = tcps_hash_fold(word[0] ^ key->word[0] ^ hash, word[1] ^ key->word[1]);
        at += piece;
        len -= piece;
    } while (len);
    return hash;
}

#endif
