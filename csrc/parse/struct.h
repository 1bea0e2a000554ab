/* A kernel's struct as the kernel gave it: kernels append fields and never take one out, so a field is there when it ends within the bytes.
 * Every parser reads through these: a field that the struct is too short for stays absent, and nothing outside it is touched. */
#ifndef TCPS_STRUCT_H
#define TCPS_STRUCT_H

#include "abi/load.h"
#include "record/record.h"

/* `len` bytes at `at`, of any alignment; NULL with 0 where a group of records lacks this one. */
typedef struct tcps_struct {
    const uint8_t *at;
    size_t len;
} tcps_struct;

/* Whether the field of `size` bytes at `offset` is there. Offsets are those of csrc/abi/, far from where the sum could wrap. */
static inline bool tcps_holds(const tcps_struct *s, size_t offset, size_t size) { return offset + size <= s->len; }

/* Sets `field` to the unsigned integer at `offset`, of the bits that the name says, if it is there. */
static inline void tcps_read8(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (tcps_holds(s, offset, 1)) tcps_set(r, field, s->at[offset]);
}

static inline void tcps_read16(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (tcps_holds(s, offset, 2)) tcps_set(r, field, tcps_load16(s->at + offset));
}

static inline void tcps_read32(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (tcps_holds(s, offset, 4)) tcps_set(r, field, tcps_load32(s->at + offset));
}

static inline void tcps_read64(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (tcps_holds(s, offset, 8)) tcps_set(r, field, tcps_load64(s->at + offset));
}

/* The same for a field of which 0 says that nothing was measured. */
static inline void tcps_read32_nonzero(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (tcps_holds(s, offset, 4)) tcps_set_nonzero(r, field, tcps_load32(s->at + offset));
}

static inline void tcps_read64_nonzero(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (tcps_holds(s, offset, 8)) tcps_set_nonzero(r, field, tcps_load64(s->at + offset));
}

#endif
