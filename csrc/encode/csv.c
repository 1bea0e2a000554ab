#include "encode/csv.h"

#include "encode/text.h"
#include "record/schema.h"

#define VALUE_ROOM ((size_t)64) /* no value but a text or a set is longer */

static void put_byte(tcps_writer *w, char c) {
    tcps_writer_room(w, 1);
    *w->at++ = c;
}

/* Quoted when it has to be: RFC 4180, 2.6 and 2.7. */
static void put_text(tcps_writer *w, const char *text, size_t len) {
    bool quoted = false;
    for (size_t i = 0; i < len && !quoted; i++) quoted = text[i] == ',' || text[i] == '"' || text[i] == '\r' || text[i] == '\n';
    if (!quoted) {
        tcps_writer_put(w, text, len);
        return;
    }
    put_byte(w, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') put_byte(w, '"');
        put_byte(w, text[i]);
    }
    put_byte(w, '"');
}

static char *put_word(char *at, const ProtobufCEnumDescriptor *e, int number) {
    const char *word = tcps_enum_word(e, number);
    if (!word) return tcps_text_i64(at, number);
    size_t len = strlen(word);
    memcpy(at, word, len);
    return at + len;
}

static void put_set(tcps_writer *w, const ProtobufCEnumDescriptor *e, uint64_t set) {
    bool many = (set & (set - 1)) != 0;
    if (many) put_byte(w, '"');
    for (bool first = true; set; set &= set - 1, first = false) {
        tcps_writer_room(w, VALUE_ROOM);
        if (!first) *w->at++ = ',';
        w->at = put_word(w->at, e, __builtin_ctzll(set));
    }
    if (many) put_byte(w, '"');
}

static void put_value(tcps_writer *w, const tcps_field *f, uint64_t bits) {
    tcps_writer_room(w, VALUE_ROOM);
    const tcps_text *text = (const tcps_text *)(uintptr_t)bits;
    switch (f->type) {
    case TCPS_T_U32: w->at = tcps_text_u64(w->at, (uint32_t)bits); break;
    case TCPS_T_U64: w->at = tcps_text_u64(w->at, bits); break;
    case TCPS_T_I32: w->at = tcps_text_i64(w->at, (int32_t)bits); break;
    case TCPS_T_I64: w->at = tcps_text_i64(w->at, (int64_t)bits); break;
    case TCPS_T_BOOL: tcps_writer_put(w, bits ? "true" : "false", bits ? 4 : 5); break;
    case TCPS_T_ENUM: w->at = put_word(w->at, f->enum_values, (int)bits); break;
    case TCPS_T_SET: put_set(w, f->enum_values, bits); break;
    case TCPS_T_STRING: put_text(w, text->bytes, text->len); break;
    case TCPS_T_BYTES: w->at = tcps_text_address(w->at, text->bytes, text->len); break;
    case TCPS_T_NONE: break;
    }
}

static void end_line(tcps_writer *w) { tcps_writer_put(w, "\r\n", 2); }

void tcps_csv_header(tcps_writer *w, const tcps_csv_column *columns, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (i) put_byte(w, ',');
        put_text(w, columns[i].name, strlen(columns[i].name));
    }
    end_line(w);
}

void tcps_csv_line(tcps_writer *w, const tcps_row *row, const tcps_csv_column *columns, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const tcps_csv_column *c = &columns[i];
        if (i) put_byte(w, ',');
        if (c->text)
            put_text(w, c->text, c->len);
        else if (tcps_row_has(row, c->field))
            put_value(w, &tcps_fields[c->field], tcps_row_bits(row, c->field));
    }
    end_line(w);
}

void tcps_csv_lines(tcps_writer *w, tcps_view v, const tcps_csv_column *columns, size_t n) {
    for (size_t row = 0; row < v.count && w->code == TCPS_OK; row++) tcps_csv_line(w, v.rows[row], columns, n);
}
