#include "encode/table.h"

#include <string.h>

#include "encode/endpoint.h"
#include "encode/human.h"
#include "encode/text.h"
#include "encode/value.h"
#include "record/schema.h"
#include "record/sink.h"

#define GAP 2
#define CELL_ROOM ((size_t)1024) /* of a cell; a longer text is cut in any case */

/* A cell's text, its width and which part of its end is not to be cut. */
typedef struct cell {
    char text[CELL_ROOM];
    size_t len, columns, keep;
    double number; /* that it shows; 0 of others */
} cell;

static void set_end(cell *c, char *end) { c->len = c->columns = (size_t)(end - c->text); }

/* Adds a text of others, of which `left` bytes of room are left. */
static void add_clean(cell *c, const char *text, size_t len, size_t left, tcps_charset charset) {
    char *begin = c->text + c->len, *end = tcps_screen_clean(begin, CELL_ROOM - c->len - left, text, len, charset);
    c->len += (size_t)(end - begin);
    c->columns += tcps_screen_width(begin, (size_t)(end - begin));
}

static void show_endpoint(cell *c, const tcps_endpoint *e, tcps_charset charset) {
    set_end(c, tcps_text_endpoint(c->text, e));
    if (e->zone_len) { /* an interface may be called anything */
        char text[TCPS_ENDPOINT_ROOM];
        size_t len = c->len;
        memcpy(text, c->text, len);
        c->len = c->columns = 0;
        add_clean(c, text, len, 0, charset);
    }
    for (c->keep = 1; c->text[c->len - c->keep] != ':';) c->keep++; /* the port, */
    if (c->keep < c->len && c->text[c->len - c->keep - 1] == ']') c->keep++;
}

static void show_process(cell *c, const tcps_row *row, tcps_charset charset) {
    bool named = tcps_row_has(row, TCPS_F_command), numbered = tcps_row_has(row, TCPS_F_pid);
    char pid[24], *at = pid;
    if (numbered && !named) at = memcpy(at, "pid ", 4), at += 4;
    if (numbered && named) *at++ = '[';
    if (numbered) at = tcps_text_i64(at, (int32_t)tcps_row_bits(row, TCPS_F_pid));
    if (numbered && named) *at++ = ']';
    size_t len = (size_t)(at - pid);
    if (named) {
        const tcps_text *name = (const tcps_text *)(uintptr_t)tcps_row_bits(row, TCPS_F_command);
        add_clean(c, name->bytes, name->len, len, charset);
    }
    memcpy(c->text + c->len, pid, len);
    c->len += len;
    c->columns += len;
    c->keep = len;
}

static double number_of(unsigned field, uint64_t bits) {
    switch (tcps_fields[field].type) {
    case TCPS_T_I32: return (int32_t)bits;
    case TCPS_T_I64: return (double)(int64_t)bits;
    default: return (double)bits;
    }
}

static void show_number(cell *c, const tcps_table *t, const tcps_table_column *column, unsigned field, uint64_t bits) {
    double n = number_of(field, bits);
    if (column->per_second) {
        if (t->seconds <= 0) return;
        n /= t->seconds;
    }
    char *at = c->text;
    c->number = n;
    if (n == 0 && column->dash) {
        *at++ = '-';
        set_end(c, at);
        return;
    }
    switch (column->shown) {
    case TCPS_SHOW_BYTES: at = tcps_human_bytes(at, n); break;
    case TCPS_SHOW_COUNT: at = tcps_human_count(at, n); break;
    case TCPS_SHOW_NUMBER: at = tcps_human_number(at, n); break;
    case TCPS_SHOW_MICROSECONDS: at = tcps_human_microseconds(at, n); break;
    case TCPS_SHOW_MILLISECONDS: at = tcps_human_milliseconds(at, n); break;
    default:
        *at++ = '/';
        at = tcps_human_count(at, n);
        break;
    }
    set_end(c, at);
}

static void show_value(cell *c, unsigned field, uint64_t bits, tcps_charset charset) {
    const tcps_text *text = (const tcps_text *)(uintptr_t)bits;
    if (tcps_fields[field].type == TCPS_T_STRING) {
        add_clean(c, text->bytes, text->len, 0, charset);
    } else if (tcps_fields[field].type == TCPS_T_HOLDERS) { /* they have names */
        char named[CELL_ROOM];
        add_clean(c, named, (size_t)(tcps_value_text(named, CELL_ROOM, &tcps_fields[field], bits) - named), 0, charset);
    } else {
        set_end(c, tcps_value_text(c->text, CELL_ROOM, &tcps_fields[field], bits));
    }
}

static void show_fields(cell *c, const tcps_table *t, const tcps_table_column *column, const tcps_row *row) {
    for (unsigned i = 0; i < column->n_fields; i++) {
        unsigned field = column->fields[i];
        if (!tcps_row_has(row, field)) continue;
        if (column->shown == TCPS_SHOW_VALUE)
            show_value(c, field, tcps_row_bits(row, field), t->charset);
        else
            show_number(c, t, column, field, tcps_row_bits(row, field));
        return;
    }
}

static bool is_listener(const tcps_row *row) {
    return tcps_row_has(row, TCPS_F_state) && tcps_row_bits(row, TCPS_F_state) == TCPSTATS_READER__TCP_STATE__TCP_STATE_LISTEN;
}

/* Makes the cell; it is empty where the socket has nothing to show. */
static void make_cell(cell *c, const tcps_table *t, const tcps_table_column *column, const tcps_row *row) {
    c->len = c->columns = c->keep = 0;
    c->number = 0;
    if (column->shown == TCPS_SHOW_LOCAL) {
        tcps_endpoint e = tcps_local_end(row);
        show_endpoint(c, &e, t->charset);
    } else if (column->shown == TCPS_SHOW_REMOTE) {
        tcps_endpoint e = tcps_remote_end(row);
        if (!is_listener(row)) show_endpoint(c, &e, t->charset);
    } else if (column->shown == TCPS_SHOW_PROCESS) {
        show_process(c, row, t->charset);
    } else {
        show_fields(c, t, column, row);
    }
}

void tcps_table_measure(const tcps_table *t, tcps_view v, size_t *widths) {
    cell c;
    memset(widths, 0, t->n * sizeof *widths);
    for (size_t i = 0; i < v.count; i++)
        for (size_t k = 0; k < t->n; k++) {
            make_cell(&c, t, &t->columns[k], v.rows[i]);
            if (c.columns > widths[k]) widths[k] = c.columns;
        }
}

#define RED "\33[31m"
#define GREEN "\33[32m"
#define YELLOW "\33[33m"
#define CYAN "\33[36m"
#define DIM "\33[2m"
#define PLAIN "\33[0m"

#define STATE(name) [TCPSTATS_READER__TCP_STATE__TCP_STATE_##name]
static const char *const state_colors[TCPS_STATES] = {
    STATE(ESTABLISHED) = GREEN,   STATE(LISTEN) = CYAN,   STATE(CLOSE_WAIT) = YELLOW, STATE(SYN_SENT) = YELLOW,
    STATE(SYN_RECEIVED) = YELLOW, STATE(TIME_WAIT) = DIM, STATE(CLOSED) = DIM,
};

/* The color of a cell as the terminal takes it; NULL: none. */
static const char *color_of(const cell *c, const tcps_table_column *column, const tcps_row *row) {
    if (column->paint == TCPS_PAINT_ABOVE_ZERO) return c->number > 0 ? RED : NULL;
    if (column->paint != TCPS_PAINT_STATE || !tcps_row_has(row, TCPS_F_state)) return NULL;
    uint64_t state = tcps_row_bits(row, TCPS_F_state);
    return state < TCPS_STATES ? state_colors[state] : NULL;
}

static void put_spaces(tcps_writer *w, size_t n) {
    static const char spaces[] = "                                                                ";
    for (size_t piece; n; n -= piece) {
        piece = n < sizeof spaces - 1 ? n : sizeof spaces - 1;
        tcps_writer_put(w, spaces, piece);
    }
}

static void put_cell(tcps_writer *w, const tcps_table *t, const tcps_table_column *column, const tcps_row *row, const cell *c) {
    const char *color = t->colored ? color_of(c, column, row) : NULL;
    if (color) tcps_writer_put(w, color, strlen(color));
    if (c->columns > column->width) {
        char text[CELL_ROOM + 4];
        tcps_cut cut = {.keep = c->keep, .end_quarters = column->end_quarters, .charset = t->charset};
        tcps_writer_put(w, text, (size_t)(tcps_screen_cut(text, c->text, c->len, column->width, &cut) - text));
    } else {
        tcps_writer_put(w, c->text, c->len);
    }
    if (color) tcps_writer_put(w, PLAIN, strlen(PLAIN));
}

void tcps_table_lines(tcps_writer *w, const tcps_table *t, tcps_view v) {
    cell c;
    for (size_t i = 0; i < v.count && w->code == TCPS_OK; i++) {
        size_t spaces = 0; /* that come before the next text, if there is one */
        for (size_t k = 0; k < t->n; k++) {
            const tcps_table_column *column = &t->columns[k];
            make_cell(&c, t, column, v.rows[i]);
            size_t pad = c.columns < column->width ? column->width - c.columns : 0;
            if (c.len) {
                put_spaces(w, spaces + (column->right ? pad : 0));
                put_cell(w, t, column, v.rows[i], &c);
                spaces = column->right ? 0 : pad;
            } else {
                spaces += pad;
            }
            spaces += GAP;
        }
        tcps_writer_put(w, "\n", 1);
    }
}
