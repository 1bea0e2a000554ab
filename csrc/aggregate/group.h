/* Rows that have something in common: which group each row of a view belongs to, and numbers of each group.
 *
 * The keys of a group are chosen by peers (addresses, ports), so groups are found by a keyed hash. Time is linear in the rows. */
#ifndef TCPS_GROUP_H
#define TCPS_GROUP_H

#include "aggregate/column.h"

/* What rows are grouped by: a field's value or the network that its address lies in. */
typedef struct tcps_group_key {
    uint16_t field;
    bool network;             /* an address field, cut to a prefix */
    uint8_t prefix4, prefix6; /* its length for IPv4 (mapped ones too) and for IPv6 */
} tcps_group_key;

#define TCPS_GROUP_KEYS 8 /* that a group may have at once */
#define TCPS_NO_GROUP UINT32_MAX

typedef struct tcps_groups {
    size_t rows, count, room;
    uint32_t *of_row; /* each row's group, or TCPS_NO_GROUP */
    uint32_t *first;  /* each group's first row */
    uint32_t *size;   /* each group's number of rows */
} tcps_groups;

/* No group yet, for `rows` rows. TCPS_OK or TCPS_NOMEM. Free with tcps_groups_fini. */
tcps_code tcps_groups_init(tcps_groups *g, size_t rows);
void tcps_groups_fini(tcps_groups *g);

/* A new group whose first row is `row`; its number goes to `*group`. Then tcps_groups_put makes rows members. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_groups_add(tcps_groups *g, size_t row, uint32_t *group);
static inline void tcps_groups_put(tcps_groups *g, size_t row, uint32_t group) {
    g->of_row[row] = group;
    g->size[group]++;
}

/* Groups the rows of the view by all of `keys` together (1 to TCPS_GROUP_KEYS). A row that lacks one of the fields is in no group,
 * or with `absent` in a group of rows that lack it too. Groups are numbered in the order of their first row. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_groups_by(tcps_groups *g, tcps_view v, const tcps_group_key *keys, size_t n_keys, bool absent);

/* The network of `address` under the key, as text ("10.1.2.0/24"); `room` has TCPS_ADDRESS_ROOM + 4 bytes. Bytes that are no address are
 * shown whole. Returns the length. */
size_t tcps_group_network(const tcps_group_key *key, const tcps_text *address, char *room);

typedef enum tcps_fold_op {
    TCPS_FOLD_COUNT,
    TCPS_FOLD_SUM,
    TCPS_FOLD_MIN,
    TCPS_FOLD_MAX,
    TCPS_FOLD_MEAN,
    TCPS_FOLD_PERCENTILE,
    TCPS_FOLD_AT_MOST
} tcps_fold_op;

/* Folds the column into one number for each group: `out` has room for g->count. Rows without a number do not count; a group of only such
 * rows has no number (its count is 0). COUNT is how many rows have a number. A sum of integers is exact; one that fits no 64-bit integer
 * becomes a real. PERCENTILE is by nearest rank: the smallest number that that percentage of the numbers do not exceed, so it is always one
 * of them; its `parameter`, the percentage, lies in (0, 100]. AT_MOST is how many numbers do not exceed the parameter: a bucket of a histogram. The column must have g->rows rows. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_groups_fold(const tcps_groups *g, const tcps_column *c, tcps_fold_op op, double parameter, tcps_number *out);

#endif
