/* A filter after parsing: a list of clauses, which must all hold. match.c evaluates them, inet_diag.c and FreeBSD's module ioctl tell a kernel what
 * they can of them. A filter never changes once it is parsed, so that threads may share it.
 *
 * Each kind of clause has one function that parses it (parse_NAME in values.c) and one that evaluates it (NAME_matches in match.c); what can be passed
 * to a kernel has one more for each kernel. They are called by way of these lists, so that a kind without one of its functions does not compile. */
#ifndef TCPS_FILTER_CLAUSE_H
#define TCPS_FILTER_CLAUSE_H

#include "filter/address.h"
#include "filter/filter.h"

#include "tcp_stats.pb-c.h"

/* In the order in which clauses are evaluated: the cheap ones first. */
#define TCPS_ENDPOINT_KINDS(KIND)                                                                                                                    \
    KIND(FAMILY, family)                                                                                                                             \
    KIND(STATES, states)                                                                                                                             \
    KIND(PORTS, ports)                                                                                                                               \
    KIND(PREFIX, prefix)
#define TCPS_COMPARISON_KINDS(KIND) KIND(COMPARISON, comparison)
#define TCPS_LIST_KINDS(KIND)                                                                                                                        \
    KIND(NUMBERS, numbers)                                                                                                                           \
    KIND(WORDS, words)
#define TCPS_CLAUSE_KINDS(KIND) TCPS_ENDPOINT_KINDS(KIND) TCPS_COMPARISON_KINDS(KIND) TCPS_LIST_KINDS(KIND)

typedef enum tcps_clause_kind {
#define NUMBERED(KIND, name) TCPS_CLAUSE_##KIND,
    TCPS_CLAUSE_KINDS(NUMBERED)
#undef NUMBERED
        TCPS_CLAUSE_END, /* not a kind: what follows the last clause */
    TCPS_KINDS,
} tcps_clause_kind;

/* The limits of the module's language. They are part of what is right and wrong, so they hold on every platform. */
enum {
    TCPS_FILTER_BYTES = 511,
    TCPS_FILTER_DIRECTIVES = 16,
    TCPS_FILTER_PORTS = 8,
    TCPS_FILTER_VALUES = 254, /* numbers and words of all clauses: all that 511 bytes can hold */
};

/* Ports from `first` to `last`, both included; equal for a single port. */
typedef struct tcps_port_range {
    uint16_t first, last;
} tcps_port_range;

typedef struct tcps_port_set {
    unsigned count; /* at least 1 */
    tcps_port_range range[TCPS_FILTER_PORTS];
} tcps_port_set;

/* A word in lower case. */
typedef struct tcps_filter_word {
    const char *at;
    size_t len;
} tcps_filter_word;

/* FIELD op N as "the field lies between first and first + span" or, if `outside`, "it does not". The field's number is ((bits & mask) ^ flip), which
 * has the order of its type: for 32 bits with a sign the sign's bit is flipped. */
typedef struct tcps_comparison {
    bool outside;
    uint32_t flip;
    uint64_t mask, first, span;
} tcps_comparison;

/* State numbers that a 32-bit set of states has no bit for count as this one, which no state of the schema has. */
#define TCPS_STATE_OTHER 31

typedef struct tcps_clause {
    uint8_t kind;        /* tcps_clause_kind */
    uint8_t type;        /* tcps_type of the field */
    uint16_t field;      /* what is looked at */
    bool endpoint;       /* it can be passed to a kernel: a clause of TCPS_ENDPOINT_KINDS about ports, addresses, family or state */
    bool matches_absent; /* it also holds of a socket that lacks the field */
    union {
        uint32_t ip_version;
        uint32_t states; /* bit n: TcpState n is wanted */
        tcps_port_set ports;
        tcps_prefix prefix;
        tcps_comparison comparison;
        struct {
            unsigned count;
            const uint64_t *list; /* in the filter's `numbers` */
        } numbers;
        struct {
            unsigned count;
            const tcps_filter_word *list; /* in the filter's `words` */
        } words;
    };
} tcps_clause;

struct tcps_filter {
    tcps_clause clause[TCPS_FILTER_DIRECTIVES + 1]; /* in the order of their kinds; then TCPS_CLAUSE_END */
    unsigned count;
    unsigned number_count, word_count;
    uint64_t numbers[TCPS_FILTER_VALUES];
    tcps_filter_word words[TCPS_FILTER_VALUES];
    char text[TCPS_FILTER_BYTES + 1]; /* what was parsed, in lower case */
};

#endif
