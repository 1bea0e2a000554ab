/* A batch that was decoded, on the way that a live pass's records take. */
#ifndef TCPS_REPLAY_H
#define TCPS_REPLAY_H

#include "delta/tracker.h"
#include "filter/filter.h"

/* Follows the connections of a decoded batch with `tracker` (NULL: not at all) and keeps what `filter` matches (NULL: everything), in place: the
 * batch's own rows are replaced, so no view of it may exist. Time is the batch's timestamp. Deltas that were recorded are kept as they are.
 * TCPS_OK or TCPS_NOMEM, after which the batch holds a part of its rows. */
tcps_code tcps_replay(tcps_batch *b, tcps_tracker *tracker, const tcps_filter *filter, tcps_status *status);

#endif
