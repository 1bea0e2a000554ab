#include "aggregate/group.h"

#include <stdlib.h>
#include <string.h>

#include "delta/identity.h"
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
    size_t room = g->room ? 2 * g->room : 64;
    uint32_t *first = realloc(g->first, room * sizeof *first);
    if (first) g->first = first;
    uint32_t *size = realloc(g->size, room * sizeof *size);
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
    if (type != TCPS_T_STRING && type != TCPS_T_BYTES) {
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

static uint64_t hash_part(const part *p, uint64_t hash, const tcps_identity_key *secret) {
    const uint8_t *bytes = p->bytes;
    size_t left = p->len;
    hash ^= p->len ^ (uint64_t)p->absent << 63;
    do {
        uint64_t word[2] = {0, 0};
        size_t piece = left < sizeof word ? left : sizeof word;
        memcpy(word, bytes, piece);
        hash = tcps_identity_fold(word[0] ^ secret->word[0] ^ hash, word[1] ^ secret->word[1]);
        bytes += piece;
        left -= piece;
    } while (left);
    return hash;
}

static bool has_all(const tcps_row *row, const tcps_group_key *keys, size_t n_keys) {
    for (size_t k = 0; k < n_keys; k++)
        if (!tcps_row_has(row, keys[k].field)) return false;
    return true;
}

static uint64_t hash_row(const tcps_row *row, const tcps_group_key *keys, size_t n_keys, const tcps_identity_key *secret) {
    uint64_t hash = secret->word[2];
    for (size_t k = 0; k < n_keys; k++) {
        part p;
        take_part(&p, row, &keys[k]);
        hash = hash_part(&p, hash, secret);
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

/* Groups by hash: open addressing, never more than half full. */
typedef struct table {
    size_t mask;
    struct slot {
        uint64_t hash;
        uint32_t group; /* TCPS_NO_GROUP: free */
    } * slots;
} table;

static tcps_code new_table(table *t, size_t size) {
    t->mask = size - 1;
    t->slots = malloc(size * sizeof *t->slots);
    if (!t->slots) return TCPS_NOMEM;
    for (size_t i = 0; i < size; i++) t->slots[i].group = TCPS_NO_GROUP;
    return TCPS_OK;
}

static tcps_code grow(table *t) {
    table bigger;
    if (new_table(&bigger, 2 * (t->mask + 1)) != TCPS_OK) return TCPS_NOMEM;
    for (size_t i = 0; i <= t->mask; i++) {
        if (t->slots[i].group == TCPS_NO_GROUP) continue;
        size_t at = t->slots[i].hash & bigger.mask;
        while (bigger.slots[at].group != TCPS_NO_GROUP) at = (at + 1) & bigger.mask;
        bigger.slots[at] = t->slots[i];
    }
    free(t->slots);
    *t = bigger;
    return TCPS_OK;
}

static tcps_code put_row(tcps_groups *g, table *t, tcps_view v, size_t i, const tcps_group_key *keys, size_t n_keys, uint64_t hash) {
    size_t at = hash & t->mask;
    while (t->slots[at].group != TCPS_NO_GROUP) {
        const struct slot *s = &t->slots[at];
        if (s->hash == hash && same_group(v.rows[i], v.rows[g->first[s->group]], keys, n_keys)) {
            tcps_groups_put(g, i, s->group);
            return TCPS_OK;
        }
        at = (at + 1) & t->mask;
    }
    uint32_t group;
    if (tcps_groups_add(g, i, &group) != TCPS_OK) return TCPS_NOMEM;
    t->slots[at] = (struct slot){hash, group};
    tcps_groups_put(g, i, group);
    return 2 * g->count > t->mask ? grow(t) : TCPS_OK;
}

tcps_code tcps_groups_by(tcps_groups *g, tcps_view v, const tcps_group_key *keys, size_t n_keys, bool absent) {
    tcps_code code = tcps_groups_init(g, v.count);
    table t = {0};
    if (code == TCPS_OK) code = new_table(&t, 256);
    tcps_identity_key secret = tcps_identity_new_key();
    for (size_t i = 0; i < v.count && code == TCPS_OK; i++)
        if (absent || has_all(v.rows[i], keys, n_keys)) code = put_row(g, &t, v, i, keys, n_keys, hash_row(v.rows[i], keys, n_keys, &secret));
    free(t.slots);
    if (code != TCPS_OK) tcps_groups_fini(g);
    return code;
}
