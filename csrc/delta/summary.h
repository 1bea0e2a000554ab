/* The system's own counters of this pass and the previous one -> the SystemSummary of the pass. One per schedule. */
#ifndef TCPS_SUMMARY_H
#define TCPS_SUMMARY_H

#include "kernel/kernel.h"
#include "record/sink.h"

/* The sockets of a pass, whether or not they become rows. All zero to begin with. */
typedef struct tcps_census {
    uint64_t total;
    uint64_t states[TCPS_STATES]; /* by TcpState */
    bool selected;                /* these are not all that there are */
} tcps_census;

static inline void tcps_census_count(tcps_census *c, const tcps_record *r) {
    uint64_t state = tcps_has(r, TCPS_F_state) ? r->value[TCPS_F_state] : 0;
    c->total++;
    c->states[state < TCPS_STATES ? state : 0]++;
}

/* What is remembered from pass to pass. All zero to begin with; owns nothing. */
typedef struct tcps_summary {
    bool begun;
    uint64_t monotonic_ns;
    tcps_counters before;
} tcps_summary;

/* Sets pass->summary from the census and the counters as they were at `clock` (NULL: the platform has none, or they could not be read).
 *
 * A field called delta_* gets the change of the counter with its number since the previous call: absent in the first, and where the counter
 * was absent then or is now. A counter of 32 bits wraps; one of 64 bits that fell begins anew, and its delta is absent this once. Any other
 * field gets the gauge with its number. A rate is absent when its denominator is absent or 0. embryonic_connections comes from the census,
 * unless only some sockets were asked for.
 *
 * Sockets by state are those of the census, or the kernel's own count of them where it gives one.
 *
 * Call it when the pass has succeeded: a failed one leaves `s` as it was. TCPS_OK, or TCPS_NOMEM with `s` and the pass as they were. */
tcps_code tcps_summary_set(tcps_summary *s, tcps_pass *pass, const tcps_census *census, const tcps_counters *counters, const tcps_clock *clock);

#endif
