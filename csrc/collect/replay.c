#include "collect/replay.h"

#include <stdlib.h>

/* What was recorded stays: the one who recorded it saw the pass before. The tracker fills what is missing. */
static tcps_code track(tcps_tracker *tracker, tcps_record *r) {
    tcps_record recorded = *r;
    tcps_code code = tcps_tracker_record(tracker, r);
    for (unsigned w = 0; w < TCPS_WORDS; w++)
        for (uint64_t m = recorded.has[w]; m; m &= m - 1) {
            unsigned field = 64 * w + (unsigned)__builtin_ctzll(m);
            tcps_set(r, field, recorded.value[field]);
        }
    return code;
}

static tcps_code take(tcps_batch *b, const tcps_row *row, tcps_tracker *tracker, const tcps_filter *filter) {
    tcps_record r;
    tcps_row_unpack(&r, row);
    if (filter && !tcps_filter_matches_endpoints(filter, &r)) return TCPS_OK;
    tcps_code code = tracker ? track(tracker, &r) : TCPS_OK;
    if (code != TCPS_OK || (filter && !tcps_filter_match(filter, &r))) return code;
    code = tcps_batch_add(b, &r);
    if (code == TCPS_OK && tracker) tcps_tracker_kept(tracker, (uint32_t)(b->count - 1));
    return code;
}

tcps_code tcps_replay(tcps_batch *b, tcps_tracker *tracker, const tcps_filter *filter, tcps_status *status) {
    const tcps_row **rows = b->rows;
    size_t count = b->count;
    b->rows = NULL;
    b->count = b->room = 0;
    if (tracker) tcps_tracker_begin(tracker, b->metadata.timestamp_ns, b);
    tcps_code code = TCPS_OK;
    for (size_t i = 0; code == TCPS_OK && i < count; i++) code = take(b, rows[i], tracker, filter);
    free(rows);
    if (code == TCPS_OK && tracker) code = tcps_tracker_end(tracker);
    if (code == TCPS_OK) return TCPS_OK;
    if (tracker) tcps_tracker_abort(tracker);
    return tcps_fail(status, code, "no memory");
}
