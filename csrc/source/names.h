/* Names for numbers that many sockets have in common: processes, interfaces, control groups. Each number is asked for once a pass at most. */
#ifndef TCPS_NAMES_H
#define TCPS_NAMES_H

#include "base/table.h"
#include "kernel/kernel.h"
#include "record/rows.h"

/* A process: a pid is one only as long as it began at the same time. */
typedef struct tcps_process {
    uint32_t pid;
    uint64_t start; /* in any unit, the same for as long as the process lives; 0: not known */
    size_t name_len;
    char name[64]; /* its command: 15 bytes on Linux (more for kernel threads), 16 on macOS, 19 on FreeBSD; no NUL */
} tcps_process;

/* Asks `k` about the process p->pid and sets the rest; `p` comes with what was known of that pid before, and with start 0 where nothing was.
 * False: no process that counts has this pid. */
typedef bool tcps_identify(tcps_kernel *k, tcps_process *p);

typedef struct tcps_names tcps_names;

/* Nothing known yet; `k` is asked, about processes by way of `identify`. NULL when there is no memory. */
tcps_names *tcps_names_new(tcps_kernel *k, tcps_identify *identify);
void tcps_names_free(tcps_names *n);

/* Begins a pass whose records go to `rows`: interfaces are asked for again, because they are renamed and their numbers are reused. */
void tcps_names_begin(tcps_names *n, tcps_rows *rows);

/* The process that has `pid` now: an index that stands for this process until tcps_names_forget_processes. TCPS_NO_INDEX when there is none, or no
 * memory. */
uint32_t tcps_names_process(tcps_names *n, uint32_t pid);

/* Whether the process of that index still lives. */
bool tcps_names_is_alive(tcps_names *n, uint32_t process);

/* Of a process that is alive: its pid, and its command of now (exec and prctl change it), which is NULL when it has none. */
uint32_t tcps_names_pid(const tcps_names *n, uint32_t process);
const tcps_text *tcps_names_command(const tcps_names *n, uint32_t process);

/* Forgets all processes; their indexes mean nothing any more. */
void tcps_names_forget_processes(tcps_names *n);

/* Whether most of the known processes were not asked about in the pass before: it is time to forget them. */
bool tcps_names_are_stale(const tcps_names *n);

/* Sets `interface` of a record to the name of the interface `index`. Absent when there is no such interface. */
void tcps_names_set_interface(tcps_names *n, tcps_record *r, uint64_t index);

/* Sets `cgroup` of a record with cgroup_id (Linux). Absent when the group is gone or not to be seen. An identifier is never given out twice, so a
 * path is kept from pass to pass; a group that moves (which needs cgroup v1) keeps its old one. */
void tcps_names_set_cgroup(tcps_names *n, tcps_record *r);

#endif
