#include "encode/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char tcps_digit_pairs[200] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869"
    "7071727374757677787980818283848586878889909192939495969798"
    "99";

const uint64_t tcps_powers_of_ten[20] = {
    1ull,
    10ull,
    100ull,
    1000ull,
    10000ull,
    100000ull,
    1000000ull,
    10000000ull,
    100000000ull,
    1000000000ull,
    10000000000ull,
    100000000000ull,
    1000000000000ull,
    10000000000000ull,
    100000000000000ull,
    1000000000000000ull,
    10000000000000000ull,
    100000000000000000ull,
    1000000000000000000ull,
    10000000000000000000ull,
};

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
