/* Names of processes and interfaces, each asked for once: a Mac has many sockets and few of these. */
#ifndef TCPS_MACOS_NAMES_H
#define TCPS_MACOS_NAMES_H

#include "kernel/kernel.h"
#include "record/rows.h"

typedef struct tcps_macos_names {
    struct process *processes; /* open addressing by pid */
    size_t room, count;        /* room is 0 or a power of 2 */
    uint32_t pass;
    uint32_t interface; /* the index asked for last */
    const tcps_text *interface_name;
} tcps_macos_names;

/* Begins a pass: the texts of the one before belong to its rows, and processes that had no socket in it are forgotten. */
void tcps_macos_names_begin(tcps_macos_names *names);
void tcps_macos_names_free(tcps_macos_names *names);

/* The name of a process; NULL when it is gone or there is no memory. What was known of the pid is good while the process that has it began at
 * the same time: once a pass it is asked when that was. */
const tcps_text *tcps_macos_command(tcps_macos_names *names, tcps_kernel *k, tcps_rows *rows, int32_t pid);

/* The name of an interface; NULL when there is none of that index. */
const tcps_text *tcps_macos_interface(tcps_macos_names *names, tcps_kernel *k, tcps_rows *rows, uint32_t index);

#endif
