/* UTF-8 as RFC 3629 has it: protobuf strings and JSON take nothing else. */
#ifndef TCPS_UTF8_H
#define TCPS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins at `text`, of which `len` bytes are there; 0 when they are no character. */
static inline size_t tcps_utf8_length(const char *text, size_t len) {
    const unsigned char *p = (const unsigned char *)text;
    if (len == 0) return 0;
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > len) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    /* overlong forms, surrogates and what lies above U+10FFFF */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
    return n;
}

/* The character of `n` bytes, n as tcps_utf8_length gives it and not 0. */
static inline uint32_t tcps_utf8_decode(const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) c = c << 6 | (p[i] & 0x3f);
    return c;
}

#endif
