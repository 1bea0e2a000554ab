/* tcpstats.runtime: what is process-wide, as one module. */
#include "runtime/runtime.h"

#include <errno.h>
#include <string.h>
#include <time.h>

int64_t tcps_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * TCPS_SECOND + t.tv_nsec;
}

int tcpsL_failerrno(lua_State *L, int error) {
    lua_pushnil(L);
    lua_pushstring(L, strerror(error));
    lua_pushstring(L, error == EPIPE ? "EPIPE" : error == ENOSPC ? "ENOSPC" : error == ENOENT ? "ENOENT" : "ESYSTEM");
    return 3;
}

int luaopen_tcpstats_runtime(lua_State *L) {
    luaL_checkversion(L);
    lua_newtable(L);
    tcpsL_opensignals(L);
    tcpsL_openwait(L);
    tcpsL_opendescriptor(L);
    tcpsL_openterminal(L);
    tcpsL_openwatchdog(L);
    tcpsL_opencoroutines(L);
    tcpsL_openmemory(L);
    tcpsL_openchildren(L);
    return 1;
}
