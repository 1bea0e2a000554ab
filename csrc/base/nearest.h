/* "Did you mean ...": the known word that an unknown one probably stands for.
 *
 * From nearest to farthest: a name that goes on where the word ends ("rtt" of rtt_us), a name that differs in few letters whatever their case (one
 * of a word of up to 3, two of up to 8, a third of a longer one), a name that holds the word, or is held by it, if that has 3 letters or more
 * ("port" of local_port). Of equally near names the first. */
#ifndef TCPS_NEAREST_H
#define TCPS_NEAREST_H

#include <stddef.h>

typedef struct tcps_nearest {
    const char *word;
    size_t len;
    unsigned distance; /* of the best so far */
    const char *name;  /* the best so far; NULL as long as nothing is near */
} tcps_nearest;

/* Begins to look for what `word` (`len` bytes, kept by the caller) may mean. */
tcps_nearest tcps_nearest_to(const char *word, size_t len);

/* Takes `name` if it is nearer than what there is. It is kept as a pointer. */
void tcps_nearest_consider(tcps_nearest *n, const char *name);

#endif
