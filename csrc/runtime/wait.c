/* Waiting for times, signals and descriptors together. */
#include <errno.h>
#include <poll.h>
#include <sys/select.h>

#include "runtime/runtime.h"

/* Adds the descriptors in the list at `arg` to `set`; the highest one plus 1, at least `most`. */
static int add_descriptors(lua_State *L, int arg, fd_set *set, int most) {
    FD_ZERO(set);
    if (lua_isnoneornil(L, arg)) return most;
    luaL_checktype(L, arg, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, arg, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
        int is_integer;
        lua_Integer fd = lua_tointegerx(L, -1, &is_integer); /* LuaSocket's getfd gives a float */
        luaL_argcheck(L, is_integer && fd >= 0 && fd < FD_SETSIZE, arg, "not a descriptor that can be waited for");
        FD_SET((int)fd, set);
        if (fd >= most) most = (int)fd + 1;
    }
    lua_pop(L, 1);
    return most;
}

/* runtime.wait(until_ns [, to_read [, to_write]]) -> the first descriptor of the list `to_read` that is ready, or nil
 * Sleeps until the monotonic clock shows that, a signal comes, or a descriptor of either list is ready. */
static int l_wait(lua_State *L) {
    lua_Integer until = luaL_checkinteger(L, 1);
    fd_set readable, writable;
    int most = add_descriptors(L, 3, &writable, add_descriptors(L, 2, &readable, 0));
    /* A signal between the test and the sleep would be slept through: block them until pselect unblocks them for its sleep. */
    sigset_t signals, before;
    tcps_signal_set(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);
    int ready = -1;
    lua_Integer left;
    while (!tcps_signal_noted() && ready < 0 && (left = until - tcps_now()) > 0) {
        struct timespec t = {.tv_sec = left / TCPS_SECOND, .tv_nsec = left % TCPS_SECOND};
        fd_set r = readable, w = writable;
        ready = pselect(most, &r, &w, NULL, &t, &before);
        if (ready < 0 && errno != EINTR) break;
        if (ready == 0) ready = -1;
        if (ready > 0) readable = r;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (ready <= 0 || lua_isnoneornil(L, 2)) return 0;
    for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i++, lua_pop(L, 1))
        if (FD_ISSET((int)lua_tointeger(L, -1), &readable)) return 1;
    return 0;
}

/* runtime.wait_writable(until_ns, fd): until `fd` can be written to, or the monotonic clock shows that. A signal that was noted does not end it. */
static int l_wait_writable(lua_State *L) {
    lua_Integer until = luaL_checkinteger(L, 1), left;
    struct pollfd p = {.fd = (int)luaL_checkinteger(L, 2), .events = POLLOUT};
    while ((left = until - tcps_now()) > 0) {
        int ready = poll(&p, 1, left > TCPS_SECOND ? 1000 : (int)((left + 999999) / 1000000));
        if (ready > 0 || (ready < 0 && errno != EINTR)) break;
    }
    return 0;
}

void tcpsL_openwait(lua_State *L) {
    static const luaL_Reg functions[] = {{"wait", l_wait}, {"wait_writable", l_wait_writable}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
