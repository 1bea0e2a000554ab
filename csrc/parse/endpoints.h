/* The two ends of a connection, as all platforms' formats give them: addresses in network order, 4 or 16 bytes. */
#ifndef TCPS_ENDPOINTS_H
#define TCPS_ENDPOINTS_H

#include "abi/load.h"
#include "record/rows.h"
#include "tcp_stats.pb-c.h"

/* Whether an IPv6 address means something on one link or interface only: fe80::/10, and multicast of interface or link scope (RFC 4291, 2.7). */
static inline bool tcps_is_link_local(const uint8_t address[16]) {
    const uint8_t *a = address;
    return (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || (a[0] == 0xff && ((a[1] & 15) == 1 || (a[1] & 15) == 2));
}

/* Takes the scope out of an address of the BSDs, whose kernels keep the interface's index in bytes 2 and 3 of a link-local one. Gives the scope,
 * 0 when there is none. */
static inline uint32_t tcps_take_scope(uint8_t address[16]) {
    if (!tcps_is_link_local(address)) return 0;
    uint32_t scope = tcps_load16_be(address + 2);
    address[2] = address[3] = 0;
    return scope;
}

/* Sets both addresses, of `len` bytes each (4 or 16), and ip_version. Without memory an address stays absent. */
static inline void tcps_set_addresses(tcps_rows *rows, tcps_record *r, const uint8_t *local, const uint8_t *remote, size_t len) {
    tcps_set(r, TCPS_F_ip_version, len == 4 ? TCPSTATS_READER__IP_VERSION__IP_VERSION_4 : TCPSTATS_READER__IP_VERSION__IP_VERSION_6);
    tcps_set_text(r, TCPS_F_local_addr, tcps_rows_text(rows, local, len));
    tcps_set_text(r, TCPS_F_remote_addr, tcps_rows_text(rows, remote, len));
}

/* The same for two IPv6 addresses of the BSDs, 16 bytes each; also sets scope_id. */
static inline void tcps_set_bsd_addresses6(tcps_rows *rows, tcps_record *r, const uint8_t *local, const uint8_t *remote) {
    uint8_t l[16], f[16];
    memcpy(l, local, sizeof l);
    memcpy(f, remote, sizeof f);
    uint32_t local_scope = tcps_take_scope(l), remote_scope = tcps_take_scope(f);
    tcps_set_nonzero(r, TCPS_F_scope_id, local_scope ? local_scope : remote_scope);
    tcps_set_addresses(rows, r, l, f, sizeof l);
}

#endif
