/* Bytes on their way out: a buffer that is handed on whenever it is full. */
#ifndef TCPS_WRITER_H
#define TCPS_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define TCPS_WRITER_CHUNK ((size_t)64 << 10) /* what a pipe takes at once; see doc/performance.md */
#define TCPS_WRITER_SLACK ((size_t)64)       /* room behind `end`, so that fixed-size copies need no check of their own */

typedef struct tcps_writer tcps_writer;
struct tcps_writer {
    char *begin, *at, *end; /* `end` leaves TCPS_WRITER_SLACK bytes */
    /* Takes what is in [begin, at). TCPS_OK to go on; anything else ends the encoding with that code. */
    tcps_code (*flush)(tcps_writer *w, const char *bytes, size_t len);
    tcps_code code; /* sticky: the first failure */
};

/* Makes room for `size` more bytes (at most TCPS_WRITER_CHUNK / 2); on failure the code is kept and the bytes go nowhere. */
void tcps_writer_room_slow(tcps_writer *w);
static inline void tcps_writer_room(tcps_writer *w, size_t size) {
    if ((size_t)(w->end - w->at) < size) tcps_writer_room_slow(w);
}

static inline void tcps_writer_byte(tcps_writer *w, char c) {
    tcps_writer_room(w, 1);
    *w->at++ = c;
}

/* Copies any number of bytes. */
void tcps_writer_put(tcps_writer *w, const void *bytes, size_t len);

/* Uses `memory`, TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK bytes that stay the caller's. */
void tcps_writer_over(tcps_writer *w, char *memory, tcps_code (*flush)(tcps_writer *, const char *, size_t));

/* Allocates that memory. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_writer_init(tcps_writer *w, tcps_code (*flush)(tcps_writer *, const char *, size_t));

/* Hands on what is left; the code of the whole encoding. */
tcps_code tcps_writer_end(tcps_writer *w);

/* The same, and frees what tcps_writer_init allocated. */
tcps_code tcps_writer_fini(tcps_writer *w);

#endif
