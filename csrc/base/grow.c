#include "base/grow.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_ROOM 16

void *tcps_grow(void *array, size_t *room, size_t count, size_t size) {
    if (array && count <= *room) return array;
    if (count > SIZE_MAX / 2 / size) return NULL;
    size_t wanted = *room ? *room : FIRST_ROOM;
    while (wanted < count) wanted *= 2;
    void *grown = realloc(array, wanted * size);
    if (grown) *room = wanted;
    return grown;
}
