/* What templates must not change: rows of more shapes than there are templates, with texts of any length and values that come again, encoded as one
 * batch, are what each row gives by itself, and decode to what they were. Prints how many rows were compared; the status is 1 when one was wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "encode/json.h"
#include "encode/protobuf.h"
#include "record/holder_list.h"
#include "record/schema.h"

enum { ROWS = 6000, SHAPES = 600 };

static uint64_t state = 1;
static uint64_t any(uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
}

static void check(bool fine, const char *what, size_t row) {
    if (fine) return;
    printf("row %zu: %s\n", row, what);
    exit(1);
}

/* Bytes as JSON has to escape them, seldom more than a buffer holds; addresses often. */
static const tcps_text *make_text(tcps_pass *b, unsigned field) {
    static char bytes[100000];
    static const char alphabet[] = "abcdefgh\"\\\n\x01xyz";
    bool is_bytes = tcps_fields[field].type == TCPS_T_BYTES;
    size_t len = any(200) == 0 ? any(sizeof bytes) : any(3) == 0 ? any(300) : is_bytes ? 4 + 12 * any(2) : any(12);
    for (size_t i = 0; i < len; i++) bytes[i] = is_bytes ? (char)any(256) : alphabet[any(sizeof alphabet - 1)];
    return tcps_rows_intern(&b->rows, field, bytes, len);
}

/* One holder or more, some with a command. */
static const tcps_text *make_holders(tcps_pass *b) {
    tcps_holder_list list = {0};
    char name[] = "nginx: \"worker\"";
    for (size_t i = any(3) == 0 ? any(300) : any(4); i < SIZE_MAX; i--) {
        tcps_named_holder h = {(uint32_t)any(1u << 31), (uint32_t)(any(1u << 31) >> any(31)), any(4) ? name : NULL, 0};
        if (h.command) h.command_len = any(sizeof name);
        check(tcps_holder_list_add(&list, &h) == TCPS_OK, "no memory", 0);
    }
    const tcps_text *text = tcps_rows_text(&b->rows, list.bytes, list.len);
    free(list.bytes);
    return text;
}

static uint64_t make_value(const tcps_field *f) {
    switch (f->type) {
    case TCPS_T_BOOL: return any(2);
    case TCPS_T_ENUM: return any(20);
    case TCPS_T_SET: return 1 + any((1u << any(16)));
    default: return any(1u << 31) * any(1u << 31) >> any(62);
    }
}

static void make_row(tcps_pass *b, tcps_record *r) {
    unsigned shape = (unsigned)any(SHAPES);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        const tcps_field *field = &tcps_fields[f];
        bool present = field->type != TCPS_T_NONE && shape > 0 && (shape < 4 || (f * 2654435761u >> shape % 29 & 1));
        bool known = tcps_has(r, f);
        if (!present)
            tcps_unset(r, f);
        else if (!known || any(3) == 0)
            tcps_set(r, f,
                     field->type == TCPS_T_HOLDERS  ? (uint64_t)(uintptr_t)make_holders(b)
                     : field->type >= TCPS_T_STRING ? (uint64_t)(uintptr_t)make_text(b, f)
                                                    : make_value(field));
    }
    check(tcps_rows_add(&b->rows, r) == TCPS_OK, "no memory", b->rows.count);
}

typedef struct memory {
    tcps_writer base;
    char *bytes;
    size_t len, room;
} memory;

static tcps_code keep(tcps_writer *w, const char *bytes, size_t len) {
    memory *m = (memory *)w;
    if (m->room - m->len < len && !(m->bytes = realloc(m->bytes, m->room = 2 * (m->room + len)))) return TCPS_NOMEM;
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
    return TCPS_OK;
}

static void compare_json(tcps_pass *b, tcps_json_style style) {
    memory all = {0}, single = {0};
    check(tcps_writer_init(&all.base, keep) == TCPS_OK && tcps_writer_init(&single.base, keep) == TCPS_OK, "no memory", 0);
    tcps_json_lines(&all.base, NULL, b->all, style);
    check(tcps_writer_fini(&all.base) == TCPS_OK, "encoding", 0);
    size_t at = 0;
    for (size_t i = 0; i < b->all.count; i++) {
        single.len = 0;
        tcps_json_row(&single.base, b->all.rows[i], style);
        check(tcps_writer_end(&single.base) == TCPS_OK, "encoding", i);
        check(all.len - at > single.len && memcmp(all.bytes + at, single.bytes, single.len) == 0 && all.bytes[at + single.len] == '\n', "JSON", i);
        at += single.len + 1;
    }
    check(at == all.len, "more than its rows", b->rows.count);
    tcps_writer_fini(&single.base);
    free(all.bytes);
    free(single.bytes);
}

static bool same_value(const tcps_field *f, uint64_t a, uint64_t b) {
    if (f->type < TCPS_T_STRING) return a == b;
    const tcps_text *x = (const tcps_text *)(uintptr_t)a, *y = (const tcps_text *)(uintptr_t)b;
    return x->len == y->len && memcmp(x->bytes, y->bytes, x->len) == 0;
}

static void compare_protobuf(tcps_pass *b) {
    memory all = {0};
    check(tcps_writer_init(&all.base, keep) == TCPS_OK, "no memory", 0);
    tcps_protobuf_batch(&all.base, b, b->all);
    check(tcps_writer_fini(&all.base) == TCPS_OK, "encoding", 0);
    tcps_pass *back;
    size_t used;
    check(tcps_protobuf_decode((const uint8_t *)all.bytes, all.len, &used, &back, NULL) == TCPS_OK && used == all.len, "decoding", 0);
    check(back->all.count == b->all.count, "another number of rows", back->all.count);
    for (size_t i = 0; i < b->all.count; i++)
        for (unsigned f = 1; f < TCPS_FIELD_LIMIT; f++) {
            const tcps_row *row = b->all.rows[i], *read = back->all.rows[i];
            check(tcps_row_has(row, f) == tcps_row_has(read, f), tcps_row_has(row, f) ? tcps_fields[f].name : "a field too much", i);
            if (!tcps_row_has(row, f)) continue;
            check(same_value(&tcps_fields[f], tcps_row_bits(row, f), tcps_row_bits(read, f)), tcps_fields[f].name, i);
        }
    tcps_pass_unref(back);
    free(all.bytes);
}

int main(void) {
    static tcps_record r;
    tcps_schema_init();
    tcps_pass *b = tcps_pass_new();
    check(b != NULL, "no memory", 0);
    for (size_t i = 0; i < ROWS; i++) make_row(b, &r);
    tcps_pass_show(b);
    for (int style = 0; style < TCPS_JSON_STYLES; style++) compare_json(b, (tcps_json_style)style);
    compare_protobuf(b);
    tcps_pass_unref(b);
    printf("%d rows\n", ROWS);
    return 0;
}
