/* The part of a filter that Linux's inet_diag evaluates, so that the kernel leaves out unwanted sockets. */
#ifndef TCPS_FILTER_INET_DIAG_H
#define TCPS_FILTER_INET_DIAG_H

#include "filter/filter.h"

/* Room for the longest program that a filter can become; inet_diag.c derives the number. */
#define TCPS_INET_DIAG_ROOM 408

typedef struct tcps_inet_diag {
    uint32_t states;                       /* idiag_states: bit n is Linux's state number n */
    uint32_t len;                          /* bytes of bytecode, a multiple of 4; 0: the attribute is not wanted */
    uint8_t bytecode[TCPS_INET_DIAG_ROOM]; /* payload of INET_DIAG_REQ_BYTECODE, native byte order */
} tcps_inet_diag;

/* Compiles `f` (NULL: no filter) for a dump of both families (idiag_family AF_UNSPEC). The dump then has exactly the sockets that
 * tcps_filter_matches_endpoints keeps of the whole table, and with include_state=closed also those that are only bound. Cannot fail. */
void tcps_filter_inet_diag(const tcps_filter *f, tcps_inet_diag *program);

#endif
