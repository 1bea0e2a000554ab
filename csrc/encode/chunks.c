#include "encode/chunks.h"

#include <stdlib.h>

#include "base/grow.h"
#include "encode/protobuf.h"

/* Room of a chunk's first memory: what is usually asked for, and the row that goes beyond it. */
#define ROOM (TCPS_WRITER_CHUNK + ((size_t)16 << 10))

/* A writer into the chunk, whose memory grows when it is full instead of being handed on. */
typedef struct chunk_writer {
    tcps_writer base;
    tcps_chunks *chunks;
} chunk_writer;

static tcps_code grow(tcps_writer *w, const char *bytes, size_t len) {
    tcps_chunks *c = ((chunk_writer *)w)->chunks;
    size_t used = (size_t)(bytes - c->bytes) + len;
    char *larger = realloc(c->bytes, 2 * c->room + TCPS_WRITER_SLACK);
    if (!larger) {
        w->begin = c->bytes; /* what follows goes nowhere, and must find room there */
        return TCPS_NOMEM;
    }
    c->bytes = larger;
    c->room *= 2;
    w->begin = larger + used;
    w->end = larger + c->room;
    return TCPS_OK;
}

static tcps_code begin_chunk(tcps_chunks *c, chunk_writer *w) {
    c->len = c->taken = c->n_ends = 0;
    c->first = c->next;
    if (!c->bytes) {
        c->bytes = malloc(ROOM + TCPS_WRITER_SLACK);
        if (!c->bytes) return TCPS_NOMEM;
        c->room = ROOM;
    }
    *w = (chunk_writer){.base = {.begin = c->bytes, .at = c->bytes, .end = c->bytes + c->room, .flush = grow}, .chunks = c};
    return TCPS_OK;
}

static size_t written(const chunk_writer *w) { return (size_t)(w->base.at - w->chunks->bytes); }

static tcps_code end_chunk(tcps_chunks *c, chunk_writer *w) {
    if (w->base.code != TCPS_OK) return w->base.code;
    c->len = written(w);
    return TCPS_OK;
}

static bool has_messages(const tcps_chunks *c) { return tcps_format_has_messages(&c->format); }

/* ---- Lines */

static void put_line(tcps_chunks *c, chunk_writer *w, size_t row) {
    if (c->format.kind == TCPS_FORMAT_CSV) {
        tcps_csv_line(&w->base, c->view.rows[row], c->format.columns, c->format.n_columns);
    } else {
        tcps_json_put_row(&w->base, c->view.rows[row], &c->templates);
        tcps_writer_room(&w->base, 1);
        *w->base.at++ = '\n';
    }
}

/* As many lines as fit, or (`beyond`) until there are so many bytes; one at least. */
static tcps_code fill_lines(tcps_chunks *c, size_t size, bool beyond) {
    chunk_writer w;
    if (begin_chunk(c, &w) != TCPS_OK) return TCPS_NOMEM;
    for (size_t len = 0; c->next < c->view.count && len < size;) {
        put_line(c, &w, c->next);
        if (w.base.code != TCPS_OK) return w.base.code;
        size_t end = written(&w);
        if (!beyond && end > size && len > 0) {
            w.base.at = c->bytes + len;
            break;
        }
        uint32_t *ends = tcps_grow(c->ends, &c->ends_room, c->n_ends + 1, sizeof *ends);
        if (!ends) return TCPS_NOMEM;
        c->ends = ends;
        ends[c->n_ends++] = (uint32_t)(len = end);
        c->next++;
    }
    return end_chunk(c, &w);
}

/* ---- Messages */

static tcps_code measure(tcps_chunks *c) {
    if (c->sizes || c->format.kind != TCPS_FORMAT_PROTOBUF) return TCPS_OK;
    c->sizes = malloc((c->view.count + 1) * sizeof *c->sizes);
    return c->sizes ? tcps_protobuf_measure(c->view, &c->templates, c->sizes) : TCPS_NOMEM;
}

/* What stands before the rows [next, last) of a message. */
static void begin_message(tcps_chunks *c, chunk_writer *w, size_t last) {
    c->message = c->next;
    c->begun = true;
    if (c->format.kind == TCPS_FORMAT_JSON) {
        tcps_json_begin(&w->base, c->pass, c->format.style);
    } else {
        size_t size = tcps_protobuf_size(c->pass, last == c->view.count);
        for (size_t i = c->next; i < last; i++) size += tcps_protobuf_record_size(c->sizes[i]);
        tcps_protobuf_begin(&w->base, c->pass, size);
    }
}

static void put_record(tcps_chunks *c, chunk_writer *w, bool first) {
    if (c->format.kind == TCPS_FORMAT_JSON)
        tcps_json_put_record(&w->base, c->view.rows[c->next], first, &c->templates);
    else
        tcps_protobuf_put_record(&w->base, c->view.rows[c->next], c->sizes[c->next], &c->templates);
}

/* The last message has the summary. */
static void end_message(tcps_chunks *c, chunk_writer *w, bool records) {
    bool last = c->next == c->view.count;
    c->begun = false;
    c->ended = true;
    if (c->format.kind == TCPS_FORMAT_JSON)
        tcps_json_end(&w->base, c->pass, records, last, c->format.style);
    else
        tcps_protobuf_end(&w->base, c->pass, last);
}

/* The next stretch of the one message that has all rows. Indented JSON comes in one piece: people read it. */
static tcps_code fill_message(tcps_chunks *c, size_t size) {
    chunk_writer w;
    size_t torn = c->begun ? c->torn + c->len : 0;
    if (measure(c) != TCPS_OK || begin_chunk(c, &w) != TCPS_OK) return TCPS_NOMEM;
    c->torn = torn;
    if (c->format.pretty) {
        tcps_json_batch(&w.base, c->pass, c->view, c->format.style, true);
        c->next = c->view.count;
        c->ended = true;
        return end_chunk(c, &w);
    }
    if (!c->begun) begin_message(c, &w, c->view.count);
    for (; c->next < c->view.count && written(&w) < size && w.base.code == TCPS_OK; c->next++) put_record(c, &w, c->next == c->message);
    if (c->next == c->view.count) end_message(c, &w, c->view.count > c->message);
    return end_chunk(c, &w);
}

/* How many rows from `next` on fit a message of at most `most` bytes, one at least if any is left: as protobuf, whose rows have been measured. */
static size_t protobuf_fit(const tcps_chunks *c, size_t most) {
    size_t size = tcps_protobuf_size(c->pass, false) + 10, i = c->next; /* 10: the length */
    size_t summary = tcps_protobuf_size(c->pass, true) + 10 - size;
    for (; i < c->view.count; i++) {
        size += tcps_protobuf_record_size(c->sizes[i]);
        if (size + (i + 1 == c->view.count ? summary : 0) > most) break;
    }
    return i > c->next ? i - c->next : c->next < c->view.count;
}

static tcps_code cut_protobuf(tcps_chunks *c, size_t most) {
    chunk_writer w;
    if (measure(c) != TCPS_OK || begin_chunk(c, &w) != TCPS_OK) return TCPS_NOMEM;
    size_t last = c->next + protobuf_fit(c, most);
    begin_message(c, &w, last);
    for (; c->next < last && w.base.code == TCPS_OK; c->next++) put_record(c, &w, false);
    end_message(c, &w, true);
    return end_chunk(c, &w);
}

static tcps_code cut_json(tcps_chunks *c, size_t most) {
    enum { END = 3 }; /* "]}\n" */
    chunk_writer w;
    if (begin_chunk(c, &w) != TCPS_OK) return TCPS_NOMEM;
    begin_message(c, &w, c->view.count);
    while (c->next < c->view.count && w.base.code == TCPS_OK) {
        size_t before = written(&w);
        put_record(c, &w, c->next == c->message);
        c->next++;
        size_t end = written(&w);
        if (c->next == c->view.count) {
            end_message(c, &w, true);
            if (written(&w) <= most || c->next == c->message + 1) return end_chunk(c, &w);
        } else if (end + END <= most || c->next == c->message + 1) {
            continue;
        }
        if (w.base.code != TCPS_OK) break;
        c->next--; /* that one was too much */
        w.base.at = c->bytes + before;
        break;
    }
    end_message(c, &w, c->next > c->message);
    return end_chunk(c, &w);
}

/* ---- */

void tcps_chunks_init(tcps_chunks *c, const tcps_pass *pass, tcps_view view, const tcps_format *format) {
    *c = (tcps_chunks){.format = *format, .pass = pass, .view = view};
    if (format->kind == TCPS_FORMAT_PROTOBUF) tcps_protobuf_templates(&c->templates);
    if (format->kind == TCPS_FORMAT_JSON) tcps_json_templates(&c->templates, format->style, NULL);
    if (format->kind == TCPS_FORMAT_FLAT) tcps_json_templates(&c->templates, format->style, pass);
}

void tcps_chunks_release(tcps_chunks *c) {
    tcps_templates_free(&c->templates);
    free(c->sizes);
    free(c->bytes);
    free(c->ends);
    c->sizes = NULL;
    c->bytes = NULL;
    c->ends = NULL;
    c->first = c->message = c->next;
    c->len = c->taken = c->room = c->n_ends = c->ends_room = c->torn = 0;
}

void tcps_chunks_fini(tcps_chunks *c) {
    tcps_chunks_release(c);
    *c = (tcps_chunks){0};
}

/* A view without rows is a message all the same, but not a line. */
static bool has_more(const tcps_chunks *c) { return c->next < c->view.count || (has_messages(c) && !c->ended); }

bool tcps_chunks_more(const tcps_chunks *c) { return c->taken < c->len || has_more(c); }

tcps_code tcps_chunks_fill(tcps_chunks *c, size_t size) {
    if (c->taken < c->len) return TCPS_OK;
    if (!has_more(c)) return TCPS_END;
    return has_messages(c) ? fill_message(c, size) : fill_lines(c, size, true);
}

tcps_code tcps_chunks_cut(tcps_chunks *c, size_t most, bool split) {
    if (c->taken < c->len) return TCPS_OK;
    if (!has_more(c)) return TCPS_END;
    if (!has_messages(c)) return fill_lines(c, most, false);
    if (!split || c->format.pretty) return fill_message(c, SIZE_MAX);
    c->torn = 0;
    return c->format.kind == TCPS_FORMAT_JSON ? cut_json(c, most) : cut_protobuf(c, most);
}

static size_t whole_lines(const tcps_chunks *c) {
    size_t n = c->n_ends;
    while (n > 0 && c->ends[n - 1] > c->taken) n--;
    return n;
}

/* At a border between messages. */
static bool is_between(const tcps_chunks *c) { return !c->begun && c->taken == c->len; }

size_t tcps_chunks_done(const tcps_chunks *c) {
    if (has_messages(c)) return is_between(c) ? c->next : c->message;
    return c->first + whole_lines(c);
}

size_t tcps_chunks_torn(const tcps_chunks *c) {
    if (has_messages(c)) return is_between(c) ? 0 : c->torn + c->taken;
    size_t n = whole_lines(c);
    return c->taken - (n ? c->ends[n - 1] : 0);
}

void tcps_chunks_rewind(tcps_chunks *c) {
    c->next = tcps_chunks_done(c);
    if (has_messages(c) && !is_between(c)) c->ended = c->message > 0;
    c->first = c->message = c->next;
    c->begun = false;
    c->len = c->taken = c->n_ends = c->torn = 0;
}
