/* The ends of a connection as text, as people know them from ss: 10.0.0.1:443, [2001:db8::1]:443, [fe80::1%eth0]:22, 0.0.0.0%vrf-blue:22. The wildcard
 * says what it takes: 0.0.0.0 is IPv4, [::] is IPv6, * is both. */
#ifndef TCPS_ENDPOINT_H
#define TCPS_ENDPOINT_H

#include "encode/text.h"
#include "record/rows.h"

#define TCPS_ZONE_MOST 32 /* bytes of an interface's name; kernels have 16 */
#define TCPS_ENDPOINT_ROOM (TCPS_ADDRESS_ROOM + TCPS_ZONE_MOST + 16)

typedef struct tcps_endpoint {
    const void *address; /* 4 or 16 bytes */
    size_t len;          /* 0: not known */
    bool both_families;  /* of the IPv6 wildcard: it takes IPv4, too */
    const char *zone;    /* an interface's name, */
    size_t zone_len;     /* or */
    uint32_t zone_index; /* its number, when the name is not known; 0: neither */
    int32_t port;        /* -1: not known */
} tcps_endpoint;

/* At most TCPS_ENDPOINT_ROOM bytes. The zone is cleaned as tcps_screen_clean does. */
char *tcps_text_endpoint(char *at, const tcps_endpoint *e);

/* A socket's own end, and the other one. The device that a socket is bound to is of its own end; the zone of a link-local address is of both. */
tcps_endpoint tcps_local_end(const tcps_row *row);
tcps_endpoint tcps_remote_end(const tcps_row *row);

#endif
