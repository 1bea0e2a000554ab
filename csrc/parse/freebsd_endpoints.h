/* Addresses and other pieces that FreeBSD's record formats have in common. */
#ifndef TCPS_FREEBSD_ENDPOINTS_H
#define TCPS_FREEBSD_ENDPOINTS_H

#include "abi/freebsd.h"
#include "abi/load.h"
#include "record/batch.h"

/* fe80::/10, and multicast of interface or link scope: the addresses in whose bytes 2 and 3 the kernel keeps the interface's index. */
static inline bool tcps_freebsd_scoped(const uint8_t *a) {
    return (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || (a[0] == 0xff && ((a[1] & 15) == 1 || (a[1] & 15) == 2));
}

/* Sets `field` to the 16 bytes of `a`, the scope taken out of them; gives the scope, 0 for none. */
static inline uint32_t tcps_freebsd_set_address6(tcps_batch *batch, tcps_record *r, unsigned field, const uint8_t *a) {
    uint8_t clean[16];
    uint32_t scope = 0;
    memcpy(clean, a, sizeof clean);
    if (tcps_freebsd_scoped(clean)) {
        scope = tcps_load16_be(clean + 2);
        clean[2] = clean[3] = 0;
    }
    tcps_set_text(r, field, tcps_batch_text(batch, clean, sizeof clean));
    return scope;
}

/* Both addresses of an IPv6 connection, and their scope. */
static inline void tcps_freebsd_set_addresses6(tcps_batch *batch, tcps_record *r, const uint8_t *local, const uint8_t *remote) {
    tcps_set(r, TCPS_F_ip_version, TCPSTATS_READER__IP_VERSION__IP_VERSION_6);
    uint32_t scope = tcps_freebsd_set_address6(batch, r, TCPS_F_local_addr, local);
    uint32_t remote_scope = tcps_freebsd_set_address6(batch, r, TCPS_F_remote_addr, remote);
    tcps_set_nonzero(r, TCPS_F_scope_id, scope ? scope : remote_scope);
}

/* Both addresses of an IPv4 connection, 4 bytes each. */
static inline void tcps_freebsd_set_addresses4(tcps_batch *batch, tcps_record *r, const uint8_t *local, const uint8_t *remote) {
    tcps_set(r, TCPS_F_ip_version, TCPSTATS_READER__IP_VERSION__IP_VERSION_4);
    tcps_set_text(r, TCPS_F_local_addr, tcps_batch_text(batch, local, 4));
    tcps_set_text(r, TCPS_F_remote_addr, tcps_batch_text(batch, remote, 4));
}

/* TCPS_* to TcpState; a state that FreeBSD does not have leaves the field absent. */
static inline void tcps_freebsd_set_state(tcps_record *r, uint32_t state) {
    if (state < FREEBSD_TCPS_COUNT) tcps_set(r, TCPS_F_state, state + 1);
}

/* A name in `size` bytes, ended by a NUL or by their end; an empty one is absent. */
static inline void tcps_freebsd_set_name(tcps_batch *batch, tcps_record *r, unsigned field, const uint8_t *name, size_t size) {
    size_t len = strnlen((const char *)name, size);
    if (len) tcps_set_text(r, field, tcps_batch_intern(batch, field, name, len));
}

/* A timer in ms: a negative one is due and has not been served yet. */
static inline void tcps_freebsd_set_timer(tcps_record *r, unsigned field, const uint8_t *timer) {
    uint32_t ms = tcps_load32(timer);
    tcps_set(r, field, ms > INT32_MAX ? 0 : ms);
}

#endif
