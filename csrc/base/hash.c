#include "base/hash.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

tcps_hash_key tcps_hash_new_key(void) {
    tcps_hash_key key;
    if (getentropy(&key, sizeof key) != 0) { /* a sandbox without it: unknown to a peer all the same */
        struct timespec now = {0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t seed = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&key ^ (uint64_t)now.tv_sec << 32;
        for (unsigned i = 0; i < 4; i++) key.word[i] = seed = tcps_hash_fold(seed ^ 0x9e3779b97f4a7c15u, 0xd1342543de82ef95u + i);
    }
    return key;
}
