/* Owners on their way into records: a sink before the sink, which adds who holds the socket and what that process is called. */
#ifndef TCPS_FREEBSD_OWNERS_H
#define TCPS_FREEBSD_OWNERS_H

#include "parse/freebsd_xfile.h"
#include "source/source.h"

/* Names of processes, by their number; a pass long, because numbers are used again. Zero it before the first use. */
typedef struct tcps_freebsd_names {
    struct tcps_freebsd_name *slots;
    size_t room, count;
} tcps_freebsd_names;

typedef struct tcps_freebsd_joiner {
    tcps_sink sink; /* where a parser puts its records */
    tcps_sink *next;
    tcps_kernel *kernel;
    const tcps_freebsd_owners *owners;
    tcps_freebsd_names names;
} tcps_freebsd_joiner;

/* A joiner that adds what `owners` knows to records on their way to `next`, and asks `kernel` for the names. Give it back with _fini. */
void tcps_freebsd_joiner_init(tcps_freebsd_joiner *j, tcps_sink *next, tcps_kernel *kernel, const tcps_freebsd_owners *owners);
void tcps_freebsd_joiner_fini(tcps_freebsd_joiner *j);

#endif
