#include "source/freebsd_filter.h"

#include "abi/freebsd.h"
#include "filter/filter_internal.h"
#include "parse/endpoints.h"

static void store16(uint8_t *at, uint16_t v) { memcpy(at, &v, sizeof v); }
static void store32(uint8_t *at, uint32_t v) { memcpy(at, &v, sizeof v); }

/* The module compares with single ports, of which it holds eight: a range goes in if it is short enough. */
static bool push_ports(const tcps_port_set *set, uint8_t *at) {
    unsigned total = 0;
    for (unsigned i = 0; i < set->count; i++) total += set->range[i].last - set->range[i].first + 1u;
    if (total == 0 || total > KF_PORTS) return false;
    for (unsigned i = 0; i < set->count; i++) {
        for (unsigned port = set->range[i].first; port <= set->range[i].last; port++, at += 2) {
            at[0] = (uint8_t)(port >> 8);
            at[1] = (uint8_t)port;
        }
    }
    return true;
}

/* The module looks at IPv4 sockets with the one pair and at IPv6 sockets with the other; a pair that is zero lets all of its family pass, which is
 * what we leave to the caller. */
static bool push_address(const tcps_prefix *p, uint8_t *addr4, uint8_t *mask4, uint8_t *addr6, uint8_t *prefix6) {
    if (p->size == 4) {
        uint32_t mask = p->bits ? UINT32_MAX << (32 - p->bits) : 0;
        memcpy(addr4, p->bytes, 4);
        for (int i = 0; i < 4; i++) mask4[i] = (uint8_t)(mask >> (24 - 8 * i));
        return true;
    }
    /* In the kernel a scoped address has its scope in bytes 2 and 3, where the filter has zeros: only what comes before them can be compared. */
    if (p->size != 16 || (p->bits > 16 && tcps_is_link_local(p->bytes))) return false;
    memcpy(addr6, p->bytes, 16);
    *prefix6 = p->bits;
    return true;
}

/* TcpState n is TCPS_* n - 1. Sockets in a state that neither has are let through by nobody. */
static bool push_states(const tcps_filter *f, uint8_t *at) {
    uint16_t every = (1u << FREEBSD_TCPS_COUNT) - 1, mask = (uint16_t)(f->states >> 1) & every;
    if (mask == every) return false;
    store16(at, mask);
    return true;
}

bool tcps_freebsd_filter_build(const struct tcps_filter *f, uint8_t argument[KF_SIZE]) {
    memset(argument, 0, KF_SIZE);
    store32(argument + KF_VERSION, KF_VERSION_2);
    store16(argument + KF_STATE_MASK, KF_ALL_STATES);
    store32(argument + KF_FIELD_MASK, KLD_FIELDS_ALL);
    if (!f) return false;
    uint32_t flags = 0;
    if (push_ports(&f->local_port, argument + KF_LOCAL_PORTS)) flags |= KF_FLAG_LOCAL_PORT;
    if (push_ports(&f->remote_port, argument + KF_REMOTE_PORTS)) flags |= KF_FLAG_REMOTE_PORT;
    if (push_address(&f->local_addr, argument + KF_LOCAL_ADDR4, argument + KF_LOCAL_MASK4, argument + KF_LOCAL_ADDR6, argument + KF_LOCAL_PREFIX6))
        flags |= KF_FLAG_LOCAL_ADDR;
    if (push_address(&f->remote_addr, argument + KF_REMOTE_ADDR4, argument + KF_REMOTE_MASK4, argument + KF_REMOTE_ADDR6,
                     argument + KF_REMOTE_PREFIX6))
        flags |= KF_FLAG_REMOTE_ADDR;
    if (f->ip_version == TCPSTATS_READER__IP_VERSION__IP_VERSION_4) flags |= KF_FLAG_IPV4_ONLY;
    if (f->ip_version == TCPSTATS_READER__IP_VERSION__IP_VERSION_6) flags |= KF_FLAG_IPV6_ONLY;
    store32(argument + KF_FLAGS, flags);
    bool states = push_states(f, argument + KF_STATE_MASK);
    return flags || states;
}
