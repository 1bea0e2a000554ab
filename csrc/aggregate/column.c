#include "aggregate/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/schema.h"

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double real_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

tcps_code tcps_column_init(tcps_column *c, tcps_kind kind, size_t count) {
    *c = (tcps_column){.kind = kind, .count = count};
    if (count > UINT32_MAX) return TCPS_NOMEM; /* orders and groups number rows in 32 bits */
    c->value = malloc((count + 1) * sizeof *c->value);
    c->has = calloc(count / 64 + 1, sizeof *c->has);
    if (c->value && c->has) return TCPS_OK;
    tcps_column_fini(c);
    return TCPS_NOMEM;
}

void tcps_column_fini(tcps_column *c) {
    free(c->value);
    free(c->has);
    *c = (tcps_column){0};
}

static void put(tcps_column *c, size_t i, uint64_t bits) {
    c->value[i] = bits;
    tcps_bitset_add(c->has, i);
}

tcps_code tcps_column_init_field(tcps_column *c, tcps_view v, unsigned field) {
    tcps_type type = tcps_fields[field].type;
    tcps_code code = tcps_column_init(c, type == TCPS_T_I32 || type == TCPS_T_I64 ? TCPS_SIGNED : TCPS_UNSIGNED, v.count);
    if (code != TCPS_OK) return code;
    for (size_t i = 0; i < v.count; i++) {
        if (!tcps_row_has(v.rows[i], field)) continue;
        uint64_t bits = tcps_row_bits(v.rows[i], field);
        put(c, i, type == TCPS_T_I32 ? (uint64_t)(int64_t)(int32_t)bits : bits);
    }
    return TCPS_OK;
}

double tcps_column_real(const tcps_column *c, size_t i) {
    switch (c->kind) {
    case TCPS_SIGNED: return (double)(int64_t)c->value[i];
    case TCPS_UNSIGNED: return (double)c->value[i];
    default: return real_of(c->value[i]);
    }
}

static void make_real(tcps_column *c) {
    for (size_t i = 0; i < c->count; i++)
        if (tcps_column_has(c, i)) c->value[i] = bits_of(tcps_column_real(c, i));
    c->kind = TCPS_REAL;
}

void tcps_column_set_integer(tcps_column *c, size_t i, int64_t value) {
    if (c->kind == TCPS_REAL)
        put(c, i, bits_of((double)value));
    else
        put(c, i, (uint64_t)value);
}

void tcps_column_set_real(tcps_column *c, size_t i, double value) {
    if (isnan(value)) return;
    if (c->kind != TCPS_REAL) make_real(c);
    put(c, i, bits_of(value));
}

/* The bits in an order that unsigned comparison has. */
static uint64_t sort_key(tcps_kind kind, uint64_t bits) {
    const uint64_t sign = 1ull << 63;
    switch (kind) {
    case TCPS_SIGNED: return bits ^ sign;
    case TCPS_UNSIGNED: return bits;
    default: return bits & sign ? ~bits : bits ^ sign;
    }
}

typedef struct item {
    uint64_t key;
    uint32_t row;
} item;

/* One pass of the radix sort: `from` to `to` by one byte of the key, keeping the order of equal ones. */
static void sort_by_byte(const item *from, item *to, size_t n, unsigned shift) {
    size_t next[256] = {0};
    for (size_t i = 0; i < n; i++) next[from[i].key >> shift & 255]++;
    for (size_t b = 0, at = 0; b < 256; b++) {
        size_t here = next[b];
        next[b] = at;
        at += here;
    }
    for (size_t i = 0; i < n; i++) to[next[from[i].key >> shift & 255]++] = from[i];
}

tcps_code tcps_column_order(const tcps_column *c, bool descending, uint32_t *order, size_t *found) {
    item *items = malloc(2 * (c->count + 1) * sizeof *items);
    if (!items) return TCPS_NOMEM;
    size_t n = 0;
    uint64_t differ = 0; /* bits in which any two keys differ: most numbers need three or four of the eight passes */
    for (size_t i = 0; i < c->count; i++) {
        if (!tcps_column_has(c, i)) continue;
        uint64_t key = sort_key(c->kind, c->value[i]);
        items[n] = (item){descending ? ~key : key, (uint32_t)i};
        differ |= items[n].key ^ items[0].key;
        n++;
    }
    item *from = items, *to = items + c->count + 1;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if ((differ >> shift & 255) == 0) continue;
        sort_by_byte(from, to, n, shift);
        item *sorted = to;
        to = from;
        from = sorted;
    }
    for (size_t i = 0; i < n; i++) order[i] = from[i].row;
    *found = n;
    free(items);
    return TCPS_OK;
}
