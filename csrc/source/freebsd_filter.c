#include "source/freebsd_filter.h"

#include "abi/freebsd.h"
#include "filter/clause.h"
#include "parse/endpoints.h"

static void store16(uint8_t *at, uint16_t v) { memcpy(at, &v, sizeof v); }
static void store32(uint8_t *at, uint32_t v) { memcpy(at, &v, sizeof v); }

typedef struct argument {
    uint8_t *bytes; /* KF_SIZE of them */
    uint32_t flags;
    uint16_t states;
} argument;

static bool is_local(const tcps_clause *c) { return c->field == TCPS_F_local_port || c->field == TCPS_F_local_addr; }

/* The module compares with single ports, of which it holds eight: a range goes in if it is short enough. */
static void put_ports(argument *a, const tcps_clause *c) {
    const tcps_port_set *set = &c->ports;
    uint8_t *at = a->bytes + (is_local(c) ? KF_LOCAL_PORTS : KF_REMOTE_PORTS);
    unsigned total = 0;
    for (unsigned i = 0; i < set->count; i++) total += set->range[i].last - set->range[i].first + 1u;
    if (total > KF_PORTS) return;
    for (unsigned i = 0; i < set->count; i++) {
        for (unsigned port = set->range[i].first; port <= set->range[i].last; port++, at += 2) {
            at[0] = (uint8_t)(port >> 8);
            at[1] = (uint8_t)port;
        }
    }
    a->flags |= is_local(c) ? KF_FLAG_LOCAL_PORT : KF_FLAG_REMOTE_PORT;
}

/* The module looks at IPv4 sockets with the one pair and at IPv6 sockets with the other; a pair that is zero lets all of its family pass, which is
 * what we leave to the caller. */
static void put_prefix(argument *a, const tcps_clause *c) {
    const tcps_prefix *p = &c->prefix;
    bool local = is_local(c);
    if (p->size == 4) {
        uint32_t mask = p->bits ? UINT32_MAX << (32 - p->bits) : 0;
        uint8_t *mask_at = a->bytes + (local ? KF_LOCAL_MASK4 : KF_REMOTE_MASK4);
        memcpy(a->bytes + (local ? KF_LOCAL_ADDR4 : KF_REMOTE_ADDR4), p->bytes, 4);
        for (int i = 0; i < 4; i++) mask_at[i] = (uint8_t)(mask >> (24 - 8 * i));
    } else {
        /* In the kernel a scoped address has its scope in bytes 2 and 3, where the filter has zeros: only what comes before them can be compared. */
        if (p->bits > 16 && tcps_is_link_local(p->bytes)) return;
        memcpy(a->bytes + (local ? KF_LOCAL_ADDR6 : KF_REMOTE_ADDR6), p->bytes, 16);
        a->bytes[local ? KF_LOCAL_PREFIX6 : KF_REMOTE_PREFIX6] = p->bits;
    }
    a->flags |= local ? KF_FLAG_LOCAL_ADDR : KF_FLAG_REMOTE_ADDR;
}

static void put_family(argument *a, const tcps_clause *c) {
    a->flags |= c->ip_version == TCPSTATS_READER__IP_VERSION__IP_VERSION_4 ? KF_FLAG_IPV4_ONLY : KF_FLAG_IPV6_ONLY;
}

/* TcpState n is TCPS_* n - 1. Sockets in a state that neither has are let through by nobody. */
static void put_states(argument *a, const tcps_clause *c) { a->states &= (uint16_t)(c->states >> 1); }

bool tcps_freebsd_filter_build(const struct tcps_filter *f, uint8_t bytes[KF_SIZE]) {
    const uint16_t every = (1u << FREEBSD_TCPS_COUNT) - 1;
    argument a = {.bytes = bytes, .states = every};
    memset(bytes, 0, KF_SIZE);
    store32(bytes + KF_VERSION, KF_VERSION_2);
    store32(bytes + KF_FIELD_MASK, KLD_FIELDS_ALL);
    for (unsigned i = 0; f && i < f->count; i++) {
        const tcps_clause *c = &f->clause[i];
        if (!c->endpoint) continue;
        switch (c->kind) {
#define PUT(KIND, name)                                                                                                                              \
    case TCPS_CLAUSE_##KIND: put_##name(&a, c); break;
            TCPS_ENDPOINT_KINDS(PUT)
#undef PUT
        }
    }
    store32(bytes + KF_FLAGS, a.flags);
    store16(bytes + KF_STATE_MASK, a.states == every ? KF_ALL_STATES : a.states);
    return a.flags || a.states != every;
}
