#include "record/record.h"

static inline unsigned count_bits(uint64_t word) { return (unsigned)__builtin_popcountll(word); }

size_t tcps_row_size(const tcps_record *r) {
    size_t wide = 0, narrow = 0;
    for (unsigned w = 0; w < TCPS_WORDS; w++) {
        wide += count_bits(r->has[w] & tcps_wide_mask[w]);
        narrow += count_bits(r->has[w] & ~tcps_wide_mask[w]);
    }
    return sizeof(tcps_row) + 8 * wide + 4 * (narrow + (narrow & 1));
}

void tcps_row_pack(tcps_row *row, const tcps_record *r) {
    uint64_t *wide = row->wide;
    unsigned n_wide = 0, n_narrow = 0;
    for (unsigned w = 0; w < TCPS_WORDS; w++) {
        row->has[w] = r->has[w];
        row->wide_before[w] = (uint8_t)n_wide;
        row->narrow_before[w] = (uint8_t)n_narrow;
        n_wide += count_bits(r->has[w] & tcps_wide_mask[w]);
        n_narrow += count_bits(r->has[w] & ~tcps_wide_mask[w]);
    }
    row->wide_count = n_wide;
    row->narrow_count = n_narrow;
    uint32_t *narrow = (uint32_t *)(wide + n_wide);
    for (unsigned w = 0; w < TCPS_WORDS; w++) {
        const uint64_t *value = r->value + 64 * w;
        for (uint64_t m = r->has[w] & tcps_wide_mask[w]; m; m &= m - 1) *wide++ = value[__builtin_ctzll(m)];
        for (uint64_t m = r->has[w] & ~tcps_wide_mask[w]; m; m &= m - 1) *narrow++ = (uint32_t)value[__builtin_ctzll(m)];
    }
    if (n_narrow & 1) *narrow = 0;
}

void tcps_row_unpack(tcps_record *r, const tcps_row *row) {
    const uint64_t *wide = row->wide;
    const uint32_t *narrow = tcps_row_narrow(row);
    for (unsigned w = 0; w < TCPS_WORDS; w++) {
        uint64_t *value = r->value + 64 * w;
        r->has[w] = row->has[w];
        for (uint64_t m = row->has[w] & tcps_wide_mask[w]; m; m &= m - 1) value[__builtin_ctzll(m)] = *wide++;
        for (uint64_t m = row->has[w] & ~tcps_wide_mask[w]; m; m &= m - 1) value[__builtin_ctzll(m)] = *narrow++;
    }
}
