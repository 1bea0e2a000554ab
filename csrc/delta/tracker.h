/* What changed since the previous pass of the same schedule: deltas, ages, who came and who left. One tracker per schedule.
 *
 * A pass goes: begin, record for every socket of the dump in the dump's order, then end, or abort when the pass failed. */
#ifndef TCPS_TRACKER_H
#define TCPS_TRACKER_H

#include "record/batch.h"

typedef struct tcps_tracker tcps_tracker;

/* An empty tracker, NULL when there is no memory. Free with tcps_tracker_free; it holds at most a reference on the last batch. */
tcps_tracker *tcps_tracker_new(void);
void tcps_tracker_free(tcps_tracker *t);

/* Begins a pass at `monotonic_ns` whose rows go to `batch`. Called again, it forgets what the unfinished pass has seen. */
void tcps_tracker_begin(tcps_tracker *t, uint64_t monotonic_ns, tcps_batch *batch);

/* Sets the tracking fields of `r` (deltas, connection_age_ms, time_in_state_ms). TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_tracker_record(tcps_tracker *t, tcps_record *r);

/* Tells the tracker that the record it saw last has become the batch's row `row` (a filter may keep others from becoming one). */
void tcps_tracker_kept(tcps_tracker *t, uint32_t row);

/* Ends the pass: batch->opened, batch->closed and batch->tracked are set. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_tracker_end(tcps_tracker *t);

/* Forgets the unfinished pass; the next one is compared with the last that ended. */
void tcps_tracker_abort(tcps_tracker *t);

#endif
