/* What Linux reports of a process in /proc. Pure: no system calls, any platform. */
#ifndef TCPS_LINUX_PROC_H
#define TCPS_LINUX_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tcps_linux_stat {
    bool zombie;    /* it has ended, with all its threads, and waits to be asked for its status: it holds nothing */
    uint64_t start; /* clock ticks since boot: a pid with another start is another process */
    size_t name_len;
    char name[64]; /* comm: 15 bytes, more for kernel threads; not ended by a NUL */
} tcps_linux_stat;

/* Reads /proc/<pid>/stat. False when the bytes are not that. */
bool tcps_linux_stat_parse(tcps_linux_stat *stat, const void *bytes, size_t len);

#endif
