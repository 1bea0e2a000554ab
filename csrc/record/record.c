#include "record/record.h"

#include "base/bitset.h"

const uint64_t tcps_value_mask[TCPS_FIELD_LIMIT] = {TCPS_VALUE_MASKS};

static unsigned count_fields(const tcps_record *r) {
    unsigned count = 0;
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++) count += tcps_count_bits(r->has[w]);
    return count;
}

size_t tcps_shape_size(const tcps_record *r) {
    size_t count = count_fields(r);
    return sizeof(tcps_shape) + count * sizeof(uint64_t) + ((count * sizeof(uint16_t) + 7) & ~(size_t)7);
}

void tcps_shape_make(tcps_shape *shape, const tcps_record *r) {
    unsigned count = count_fields(r), n = 0;
    uint16_t *fields = (uint16_t *)(shape->base + count);
    memset(shape, 0, sizeof *shape);
    memcpy(shape->has, r->has, sizeof shape->has);
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++) {
        for (uint64_t m = r->has[w]; m; m &= m - 1) {
            unsigned field = 64 * w + (unsigned)__builtin_ctzll(m);
            fields[n] = (uint16_t)field;
            shape->base[n] = r->value[field];
            shape->place[field] = (uint16_t)++n;
        }
    }
    shape->fields = fields;
    shape->count = (uint16_t)count;
    shape->mask_words = (uint16_t)((count + 63) / 64);
}

/* Bit n: field[n] of `r` has not the value base[n]. Without a branch: which ones differ is nothing that a processor can guess. */
static uint64_t differences(const tcps_record *r, const uint16_t *field, const uint64_t *base, unsigned count) {
    uint64_t bits = 0;
#pragma GCC unroll 8
    for (unsigned n = count; n-- > 0;) bits = 2 * bits + (r->value[field[n]] != base[n]);
    return bits;
}

size_t tcps_row_pack(tcps_row *row, const tcps_shape *shape, const tcps_record *r) {
    uint64_t *value = row->data + shape->mask_words;
    row->shape = shape;
    for (unsigned word = 0; word < shape->mask_words; word++) {
        const uint16_t *field = shape->fields + 64 * word;
        unsigned count = shape->count - 64 * word;
        uint64_t differs = differences(r, field, shape->base + 64 * word, count < 64 ? count : 64);
        row->data[word] = differs;
        for (; differs; differs &= differs - 1) *value++ = r->value[field[__builtin_ctzll(differs)]];
    }
    return (size_t)((char *)value - (char *)row);
}

void tcps_row_plain(tcps_row *row, const tcps_shape *shape) {
    row->shape = shape;
    memset(row->data, 0, 8 * (size_t)shape->mask_words);
}

void tcps_row_unpack(tcps_record *r, const tcps_row *row) {
    const tcps_shape *shape = row->shape;
    const uint64_t *value = row->data + shape->mask_words;
    memcpy(r->has, shape->has, sizeof r->has);
    for (unsigned n = 0; n < shape->count; n++) {
        bool differs = tcps_bitset_has(row->data, n);
        unsigned field = shape->fields[n];
        r->value[field] = (differs ? *value++ : shape->base[n]) & tcps_value_mask[field];
    }
}
