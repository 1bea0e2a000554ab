/* Sockets as the lines of a table, for people: columns side by side, numbers with units. Which columns there are says Lua (lua/tcpstats/columns.lua). */
#ifndef TCPS_TABLE_H
#define TCPS_TABLE_H

#include "encode/screen.h"
#include "encode/writer.h"
#include "record/rows.h"

/* How a column reads its fields. */
typedef enum tcps_shown {
    TCPS_SHOW_VALUE,        /* the first field that the socket has, as CSV writes it */
    TCPS_SHOW_LOCAL,        /* its own end; no fields */
    TCPS_SHOW_REMOTE,       /* the other end, of a listener none; no fields */
    TCPS_SHOW_PROCESS,      /* nginx[812]; no fields */
    TCPS_SHOW_BYTES,        /* a number as of human.h, of the first field that the socket has */
    TCPS_SHOW_COUNT,        /* likewise */
    TCPS_SHOW_NUMBER,       /* likewise */
    TCPS_SHOW_MICROSECONDS, /* likewise */
    TCPS_SHOW_MILLISECONDS, /* likewise */
    TCPS_SHOW_BACKLOG,      /* a count after a slash: the limit that another column is a part of */
    TCPS_SHOWN
} tcps_shown;

/* What is painted, and how. */
typedef enum tcps_paint { TCPS_PAINT_NEVER, TCPS_PAINT_STATE, TCPS_PAINT_ABOVE_ZERO } tcps_paint;

#define TCPS_COLUMN_FIELDS 3

typedef struct tcps_table_column {
    tcps_shown shown;
    unsigned n_fields;
    unsigned fields[TCPS_COLUMN_FIELDS];
    bool right;      /* the text stands at the column's right side */
    bool dash;       /* 0 is "-" */
    bool per_second; /* divided by the seconds that the pass covers */
    tcps_paint paint;
    unsigned end_quarters; /* of what is cut: see tcps_cut */
    size_t width;          /* of the screen */
} tcps_table_column;

typedef struct tcps_table {
    const tcps_table_column *columns;
    size_t n;
    double seconds; /* 0: rates are not known */
    bool colored;
    tcps_charset charset;
} tcps_table;

/* The width of the widest text of each column; 0 where no socket of the view has one. */
void tcps_table_measure(const tcps_table *t, tcps_view v, size_t *widths);

/* A line for each socket of the view, LF included. Columns are two spaces apart; a text that is wider than its column is cut. No line ends in a space.
 * The writer's code says how it went. */
void tcps_table_lines(tcps_writer *w, const tcps_table *t, tcps_view v);

#endif
