#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "filter/address.h"

/* Keeps the first `bits` bits and clears the rest. Whether there was anything to clear. */
static bool clear_host_bits(uint8_t *bytes, unsigned size, unsigned bits) {
    bool any = false;
    for (unsigned i = 0; i < size; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
        uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff << (8 - kept));
        any |= (bytes[i] & ~mask) != 0;
        bytes[i] &= mask;
    }
    return any;
}

/* A decimal number up to `most`, without leading zeros; -1 when it is not one. */
static int parse_bits(const char *text, size_t len, int most) {
    if (len == 0 || len > 3 || (len > 1 && text[0] == '0')) return -1;
    int n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        n = 10 * n + (text[i] - '0');
    }
    return n <= most ? n : -1;
}

const char *tcps_prefix_parse(tcps_prefix *p, const char *text, size_t len, char *hint) {
    hint[0] = 0;
    const char *slash = memchr(text, '/', len), *zone = memchr(text, '%', len);
    size_t address_len = slash ? (size_t)(slash - text) : len;
    char address[INET6_ADDRSTRLEN];
    if (zone) {
        if ((size_t)(zone - text) < sizeof address) snprintf(hint, TCPS_ADDRESS_TEXT, "%.*s", (int)(zone - text), text);
        return "has a zone, which a filter does not compare";
    }
    const char *not_one = "is not an IPv4 or IPv6 address";
    if (address_len >= sizeof address) return not_one;
    memcpy(address, text, address_len);
    address[address_len] = 0;

    int family = strchr(address, ':') ? AF_INET6 : AF_INET;
    *p = (tcps_prefix){.size = family == AF_INET6 ? 16 : 4};
    if (inet_pton(family, address, p->bytes) != 1) return not_one;
    p->bits = (uint8_t)(8 * p->size);
    if (!slash) return NULL;

    int bits = parse_bits(slash + 1, len - address_len - 1, p->bits);
    if (bits < 0)
        return family == AF_INET6 ? "has a prefix length that is not a number from 0 to 128"
                                  : "has a prefix length that is not a number from 0 to 32";
    p->bits = (uint8_t)bits;
    if (!clear_host_bits(p->bytes, p->size, p->bits)) return NULL;
    inet_ntop(family, p->bytes, address, sizeof address);
    snprintf(hint, TCPS_ADDRESS_TEXT, "%s/%d", address, bits);
    return "has host bits set";
}

bool tcps_prefix_contains(const tcps_prefix *p, const tcps_text *address) {
    static const char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\xff', '\xff'};
    const char *bytes = address->bytes;
    if (address->len != p->size) {
        if (p->size != 4 || address->len != 16 || memcmp(bytes, mapped, sizeof mapped) != 0) return false;
        bytes += sizeof mapped;
    }
    unsigned whole = p->bits / 8, rest = p->bits % 8;
    if (memcmp(bytes, p->bytes, whole) != 0) return false;
    return rest == 0 || (((uint8_t)bytes[whole] ^ p->bytes[whole]) >> (8 - rest)) == 0;
}
