#include "record/rows.h"

#include <stdlib.h>

#include "base/grow.h"
#include "base/utf8.h"
#include "record/schema.h"

void tcps_rows_fini(tcps_rows *rows) {
    tcps_arena_free(&rows->arena);
    tcps_arena_free(&rows->names);
    free(rows->rows);
    *rows = (tcps_rows){.rows = NULL};
}

void tcps_rows_clear(tcps_rows *rows) {
    tcps_arena_free(&rows->arena);
    rows->count = 0;
    /* The shapes have texts of rows that are gone. */
    rows->last_shape = NULL;
    memset(rows->shapes, 0, sizeof rows->shapes);
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

const tcps_text *tcps_rows_text(tcps_rows *rows, const void *bytes, size_t len) { return new_text(&rows->arena, bytes, len); }

/* The strings of protobuf are UTF-8; a program may call itself anything. */
static void make_utf8(tcps_text *text) {
    for (size_t i = 0; i < text->len;) {
        size_t n = tcps_utf8_length(text->bytes + i, text->len - i);
        if (!n) text->bytes[i] = '?';
        i += n ? n : 1;
    }
}

const tcps_text *tcps_rows_intern(tcps_rows *rows, unsigned field, const void *bytes, size_t len) {
    const tcps_text *last = rows->last_text[field];
    if (last && last->len == len && memcmp(last->bytes, bytes, len) == 0) return last;
    tcps_text *text = new_text(&rows->names, bytes, len);
    if (text) make_utf8(text);
    return rows->last_text[field] = text;
}

static tcps_code make_room(tcps_rows *rows) {
    if (rows->count < rows->room) return TCPS_OK;
    const tcps_row **list = tcps_grow(rows->rows, &rows->room, rows->count + 1, sizeof *list);
    if (!list) return TCPS_NOMEM;
    rows->rows = list;
    return TCPS_OK;
}

static bool same_fields(const tcps_shape *shape, const tcps_record *r) { return memcmp(shape->has, r->has, sizeof r->has) == 0; }

static unsigned hash_fields(const uint64_t has[TCPS_MASK_WORDS]) {
    uint64_t hash = 0;
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++) hash = (hash ^ has[w] ^ hash >> 32) * 0x9e3779b97f4a7c15u;
    return (unsigned)(hash >> 56);
}

/* The shape of the record, a new one if no row has it yet. A forged dump can have a different shape in every row: after a few
 * comparisons it gets shapes that are not shared. NULL when there is no memory. */
static const tcps_shape *shape_of(tcps_rows *rows, const tcps_record *r) {
    enum { ATTEMPTS = 16 };
    const tcps_shape **free_slot = NULL;
    unsigned hash = hash_fields(r->has);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        const tcps_shape **slot = &rows->shapes[(hash + i) % TCPS_ROWS_SHAPES];
        if (!*slot) {
            free_slot = slot;
            break;
        }
        if (same_fields(*slot, r)) return *slot;
    }
    tcps_shape *shape = tcps_arena_take(&rows->names, tcps_shape_size(r));
    if (!shape) return NULL;
    tcps_shape_make(shape, r);
    if (free_slot) *free_slot = shape;
    return shape;
}

tcps_code tcps_rows_add(tcps_rows *rows, const tcps_record *r) {
    if (make_room(rows) != TCPS_OK) return TCPS_NOMEM;
    if (!rows->last_shape || !same_fields(rows->last_shape, r)) rows->last_shape = shape_of(rows, r);
    if (!rows->last_shape) return TCPS_NOMEM;
    size_t room = tcps_row_room(rows->last_shape);
    tcps_row *row = tcps_arena_take(&rows->arena, room);
    if (!row) return TCPS_NOMEM;
    tcps_arena_shrink(&rows->arena, row, tcps_row_pack(row, rows->last_shape, r));
    rows->rows[rows->count++] = row;
    return TCPS_OK;
}

/* An address is a socket's own; names repeat, and sockets that have the same text share it as they did. */
static const tcps_text *copy_text(tcps_rows *rows, unsigned field, const tcps_text *text) {
    if (tcps_fields[field].type == TCPS_T_STRING) return tcps_rows_intern(rows, field, text->bytes, text->len);
    return tcps_rows_text(rows, text->bytes, text->len);
}

tcps_code tcps_rows_copy(tcps_rows *rows, tcps_record *r) {
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++) {
        for (uint64_t m = r->has[w] & tcps_text_mask[w]; m; m &= m - 1) {
            unsigned field = 64 * w + (unsigned)__builtin_ctzll(m);
            const tcps_text *copy = copy_text(rows, field, (const tcps_text *)(uintptr_t)r->value[field]);
            if (!copy) return TCPS_NOMEM;
            tcps_set_text(r, field, copy);
        }
    }
    return tcps_rows_add(rows, r);
}
