/* Owners on their way into records: a sink before the sink, which adds who holds the socket and what that process is called. */
#ifndef TCPS_FREEBSD_OWNERS_H
#define TCPS_FREEBSD_OWNERS_H

#include "record/holders.h"
#include "source/names.h"
#include "source/source.h"

typedef struct tcps_freebsd_joiner {
    tcps_sink sink; /* where a parser puts its records */
    tcps_sink *next;
    tcps_names *names;
    const tcps_holders *holders;
} tcps_freebsd_joiner;

/* A joiner that adds what `holders` and `names` know to records on their way to `next`. */
tcps_freebsd_joiner tcps_freebsd_joiner_make(tcps_sink *next, tcps_names *names, const tcps_holders *holders);

/* A tcps_identify. ESRCH is a process that has ended, EPERM one in another jail: neither has a name. */
bool tcps_freebsd_identify(tcps_kernel *k, tcps_process *p);

#endif
