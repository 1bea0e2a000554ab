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

tcps_code tcps_writer_init(tcps_writer *w, tcps_code (*flush)(tcps_writer *, const char *, size_t)) {
    w->code = TCPS_OK;
    w->flush = flush;
    w->begin = w->at = malloc(TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK);
    if (!w->begin) return w->code = TCPS_NOMEM;
    w->end = w->begin + TCPS_WRITER_CHUNK;
    return TCPS_OK;
}

tcps_code tcps_writer_fini(tcps_writer *w) {
    if (w->begin) hand_on(w);
    free(w->begin);
    w->begin = w->at = w->end = NULL;
    return w->code;
}
