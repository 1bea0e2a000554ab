#include "encode/writer.h"

#include <stdlib.h>
#include <string.h>

static void hand_on(tcps_writer *w) {
    if (w->code == TCPS_OK && w->at > w->begin) w->code = w->flush(w, w->begin, (size_t)(w->at - w->begin));
    w->at = w->begin;
}

void tcps_writer_room_slow(tcps_writer *w) { hand_on(w); }

void tcps_writer_put(tcps_writer *w, const void *bytes, size_t len) {
    const char *from = bytes;
    while (len) {
        if (w->at == w->end) hand_on(w);
        size_t piece = (size_t)(w->end - w->at) < len ? (size_t)(w->end - w->at) : len;
        memcpy(w->at, from, piece);
        w->at += piece;
        from += piece;
        len -= piece;
    }
}

void tcps_writer_over(tcps_writer *w, char *memory, tcps_code (*flush)(tcps_writer *, const char *, size_t)) {
    w->code = TCPS_OK;
    w->flush = flush;
    w->begin = w->at = memory;
    w->end = memory + TCPS_WRITER_CHUNK;
}

tcps_code tcps_writer_init(tcps_writer *w, tcps_code (*flush)(tcps_writer *, const char *, size_t)) {
    char *memory = malloc(TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK);
    if (!memory) {
        *w = (tcps_writer){.code = TCPS_NOMEM};
        return TCPS_NOMEM;
    }
    tcps_writer_over(w, memory, flush);
    return TCPS_OK;
}

tcps_code tcps_writer_end(tcps_writer *w) {
    hand_on(w);
    return w->code;
}

tcps_code tcps_writer_fini(tcps_writer *w) {
    if (w->begin) hand_on(w);
    free(w->begin);
    w->begin = w->at = w->end = NULL;
    return w->code;
}
