/* A Lua function that is asked about row after row: a predicate, a number to rank by, a key to group by. */
#ifndef TCPSL_ASKER_H
#define TCPSL_ASKER_H

#include "lua/tcpsl.h"

#define TCPSL_ASKER_FIELDS 32

/* With a list of fields the function gets one fixed value and then the fields' values, which costs less; without one, the proxy of the row. */
typedef struct tcpsL_asker {
    int function; /* where it is on the stack, and the same of what follows */
    int first, enums, proxy_at;
    tcpsL_socket *proxy; /* NULL: values */
    unsigned n_fields;
    uint16_t fields[TCPSL_ASKER_FIELDS];
} tcpsL_asker;

/* [-0, +2] Begins to ask about rows of the batch at index `batch`. The function is at `arg`, at arg + 1 its list of field names or nil, at arg + 2
 * what comes before the fields' values. Raises when they are something else. */
void tcpsL_checkasker(lua_State *L, int batch, int arg, tcpsL_asker *a);

/* [-0, +1] What the function says of the row. Raises what the function raises. */
void tcpsL_ask(lua_State *L, const tcpsL_asker *a, const tcps_row *row);

/* The proxy is stale from now on. */
static inline void tcpsL_endasking(const tcpsL_asker *a) {
    if (a->proxy) a->proxy->row = NULL;
}

#endif
