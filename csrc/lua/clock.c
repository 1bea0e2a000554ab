/* What a program that collects needs of the system and Lua lacks: clocks, and sleeping until one shows a time. */
#include <errno.h>
#include <time.h>

#include "lua/tcpsl.h"

#define SECOND 1000000000

static lua_Integer now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (lua_Integer)t.tv_sec * SECOND + t.tv_nsec;
}

/* core.monotonic_ns() -> nanoseconds: of a clock that never steps. */
static int l_monotonic_ns(lua_State *L) {
    lua_pushinteger(L, now(CLOCK_MONOTONIC));
    return 1;
}

/* core.realtime_ns() -> nanoseconds: since the epoch. */
static int l_realtime_ns(lua_State *L) {
    lua_pushinteger(L, now(CLOCK_REALTIME));
    return 1;
}

/* core.sleep(until_ns): until the monotonic clock shows that. A signal does not end it. */
static int l_sleep(lua_State *L) {
    lua_Integer until = luaL_checkinteger(L, 1), left;
    while ((left = until - now(CLOCK_MONOTONIC)) > 0) {
        struct timespec t = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};
        if (nanosleep(&t, NULL) != 0 && errno != EINTR) break;
    }
    return 0;
}

void tcpsL_openclock(lua_State *L) {
    static const luaL_Reg functions[] = {{"monotonic_ns", l_monotonic_ns}, {"realtime_ns", l_realtime_ns}, {"sleep", l_sleep}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
