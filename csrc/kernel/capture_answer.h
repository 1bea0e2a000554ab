/* An Answer of a capture (proto/tcp_capture.proto), read where it lies: a pass has thousands, and a hostile one millions in a few bytes. */
#ifndef TCPS_CAPTURE_ANSWER_H
#define TCPS_CAPTURE_ANSWER_H

#include "base/wire.h"
#include "kernel/kernel.h"

/* What makes two questions the same. Texts are not ended by a NUL. */
typedef struct tcps_asked {
    uint64_t kind, number;
    const uint8_t *name, *request;
    size_t name_len, request_len;
    bool probe;
} tcps_asked;

/* The question that a source asks, and the one that an answer is to. The second reads five members at most, in the order in which they are recorded,
 * and leaves `answer` behind them: comparing with an answer takes the same time whatever follows. False: these are no bytes of an Answer. */
tcps_asked tcps_asked_by(const tcps_question *q);
bool tcps_asked_in(tcps_wire *answer, tcps_asked *asked);

bool tcps_asked_same(const tcps_asked *a, const tcps_asked *b);

/* What an answer says beside its pieces. */
typedef struct tcps_told {
    char error[16]; /* name of an errno; "": none */
    bool has_size;
    uint64_t size;
    size_t pieces;
    tcps_wire first_piece;
} tcps_told;

/* Reads all of what tcps_asked_in has left. False: these are no bytes of an Answer. */
bool tcps_told_in(tcps_wire answer, tcps_told *told);

/* The next piece of what tcps_asked_in has left. False after the last. */
bool tcps_told_piece(tcps_wire *answer, tcps_wire *piece);

#endif
