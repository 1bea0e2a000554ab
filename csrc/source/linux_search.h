/* Which processes hold which sockets on Linux: from inodes to descriptors, by /proc. It knows processes and inodes, nothing of records and passes.
 *
 * Reading one descriptor costs the kernel more than a microsecond, more than dumping a socket does. So a search for some inodes goes the cheapest
 * way first, and on until all are found:
 *   1. the descriptors that are not known yet of processes that showed new sockets in the last searches;
 *   2. processes that did not exist when /proc was listed last;
 *   3. the same descriptors of all processes that hold any socket;
 *   4. everything. */
#ifndef TCPS_LINUX_SEARCH_H
#define TCPS_LINUX_SEARCH_H

#include "kernel/kernel.h"
#include "record/holders.h"

typedef struct tcps_linux_search tcps_linux_search;

/* What kept a search from looking at everything. */
typedef struct tcps_linux_obstacles {
    int listing;  /* errno of listing /proc, 0: none */
    bool nothing; /* /proc lists no process at all, not even ours: it is not mounted */
    bool refused; /* EACCES: we may not look at the descriptors of some process */
} tcps_linux_obstacles;

/* Nothing known yet; `k` is asked. NULL when there is no memory. */
tcps_linux_search *tcps_linux_search_new(tcps_kernel *k);
void tcps_linux_search_free(tcps_linux_search *s);

/* Looks at all descriptors of all processes: `found` is emptied and gets every socket. TCPS_OK, also where something could not be looked at (see
 * tcps_linux_search_obstacles), or TCPS_NOMEM. */
tcps_code tcps_linux_search_all(tcps_linux_search *s, tcps_holders *found);

/* Looks for the holders of `count` inodes (one may be there several times). `known` are `known_count` holdings of other sockets, at which nobody has
 * to look again. `found` is emptied and gets one holder or more of each inode that is found; *all says that the search came to the last step, and
 * `found` has every socket. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_linux_search_for(tcps_linux_search *s, const uint64_t *inodes, size_t count, const tcps_holding *known, size_t known_count,
                                tcps_holders *found, bool *all);

/* Looks at `count` holdings, ascending by pid and descriptor, again: held[i] says whether the descriptor still is that socket. One question a process; where we may
 * not look any more, it is. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_linux_search_check(tcps_linux_search *s, const tcps_holding *known, size_t count, bool *held);

/* What the searches so far met. */
tcps_linux_obstacles tcps_linux_search_obstacles(const tcps_linux_search *s);

#endif
