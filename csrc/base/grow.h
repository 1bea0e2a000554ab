/* Arrays that grow. */
#ifndef TCPS_GROW_H
#define TCPS_GROW_H

#include <stddef.h>

/* Makes room for `count` elements of `size` bytes in `array`, which has room for *room (NULL and 0: none yet). Returns the array, which may have
 * moved, with *room at least `count`; or NULL when there is no memory, with array and *room as they were. The room at least doubles, so that adding
 * one element at a time takes linear time. Free with free(). */
void *tcps_grow(void *array, size_t *room, size_t count, size_t size);

#endif
