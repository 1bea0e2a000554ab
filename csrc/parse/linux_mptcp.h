/* MPTCP connections of Linux, as NETLINK_SOCK_DIAG lists them for protocol 262: what waits to be read and sent lies in them, not in their subflows.
 * Pure: no system calls, any platform. */
#ifndef TCPS_LINUX_MPTCP_H
#define TCPS_LINUX_MPTCP_H

#include "base/table.h"

typedef struct tcps_mptcp_connection {
    uint32_t token;          /* mptcp_token_local of its subflows */
    uint32_t unread, unsent; /* bytes in its receive queue; in its send queue, unacknowledged or not sent */
} tcps_mptcp_connection;

/* Connections by token. All zero is none; free with tcps_mptcp_table_free. */
typedef struct tcps_mptcp_table {
    tcps_mptcp_connection *at;
    size_t count, room;
    tcps_table by_token;
} tcps_mptcp_table;

void tcps_mptcp_table_free(tcps_mptcp_table *t);

/* Adds the connections of `len` bytes of whole netlink messages. Listeners have no token and are left out, as is anything that cannot be read.
 * TCPS_OK or TCPS_NOMEM. */
tcps_code tcps_linux_mptcp_parse(tcps_mptcp_table *t, const uint8_t *bytes, size_t len);

/* The connection with that token, or NULL. */
const tcps_mptcp_connection *tcps_mptcp_find(const tcps_mptcp_table *t, uint32_t token);

#endif
