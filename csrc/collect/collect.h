/* A pass: a source's records through filter and tracker into a batch, with its metadata. One dump may serve several. */
#ifndef TCPS_COLLECT_H
#define TCPS_COLLECT_H

#include "delta/tracker.h"
#include "filter/filter.h"
#include "source/source.h"

typedef struct tcps_pass {
    tcps_wants wants;          /* wants.filter is evaluated here, and pushed down where the source can */
    tcps_tracker *tracker;     /* NULL: no deltas */
    const char *schedule_name; /* NULL or "": none */
    uint32_t interval_ms;      /* 0: not repeated */
    uint64_t sequence;
    bool summary_only; /* count the records, keep none */
} tcps_pass;

/* Runs a pass over an open source. On TCPS_OK `*out` is a new batch (free with tcps_batch_unref), whose warnings say what went wrong and
 * was survived; otherwise it is NULL. TCPS_END: a recording has no further pass. */
tcps_code tcps_collect(tcps_opened *opened, const tcps_pass *pass, tcps_batch **out, tcps_status *status);

enum { TCPS_PASSES_MOST = 8 };

/* The same for `count` passes (1 to TCPS_PASSES_MOST) that one dump serves: each gets a batch, as if it had been alone. The wants of all are
 * those of the first: who wants something else needs a dump of its own. Only the first batch has the warnings. */
tcps_code tcps_collect_all(tcps_opened *opened, const tcps_pass *passes, size_t count, tcps_batch **out, tcps_status *status);

#endif
