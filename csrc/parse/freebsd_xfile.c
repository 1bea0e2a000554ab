#include "parse/freebsd_xfile.h"

#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"

#define FIRST_ROOM 256

/* Kernel addresses differ in few bits: spread them over all (the finalizer of MurmurHash3). */
static inline size_t hash(uint64_t socket) {
    socket ^= socket >> 33;
    socket *= 0xff51afd7ed558ccdull;
    socket ^= socket >> 33;
    socket *= 0xc4ceb9fe1a85ec53ull;
    return (size_t)(socket ^ socket >> 33);
}

/* The slot of `socket`, or the empty one where it would go. The table is never full. */
static tcps_freebsd_owner *slot_of(const tcps_freebsd_owners *o, uint64_t socket) {
    size_t i = hash(socket) & (o->room - 1);
    while (o->slots[i].socket && o->slots[i].socket != socket) i = (i + 1) & (o->room - 1);
    return &o->slots[i];
}

static tcps_code grow(tcps_freebsd_owners *o) {
    tcps_freebsd_owners grown = {.room = o->room ? 2 * o->room : FIRST_ROOM, .count = o->count};
    grown.slots = calloc(grown.room, sizeof *grown.slots);
    if (!grown.slots) return TCPS_NOMEM;
    for (size_t i = 0; i < o->room; i++)
        if (o->slots[i].socket) *slot_of(&grown, o->slots[i].socket) = o->slots[i];
    free(o->slots);
    *o = grown;
    return TCPS_OK;
}

static tcps_code add(tcps_freebsd_owners *o, const uint8_t *row) {
    uint64_t socket = tcps_load64(row + XF_DATA);
    if (tcps_load16(row + XF_TYPE) != XF_TYPE_SOCKET || !socket) return TCPS_OK;
    if (2 * o->count >= o->room && grow(o) != TCPS_OK) return TCPS_NOMEM;
    tcps_freebsd_owner *slot = slot_of(o, socket);
    if (slot->socket) {
        slot->others++;
        return TCPS_OK;
    }
    *slot = (tcps_freebsd_owner){.socket = socket, .pid = (int32_t)tcps_load32(row + XF_PID), .fd = (int32_t)tcps_load32(row + XF_FD)};
    o->count++;
    return TCPS_OK;
}

tcps_code tcps_freebsd_xfile_parse(tcps_freebsd_owners *owners, const uint8_t *bytes, size_t len, tcps_status *status) {
    if (owners->room) memset(owners->slots, 0, owners->room * sizeof *owners->slots);
    owners->count = 0;
    tcps_code code = TCPS_OK;
    uint64_t size;
    for (size_t offset = 0; offset < len; offset += (size_t)size) {
        size_t left = len - offset;
        size = left >= 8 ? tcps_load64(bytes + offset + XF_LEN) : 0;
        if (left < 8 || size > left)
            code = tcps_fail(status, TCPS_TRUNCATED, "kern.file: cut at byte %zu (length %llu)", offset, (unsigned long long)size);
        else if (size < XF_DATA + 8)
            code = tcps_fail(status, TCPS_FORMAT, "kern.file: no row at byte %zu (length %llu)", offset, (unsigned long long)size);
        if (code != TCPS_OK) {
            if (status) status->offset = offset;
            return code;
        }
        if (add(owners, bytes + offset) != TCPS_OK) return tcps_fail(status, TCPS_NOMEM, "kern.file: no memory");
    }
    return TCPS_OK;
}

const tcps_freebsd_owner *tcps_freebsd_owner_of(const tcps_freebsd_owners *owners, uint64_t socket) {
    if (!owners->count || !socket) return NULL;
    const tcps_freebsd_owner *slot = slot_of(owners, socket);
    return slot->socket ? slot : NULL;
}

void tcps_freebsd_owners_free(tcps_freebsd_owners *owners) {
    free(owners->slots);
    *owners = (tcps_freebsd_owners){0};
}
