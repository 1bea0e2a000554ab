#include "encode/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "encode/screen.h"
#include "encode/value.h"
#include "record/schema.h"

static bool is_plain(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] == 0x7f || text[i] == ',' || text[i] == '"') return false;
    return true;
}

static bool begins_formula(const char *text, size_t len) { return len && memchr("=+-@", text[0], 4); }

/* As a screen may show it, and quoted when it has to be: RFC 4180, 2.6 and 2.7. */
static void put_text(tcps_writer *w, const char *text, size_t len, bool defused) {
    bool formula = defused && begins_formula(text, len);
    if (is_plain(text, len)) {
        if (formula) tcps_writer_byte(w, '\'');
        tcps_writer_put(w, text, len);
        return;
    }
    bool quoted = memchr(text, ',', len) || memchr(text, '"', len);
    if (quoted) tcps_writer_byte(w, '"');
    if (formula) tcps_writer_byte(w, '\'');
    for (const char *end = text + len; text < end;) {
        size_t n = tcps_utf8_length(text, (size_t)(end - text));
        if (*text == '"') tcps_writer_byte(w, '"');
        if (n && !tcps_screen_is_harmful(tcps_utf8_decode(text, n)))
            tcps_writer_put(w, text, n);
        else
            tcps_writer_byte(w, '?');
        text += n ? n : 1;
    }
    if (quoted) tcps_writer_byte(w, '"');
}

/* A set of several words has commas. */
static void put_set(tcps_writer *w, const tcps_field *f, uint64_t set) {
    bool many = (set & (set - 1)) != 0;
    tcps_writer_room(w, TCPS_SET_ROOM + 2);
    if (many) *w->at++ = '"';
    w->at = tcps_value_text(w->at, TCPS_SET_ROOM, f, set);
    if (many) *w->at++ = '"';
}

static void put_holders(tcps_writer *w, const tcps_field *f, uint64_t bits, bool defused) {
    size_t room = 4 * ((const tcps_text *)(uintptr_t)bits)->len + TCPS_VALUE_ROOM; /* on the wire a holder takes its command and 7 bytes or more */
    char *text = malloc(room);
    if (text)
        put_text(w, text, (size_t)(tcps_value_text(text, room, f, bits) - text), defused);
    else
        w->code = TCPS_NOMEM;
    free(text);
}

static void put_value(tcps_writer *w, const tcps_field *f, uint64_t bits, bool defused) {
    const tcps_text *text = (const tcps_text *)(uintptr_t)bits;
    if (f->type == TCPS_T_STRING) {
        put_text(w, text->bytes, text->len, defused);
    } else if (f->type == TCPS_T_SET) {
        put_set(w, f, bits);
    } else if (f->type == TCPS_T_HOLDERS) {
        put_holders(w, f, bits, defused);
    } else {
        tcps_writer_room(w, TCPS_VALUE_ROOM);
        w->at = tcps_value_text(w->at, TCPS_VALUE_ROOM, f, bits);
    }
}

static void end_line(tcps_writer *w) { tcps_writer_put(w, "\r\n", 2); }

void tcps_csv_header(tcps_writer *w, const tcps_csv_column *columns, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (i) tcps_writer_byte(w, ',');
        put_text(w, columns[i].name, strlen(columns[i].name), false);
    }
    end_line(w);
}

void tcps_csv_line(tcps_writer *w, const tcps_row *row, const tcps_csv_column *columns, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const tcps_csv_column *c = &columns[i];
        if (i) tcps_writer_byte(w, ',');
        if (c->text)
            put_text(w, c->text, c->len, c->defused);
        else if (tcps_row_has(row, c->field))
            put_value(w, &tcps_fields[c->field], tcps_row_bits(row, c->field), c->defused);
    }
    end_line(w);
}

void tcps_csv_lines(tcps_writer *w, tcps_view v, const tcps_csv_column *columns, size_t n) {
    for (size_t row = 0; row < v.count && w->code == TCPS_OK; row++) tcps_csv_line(w, v.rows[row], columns, n);
}
