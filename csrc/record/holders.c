#include "record/holders.h"

#include <stdlib.h>
#include <string.h>

#include "base/groups.h"
#include "base/grow.h"

void tcps_holders_clear(tcps_holders *h) {
    h->count = h->groups = 0;
    tcps_table_free(&h->by_socket);
}

void tcps_holders_free(tcps_holders *h) {
    free(h->given);
    free(h->first);
    free(h->at);
    tcps_table_free(&h->by_socket);
    *h = (tcps_holders){0};
}

tcps_code tcps_holders_add(tcps_holders *h, uint64_t socket, uint32_t pid, uint32_t fd) {
    tcps_holding *grown = h->count < UINT32_MAX - 1 ? tcps_grow(h->given, &h->room, h->count + 1, sizeof *grown) : NULL;
    if (!grown) return TCPS_NOMEM;
    h->given = grown;
    grown[h->count++] = (tcps_holding){socket, {pid, fd}};
    return TCPS_OK;
}

static int compare(const void *a, const void *b) {
    const tcps_holder *x = a, *y = b;
    return x->pid != y->pid ? (x->pid > y->pid) - (x->pid < y->pid) : (x->fd > y->fd) - (x->fd < y->fd);
}

static tcps_code make_room(tcps_holders *h) {
    uint32_t *first = tcps_grow(h->first, &h->first_room, h->count + 2, sizeof *first);
    if (first) h->first = first;
    tcps_holder *at = tcps_grow(h->at, &h->at_room, h->count + 1, sizeof *at);
    if (at) h->at = at;
    return first && at ? tcps_table_init(&h->by_socket, h->count) : TCPS_NOMEM;
}

tcps_code tcps_holders_sort(tcps_holders *h) {
    h->groups = 0;
    if (make_room(h) != TCPS_OK) return TCPS_NOMEM;
    uint32_t *next = h->first + 1;
    for (size_t i = 0; i < h->count; i++) tcps_groups_count(&h->by_socket, h->given[i].socket, next, &h->groups);
    tcps_groups_place(next, h->groups);
    for (size_t i = 0; i < h->count; i++) h->at[next[tcps_table_get(&h->by_socket, h->given[i].socket)]++] = h->given[i].by;
    for (size_t g = 0; g < h->groups; g++)
        if (h->first[g + 1] - h->first[g] > 1) qsort(h->at + h->first[g], h->first[g + 1] - h->first[g], sizeof *h->at, compare);
    return TCPS_OK;
}

const tcps_holder *tcps_holders_of(const tcps_holders *h, uint64_t socket, size_t *count) {
    uint32_t group = tcps_table_get(&h->by_socket, socket);
    *count = group == TCPS_NO_INDEX ? 0 : h->first[group + 1] - h->first[group];
    return *count ? h->at + h->first[group] : NULL;
}
