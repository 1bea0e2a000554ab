#include "aggregate/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/table.h"
#include "encode/text.h"
#include "record/schema.h"

tcps_code tcps_groups_init(tcps_groups *g, size_t rows) {
    *g = (tcps_groups){.rows = rows};
    if (rows >= TCPS_NO_GROUP) return TCPS_NOMEM;
    g->of_row = malloc((rows + 1) * sizeof *g->of_row);
    if (!g->of_row) return TCPS_NOMEM;
    memset(g->of_row, 0xff, (rows + 1) * sizeof *g->of_row);
    return TCPS_OK;
}

void tcps_groups_fini(tcps_groups *g) {
    free(g->of_row);
    free(g->first);
    free(g->size);
    *g = (tcps_groups){0};
}

static tcps_code more_room(tcps_groups *g) {
    size_t room = g->room, room_of_sizes = g->room;
    uint32_t *first = tcps_grow(g->first, &room, g->count + 1, sizeof *first);
    if (first) g->first = first;
    uint32_t *size = tcps_grow(g->size, &room_of_sizes, g->count + 1, sizeof *size);
    if (size) g->size = size;
    if (!first || !size) return TCPS_NOMEM;
    g->room = room;
    return TCPS_OK;
}

tcps_code tcps_groups_add(tcps_groups *g, size_t row, uint32_t *group) {
    if (g->count == g->room && more_room(g) != TCPS_OK) return TCPS_NOMEM;
    *group = (uint32_t)g->count++;
    g->first[*group] = (uint32_t)row;
    g->size[*group] = 0;
    return TCPS_OK;
}

/* The first `bits` bits of `bytes`; the rest becomes 0. */
static void cut(uint8_t *bytes, size_t len, unsigned bits) {
    for (size_t i = 0; i<len; i++, bits = bits> 8 ? bits - 8 : 0)
        if (bits < 8) bytes[i] &= (uint8_t)(0xff00u >> bits);
}

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* The network that an address lies in: 4 or 16 bytes. A mapped IPv4 address is the IPv4 address: peers of a dual-stack listener are the
 * same hosts. Returns the length, 0 when the bytes are no address. */
static size_t network_of(const tcps_group_key *key, const tcps_text *address, uint8_t network[16]) {
    const uint8_t *bytes = (const uint8_t *)address->bytes;
    size_t len = address->len;
    if (len == 16 && memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0) {
        bytes += 12;
        len = 4;
    }
    if (len != 4 && len != 16) return 0;
    memcpy(network, bytes, len);
    cut(network, len, len == 4 ? key->prefix4 : key->prefix6);
    return len;
}

size_t tcps_group_network(const tcps_group_key *key, const tcps_text *address, char *room) {
    uint8_t network[16];
    size_t len = network_of(key, address, network);
    if (len == 0) return (size_t)(tcps_text_address(room, address->bytes, address->len) - room);
    char *at = tcps_text_address(room, network, len);
    *at++ = '/';
    return (size_t)(tcps_text_u64(at, len == 4 ? key->prefix4 : key->prefix6) - room);
}

/* What of a row is compared under one key: bytes, for a number those of `number`. */
typedef struct part {
    bool absent;
    size_t len;
    const void *bytes;
    uint64_t number;
    uint8_t network[16];
} part;

/* Where the row lacks the field, there is nothing to compare: all such rows are equal. */
static void take_part(part *p, const tcps_row *row, const tcps_group_key *key) {
    p->bytes = &p->number;
    p->len = 0;
    p->absent = !tcps_row_has(row, key->field);
    if (p->absent) return;
    uint64_t bits = tcps_row_bits(row, key->field);
    tcps_type type = tcps_fields[key->field].type;
    if (type < TCPS_T_STRING) {
        p->number = bits;
        p->len = sizeof p->number;
        return;
    }
    const tcps_text *text = (const tcps_text *)(uintptr_t)bits;
    p->len = key->network ? network_of(key, text, p->network) : 0;
    p->bytes = p->network;
    if (p->len) return;
    p->bytes = text->bytes;
    p->len = text->len;
}

static bool has_all(const tcps_row *row, const tcps_group_key *keys, size_t n_keys) {
    for (size_t k = 0; k < n_keys; k++)
        if (!tcps_row_has(row, keys[k].field)) return false;
    return true;
}

static uint64_t hash_row(const tcps_row *row, const tcps_group_key *keys, size_t n_keys, const tcps_hash_key *secret) {
    uint64_t hash = secret->word[2];
    for (size_t k = 0; k < n_keys; k++) {
        part p;
        take_part(&p, row, &keys[k]);
        hash = tcps_hash_bytes(hash ^ (uint64_t)p.absent << 63, p.bytes, p.len, secret);
    }
    return hash;
}

static bool same_group(const tcps_row *a, const tcps_row *b, const tcps_group_key *keys, size_t n_keys) {
    for (size_t k = 0; k < n_keys; k++) {
        part p, q;
        take_part(&p, a, &keys[k]);
        take_part(&q, b, &keys[k]);
        if (p.absent != q.absent || p.len != q.len || memcmp(p.bytes, q.bytes, p.len) != 0) return false;
    }
    return true;
}

/* `by_hash` has the groups so far. */
static tcps_code put_row(tcps_groups *g, tcps_table *by_hash, tcps_view v, size_t i, const tcps_group_key *keys, size_t n_keys, uint64_t hash) {
    uint32_t group;
    for (size_t at = TCPS_TABLE_BEGIN; (group = tcps_table_next(by_hash, hash, &at)) != TCPS_NO_INDEX;)
        if (same_group(v.rows[i], v.rows[g->first[group]], keys, n_keys)) break;
    if (group == TCPS_NO_INDEX && (tcps_groups_add(g, i, &group) != TCPS_OK || tcps_table_add(by_hash, hash, group) != TCPS_OK)) return TCPS_NOMEM;
    tcps_groups_put(g, i, group);
    return TCPS_OK;
}

tcps_code tcps_groups_by(tcps_groups *g, tcps_view v, const tcps_group_key *keys, size_t n_keys, bool absent) {
    tcps_code code = tcps_groups_init(g, v.count);
    tcps_table by_hash = {0};
    tcps_hash_key secret = tcps_hash_new_key();
    for (size_t i = 0; i < v.count && code == TCPS_OK; i++)
        if (absent || has_all(v.rows[i], keys, n_keys)) code = put_row(g, &by_hash, v, i, keys, n_keys, hash_row(v.rows[i], keys, n_keys, &secret));
    tcps_table_free(&by_hash);
    if (code != TCPS_OK) tcps_groups_fini(g);
    return code;
}
