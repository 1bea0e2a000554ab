/* Memory that is given out in pieces and freed as one: what a batch and everything that it points to live in.
 *
 * Chunks grow from 32 KB to 4 MB, so that ten sockets cost no more than a malloc and 100,000 are backed by huge pages where the system has
 * them. A freed arena's large chunks are kept for the next one (see TCPS_ARENA_KEPT), so that a pass after the first touches no new page. */
#ifndef TCPS_ARENA_H
#define TCPS_ARENA_H

#include <stddef.h>

typedef struct tcps_chunk tcps_chunk;

typedef struct tcps_arena {
    tcps_chunk *chunks; /* newest first */
    char *next, *end;   /* free room in the newest */
} tcps_arena;

typedef struct tcps_arena_mark {
    tcps_chunk *chunk;
    char *next;
} tcps_arena_mark;

/* `size` bytes aligned to 8, uninitialised; NULL when there is no memory. */
void *tcps_arena_take_slow(tcps_arena *a, size_t size);
static inline void *tcps_arena_take(tcps_arena *a, size_t size) {
    size_t rounded = (size + 7) & ~(size_t)7;
    if (rounded < size || (size_t)(a->end - a->next) < rounded) return tcps_arena_take_slow(a, size);
    void *p = a->next;
    a->next += rounded;
    return p;
}

/* Gives back the end of the piece that was taken last: `size` bytes of it are kept. */
static inline void tcps_arena_shrink(tcps_arena *a, void *piece, size_t size) { a->next = (char *)piece + ((size + 7) & ~(size_t)7); }

/* The arena as it is now, and back to that: what was taken since is free again. */
tcps_arena_mark tcps_arena_here(const tcps_arena *a);
void tcps_arena_back(tcps_arena *a, tcps_arena_mark mark);

/* Bytes in the chunks of all arenas of this thread, those that are kept for the next arena not counted. */
size_t tcps_arena_in_use(void);

/* Frees all of it; the arena is empty and may be used again. */
void tcps_arena_free(tcps_arena *a);

/* Gives the kept chunks back to the system. */
void tcps_arena_trim(void);

#endif
