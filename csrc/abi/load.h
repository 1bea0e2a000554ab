/* Integers out of a kernel's bytes, wherever they lie. */
#ifndef TCPS_LOAD_H
#define TCPS_LOAD_H

#include <stdint.h>
#include <string.h>

static inline uint16_t tcps_load16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t tcps_load32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t tcps_load64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Network order, as ports are. */
static inline uint16_t tcps_load16_be(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

#endif
