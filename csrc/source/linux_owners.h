/* Which process holds a socket on Linux: inode -> pid, descriptor and name, from /proc.
 *
 * Looking at a descriptor costs more than dumping a socket, so what was found is kept from pass to pass under the socket's cookie, which is
 * never given out twice. A pass over sockets that are all known looks at no descriptor: for each owner it reads /proc/<pid>/stat once, which
 * tells whether the pid is still the same process and what it calls itself now (exec and prctl change that).
 *
 * Everything is looked at before the first dump and then once a minute (RESCAN_NS): a descriptor that wanders to another process changes nothing
 * that a dump shows. Only this counts the descriptors that share a socket. Sockets that turn up between are looked for after the dump, in the
 * cheapest order, until all are found:
 *   1. the descriptors that are not known yet of processes that showed new sockets lately;
 *   2. processes that were not there when /proc was listed last;
 *   3. the same descriptors of all processes that hold any socket;
 *   4. everything.
 * A socket that nobody holds whom we may look at is not looked for in every pass, but after 1, 2, 4 ... 64 passes. */
#ifndef TCPS_LINUX_OWNERS_H
#define TCPS_LINUX_OWNERS_H

#include "source/source.h"

typedef struct tcps_linux_owners tcps_linux_owners;

/* Nothing known yet; `k` is asked. NULL when there is no memory. */
tcps_linux_owners *tcps_linux_owners_new(tcps_kernel *k);
void tcps_linux_owners_free(tcps_linux_owners *o);

/* Begins a pass whose records go to `pass`. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_linux_owners_begin(tcps_linux_owners *o, tcps_pass *pass);

/* Begins its dump anew. */
void tcps_linux_owners_restart(tcps_linux_owners *o);

/* Sets pid, fd, command and shared_descriptors of a record with socket_id and inode as far as they are known. False: it is worth looking for
 * the owner; keep the record until tcps_linux_owners_search is through. Without memory the owner stays unknown. */
bool tcps_linux_owners_set(tcps_linux_owners *o, tcps_record *r);

/* After the dump: looks for what tcps_linux_owners_set did not know. `partial`: the dump left out sockets, which are not gone then. What could not
 * be looked at for want of privilege is told once, as a warning of the pass. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_linux_owners_search(tcps_linux_owners *o, bool partial);

/* After that: sets the fields of a record that had to wait. Call it for all of them, in the order in which they came. */
void tcps_linux_owners_set_found(tcps_linux_owners *o, tcps_record *r);

/* Ends a pass that succeeded; without it the next pass starts from what the last one knew. */
void tcps_linux_owners_end(tcps_linux_owners *o);

#endif
