/* One number for each row of a view, or none: what groups are summed over and rows are ranked by.
 *
 * A column is of one kind. It begins with integers and turns to reals as a whole when the first real number comes, so that integers stay
 * exact as long as there are only integers. */
#ifndef TCPS_COLUMN_H
#define TCPS_COLUMN_H

#include "base/bitset.h"
#include "record/rows.h"

typedef enum tcps_kind {
    TCPS_SIGNED,   /* int64_t */
    TCPS_UNSIGNED, /* uint64_t */
    TCPS_REAL,     /* double, never NaN */
} tcps_kind;

/* A number of any kind, or none. */
typedef struct tcps_number {
    bool present;
    tcps_kind kind;
    uint64_t bits; /* as tcps_column.value */
} tcps_number;

typedef struct tcps_column {
    tcps_kind kind;
    size_t count;
    uint64_t *value; /* the bits of each row's number */
    uint64_t *has;   /* bit i: row i has one */
} tcps_column;

/* `count` rows without numbers. TCPS_OK or TCPS_NOMEM. Free with tcps_column_fini. */
tcps_code tcps_column_init(tcps_column *c, tcps_kind kind, size_t count);
void tcps_column_fini(tcps_column *c);

/* Initialises `c` with an integer or bool field of the view's rows. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_column_init_field(tcps_column *c, tcps_view v, unsigned field);

/* Sets row i. A NaN is no number and leaves the row without one. */
void tcps_column_set_integer(tcps_column *c, size_t i, int64_t value);
void tcps_column_set_real(tcps_column *c, size_t i, double value);

static inline bool tcps_column_has(const tcps_column *c, size_t i) { return tcps_bitset_has(c->has, i); }

/* The number of row i as a double. */
double tcps_column_real(const tcps_column *c, size_t i);

/* The rows that have a number, smallest first, or largest first when `descending`; equal ones in the order of the view. `order` has room for
 * `count` of them; `*found` is how many there are. Linear time (radix sort). TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_column_order(const tcps_column *c, bool descending, uint32_t *order, size_t *found);

#endif
