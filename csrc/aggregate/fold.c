/* Groups and a column to one number for each group. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/group.h"

/* A sum of integers in 128 bits, which no number of rows overflows. Two words, because not every compiler has such a type. */
typedef struct total {
    uint64_t low;
    int64_t high;
    double real;
    uint32_t count;
} total;

static tcps_number integer(tcps_kind kind, uint64_t bits) { return (tcps_number){.present = true, .kind = kind, .bits = bits}; }

static tcps_number real(double value) {
    tcps_number n = {.present = true, .kind = TCPS_REAL};
    memcpy(&n.bits, &value, sizeof value);
    return n;
}

static void add(total *t, const tcps_column *c, size_t i) {
    t->count++;
    if (c->kind == TCPS_REAL) {
        t->real += tcps_column_real(c, i);
        return;
    }
    uint64_t low = t->low + c->value[i];
    t->high += (c->kind == TCPS_SIGNED && (int64_t)c->value[i] < 0 ? -1 : 0) + (low < t->low);
    t->low = low;
}

static bool fits_signed(const total *t) { return t->high == ((int64_t)t->low < 0 ? -1 : 0); }

static double real_total(const total *t, const tcps_column *c) {
    if (c->kind == TCPS_REAL) return t->real;
    if (fits_signed(t)) return (double)(int64_t)t->low; /* the halves of a small negative number would lose it in rounding */
    return ldexp((double)t->high, 64) + (double)t->low;
}

static tcps_number sum(const total *t, const tcps_column *c) {
    if (c->kind == TCPS_UNSIGNED && t->high == 0) return integer(TCPS_UNSIGNED, t->low);
    if (c->kind == TCPS_SIGNED && fits_signed(t)) return integer(TCPS_SIGNED, t->low);
    return real(real_total(t, c));
}

static tcps_code fold_totals(const tcps_groups *g, const tcps_column *c, tcps_fold_op op, double most, tcps_number *out) {
    total *totals = calloc(g->count + 1, sizeof *totals);
    if (!totals) return TCPS_NOMEM;
    for (size_t i = 0; i < g->rows; i++) {
        bool counts = g->of_row[i] != TCPS_NO_GROUP && tcps_column_has(c, i) && (op != TCPS_FOLD_AT_MOST || tcps_column_real(c, i) <= most);
        if (counts) add(&totals[g->of_row[i]], c, i);
    }
    for (size_t group = 0; group < g->count; group++) {
        const total *t = &totals[group];
        out[group] = (tcps_number){0};
        if (op == TCPS_FOLD_COUNT || op == TCPS_FOLD_AT_MOST)
            out[group] = integer(TCPS_UNSIGNED, t->count);
        else if (t->count)
            out[group] = op == TCPS_FOLD_SUM ? sum(t, c) : real(real_total(t, c) / t->count);
    }
    free(totals);
    return TCPS_OK;
}

/* Percentiles, the smallest and the largest: the rank of the wanted one in each group is known beforehand, so one walk over the rows in the
 * order of their numbers finds them all, however many groups there are. */
static tcps_code fold_ranks(const tcps_groups *g, const tcps_column *c, tcps_fold_op op, double percent, tcps_number *out) {
    uint32_t *left = calloc(g->count + 1, sizeof *left), *order = malloc((g->rows + 1) * sizeof *order);
    size_t found = 0;
    tcps_code code = left && order ? tcps_column_order(c, op == TCPS_FOLD_MAX, order, &found) : TCPS_NOMEM;
    for (size_t i = 0; i < found && code == TCPS_OK; i++)
        if (g->of_row[order[i]] != TCPS_NO_GROUP) left[g->of_row[order[i]]]++;
    for (size_t group = 0; group < g->count && code == TCPS_OK; group++) {
        out[group] = (tcps_number){0};
        if (!left[group]) continue;
        double rank = op == TCPS_FOLD_PERCENTILE ? ceil(left[group] * percent / 100) : 1;
        left[group] = rank < 1 ? 1 : rank > left[group] ? left[group] : (uint32_t)rank;
    }
    for (size_t i = 0; i < found && code == TCPS_OK; i++) {
        uint32_t group = g->of_row[order[i]];
        if (group != TCPS_NO_GROUP && left[group] && --left[group] == 0) out[group] = integer(c->kind, c->value[order[i]]);
    }
    free(left);
    free(order);
    return code;
}

tcps_code tcps_groups_fold(const tcps_groups *g, const tcps_column *c, tcps_fold_op op, double parameter, tcps_number *out) {
    if (op == TCPS_FOLD_MIN || op == TCPS_FOLD_MAX || op == TCPS_FOLD_PERCENTILE) return fold_ranks(g, c, op, parameter, out);
    return fold_totals(g, c, op, parameter, out);
}
