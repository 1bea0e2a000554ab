#include "lua/outside.h"

#include <stdint.h>

#include "base/arena.h"

enum { LITTLE = 1 << 20, MUCH = 16 << 20 };

static _Thread_local size_t charged; /* beside the arenas, which count themselves */
static _Thread_local size_t left;    /* after all was collected */

static size_t held(void) { return tcps_arena_in_use() + charged; }

/* Collects all when memory has doubled since that was done last, or grown by as much as garbage may be. */
static void collect(lua_State *L) {
    size_t more = left < TCPSL_OUTSIDE_GARBAGE - MUCH ? left + MUCH : TCPSL_OUTSIDE_GARBAGE;
    if (held() < left + more) return;
    lua_gc(L, LUA_GCCOLLECT);
    left = held();
}

void tcpsL_charge(lua_State *L, size_t bytes) {
    charged += bytes;
    collect(L);
}

void tcpsL_discharge(size_t bytes) { charged -= bytes; }

void tcpsL_freebatches(lua_State *L) {
    if (held() < LITTLE) return;
    lua_gc(L, LUA_GCSTEP, 0); /* finds most of them, at the cost of some ten microseconds */
    collect(L);
}

void tcpsL_openoutside(lua_State *L) {
    static const tcpsL_outside outside = {held};
    lua_pushlightuserdata(L, (void *)(uintptr_t)&outside);
    lua_setfield(L, LUA_REGISTRYINDEX, TCPSL_OUTSIDE);
}
