/* kern.file of FreeBSD: whose socket is it. Pure: no system calls, any platform. */
#ifndef TCPS_FREEBSD_XFILE_H
#define TCPS_FREEBSD_XFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Who holds a socket: the first descriptor that the kernel lists, and how many more there are. */
typedef struct tcps_freebsd_owner {
    uint64_t socket; /* xf_data, which is the record's xso_so; 0: an empty slot */
    int32_t pid, fd;
    uint32_t others;
} tcps_freebsd_owner;

/* Sockets by address, in a hash table. Zero it before the first use. */
typedef struct tcps_freebsd_owners {
    tcps_freebsd_owner *slots;
    size_t room; /* a power of two, or 0 */
    size_t count;
} tcps_freebsd_owners;

/* Fills the table from an answer to kern.file, forgetting what was in it. TCPS_OK; TCPS_TRUNCATED or TCPS_FORMAT when a row's length cannot be,
 * the rows before it having been taken, status->offset says where; TCPS_NOMEM. */
tcps_code tcps_freebsd_xfile_parse(tcps_freebsd_owners *owners, const uint8_t *bytes, size_t len, tcps_status *status);

/* The owner of the socket at that address, or NULL. */
const tcps_freebsd_owner *tcps_freebsd_owner_of(const tcps_freebsd_owners *owners, uint64_t socket);

/* Frees what the table holds; it may be used again. */
void tcps_freebsd_owners_free(tcps_freebsd_owners *owners);

#endif
