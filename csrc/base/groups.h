/* Elements sorted by a key that few of them share, in linear time: count each (tcps_groups_count), turn the counts into places (tcps_groups_place), then
 * put each element at next[its group]++. `next` is first + 1 of an array of one more than the groups: when every element is in place, group g is
 * [first[g], first[g + 1]). */
#ifndef TCPS_GROUPS_H
#define TCPS_GROUPS_H

#include "base/table.h"

/* Counts an element with `key`. `index` has the group of each key, and room for one more; *groups is how many there are. */
static inline void tcps_groups_count(tcps_table *index, uint64_t key, uint32_t *next, size_t *groups) {
    uint32_t group = tcps_table_put(index, key, (uint32_t)*groups);
    if (group == *groups) next[(*groups)++] = 0;
    next[group]++;
}

/* Every next[g], a count, becomes the place of the group's first element. */
static inline void tcps_groups_place(uint32_t *next, size_t groups) {
    next[-1] = 0;
    uint32_t begin = 0;
    for (size_t g = 0; g < groups; g++) {
        uint32_t count = next[g];
        next[g] = begin;
        begin += count;
    }
}

#endif
