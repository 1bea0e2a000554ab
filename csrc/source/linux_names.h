/* Names for numbers of a Linux record: the interface's and the control group's, each asked for once. */
#ifndef TCPS_LINUX_NAMES_H
#define TCPS_LINUX_NAMES_H

#include "source/source.h"

typedef struct tcps_linux_names tcps_linux_names;

/* Nothing known yet; `k` is asked. NULL when there is no memory. */
tcps_linux_names *tcps_linux_names_new(tcps_kernel *k);
void tcps_linux_names_free(tcps_linux_names *n);

/* Begins a pass whose records go to `rows`: interfaces are asked for again, because they are renamed and their numbers are reused. */
void tcps_linux_names_begin(tcps_linux_names *n, tcps_rows *rows);

/* Sets `interface` of a record with interface_index. Absent when the interface is gone. */
void tcps_linux_names_set_interface(tcps_linux_names *n, tcps_record *r);

/* Sets `cgroup` of a record with cgroup_id. Absent when the group is gone or not to be seen. An identifier is never given out twice, so a path
 * is kept; a group that moves (which needs cgroup v1) keeps its old one. */
void tcps_linux_names_set_cgroup(tcps_linux_names *n, tcps_record *r);

#endif
