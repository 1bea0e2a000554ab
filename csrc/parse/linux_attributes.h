/* Netlink attributes, wherever they lie: u16 length, header included, u16 type, payload; the next one begins at a multiple of 4. */
#ifndef TCPS_LINUX_ATTRIBUTES_H
#define TCPS_LINUX_ATTRIBUTES_H

#include "abi/linux.h"
#include "parse/struct.h"

typedef struct tcps_attribute {
    tcps_struct payload;
    unsigned type;
} tcps_attribute;

/* Takes the next attribute out of [*at, end); false when there is none or it is longer than what is left. */
static inline bool tcps_next_attribute(const uint8_t **at, const uint8_t *end, tcps_attribute *a) {
    if (end - *at < 4) return false;
    size_t len = tcps_load16(*at);
    if (len < 4 || len > (size_t)(end - *at)) return false;
    *a = (tcps_attribute){{*at + 4, len - 4}, tcps_load16(*at + 2) & ATTR_TYPE_MASK};
    size_t step = (len + 3) & ~(size_t)3;
    *at += step < (size_t)(end - *at) ? step : (size_t)(end - *at);
    return true;
}

#endif
