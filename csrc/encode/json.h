/* A batch as JSON, driven by the descriptors: no field is named here. */
#ifndef TCPS_JSON_H
#define TCPS_JSON_H

#include "encode/writer.h"
#include "record/pass.h"

typedef enum tcps_json_style {
    TCPS_JSON_CANONICAL, /* proto3 JSON: lowerCamelCase, 64-bit integers quoted, enums by their full name, bytes as base64 */
    TCPS_JSON_TEXT,      /* the same, with addresses as text: for eyes; it does not load as protobuf JSON */
    TCPS_JSON_FLAT,      /* the proto's names, all integers as numbers, enums by their short word, addresses as text */
    TCPS_JSON_STYLES
} tcps_json_style;

/* A view of the pass as one BatchMessage on one line, newline included; with `indent` on many lines, indented by two. The writer's code says how it went. */
void tcps_json_batch(tcps_writer *w, const tcps_pass *pass, tcps_view v, tcps_json_style style, bool indent);

/* One record as one object, without a newline. */
void tcps_json_row(tcps_writer *w, const tcps_row *row, tcps_json_style style);

/* Every record as one object on its own line. */
void tcps_json_lines(tcps_writer *w, tcps_view v, tcps_json_style style);

#endif
