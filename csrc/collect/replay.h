/* A pass over sockets that were collected before, on the way that a live pass's records take: rows x tracker x filter -> pass. */
#ifndef TCPS_REPLAY_H
#define TCPS_REPLAY_H

#include "delta/tracker.h"
#include "filter/filter.h"

typedef struct tcps_replay_options {
    tcps_tracker *tracker;     /* follows the connections; NULL: nobody does */
    const tcps_filter *filter; /* NULL: everything */
    uint64_t monotonic_ns;     /* when the pass was; 0: when `from` itself says, by the clock that never steps or else by its timestamp */
    bool selected;             /* the view is not all of `from`: a connection that it shows first may have been there before */
    bool keep_deltas;          /* deltas that `from` has stay: whoever recorded them saw the pass before. The tracker adds what is missing */
} tcps_replay_options;

/* Makes a pass of the rows of `view`, which are rows of `from`: what the filter matches, with tracking fields, opened and closed of the tracker, and
 * metadata, summary and warnings of `from`. Everything is copied. TCPS_OK: `*out` is the pass (free with tcps_pass_unref). TCPS_NOMEM: the
 * tracker is as before. */
tcps_code tcps_replay(const tcps_pass *from, tcps_view view, const tcps_replay_options *options, tcps_pass **out);

#endif
