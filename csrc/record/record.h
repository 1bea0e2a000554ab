/* One TCP socket at one moment.
 *
 * `tcps_record` is the one record that a source is filling: a value slot for every field number, so that setting a field is one store
 * and clearing it is clearing the bitmap. It stays in the first level cache. A pass keeps it as a `tcps_row`: the difference from the first
 * record of the same fields, its `tcps_shape`. Sockets of a system have few shapes and most of their values in common (zeros, sizes, limits,
 * algorithms), so that a row takes about 200 bytes, where the values of its 100 fields take 520 and the message struct that protobuf-c
 * generates 2,216; and an encoder writes once what rows have in common. doc/performance.md has the figures. Fields, numbers and types come
 * from proto/tcp_stats.proto alone.
 *
 *     shape    fields   local_port   remote_port   rtt_us   tx_bytes      one for all rows that have these fields
 *              base            443         50000      120       1000
 *
 *     row      mask     0             1             1        0            one for each socket: an 8-byte word,
 *              values                 50001         95                    and 8 bytes for each value that differs
 *
 *     template "localPort":443,"remotePort":50000,"rttUs":120,"txBytes":"1000",
 *              |-- copied ------------|     |- copied ----|   |- copied -------|
 *                                     50001               95              one for each shape and encoding (encode/template.h)
 *
 * A value is held in 64 bits: integers in two's complement, a bool as 0 or 1, an enum by its number, a repeated enum as a set (bit n:
 * number n), a string or bytes as a pointer to a tcps_text that the rows own. */
#ifndef TCPS_RECORD_H
#define TCPS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fields.h" /* generated: enum tcps_field_number, TCPS_FIELD_HIGHEST, TCPS_VALUE_MASKS */

/* Field numbers have 16 bits. A set of fields is a mask of TCPS_MASK_WORDS words; bit n of the whole: field number n. */
#define TCPS_MASK_WORDS (TCPS_FIELD_HIGHEST / 64 + 1)
#define TCPS_FIELD_LIMIT (64 * TCPS_MASK_WORDS) /* field numbers are below this */

/* Bytes with their length; `bytes` is followed by a NUL that `len` does not count. */
typedef struct tcps_text {
    uint32_t len;
    char bytes[];
} tcps_text;

typedef struct tcps_record {
    uint64_t has[TCPS_MASK_WORDS]; /* the fields that are present */
    uint64_t value[TCPS_FIELD_LIMIT];
} tcps_record;

static inline void tcps_record_clear(tcps_record *r) { memset(r->has, 0, sizeof r->has); }

/* These shift by hand: by base/bitset.h the parser of macOS takes 3.6 % more instructions (gcc 12). */
static inline bool tcps_has(const tcps_record *r, unsigned field) { return r->has[field >> 6] >> (field & 63) & 1; }

static inline void tcps_set(tcps_record *r, unsigned field, uint64_t value) {
    r->has[field >> 6] |= 1ull << (field & 63);
    r->value[field] = value;
}

/* For fields where 0 says "not known" or that the contract never writes as 0. */
static inline void tcps_set_nonzero(tcps_record *r, unsigned field, uint64_t value) {
    r->has[field >> 6] |= (uint64_t)(value != 0) << (field & 63);
    r->value[field] = value;
}

/* `text` belongs to the rows that the record goes to; NULL leaves the field absent. */
static inline void tcps_set_text(tcps_record *r, unsigned field, const tcps_text *text) {
    if (text) tcps_set(r, field, (uint64_t)(uintptr_t)text);
}

/* Adds data source `number` (enum DataSource) to the set of what fed the record. */
static inline void tcps_add_source(tcps_record *r, unsigned number) {
    uint64_t set = tcps_has(r, TCPS_F_sources) ? r->value[TCPS_F_sources] : 0;
    tcps_set(r, TCPS_F_sources, set | 1ull << number);
}

static inline void tcps_unset(tcps_record *r, unsigned field) { r->has[field >> 6] &= ~(1ull << (field & 63)); }

/* By field number: the bits that its values have, all or the lower 32. */
extern const uint64_t tcps_value_mask[TCPS_FIELD_LIMIT];

/* What rows with the same fields share: which fields, and the values that the first of them had. The sockets of a system have few shapes: a
 * listener's, a connection's before and after its first round trip, that of TIME_WAIT, each with IPv4 and IPv6. */
typedef struct tcps_shape {
    uint64_t has[TCPS_MASK_WORDS];    /* the fields that are present */
    uint16_t place[TCPS_FIELD_LIMIT]; /* the field's place among those that are present, from 1; 0: absent */
    uint16_t count;                   /* of present fields */
    uint16_t mask_words;              /* of a mask of that many bits */
    const uint16_t *fields;           /* their numbers, ascending */
    uint64_t base[];                  /* their values */
} tcps_shape;

/* A stored record. `data` begins with a mask of shape->mask_words words, where bit n says that the value of shape->fields[n] is not shape->base[n];
 * the values for which that is so follow, in the same order. */
typedef struct tcps_row {
    const tcps_shape *shape;
    uint64_t data[];
} tcps_row;

static inline unsigned tcps_count_bits(uint64_t v) {
#if defined(__x86_64__) && !defined(__POPCNT__)
    /* What the compiler calls otherwise takes twice the time: the oldest x86-64 has no instruction for it. */
    v -= v >> 1 & 0x5555555555555555u;
    v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
    return (unsigned)(((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u >> 56);
#else
    return (unsigned)__builtin_popcountll(v);
#endif
}

static inline bool tcps_row_has(const tcps_row *row, unsigned field) { return row->shape->place[field] != 0; }

/* The bits of a present field: 64-bit fields whole, 32-bit fields zero-extended (read an int32 as (int32_t)bits). */
static inline uint64_t tcps_row_bits(const tcps_row *row, unsigned field) {
    const tcps_shape *shape = row->shape;
    unsigned n = shape->place[field] - 1u, word = n >> 6;
    uint64_t bit = 1ull << (n & 63), bits = shape->base[n];
    if (row->data[word] & bit) {
        unsigned before = tcps_count_bits(row->data[word] & (bit - 1));
        while (word) before += tcps_count_bits(row->data[--word]);
        bits = row->data[shape->mask_words + before];
    }
    return bits & tcps_value_mask[field];
}

/* Bytes that the shape of records like `r` takes, a multiple of 8, and the shape itself, in one piece; its texts are those of `r`. */
size_t tcps_shape_size(const tcps_record *r);
void tcps_shape_make(tcps_shape *shape, const tcps_record *r);

/* Bytes that a row may take, of any values and of the shape's own. */
static inline size_t tcps_row_room(const tcps_shape *shape) { return sizeof(tcps_row) + 8 * ((size_t)shape->mask_words + shape->count); }
static inline size_t tcps_row_least(const tcps_shape *shape) { return sizeof(tcps_row) + 8 * (size_t)shape->mask_words; }

/* Writes the row of `r` into `row`, which has tcps_row_room bytes, aligned to 8, and gives those that it takes. `r` has the fields of the shape.
 * Texts and the shape are shared, not copied. */
size_t tcps_row_pack(tcps_row *row, const tcps_shape *shape, const tcps_record *r);

/* Writes the row that has the shape's own values: tcps_row_least bytes. */
void tcps_row_plain(tcps_row *row, const tcps_shape *shape);

/* The other way: `r` gets the fields of `row`, as tcps_row_bits has them. Texts are shared. */
void tcps_row_unpack(tcps_record *r, const tcps_row *row);

#endif
