/* The hash by which the tracker knows a connection again: 64 keyed bits of its addresses, ports, scope and handle.
 *
 * Peers choose addresses and ports, so the key is random for each tracker: nobody can prepare connections that meet in one hash, which is
 * why 64 equal bits are taken for the same connection. */
#ifndef TCPS_IDENTITY_H
#define TCPS_IDENTITY_H

#include "base/hash.h"
#include "record/record.h"

/* Of an address of 4 or 16 bytes; of what is no address, its first 16 bytes count. */
static inline uint64_t tcps_identity_address(const tcps_record *r, unsigned field, uint64_t key0, uint64_t key1) {
    uint64_t word[2] = {0, 0};
    uint32_t len = 0;
    if (tcps_has(r, field)) {
        const tcps_text *address = (const tcps_text *)(uintptr_t)r->value[field];
        len = address->len;
        if (len >= 16)
            memcpy(word, address->bytes, 16);
        else if (len == 4)
            memcpy(word, address->bytes, 4);
        else
            memcpy(word, address->bytes, len);
    }
    return tcps_hash_fold(word[0] ^ key0, word[1] ^ key1) + len;
}

/* The value of a 32-bit field, 0 when it is absent. */
static inline uint32_t tcps_identity_u32(const tcps_record *r, unsigned field) { return tcps_has(r, field) ? (uint32_t)r->value[field] : 0; }

/* Of addresses, ports, version and scope. */
static inline uint64_t tcps_identity_tuple(const tcps_record *r, const tcps_hash_key *k) {
    uint64_t local = tcps_identity_address(r, TCPS_F_local_addr, k->word[0], k->word[1]);
    uint64_t remote = tcps_identity_address(r, TCPS_F_remote_addr, k->word[2], k->word[3]);
    uint64_t ports = tcps_identity_u32(r, TCPS_F_local_port) | (uint64_t)tcps_identity_u32(r, TCPS_F_remote_port) << 32;
    uint64_t where = tcps_identity_u32(r, TCPS_F_ip_version) | (uint64_t)tcps_identity_u32(r, TCPS_F_scope_id) << 32;
    return tcps_hash_fold(local ^ ports, tcps_hash_fold(remote ^ where, k->word[0]) ^ k->word[1]);
}

/* Of a tuple's hash and the kernel's handle of the connection: its generation or, where there is none, its socket_id; both 0: neither. */
static inline uint64_t tcps_identity_connection(uint64_t tuple, uint64_t generation, uint64_t socket_id, const tcps_hash_key *k) {
    uint64_t handle = generation ? generation : socket_id;
    return tcps_hash_fold(tuple ^ k->word[2], handle ^ k->word[generation ? 3 : 0]);
}

#endif
