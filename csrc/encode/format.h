/* The formats that a view can be written in. */
#ifndef TCPS_FORMAT_H
#define TCPS_FORMAT_H

#include "encode/csv.h"
#include "encode/json.h"

/* Each with the name that scripts ask for it by. */
#define TCPS_FORMATS(FORMAT) FORMAT(JSON, "json") FORMAT(FLAT, "flat") FORMAT(PROTOBUF, "protobuf") FORMAT(CSV, "csv")

typedef enum tcps_format_kind {
#define NUMBERED(KIND, name) TCPS_FORMAT_##KIND,
    TCPS_FORMATS(NUMBERED)
#undef NUMBERED
} tcps_format_kind;

/* What an encoding is asked to be. */
typedef struct tcps_format {
    tcps_format_kind kind;
    tcps_json_style style;
    bool pretty; /* of JSON */
    bool header; /* of CSV: the line of names comes first */
    const tcps_csv_column *columns;
    size_t n_columns;
} tcps_format;

/* Whether rows come in messages that hold many of them; otherwise each is a line. */
static inline bool tcps_format_has_messages(const tcps_format *f) { return f->kind == TCPS_FORMAT_JSON || f->kind == TCPS_FORMAT_PROTOBUF; }

/* The whole view of the pass. The writer's code says how it went. */
void tcps_encode(tcps_writer *w, const tcps_pass *pass, tcps_view v, const tcps_format *f);

#endif
