/* A pass as protobuf and back. Records are written from their rows, straight from the descriptor's tables; metadata and summary are
 * protobuf-c's own messages. Decoding is protobuf-c's. */
#ifndef TCPS_PROTOBUF_H
#define TCPS_PROTOBUF_H

#include "encode/writer.h"
#include "record/pass.h"

/* A view of the pass as one BatchMessage, its length as a varint before it: what streams of messages are made of. */
void tcps_protobuf_batch(tcps_writer *w, const tcps_pass *pass, tcps_view v);

/* Reads one length-delimited BatchMessage from the front of `bytes`. TCPS_OK: `*out` is a new pass, `*used` what was read.
 * TCPS_TRUNCATED: the message goes on behind `len`. TCPS_FORMAT: no such message. TCPS_NOMEM. Fields that this version does not know are dropped. */
tcps_code tcps_protobuf_decode(const uint8_t *bytes, size_t len, size_t *used, tcps_pass **out, tcps_status *status);

#endif
