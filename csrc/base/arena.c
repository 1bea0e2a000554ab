#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SMALLEST ((size_t)32 << 10)
#define LARGEST ((size_t)4 << 20)

/* Large chunks that are kept for the next arena: what two batches of about 300,000 sockets take. */
#define TCPS_ARENA_KEPT 64

struct tcps_chunk {
    tcps_chunk *older;
    size_t size; /* header included */
};

/* Kept chunks, LARGEST each. Thread-local, so that no lock is needed; a thread that ends leaves at most these. */
static _Thread_local tcps_chunk *kept;
static _Thread_local unsigned kept_count;
static _Thread_local size_t in_use;

size_t tcps_arena_in_use(void) { return in_use; }

static tcps_chunk *new_large(void) {
    if (kept) {
        tcps_chunk *c = kept;
        kept = c->older;
        kept_count--;
        return c;
    }
    /* Aligned to its size, so that huge pages (2 MB) fit whole. */
    char *map = mmap(NULL, 2 * LARGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (map == MAP_FAILED) return NULL;
    char *aligned = (char *)(((uintptr_t)map + LARGEST - 1) & ~(uintptr_t)(LARGEST - 1));
    if (aligned > map) munmap(map, (size_t)(aligned - map));
    if (aligned < map + LARGEST) munmap(aligned + LARGEST, (size_t)(map + LARGEST - aligned));
#ifdef MADV_HUGEPAGE
    madvise(aligned, LARGEST, MADV_HUGEPAGE);
#endif
    return (tcps_chunk *)aligned;
}

static void free_chunk(tcps_chunk *c) {
    in_use -= c->size;
    if (c->size != LARGEST) {
        free(c);
    } else if (kept_count < TCPS_ARENA_KEPT) {
        c->older = kept;
        kept = c;
        kept_count++;
    } else {
        munmap(c, LARGEST);
    }
}

static int grow(tcps_arena *a, size_t room) {
    size_t size = a->chunks ? 4 * a->chunks->size : SMALLEST;
    if (size > LARGEST) size = LARGEST;
    while (size < LARGEST && size < room + sizeof(tcps_chunk)) size *= 2;
    tcps_chunk *c;
    if (room + sizeof(tcps_chunk) > LARGEST) {
        size = room + sizeof(tcps_chunk);
        c = malloc(size);
    } else {
        c = size == LARGEST ? new_large() : malloc(size);
    }
    if (!c) return -1;
    in_use += size;
    c->size = size;
    c->older = a->chunks;
    a->chunks = c;
    a->next = (char *)(c + 1);
    a->end = (char *)c + size;
    return 0;
}

void *tcps_arena_take_slow(tcps_arena *a, size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    size = (size + 7) & ~(size_t)7;
    if (grow(a, size) != 0) return NULL;
    void *p = a->next;
    a->next += size;
    return p;
}

tcps_arena_mark tcps_arena_here(const tcps_arena *a) { return (tcps_arena_mark){a->chunks, a->next}; }

void tcps_arena_back(tcps_arena *a, tcps_arena_mark mark) {
    while (a->chunks != mark.chunk) {
        tcps_chunk *c = a->chunks;
        a->chunks = c->older;
        free_chunk(c);
    }
    a->next = mark.next;
    a->end = mark.chunk ? (char *)mark.chunk + mark.chunk->size : NULL;
}

void tcps_arena_free(tcps_arena *a) { tcps_arena_back(a, (tcps_arena_mark){NULL, NULL}); }

void tcps_arena_trim(void) {
    while (kept) {
        tcps_chunk *c = kept;
        kept = c->older;
        munmap(c, LARGEST);
    }
    kept_count = 0;
}
