/* A pass as protobuf and back. Records are written from their rows, straight from the descriptor's tables; metadata and summary are
 * protobuf-c's own messages. */
#ifndef TCPS_PROTOBUF_H
#define TCPS_PROTOBUF_H

#include "encode/template.h"
#include "encode/writer.h"
#include "record/pass.h"

/* A view of the pass as one BatchMessage, its length as a varint before it: what streams of messages are made of. */
void tcps_protobuf_batch(tcps_writer *w, const tcps_pass *pass, tcps_view v);

/* The pieces of such a message, for an encoder that pauses between rows. A message has its length before it, so every row is measured first: `sizes`
 * gets what each takes, and with its tag and length it takes tcps_protobuf_record_size of that. tcps_protobuf_size is what all else takes, with the
 * summary or without. Templates are freed with tcps_templates_free. */
void tcps_protobuf_templates(tcps_templates *templates);
tcps_code tcps_protobuf_measure(tcps_view v, tcps_templates *templates, size_t *sizes);
size_t tcps_protobuf_record_size(size_t size);
size_t tcps_protobuf_size(const tcps_pass *pass, bool summary);
void tcps_protobuf_begin(tcps_writer *w, const tcps_pass *pass, size_t size);
void tcps_protobuf_put_record(tcps_writer *w, const tcps_row *row, size_t size, tcps_templates *templates);
void tcps_protobuf_end(tcps_writer *w, const tcps_pass *pass, bool summary);

/* Reads one length-delimited BatchMessage from the front of `bytes`. TCPS_OK: `*out` is a new pass, `*used` what was read.
 * TCPS_TRUNCATED: the message goes on behind `len`. TCPS_FORMAT: not such a message, or one whose metadata or summary has more than 64 KB, or that would
 * take more than 32 times its size (and 8 MB); status->offset is the byte of the member that is wrong. TCPS_NOMEM. Fields that this version does not
 * know are dropped, as are those of another type than ours. */
tcps_code tcps_protobuf_decode(const uint8_t *bytes, size_t len, size_t *used, tcps_pass **out, tcps_status *status);

#endif
