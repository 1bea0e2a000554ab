/* Values as text: numbers, addresses, base64. All write at `at`, which has room for the longest form, and return where it ends. */
#ifndef TCPS_TEXT_H
#define TCPS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TCPS_ADDRESS_ROOM 48 /* the longest address as text */

extern const char tcps_digit_pairs[201]; /* "00" to "99" */

/* Numbers are written two digits at a time, the first ones first: `rest` is the number over a power of 100 as a fixed-point fraction of 32 bits,
 * whose whole part are the next two digits and which is then multiplied by 100. Half the instructions of dividing by 100 from the end. */
static inline char *tcps_text_first_pair(char *at, uint64_t rest) {
    uint64_t pair = rest >> 32, single = pair < 10;
    memcpy(at, tcps_digit_pairs + 2 * pair + single, 2);
    return at + 2 - single;
}

static inline char *tcps_text_pairs(char *at, uint64_t rest, unsigned pairs) {
    for (unsigned i = 0; i < pairs; i++) {
        rest = (rest & UINT32_MAX) * 100;
        memcpy(at + 2 * i, tcps_digit_pairs + 2 * (rest >> 32), 2);
    }
    return at + 2 * pairs;
}

/* Decimal, at most 10 bytes; 11 may be touched. The factors are powers of two over powers of 100, rounded up: the error stays below the last
 * digit (spec/encode/numbers.c tries). */
static inline char *tcps_text_u32(char *at, uint32_t v) {
    uint64_t rest = v;
    if (v < 100) return tcps_text_first_pair(at, rest << 32);
    if (v < 10000) return rest *= (1ull << 32) / 100 + 1, tcps_text_pairs(tcps_text_first_pair(at, rest), rest, 1);
    if (v < 1000000) return rest *= (1ull << 32) / 10000 + 1, tcps_text_pairs(tcps_text_first_pair(at, rest), rest, 2);
    if (v < 100000000) return rest = rest * ((1ull << 48) / 1000000 + 1) >> 16, tcps_text_pairs(tcps_text_first_pair(at, rest), rest, 3);
    rest = (rest * ((1ull << 57) / 100000000 + 1) >> 25) + 1;
    return tcps_text_pairs(tcps_text_first_pair(at, rest), rest, 4);
}

/* Decimal, at most 20 bytes. */
char *tcps_text_u64_long(char *at, uint64_t v);
static inline char *tcps_text_u64(char *at, uint64_t v) { return v <= UINT32_MAX ? tcps_text_u32(at, (uint32_t)v) : tcps_text_u64_long(at, v); }

static inline char *tcps_text_i64(char *at, int64_t v) {
    if (v >= 0) return tcps_text_u64(at, (uint64_t)v);
    *at = '-';
    return tcps_text_u64(at + 1, 0 - (uint64_t)v);
}

/* Standard base64 with padding: 4 * ((len + 2) / 3) bytes. */
char *tcps_text_base64(char *at, const void *bytes, size_t len);

/* An address of 4 or 16 bytes as inet_ntop writes it (RFC 5952), any other length as hexadecimal digits of at most 20 bytes. */
char *tcps_text_address(char *at, const void *bytes, size_t len);

/* The shortest decimal that reads back as the same double; "NaN" and "Infinity" as canonical proto3 JSON has them, unquoted. At most 32 bytes. */
char *tcps_text_double(char *at, double v);

/* The lowerCamelCase of a proto name, as canonical JSON has it. */
char *tcps_text_camel(char *at, const char *name);

#endif
