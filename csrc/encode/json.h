/* A batch as JSON, driven by the descriptors: no field is named here. */
#ifndef TCPS_JSON_H
#define TCPS_JSON_H

#include "encode/template.h"
#include "encode/writer.h"
#include "record/pass.h"

typedef enum tcps_json_style {
    TCPS_JSON_CANONICAL, /* proto3 JSON: lowerCamelCase, 64-bit integers quoted, enums by their full name, bytes as base64 */
    TCPS_JSON_TEXT,      /* the same, with addresses as text, human-readable; it does not load as protobuf JSON */
    TCPS_JSON_FLAT,      /* the proto's names, integers as numbers up to 2^53, enums by their short word, addresses as text */
    TCPS_JSON_STYLES
} tcps_json_style;

/* A view of the pass as one BatchMessage on one line, newline included; with `indent` on many lines, indented by two. The writer's code says how it went. */
void tcps_json_batch(tcps_writer *w, const tcps_pass *pass, tcps_view v, tcps_json_style style, bool indent);

/* The pieces of which such a message on one line consists, for an encoder that pauses between rows: what stands before the records; each record,
 * `first` being the message's first; what follows them. `records`: there was one. `summary`: the message has the summary, if there is one. */
void tcps_json_begin(tcps_writer *w, const tcps_pass *pass, tcps_json_style style);
void tcps_json_put_record(tcps_writer *w, const tcps_row *row, bool first, tcps_templates *templates);
void tcps_json_end(tcps_writer *w, const tcps_pass *pass, bool records, bool summary, tcps_json_style style);

/* What a row of flat JSON or CSV says of the pass when it has all its columns: names of CollectionMetadata, ended by NULL. */
extern const char *const tcps_row_metadata[];

/* The row's object, without a newline, by templates of this style; tcps_templates_free them. With a pass it begins with what tcps_row_metadata names,
 * less what the pass lacks and a text of more than 255 bytes, which no name of a host has. */
void tcps_json_templates(tcps_templates *templates, tcps_json_style style, const tcps_pass *pass);
void tcps_json_put_row(tcps_writer *w, const tcps_row *row, tcps_templates *templates);

/* A text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD; what would drive a screen is escaped. */
void tcps_json_string(tcps_writer *w, const char *text, size_t len);

/* One record as one object, without a newline. */
void tcps_json_row(tcps_writer *w, const tcps_row *row, tcps_json_style style);

/* Every record as one object on its own line, of the pass or (NULL) of nothing. */
void tcps_json_lines(tcps_writer *w, const tcps_pass *pass, tcps_view v, tcps_json_style style);

#endif
