/* Lays out compact JSON on lines, indented by two, on its way to another writer. */
#ifndef TCPS_INDENT_H
#define TCPS_INDENT_H

#include <stdbool.h>

#include "encode/writer.h"

typedef struct tcps_indenter {
    tcps_writer base; /* takes the compact JSON */
    tcps_writer *to;
    unsigned depth;
    bool in_string, escaped, opened; /* opened: the last byte was { or [ */
} tcps_indenter;

/* Lays out for `to`, which stays the caller's. TCPS_OK or TCPS_NOMEM; tcps_writer_fini(&in->base) after either. */
tcps_code tcps_indenter_init(tcps_indenter *in, tcps_writer *to);

#endif
