/* Sockets as comma-separated values (RFC 4180), driven by the schema: no field is named here. */
#ifndef TCPS_CSV_H
#define TCPS_CSV_H

#include "encode/writer.h"
#include "record/rows.h"

/* A column: a field of the sockets, or the same text on every line (the time of the pass, the host). */
typedef struct tcps_csv_column {
    const char *name;
    const char *text; /* NULL: the field */
    size_t len;       /* of text */
    unsigned field;
    bool defused; /* texts that begin with =, +, - or @, which spreadsheets take for formulas, have a ' before them */
} tcps_csv_column;

/* The line of names. */
void tcps_csv_header(tcps_writer *w, const tcps_csv_column *columns, size_t n);

/* The line of a row. Values are those of flat JSON: integers as numbers, enums and sets by their short words (a set's with commas, quoted),
 * addresses as text, and texts as a screen may show them, with '?' for a control character; what is absent is empty. Lines end in CR LF. */
void tcps_csv_line(tcps_writer *w, const tcps_row *row, const tcps_csv_column *columns, size_t n);

/* A line for each row of the view. The writer's code says how it went. */
void tcps_csv_lines(tcps_writer *w, tcps_view v, const tcps_csv_column *columns, size_t n);

#endif
