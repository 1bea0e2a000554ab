/* Makes passes: a source's records go through filter and tracker and become rows. One dump may serve several passes. */
#ifndef TCPS_COLLECT_H
#define TCPS_COLLECT_H

#include "delta/tracker.h"
#include "filter/filter.h"
#include "source/source.h"

typedef struct tcps_pass_options {
    tcps_wants wants;          /* wants.filter is evaluated here, and pushed down where the source can */
    tcps_tracker *tracker;     /* NULL: no deltas */
    const char *schedule_name; /* NULL or "": none */
    uint32_t interval_ms;      /* 0: not repeated */
    uint64_t sequence;
    bool summary_only; /* count the records, keep none */
    /* Of the first of several alone: every tracker of this source, due now or not, so that each hears how connections end. NULL: nobody asks. */
    tcps_tracker *const *hearers;
    size_t hearers_count;
} tcps_pass_options;

/* Makes a pass over an open source. On TCPS_OK `*out` is a new pass (free with tcps_pass_unref), whose warnings say what went wrong and was
 * survived; otherwise it is NULL. TCPS_END: a recording has no further pass. */
tcps_code tcps_collect(tcps_session *opened, const tcps_pass_options *options, tcps_pass **out, tcps_status *status);

enum { TCPS_PASSES_MOST = 8 };

/* The same for `count` passes (1 to TCPS_PASSES_MOST) that one dump serves: each is as if it had been alone. The wants of all are those of the
 * first: a pass with other wants needs its own dump. Only the first pass has the warnings. */
tcps_code tcps_collect_all(tcps_session *opened, const tcps_pass_options *options, size_t count, tcps_pass **out, tcps_status *status);

#endif
