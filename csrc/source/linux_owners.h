/* Which process holds a socket on Linux: what is remembered of it from pass to pass, under the socket's cookie, which is never given out twice.
 *
 * Everything is searched (linux_search.h) before the first dump and then once a minute; sockets that appear in between are searched for after the
 * dump. Only a search of everything counts the descriptors that share a socket. A pass over sockets that are all known reads /proc/<pid>/stat once
 * for each owner, which shows whether the pid is still the same process and what it calls itself now (exec and prctl change that), and looks at
 * some of the known descriptors again, new ones first: a dump does not show that a descriptor was handed over to another process.
 *
 * If no process that we may inspect holds a socket, it is searched for again after 1, 2, 4 ... 64 passes. */
#ifndef TCPS_LINUX_OWNERS_H
#define TCPS_LINUX_OWNERS_H

#include "source/names.h"
#include "source/source.h"

typedef struct tcps_linux_owners tcps_linux_owners;

/* Nothing known yet; `k` is asked. `names` knows processes by tcps_linux_identify; it is used, not owned. NULL when there is no memory. */
tcps_linux_owners *tcps_linux_owners_new(tcps_kernel *k, tcps_names *names);
void tcps_linux_owners_free(tcps_linux_owners *o);

/* A tcps_identify: /proc/<pid>/stat. A zombie is not a process any more: it holds nothing. */
bool tcps_linux_identify(tcps_kernel *k, tcps_process *p);

/* Begins a pass, after tcps_names_begin. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_linux_owners_begin(tcps_linux_owners *o, tcps_pass *pass);

/* Begins its dump again. */
void tcps_linux_owners_restart(tcps_linux_owners *o);

/* Sets pid, fd, command, holders and shared_descriptors of a record with socket_id and inode as far as they are known. False: it is worth searching for
 * the owner; keep the record until after tcps_linux_owners_search. Without memory the owner stays unknown. */
bool tcps_linux_owners_set(tcps_linux_owners *o, tcps_record *r);

/* After the dump: searches for what tcps_linux_owners_set did not know. `partial`: the dump left out sockets, which are not gone then. TCPS_OK or
 * TCPS_NOMEM. */
tcps_code tcps_linux_owners_search(tcps_linux_owners *o, bool partial);

/* After that: sets the fields of a record that had to wait. Call it for all of them, in the order in which they came. */
void tcps_linux_owners_set_found(tcps_linux_owners *o, tcps_record *r);

/* Ends a pass that succeeded; without it the next pass starts from what the last one knew. When owners are not known for a reason that can be
 * named, the pass gets a warning, once in the life of `o`. */
void tcps_linux_owners_end(tcps_linux_owners *o);

#endif
