#include "record/batch.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "record/schema.h"

tcps_batch *tcps_batch_new(void) {
    tcps_batch *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    b->refs = 1;
    b->last_warning = &b->warnings;
    tcpstats_reader__collection_metadata__init(&b->metadata);
    tcpstats_reader__system_summary__init(&b->summary);
    return b;
}

tcps_batch *tcps_batch_ref(tcps_batch *b) {
    b->refs++;
    return b;
}

void tcps_batch_unref(tcps_batch *b) {
    if (!b || --b->refs) return;
    tcps_batch_unref(b->closed);
    tcps_batch_unref(b->from);
    tcps_arena_free(&b->arena);
    tcps_arena_free(&b->names);
    free(b->rows);
    free(b);
}

void tcps_batch_clear(tcps_batch *b) {
    tcps_arena_free(&b->arena);
    b->count = 0;
    /* The shapes have texts of rows that are gone. */
    b->last_shape = NULL;
    memset(b->shapes, 0, sizeof b->shapes);
}

static tcps_text *new_text(tcps_arena *arena, const void *bytes, size_t len) {
    if (len > UINT32_MAX) return NULL;
    tcps_text *t = tcps_arena_take(arena, sizeof *t + len + 1);
    if (!t) return NULL;
    t->len = (uint32_t)len;
    memcpy(t->bytes, bytes, len);
    t->bytes[len] = 0;
    return t;
}

const tcps_text *tcps_batch_text(tcps_batch *b, const void *bytes, size_t len) { return new_text(&b->arena, bytes, len); }

/* The strings of protobuf are UTF-8; a program may call itself anything. */
static void make_utf8(tcps_text *text) {
    for (size_t i = 0; i < text->len;) {
        size_t n = tcps_utf8_length(text->bytes + i, text->len - i);
        if (!n) text->bytes[i] = '?';
        i += n ? n : 1;
    }
}

const tcps_text *tcps_batch_intern(tcps_batch *b, unsigned field, const void *bytes, size_t len) {
    const tcps_text *last = b->last_text[field];
    if (last && last->len == len && memcmp(last->bytes, bytes, len) == 0) return last;
    tcps_text *text = new_text(&b->names, bytes, len);
    if (text) make_utf8(text);
    return b->last_text[field] = text;
}

static tcps_code make_room(tcps_batch *b) {
    if (b->count < b->room) return TCPS_OK;
    size_t room = b->room ? 2 * b->room : 64;
    const tcps_row **rows = realloc(b->rows, room * sizeof *rows);
    if (!rows) return TCPS_NOMEM;
    b->rows = rows;
    b->room = room;
    return TCPS_OK;
}

static bool same_fields(const tcps_shape *shape, const tcps_record *r) { return memcmp(shape->has, r->has, sizeof r->has) == 0; }

static unsigned hash_fields(const uint64_t has[TCPS_WORDS]) {
    uint64_t hash = 0;
    for (unsigned w = 0; w < TCPS_WORDS; w++) hash = (hash ^ has[w] ^ hash >> 32) * 0x9e3779b97f4a7c15u;
    return (unsigned)(hash >> 56);
}

/* The shape of the record, a new one if no row of the batch has it. A forged dump can have a different shape in every row: after a few
 * comparisons it gets shapes that are not shared. NULL when there is no memory. */
static const tcps_shape *shape_of(tcps_batch *b, const tcps_record *r) {
    enum { ATTEMPTS = 16 };
    const tcps_shape **free_slot = NULL;
    unsigned hash = hash_fields(r->has);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        const tcps_shape **slot = &b->shapes[(hash + i) % TCPS_BATCH_SHAPES];
        if (!*slot) {
            free_slot = slot;
            break;
        }
        if (same_fields(*slot, r)) return *slot;
    }
    tcps_shape *shape = tcps_arena_take(&b->names, tcps_shape_size(r));
    if (!shape) return NULL;
    tcps_shape_make(shape, r);
    if (free_slot) *free_slot = shape;
    return shape;
}

tcps_code tcps_batch_add(tcps_batch *b, const tcps_record *r) {
    if (make_room(b) != TCPS_OK) return TCPS_NOMEM;
    if (!b->last_shape || !same_fields(b->last_shape, r)) b->last_shape = shape_of(b, r);
    if (!b->last_shape) return TCPS_NOMEM;
    size_t room = tcps_row_room(b->last_shape);
    tcps_row *row = tcps_arena_take(&b->arena, room);
    if (!row) return TCPS_NOMEM;
    tcps_arena_shrink(&b->arena, row, tcps_row_pack(row, b->last_shape, r));
    b->rows[b->count++] = row;
    return TCPS_OK;
}

tcps_code tcps_batch_copy_record(tcps_batch *b, tcps_record *r) {
    for (unsigned w = 0; w < TCPS_WORDS; w++) {
        for (uint64_t m = r->has[w] & tcps_text_mask[w]; m; m &= m - 1) {
            unsigned field = 64 * w + (unsigned)__builtin_ctzll(m);
            const tcps_text *old = (const tcps_text *)(uintptr_t)r->value[field];
            const tcps_text *copy = tcps_batch_text(b, old->bytes, old->len);
            if (!copy) return TCPS_NOMEM;
            tcps_set_text(r, field, copy);
        }
    }
    return tcps_batch_add(b, r);
}

void tcps_batch_warn(tcps_batch *b, const tcps_status *status) {
    tcps_warning *w = tcps_arena_take(&b->names, sizeof *w);
    if (!w) return;
    w->next = NULL;
    w->status = *status;
    *b->last_warning = w;
    b->last_warning = &w->next;
}

void tcps_batch_cut(tcps_batch *b, const tcps_status *status) {
    b->partial = true;
    tcps_batch_warn(b, status);
}

char *tcps_batch_string(tcps_batch *b, const char *s) {
    size_t size = strlen(s) + 1;
    char *copy = tcps_arena_take(&b->names, size);
    return copy ? memcpy(copy, s, size) : NULL;
}

tcps_code tcps_batch_add_source(tcps_batch *b, TcpstatsReader__DataSource source) {
    TcpstatsReader__CollectionMetadata *m = &b->metadata;
    for (size_t i = 0; i < m->n_data_sources; i++)
        if (m->data_sources[i] == source) return TCPS_OK;
    TcpstatsReader__DataSource *all = tcps_arena_take(&b->names, (m->n_data_sources + 1) * sizeof *all);
    if (!all) return TCPS_NOMEM;
    if (m->n_data_sources) memcpy(all, m->data_sources, m->n_data_sources * sizeof *all);
    all[m->n_data_sources++] = source;
    m->data_sources = all;
    return TCPS_OK;
}

tcps_code tcps_batch_take_metadata(tcps_batch *b, const TcpstatsReader__CollectionMetadata *m) {
    b->metadata = *m;
    b->metadata.base.n_unknown_fields = 0;
    b->metadata.base.unknown_fields = NULL;
    b->metadata.n_data_sources = 0;
    b->metadata.data_sources = NULL;
    char **strings[] = {&b->metadata.hostname, &b->metadata.os_version, &b->metadata.schedule_name, &b->metadata.tool_version};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (*strings[i] && !(*strings[i] = tcps_batch_string(b, *strings[i]))) return TCPS_NOMEM;
    for (size_t i = 0; i < m->n_data_sources; i++)
        if (tcps_batch_add_source(b, m->data_sources[i]) != TCPS_OK) return TCPS_NOMEM;
    return TCPS_OK;
}

tcps_code tcps_batch_take_summary(tcps_batch *b, const TcpstatsReader__SystemSummary *m) {
    b->has_summary = true;
    b->summary = *m;
    b->summary.base.n_unknown_fields = 0;
    b->summary.base.unknown_fields = NULL;
    b->summary.state_counts = NULL;
    if (!m->n_state_counts) return TCPS_OK;
    TcpstatsReader__StateBucket *buckets = tcps_arena_take(&b->names, m->n_state_counts * (sizeof *buckets + sizeof(void *)));
    if (!buckets) return TCPS_NOMEM;
    b->summary.state_counts = (TcpstatsReader__StateBucket **)(buckets + m->n_state_counts);
    for (size_t i = 0; i < m->n_state_counts; i++) {
        buckets[i] = *m->state_counts[i];
        buckets[i].base.n_unknown_fields = 0;
        buckets[i].base.unknown_fields = NULL;
        b->summary.state_counts[i] = &buckets[i];
    }
    return TCPS_OK;
}
