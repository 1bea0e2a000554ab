/* The value of a record's field `holders`: SocketHolder messages as they are on the wire, each after its tag and length, so that the protobuf encoder
 * copies them. Others read them one after the other. */
#ifndef TCPS_HOLDER_LIST_H
#define TCPS_HOLDER_LIST_H

#include "base/status.h"
#include "record/record.h"

/* A list under way. All zero is empty; free(bytes) at the end. */
typedef struct tcps_holder_list {
    uint8_t *bytes;
    size_t len, room;
} tcps_holder_list;

typedef struct tcps_named_holder {
    uint32_t pid, fd;
    const char *command; /* UTF-8, not ended by a NUL; NULL: not known */
    size_t command_len;
} tcps_named_holder;

/* Appends a holder, whose command may have 64 KB at most. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_holder_list_add(tcps_holder_list *list, const tcps_named_holder *h);

/* Reads the holder that begins at byte *at of the text, and moves *at behind it; begin with 0. False after the last. */
bool tcps_holder_list_next(const tcps_text *text, size_t *at, tcps_named_holder *h);

#endif
