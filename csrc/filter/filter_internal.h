/* A filter after parsing: what match.c evaluates and what inet_diag.c and FreeBSD's module ioctl are compiled from. Never changes once it is
 * parsed, so that threads may share it. */
#ifndef TCPS_FILTER_INTERNAL_H
#define TCPS_FILTER_INTERNAL_H

#include "filter/filter.h"

#include "tcp_stats.pb-c.h"

/* The limits of the module's language. They are part of what is right and wrong, so they hold on every platform. */
enum {
    TCPS_FILTER_BYTES = 511,
    TCPS_FILTER_DIRECTIVES = 16,
    TCPS_FILTER_PORTS = 8,
    TCPS_FILTER_VALUES = 254, /* of pid=, uid=, command=: all that 511 bytes can hold */
};

/* Ports from `first` to `last`, both included; equal for a single port. */
typedef struct tcps_port_range {
    uint16_t first, last;
} tcps_port_range;

typedef struct tcps_port_set {
    unsigned count; /* 0: the directive is not there, any port will do */
    tcps_port_range range[TCPS_FILTER_PORTS];
} tcps_port_set;

/* An address or network. `bytes` is in network order, host bits are 0. An IPv4 prefix has size 4 and its address in bytes[0..3]. */
typedef struct tcps_prefix {
    uint8_t size; /* bytes of the address: 4, 16, or 0 when the directive is not there */
    uint8_t bits; /* length of the prefix, at most 8 * size */
    uint8_t bytes[16];
} tcps_prefix;

typedef struct tcps_number_list {
    unsigned count; /* 0: the directive is not there */
    uint32_t number[TCPS_FILTER_VALUES];
} tcps_number_list;

/* Words in lower case; `at` and `len` say where in tcps_filter.text. */
typedef struct tcps_word_list {
    unsigned count;
    struct {
        uint16_t at, len;
    } word[TCPS_FILTER_VALUES];
} tcps_word_list;

/* FIELD op N as "the field lies between first and first + span" or, if `outside`, "it does not". Both are in an order-preserving unsigned
 * form: tcps_comparison_key turns a field's bits into it. */
typedef struct tcps_comparison {
    uint16_t field;
    uint8_t type; /* tcps_type of the field: an integer */
    bool outside;
    uint64_t first, span;
} tcps_comparison;

/* State numbers that a 32-bit set of states has no bit for count as this one, which no state of the schema has. */
#define TCPS_STATE_OTHER 31
#define TCPS_STATES_ALL UINT32_MAX

struct tcps_filter {
    uint64_t need[TCPS_WORDS];          /* fields that must be present */
    uint64_t need_to_admit[TCPS_WORDS]; /* those of them that tcps_filter_admits looks at */
    uint64_t fields[TCPS_WORDS];        /* fields that are looked at at all: need, and the state of exclude= */
    uint32_t states;                    /* bit n: TcpState n is wanted; TCPS_STATES_ALL when no directive speaks of states */
    uint8_t ip_version;                 /* TCPSTATS_READER__IP_VERSION__IP_VERSION_4 or _6; 0: both */
    uint8_t comparison_count;
    tcps_port_set local_port, remote_port;
    tcps_prefix local_addr, remote_addr;
    tcps_comparison comparison[TCPS_FILTER_DIRECTIVES];
    tcps_number_list pid, uid;
    tcps_word_list command;
    char text[TCPS_FILTER_BYTES + 1]; /* what was parsed, in lower case */
};

/* The bits of an integer field of type `type` in the order that tcps_comparison counts in. */
static inline uint64_t tcps_comparison_key(unsigned type, uint64_t bits) {
    const uint64_t sign = 1ull << 63;
    switch (type) {
    case TCPS_T_U32: return (uint32_t)bits;
    case TCPS_T_I32: return (uint64_t)(int64_t)(int32_t)bits ^ sign;
    case TCPS_T_I64: return bits ^ sign;
    default: return bits;
    }
}

/* Parses the `len` bytes of an address with an optional prefix length. NULL, or what is wrong with it (static text); then `hint` (room for
 * TCPS_ADDRESS_TEXT bytes) holds the nearest right word, or is empty. */
#define TCPS_ADDRESS_TEXT 64
const char *tcps_prefix_parse(tcps_prefix *p, const char *text, size_t len, char *hint);

/* Whether `address`, 4 or 16 bytes in network order, lies in the prefix. An IPv4 prefix holds the IPv4-mapped form of its addresses too;
 * an IPv6 prefix holds no 4-byte address. */
bool tcps_prefix_contains(const tcps_prefix *p, const tcps_text *address);

#endif
