/* All the records of one pass, with their metadata and summary. A batch owns every byte that its rows point to and is freed as one. */
#ifndef TCPS_BATCH_H
#define TCPS_BATCH_H

#include "base/arena.h"
#include "base/status.h"
#include "record/record.h"
#include "tcp_stats.pb-c.h"

/* Something that went wrong and did not end the pass: a truncated dump, a missing privilege. */
typedef struct tcps_warning {
    struct tcps_warning *next;
    tcps_status status;
} tcps_warning;

#define TCPS_BATCH_SHAPES 256

typedef struct tcps_batch {
    unsigned refs;    /* not atomic: a batch stays in its thread */
    tcps_arena arena; /* rows and their addresses */
    tcps_arena names; /* texts and shapes that rows share: it is not rolled back when a row is refused */
    const tcps_row **rows;
    size_t count, room;
    TcpstatsReader__CollectionMetadata metadata; /* strings and arrays in the arena */
    TcpstatsReader__SystemSummary summary;       /* counts only if has_summary */
    bool has_summary;
    uint64_t monotonic_ns;   /* when the pass began, on the clock that never steps; 0: nobody knows */
    struct tcps_batch *from; /* whose texts, metadata and summary this one shows, see tcps_tracker_update; one reference. NULL: all its own */
    bool partial;            /* the dump was cut: what is missing from it is not gone for that */
    bool tracked;            /* a tracker has seen it: opened and closed mean something */
    uint64_t since_ns;       /* what passed since the pass that a tracker compared with: what deltas cover; 0: nobody knows */
    uint32_t *opened;        /* rows of connections first seen in this pass, in order; in the arena */
    size_t opened_count;
    struct tcps_batch *closed; /* last values of connections that are gone; NULL: none */
    tcps_warning *warnings, **last_warning;
    const tcps_text *last_text[TCPS_FIELD_LIMIT]; /* see tcps_batch_intern */
    const tcps_shape *last_shape;
    const tcps_shape *shapes[TCPS_BATCH_SHAPES]; /* by a hash of their fields, open addressing */
} tcps_batch;

/* Some of a batch's rows, or all: what encoders and scripts work on. It owns nothing. */
typedef struct tcps_view {
    const tcps_batch *batch; /* metadata and summary */
    const tcps_row *const *rows;
    size_t count;
} tcps_view;

static inline tcps_view tcps_batch_view(const tcps_batch *b) { return (tcps_view){b, b->rows, b->count}; }

/* An empty batch with one reference; NULL when there is no memory. */
tcps_batch *tcps_batch_new(void);

/* Makes `b` say what these messages say: strings and arrays are copied. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_batch_take_metadata(tcps_batch *b, const TcpstatsReader__CollectionMetadata *m);
tcps_code tcps_batch_take_summary(tcps_batch *b, const TcpstatsReader__SystemSummary *m);

/* One reference more, one less; the last one frees. tcps_batch_unref(NULL) does nothing. */
tcps_batch *tcps_batch_ref(tcps_batch *b);
void tcps_batch_unref(tcps_batch *b);

/* Forgets the rows and their texts; names, metadata and warnings stay. */
void tcps_batch_clear(tcps_batch *b);

/* A copy of `len` bytes that lives as long as the batch; NULL when there is no memory. */
const tcps_text *tcps_batch_text(tcps_batch *b, const void *bytes, size_t len);

/* The same for values that repeat from socket to socket (an algorithm's name): the last text of `field` is given again when it is equal.
 * Bytes that are no UTF-8 become '?': the strings of protobuf are UTF-8. */
const tcps_text *tcps_batch_intern(tcps_batch *b, unsigned field, const void *bytes, size_t len);

/* Stores `r` as the batch's next row. The texts of `r` must be this batch's own. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_batch_add(tcps_batch *b, const tcps_record *r);

/* The same for a record whose texts are another batch's: they are copied, and `r` gets the copies. */
tcps_code tcps_batch_copy_record(tcps_batch *b, tcps_record *r);

/* Keeps a copy of `status` among the warnings. Without memory it is lost. */
void tcps_batch_warn(tcps_batch *b, const tcps_status *status);

/* The same for a dump of which a part is missing: what the batch lacks is not gone for that. */
void tcps_batch_cut(tcps_batch *b, const tcps_status *status);

/* A NUL-terminated copy in the batch's memory, for the strings of metadata; NULL when there is no memory. */
char *tcps_batch_string(tcps_batch *b, const char *s);

/* Adds a data source to metadata.data_sources unless it is there. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_batch_add_source(tcps_batch *b, TcpstatsReader__DataSource source);

#endif
