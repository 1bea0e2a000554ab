/* What changed since the previous pass of the same schedule: deltas, ages, what opened and closed. One tracker per schedule.
 *
 * A pass goes: begin, record for every socket of the dump in the dump's order, then end, or abort when the pass failed.
 *
 * Which sockets are one connection: those of the same addresses, ports and scope with the same generation where the kernel gives one
 * (inp_gencnt) and the same socket_id where it gives one. A socket_id that is 0 or absent on one side does not part them, because BSDs take
 * the socket away from a connection in TIME_WAIT and have none yet for a half-open one. A counter that fell begins a new connection; one of
 * 32 bits that fell by more than half its range has wrapped instead. TIME_WAIT, where Linux has no counters, is the same connection.
 *
 * A delta is the change since the connection was last seen, which is the previous pass, or this one where an inconsistent dump repeats a
 * socket: so deltas always add up. Of a connection that has begun since then it is the counter itself; so it is of one that was half-open then and
 * had no counter yet. It is absent unless the previous pass saw the counter, and by the same sources: macOS's tcp_info, where it was asked in one
 * pass and not in the next, counts the same fields differently. Deltas that do not fit their field stop at its largest value.
 *
 * Whether a connection that a pass shows first has begun since the previous one is not always known: not in the first pass, nor when what was known
 * of the previous pass is not all that there was (its dump was cut and there is none before it, or it was inconsistent, or the recorded pass before
 * this one is lost), nor when it was left out before for its state. Then it has no deltas; and after a first dump that was cut, nothing is opened.
 *
 * Time and memory are linear in the sockets of a pass, whatever their order; nothing is kept of a connection for longer than one pass after it was
 * reported as closed. */
#ifndef TCPS_TRACKER_H
#define TCPS_TRACKER_H

#include "delta/summary.h"
#include "record/pass.h"

typedef struct tcps_tracker tcps_tracker;

/* An empty tracker, NULL when there is no memory. Free with tcps_tracker_free. It holds a reference on the last pass, for the last values of
 * connections that are gone. */
tcps_tracker *tcps_tracker_new(void);
void tcps_tracker_free(tcps_tracker *t);

/* Whether to list closed connections (true at first). False: pass->closed stays empty and no pass is kept for it, which halves what a
 * schedule takes. */
void tcps_tracker_list_closed(tcps_tracker *t, bool wanted);

/* Begins a pass at `monotonic_ns` whose rows go to `pass`. `from_birth`: the records are those of whole lives, so that a connection which was not
 * among them before did not exist (see tcps_filter_admits_from_birth). A recorded pass has its sequence number already. Called again, it forgets what the unfinished pass has seen. */
void tcps_tracker_begin(tcps_tracker *t, uint64_t monotonic_ns, tcps_pass *pass, bool from_birth);

/* Sets the tracking fields of `r` (deltas, connection_age_ms, time_in_state_ms) and clears those that are not known. TCPS_OK or TCPS_NOMEM,
 * after which the pass must be aborted. */
tcps_code tcps_tracker_record(tcps_tracker *t, tcps_record *r);

/* The record that the tracker saw last has become row `row` of the pass (a filter may keep others from becoming one). */
void tcps_tracker_kept(tcps_tracker *t, uint32_t row);

/* Endings: what the kernel says of a connection when it is destroyed, also of one that no pass ever saw. Between passes they are heard, in a pass
 * each is completed and reported as closed. */

/* Whether the kernel says how connections end: then one that is gone waits for its ending until the next pass. Before the pass begins. */
void tcps_tracker_expect_endings(tcps_tracker *t, bool expects);

/* Keeps a copy of what the kernel said of a connection (source/source.h, endings) until a pass takes it. Nothing is kept before the first pass has
 * ended. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_tracker_hear(tcps_tracker *t, const tcps_record *r);

/* After the last record: sets `r` to the next ending as it was heard, until TCPS_END; `*lingers`: the pass has the connection in TIME_WAIT.
 * Texts belong to the tracker. TCPS_NOMEM: the pass must be aborted. */
tcps_code tcps_tracker_next_ending(tcps_tracker *t, tcps_record *r, bool *lingers);

/* Completes that ending: its counters are final, its deltas are the change since the last pass or, if no pass saw it, since it was born; what the
 * last pass knew and the kernel does not say now is added. One that the kernel wiped has the values of the last pass and no deltas. */
void tcps_tracker_complete(tcps_tracker *t, tcps_record *r);

/* Makes `r`, which is complete, a row of pass->closed. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_tracker_close(tcps_tracker *t, tcps_record *r);

/* Ends the pass, whose dump is complete (tcps_pass_show): pass->opened, pass->closed and pass->tracked are set. Nothing is opened in the first pass. A closed row is the last one
 * of a connection that the previous pass had and this one has not: its connection_age_ms says how long it was seen, its state in which it
 * ended; it has no deltas, which its last pass had already. Connections that became no row are neither opened nor closed, nor are those
 * that a dump which was cut (pass->partial) does not have: they are compared with again when the next pass has them.
 * TCPS_OK, or TCPS_NOMEM, after which the pass is still unfinished. */
tcps_code tcps_tracker_end(tcps_tracker *t);

/* Forgets the unfinished pass; the next one is compared with the last that ended. */
void tcps_tracker_abort(tcps_tracker *t);

/* What the same schedule remembers of the system's counters: for tcps_summary_set. */
tcps_summary *tcps_tracker_summary(tcps_tracker *t);

/* Bytes of the tracker's arrays between two passes. Rows that it keeps (the last pass, endings, connections that passes missed) are in arenas:
 * tcps_arena_in_use counts those. */
size_t tcps_tracker_size(const tcps_tracker *t);

#endif
