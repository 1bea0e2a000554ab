/* A view encoded chunk by chunk, as fast as an output takes them. The rows are kept, not their encoding, so a pass of
 * 100,000 sockets that waits for its reader takes no more memory than it did.
 *
 * A border is a place where the encoding may be cut without tearing a row: after each line of flat JSON and CSV, after each message of JSON and
 * protobuf. What was taken beyond the last border can be taken back, and is encoded again. */
#ifndef TCPS_CHUNKS_H
#define TCPS_CHUNKS_H

#include <stdint.h>

#include "encode/format.h"

typedef struct tcps_chunks {
    tcps_format format; /* its columns are the caller's and stay; its header is not written */
    const tcps_pass *pass;
    tcps_view view; /* of it */
    tcps_templates templates;
    size_t *sizes; /* what each row takes as protobuf; NULL: not measured yet */
    size_t next;   /* the first row that is not in a chunk yet */
    /* Of messages. */
    size_t message; /* the row that it begins with */
    size_t torn;    /* bytes of it that were taken with the chunks before this one */
    bool begun;     /* it continues after the chunk */
    bool ended;     /* there was a whole one */

    /* The chunk. */
    char *bytes;
    size_t len, room;
    size_t taken;   /* of its bytes */
    size_t first;   /* the row that it begins with */
    uint32_t *ends; /* of lines: where each ends */
    size_t n_ends, ends_room;
} tcps_chunks;

/* Begins. The pass, its view and the format's columns stay the caller's, and must live as long. */
void tcps_chunks_init(tcps_chunks *c, const tcps_pass *pass, tcps_view view, const tcps_format *format);
void tcps_chunks_fini(tcps_chunks *c);

/* Makes sure that there is a chunk to take from: if the last one was taken, encodes the next of about `size` bytes (at least one row). A message may
 * continue in the next chunk. TCPS_END when nothing is left, TCPS_OK, or TCPS_NOMEM. */
tcps_code tcps_chunks_fill(tcps_chunks *c, size_t size);

/* A chunk of its own, cut at borders: as many lines as fit `most` bytes, or with `split` a message with as many rows as fit; without it the message
 * with all rows. What is larger than `most` is one row, or such a message. Results as above. Only between borders: see tcps_chunks_torn. */
tcps_code tcps_chunks_cut(tcps_chunks *c, size_t most, bool split);

/* Whether there is more to take. */
bool tcps_chunks_more(const tcps_chunks *c);

/* Rows that were wholly taken. */
size_t tcps_chunks_done(const tcps_chunks *c);

/* Bytes that were taken beyond the last border. */
size_t tcps_chunks_torn(const tcps_chunks *c);

/* Goes back to the last border. */
void tcps_chunks_rewind(tcps_chunks *c);

/* Frees what the encoding needed, when nothing is left to take; the counts stay. */
void tcps_chunks_release(tcps_chunks *c);

#endif
