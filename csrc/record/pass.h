/* One look at the sockets of a system: which there are, which came and went since the look before, when and where it was, what the system counts,
 * and what went wrong. Scripts call it a batch. */
#ifndef TCPS_PASS_H
#define TCPS_PASS_H

#include "record/rows.h"
#include "tcp_stats.pb-c.h"

/* Something that went wrong and did not end the pass: a truncated dump, a missing privilege. */
typedef struct tcps_warning {
    struct tcps_warning *next;
    tcps_status status;
} tcps_warning;

typedef struct tcps_pass {
    unsigned refs; /* not atomic: a pass stays in its thread */
    tcps_rows rows;
    tcps_view all;                               /* the sockets of the dump; empty until tcps_pass_show */
    tcps_view opened;                            /* of these, connections first seen in this pass */
    tcps_view closed;                            /* last values of connections that are gone */
    bool tracked;                                /* a tracker has seen it: opened and closed mean something */
    bool partial;                                /* the dump was cut: what is missing from it is not gone for that */
    uint64_t monotonic_ns;                       /* when the pass began, on the clock that never steps; 0: nobody knows */
    uint64_t since_ns;                           /* time since the pass that a tracker compared with: what deltas cover; 0: nobody knows */
    TcpstatsReader__CollectionMetadata metadata; /* strings and arrays in `arena` */
    TcpstatsReader__SystemSummary summary;       /* counts only if has_summary */
    bool has_summary;
    tcps_warning *warnings, **last_warning;
    tcps_arena arena; /* what is the pass's own */
} tcps_pass;

/* An empty pass with one reference; NULL when there is no memory. */
tcps_pass *tcps_pass_new(void);

/* One reference more, one less; the last one frees. tcps_pass_unref(NULL) does nothing. */
tcps_pass *tcps_pass_ref(tcps_pass *pass);
void tcps_pass_unref(tcps_pass *pass);

/* The dump is complete: `all` shows every row so far. */
void tcps_pass_show(tcps_pass *pass);

/* Makes the pass say what these messages say: strings and arrays are copied. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_pass_take_metadata(tcps_pass *pass, const TcpstatsReader__CollectionMetadata *m);
tcps_code tcps_pass_take_summary(tcps_pass *pass, const TcpstatsReader__SystemSummary *m);

/* Keeps a copy of `status` among the warnings. Without memory it is lost. */
void tcps_pass_warn(tcps_pass *pass, const tcps_status *status);

/* The same for a dump of which a part is missing: what the pass lacks is not gone for that. */
void tcps_pass_warn_partial(tcps_pass *pass, const tcps_status *status);

/* A NUL-terminated copy that lives as long as the pass, for the strings of metadata; NULL when there is no memory. */
char *tcps_pass_string(tcps_pass *pass, const char *s);

/* Adds a data source to metadata.data_sources unless it is there. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_pass_add_source(tcps_pass *pass, TcpstatsReader__DataSource source);

#endif
