/* Addresses and networks as people write them. */
#ifndef TCPS_FILTER_ADDRESS_H
#define TCPS_FILTER_ADDRESS_H

#include "record/record.h"

/* An address or network. `bytes` is in network order, host bits are 0. An IPv4 prefix has size 4 and its address in bytes[0..3]. */
typedef struct tcps_prefix {
    uint8_t size; /* bytes of the address: 4 or 16 */
    uint8_t bits; /* length of the prefix, at most 8 * size */
    uint8_t bytes[16];
} tcps_prefix;

/* Parses the `len` bytes of an address with an optional prefix length. NULL, or what is wrong with it (static text); then `hint` (room for
 * TCPS_ADDRESS_TEXT bytes) holds the nearest right word, or is empty. */
#define TCPS_ADDRESS_TEXT 64
const char *tcps_prefix_parse(tcps_prefix *p, const char *text, size_t len, char *hint);

/* Whether `address`, 4 or 16 bytes in network order, lies in the prefix. An IPv4 prefix holds the IPv4-mapped form of its addresses too;
 * an IPv6 prefix holds no 4-byte address. */
bool tcps_prefix_contains(const tcps_prefix *p, const tcps_text *address);

#endif
