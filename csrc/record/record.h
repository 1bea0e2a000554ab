/* One TCP socket at one moment.
 *
 * `tcps_record` is the one record that a source is filling: a value slot for every field number, so that setting a field is one store
 * and clearing it is clearing the bitmap. It stays in the first level cache. A batch keeps it as a `tcps_row`: only the values that are
 * there, in field order, and a pointer to the `tcps_shape` that it shares with the rows that have the same fields, which says where they lie.
 * A row of a Linux connection takes about 390 bytes, where the message struct that protobuf-c generates takes 1,680; doc/performance.md has
 * the figures. Fields, numbers and types come from proto/tcp_stats.proto alone.
 *
 * A value is held in 64 bits: integers in two's complement, a bool as 0 or 1, an enum by its number, a repeated enum as a set (bit n:
 * number n), a string or bytes as a pointer to a tcps_text that the batch owns. */
#ifndef TCPS_RECORD_H
#define TCPS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fields.h" /* generated: enum tcps_field_number, TCPS_WIDE_* */

#define TCPS_WORDS 4
#define TCPS_FIELD_LIMIT (64 * TCPS_WORDS) /* field numbers are below this */

/* Bytes with their length; `bytes` is followed by a NUL that `len` does not count. */
typedef struct tcps_text {
    uint32_t len;
    char bytes[];
} tcps_text;

typedef struct tcps_record {
    uint64_t has[TCPS_WORDS]; /* bit n of the whole: field number n is present */
    uint64_t value[TCPS_FIELD_LIMIT];
} tcps_record;

static inline void tcps_record_clear(tcps_record *r) { memset(r->has, 0, sizeof r->has); }

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

/* `text` is owned by the batch that the record goes to; NULL leaves the field absent. */
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

/* What rows with the same fields share. The sockets of a system have few shapes: a listener's, a connection's before and after its first
 * round trip, that of TIME_WAIT, each with IPv4 and IPv6. */
typedef struct tcps_shape {
    uint64_t has[TCPS_WORDS];      /* bit n of the whole: field number n is present */
    uint16_t at[TCPS_FIELD_LIMIT]; /* where the field's value lies: bytes from the row's begin; 0: absent */
    uint16_t row_size;
    uint8_t count;    /* of present fields */
    uint8_t fields[]; /* their numbers, ascending */
} tcps_shape;

/* A stored record: its 64-bit values and then the 32-bit ones, each in field order. At least four bytes follow the last value, so that every
 * value may be read as if it had 64 bits. */
typedef struct tcps_row {
    const tcps_shape *shape;
    uint64_t values[];
} tcps_row;

static inline bool tcps_row_has(const tcps_row *row, unsigned field) { return row->shape->at[field] != 0; }

/* The bits of a present field: 64-bit fields whole, 32-bit fields zero-extended (read an int32 as (int32_t)bits). */
static inline uint64_t tcps_row_bits(const tcps_row *row, unsigned field) {
    uint64_t bits;
    memcpy(&bits, (const char *)row + row->shape->at[field], sizeof bits);
    return bits & tcps_value_mask[field];
}

/* Bytes that the shape of records with these fields takes, a multiple of 8, and the shape itself. */
size_t tcps_shape_size(const uint64_t has[TCPS_WORDS]);
void tcps_shape_make(tcps_shape *shape, const uint64_t has[TCPS_WORDS]);

/* Writes the row of `r` into `row`, which has shape->row_size bytes, aligned to 8. `r` has the fields of the shape. Texts and the shape are
 * shared, not copied. */
void tcps_row_pack(tcps_row *row, const tcps_shape *shape, const tcps_record *r);

/* The other way: `r` gets the fields of `row`; 32-bit values come back zero-extended, so read an int32 as (int32_t)value. Texts are shared. */
void tcps_row_unpack(tcps_record *r, const tcps_row *row);

#endif
