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

/* The errors that a host tells apart. */
static const char *error_name(int error) {
    switch (error) {
    case EWOULDBLOCK: return "EAGAIN"; /* EAGAIN is the same number */
    case ECONNREFUSED: return "ECONNREFUSED";
    case ECONNRESET: return "ECONNRESET";
    case EMSGSIZE: return "EMSGSIZE";
    case ENOBUFS: return "ENOBUFS";
    case ENOENT: return "ENOENT";
    case ENOSPC: return "ENOSPC";
    case EPIPE: return "EPIPE";
    default: return "ESYSTEM";
    }
}

int tcpsL_failerrno(lua_State *L, int error) {
    lua_pushnil(L);
    lua_pushstring(L, strerror(error));
    lua_pushstring(L, error_name(error));
    return 3;
}

int luaopen_tcpstats_runtime(lua_State *L) {
    luaL_checkversion(L);
    lua_newtable(L);
    tcpsL_opensignals(L);
    tcpsL_openwait(L);
    tcpsL_opendescriptor(L);
    tcpsL_opennet(L);
    tcpsL_openresolver(L);
    tcpsL_openmessages(L);
    tcpsL_openterminal(L);
    tcpsL_openwatchdog(L);
    tcpsL_opencoroutines(L);
    tcpsL_openmemory(L);
    tcpsL_openchildren(L);
    return 1;
}
