/* What Lua's objects hold outside of Lua's memory: the rows of batches and views, filters, trackers. Lua sees some 100 bytes of each and would let
 * hundreds of them pile up: a pass over 100,000 sockets takes 27 MB of ours. */
#ifndef TCPSL_OUTSIDE_H
#define TCPSL_OUTSIDE_H

#include <lua.h>
#include <stddef.h>

/* In the registry under TCPSL_OUTSIDE, as a light userdata, for whoever limits memory. `held` gives the bytes that are held. */
#define TCPSL_OUTSIDE "tcpstats.outside"
typedef struct tcpsL_outside {
    size_t (*held)(void);
} tcpsL_outside;

/* How much garbage may lie outside before all is collected, at most. */
#define TCPSL_OUTSIDE_GARBAGE ((size_t)64 << 20)

/* [-0, +0] An object that is made holds `bytes`, which it gives back with tcpsL_discharge when it is collected. Collects all garbage when much has
 * been charged since that was done last. */
void tcpsL_charge(lua_State *L, size_t bytes);
void tcpsL_discharge(size_t bytes);
/* [-0, +0] To be called before a batch is made: frees those that nothing refers to any more. */
void tcpsL_freebatches(lua_State *L);
/* [-0, +0] Registers TCPSL_OUTSIDE. */
void tcpsL_openoutside(lua_State *L);

#endif
