/* Who holds which socket: descriptors of processes by the socket's number (Linux: its inode; FreeBSD: its address in the kernel). One socket may have
 * several: of a prefork server every worker holds the listener. */
#ifndef TCPS_HOLDERS_H
#define TCPS_HOLDERS_H

#include "base/table.h"

typedef struct tcps_holder {
    uint32_t pid, fd;
} tcps_holder;

typedef struct tcps_holding {
    uint64_t socket;
    tcps_holder by;
} tcps_holding;

/* Holdings as they come, and after tcps_holders_sort grouped by socket. All zero is none; free with tcps_holders_free. */
typedef struct tcps_holders {
    tcps_holding *given;
    size_t count, room;
    tcps_table by_socket; /* socket -> its group: at[first[group]] up to at[first[group + 1]] */
    uint32_t *first;
    size_t groups, first_room;
    tcps_holder *at;
    size_t at_room;
} tcps_holders;

/* Empties it, keeping the memory. */
void tcps_holders_clear(tcps_holders *h);
void tcps_holders_free(tcps_holders *h);

/* Adds one descriptor of a process. TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_holders_add(tcps_holders *h, uint64_t socket, uint32_t pid, uint32_t fd);

/* Groups what was added since tcps_holders_clear, in linear time but for sockets that are shared. TCPS_OK, or TCPS_NOMEM and nothing can be found. */
tcps_code tcps_holders_sort(tcps_holders *h);

/* Who holds the socket, ascending by pid and then by descriptor: *count of them; NULL and 0 when nobody does. Valid until the next change. */
const tcps_holder *tcps_holders_of(const tcps_holders *h, uint64_t socket, size_t *count);

#endif
