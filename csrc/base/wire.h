/* The wire format of protobuf, read in place. All give false when the bytes end too early or are not of the format. */
#ifndef TCPS_WIRE_H
#define TCPS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCPS_WIRE_VARINT = 0, TCPS_WIRE_FIXED64 = 1, TCPS_WIRE_LENGTH = 2, TCPS_WIRE_FIXED32 = 5 };

/* Bytes that are not read yet. */
typedef struct tcps_wire {
    const uint8_t *at, *end;
} tcps_wire;

static __attribute__((noinline)) bool tcps_wire_long_varint(tcps_wire *r, uint64_t *value) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = v;
            return true;
        }
    }
    return false;
}

/* Of the tags and values of a record, nine of ten have one byte or two. */
static inline bool tcps_wire_varint(tcps_wire *r, uint64_t *value) {
    const uint8_t *at = r->at;
    if (r->end - at < 2) return tcps_wire_long_varint(r, value);
    if (at[0] < 0x80) {
        *value = at[0];
        r->at = at + 1;
        return true;
    }
    if (at[1] >= 0x80) return tcps_wire_long_varint(r, value);
    *value = (at[0] & 0x7fu) | (uint64_t)at[1] << 7;
    r->at = at + 2;
    return true;
}

/* What follows a length: `part` is that, and `r` goes on behind it. */
static inline bool tcps_wire_part(tcps_wire *r, tcps_wire *part) {
    uint64_t len;
    if (!tcps_wire_varint(r, &len) || len > (uint64_t)(r->end - r->at)) return false;
    *part = (tcps_wire){r->at, r->at + len};
    r->at += len;
    return true;
}

static inline size_t tcps_wire_len(const tcps_wire *part) { return (size_t)(part->end - part->at); }

/* The next member: its number and how its value is written. */
static inline bool tcps_wire_tag(tcps_wire *r, uint64_t *number, unsigned *wire) {
    uint64_t tag;
    if (!tcps_wire_varint(r, &tag) || tag >> 3 == 0 || tag > UINT32_MAX) return false;
    *number = tag >> 3;
    *wire = tag & 7;
    return true;
}

/* Goes on behind the value of a member that is not wanted. */
static inline bool tcps_wire_skip(tcps_wire *r, unsigned wire) {
    uint64_t ignored;
    tcps_wire part;
    size_t size = wire == TCPS_WIRE_FIXED64 ? 8 : wire == TCPS_WIRE_FIXED32 ? 4 : 0;
    if (wire == TCPS_WIRE_VARINT) return tcps_wire_varint(r, &ignored);
    if (wire == TCPS_WIRE_LENGTH) return tcps_wire_part(r, &part);
    if (!size || tcps_wire_len(r) < size) return false; /* groups are not of proto3 */
    r->at += size;
    return true;
}

#endif
