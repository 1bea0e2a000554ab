/* Values as text: numbers, addresses, base64. All write at `at`, which has room for the longest form, and return where it ends. */
#ifndef TCPS_TEXT_H
#define TCPS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TCPS_ADDRESS_ROOM 48 /* the longest address as text */

extern const char tcps_digit_pairs[200];
extern const uint64_t tcps_powers_of_ten[20];

/* Decimal, at most 20 bytes; 24 may be touched. */
static inline char *tcps_text_u64(char *at, uint64_t v) {
    if (v < 10) {
        *at = (char)('0' + v);
        return at + 1;
    }
    /* log10 from log2 (1233 / 4096 is log10 of 2), corrected by one comparison. */
    unsigned digits = ((64u - (unsigned)__builtin_clzll(v)) * 1233u) >> 12;
    digits += v >= tcps_powers_of_ten[digits];
    char *end = at + digits, *p = end;
    while (v >= 100) {
        uint64_t q = v / 100;
        p -= 2;
        memcpy(p, tcps_digit_pairs + 2 * (v - 100 * q), 2);
        v = q;
    }
    if (v >= 10)
        memcpy(p - 2, tcps_digit_pairs + 2 * v, 2);
    else
        p[-1] = (char)('0' + v);
    return end;
}

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
