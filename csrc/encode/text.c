#include "encode/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

const char tcps_digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869"
    "7071727374757677787980818283848586878889909192939495969798"
    "99";

/* Eight digits, zeros at the front included. */
static char *eight_digits(char *at, uint64_t v) {
    uint64_t rest = (v * ((1ull << 48) / 1000000 + 1) >> 16) + 1;
    memcpy(at, tcps_digit_pairs + 2 * (rest >> 32), 2);
    return tcps_text_pairs(at + 2, rest, 3);
}

char *tcps_text_u64_long(char *at, uint64_t v) {
    uint64_t above = v / 100000000;
    at = above <= UINT32_MAX ? tcps_text_u32(at, (uint32_t)above) : tcps_text_u64_long(at, above);
    return eight_digits(at, v - above * 100000000);
}

char *tcps_text_base64(char *at, const void *bytes, size_t len) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes;
    for (; len >= 3; len -= 3, p += 3) {
        uint32_t three = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        *at++ = alphabet[three >> 18];
        *at++ = alphabet[three >> 12 & 63];
        *at++ = alphabet[three >> 6 & 63];
        *at++ = alphabet[three & 63];
    }
    if (len) {
        uint32_t rest = (uint32_t)p[0] << 16 | (len == 2 ? (uint32_t)p[1] << 8 : 0);
        *at++ = alphabet[rest >> 18];
        *at++ = alphabet[rest >> 12 & 63];
        *at++ = len == 2 ? alphabet[rest >> 6 & 63] : '=';
        *at++ = '=';
    }
    return at;
}

static char *dotted(char *at, const uint8_t *a) {
    for (int i = 0; i < 4; i++) {
        if (i) *at++ = '.';
        at = tcps_text_u64(at, a[i]);
    }
    return at;
}

char *tcps_text_address(char *at, const void *bytes, size_t len) {
    const uint8_t *a = bytes;
    if (len == 4) return dotted(at, a);
    if (len == 16) {
        char text[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, a, text, sizeof text);
        size_t n = strlen(text);
        memcpy(at, text, n);
        return at + n;
    }
    for (size_t i = 0; i < len && i < 20; i++) at += sprintf(at, "%02x", a[i]);
    return at;
}

char *tcps_text_double(char *at, double v) {
    if (isnan(v)) return at + sprintf(at, "NaN");
    if (isinf(v)) return at + sprintf(at, v < 0 ? "-Infinity" : "Infinity");
    int len = 0;
    for (int precision = 15; precision <= 17; precision++) {
        len = snprintf(at, 32, "%.*g", precision, v);
        if (strtod(at, NULL) == v) break;
    }
    return at + len;
}

char *tcps_text_camel(char *at, const char *name) {
    for (; *name; name++) {
        if (*name == '_' && name[1])
            *at++ = (char)toupper((unsigned char)*++name);
        else
            *at++ = *name;
    }
    return at;
}
