/* The rows of a pass and the memory that they live in: texts, shapes and the rows themselves, freed as one. */
#ifndef TCPS_ROWS_H
#define TCPS_ROWS_H

#include "base/arena.h"
#include "base/status.h"
#include "record/record.h"

#define TCPS_ROWS_SHAPES 256 /* slots for shapes that rows share; a real dump has some twenty */

/* All zero is an empty one. */
typedef struct tcps_rows {
    tcps_arena arena; /* rows and their addresses */
    tcps_arena names; /* texts and shapes that rows share: it is not rolled back when a row is refused */
    const tcps_row **rows;
    size_t count, room;
    const tcps_text *last_text[TCPS_FIELD_LIMIT]; /* see tcps_rows_intern */
    const tcps_shape *last_shape;
    const tcps_shape *shapes[TCPS_ROWS_SHAPES]; /* by a hash of their fields, open addressing */
} tcps_rows;

/* Some rows: what encoders, aggregates and scripts work on. It owns nothing. */
typedef struct tcps_view {
    const tcps_row *const *rows;
    size_t count;
} tcps_view;

/* Frees everything; it is empty again. */
void tcps_rows_fini(tcps_rows *rows);

/* Forgets the rows and the texts that are theirs alone; those of tcps_rows_intern stay. */
void tcps_rows_clear(tcps_rows *rows);

/* A copy of `len` bytes that lives as long as the rows; NULL when there is no memory. */
const tcps_text *tcps_rows_text(tcps_rows *rows, const void *bytes, size_t len);

/* The same for values that repeat from socket to socket (an algorithm's name): if the last text of `field` is equal, it is returned again.
 * Bytes that are not UTF-8 become '?': the strings of protobuf are UTF-8. */
const tcps_text *tcps_rows_intern(tcps_rows *rows, unsigned field, const void *bytes, size_t len);

/* Stores `r` as the next row. The texts of `r` must belong to `rows`. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_rows_add(tcps_rows *rows, const tcps_record *r);

/* The same for a record whose texts belong to other rows: they are copied, and `r` gets the copies. */
tcps_code tcps_rows_copy(tcps_rows *rows, tcps_record *r);

#endif
