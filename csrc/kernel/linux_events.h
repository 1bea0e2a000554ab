/* The destroy groups of NETLINK_SOCK_DIAG on the running Linux: one message for each TCP socket that is destroyed, with its final counters. */
#ifndef TCPS_LINUX_EVENTS_H
#define TCPS_LINUX_EVENTS_H

#include "kernel/kernel.h"

/* All zero with fd -1: not subscribed. */
typedef struct tcps_linux_events {
    int fd;
    bool full;        /* what is held has reached its limit: the rest waits in the kernel, and is counted there when it does not fit */
    tcps_buffer held; /* whole netlink messages, in the order in which they came */
    uint8_t *receive; /* room for a batch of datagrams */
    uint64_t lost;    /* messages that the kernel dropped since the subscription, exactly */
} tcps_linux_events;

/* Joins the groups; what is destroyed from here on is told. Needs no privilege in one's own network namespace. 0 or an errno: EOPNOTSUPP or EPROTONOSUPPORT where the
 * kernel (before 4.2, or without inet_diag) has no such groups. */
int tcps_linux_events_open(tcps_linux_events *e);

/* Takes what waits in the kernel, without waiting for more. 0 or an errno. */
int tcps_linux_events_pump(tcps_linux_events *e);

/* Hands out what is held and forgets it. As tcps_kernel.ask. */
int tcps_linux_events_answer(tcps_linux_events *e, tcps_answer *answer, void *context);

void tcps_linux_events_close(tcps_linux_events *e);

#endif
