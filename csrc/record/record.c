#include "record/record.h"

const uint64_t tcps_value_mask[TCPS_FIELD_LIMIT] = {TCPS_VALUE_MASKS};

static unsigned count_bits(const uint64_t has[TCPS_WORDS]) {
    unsigned count = 0;
    for (unsigned w = 0; w < TCPS_WORDS; w++) count += (unsigned)__builtin_popcountll(has[w]);
    return count;
}

size_t tcps_shape_size(const uint64_t has[TCPS_WORDS]) { return (sizeof(tcps_shape) + count_bits(has) + 7) & ~(size_t)7; }

void tcps_shape_make(tcps_shape *shape, const uint64_t has[TCPS_WORDS]) {
    const uint64_t wide[TCPS_WORDS] = {has[0] & TCPS_WIDE_0, has[1] & TCPS_WIDE_1, has[2] & TCPS_WIDE_2, has[3] & TCPS_WIDE_3};
    unsigned next_wide = sizeof(tcps_row), next_narrow = next_wide + 8 * count_bits(wide);
    memset(shape, 0, sizeof *shape);
    for (unsigned w = 0; w < TCPS_WORDS; w++) {
        shape->has[w] = has[w];
        for (uint64_t m = has[w]; m; m &= m - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(m), field = 64 * w + bit;
            shape->fields[shape->count++] = (uint8_t)field;
            if (wide[w] >> bit & 1) {
                shape->at[field] = (uint16_t)next_wide;
                next_wide += 8;
            } else {
                shape->at[field] = (uint16_t)next_narrow;
                next_narrow += 4;
            }
        }
    }
    shape->row_size = (uint16_t)((next_narrow + 4 + 7) & ~7u);
}

void tcps_row_pack(tcps_row *row, const tcps_shape *shape, const tcps_record *r) {
    const uint8_t *end = shape->fields + shape->count;
    row->shape = shape;
    /* Each 32-bit value is stored with the upper half of its slot, which the next one overwrites: no branch, and half the instructions. */
    for (const uint8_t *field = shape->fields; field < end; field++)
        memcpy((char *)row + shape->at[*field], &r->value[*field], sizeof r->value[*field]);
}

void tcps_row_unpack(tcps_record *r, const tcps_row *row) {
    const tcps_shape *shape = row->shape;
    memcpy(r->has, shape->has, sizeof r->has);
    for (unsigned i = 0; i < shape->count; i++) {
        unsigned field = shape->fields[i];
        r->value[field] = tcps_row_bits(row, field);
    }
}
