/* What the script host needs of the system and Lua lacks: clocks, waiting, descriptors, signals. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "lua/tcpsl.h"

static int fail_errno(lua_State *L, int error) {
    lua_pushnil(L);
    lua_pushstring(L, strerror(error));
    lua_pushstring(L, error == EPIPE ? "EPIPE" : error == ENOSPC ? "ENOSPC" : "ESYSTEM");
    return 3;
}

static lua_Integer now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (lua_Integer)t.tv_sec * 1000000000 + t.tv_nsec;
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

/* Signals that the host has asked for, noted here and taken by core.wait and core.signals. */
static volatile sig_atomic_t noted_stop, noted_reload;

static void note(int number) {
    if (number == SIGHUP)
        noted_reload = 1;
    else
        noted_stop = 1;
}

/* core.handle_signals(): SIGINT and SIGTERM stop, SIGHUP reloads, SIGPIPE is an error of the write. For a host process only. */
static int l_handle_signals(lua_State *L) {
    struct sigaction action = {.sa_handler = note};
    (void)L;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    return 0;
}

/* core.signals() -> boolean, boolean: whether to stop and whether to reload; the latter is told once. */
static int l_signals(lua_State *L) {
    lua_pushboolean(L, noted_stop);
    lua_pushboolean(L, noted_reload);
    noted_reload = 0;
    return 2;
}

/* core.wait(until_ns): sleeps until the monotonic clock shows that, or a signal comes. */
static int l_wait(lua_State *L) {
    lua_Integer until = luaL_checkinteger(L, 1);
    /* A signal between the test and the sleep would be slept through: block them until pselect-like sleep begins. */
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &before);
    while (!noted_stop && !noted_reload) {
        lua_Integer left = until - now(CLOCK_MONOTONIC);
        if (left <= 0) break;
        struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        if (pselect(0, NULL, NULL, NULL, &t, &before) < 0 && errno != EINTR) break;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return 0;
}

/* core.write(fd, bytes) -> true, or nil, text, code. Writes all of it. */
static int l_write(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    size_t len;
    const char *bytes = luaL_checklstring(L, 2, &len);
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(L, errno);
        bytes += n;
        len -= (size_t)n;
    }
    lua_pushboolean(L, true);
    return 1;
}

/* core.open_file(path [, append]) -> fd, or nil, text, code. Made when it is not there, emptied unless `append`. */
static int l_open_file(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (lua_toboolean(L, 2) ? O_APPEND : O_TRUNC), 0644);
    if (fd < 0) return fail_errno(L, errno);
    lua_pushinteger(L, fd);
    return 1;
}

/* core.close_file(fd) -> true, or nil, text, code: a full disk may show only here */
static int l_close_file(lua_State *L) {
    if (close((int)luaL_checkinteger(L, 1)) != 0) return fail_errno(L, errno);
    lua_pushboolean(L, true);
    return 1;
}

/* core.isatty(fd) -> boolean: whether it is a terminal. */
static int l_isatty(lua_State *L) {
    lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* core.pipe_room(fd): a pipe gets 1 MB, so that a slow reader costs fewer switches; anything else is left alone. */
static int l_pipe_room(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
#ifdef F_SETPIPE_SZ
    fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#else
    (void)fd;
#endif
    return 0;
}

void tcpsL_opensystem(lua_State *L) {
    static const luaL_Reg functions[] = {{"monotonic_ns", l_monotonic_ns},
                                         {"realtime_ns", l_realtime_ns},
                                         {"handle_signals", l_handle_signals},
                                         {"signals", l_signals},
                                         {"wait", l_wait},
                                         {"write", l_write},
                                         {"open_file", l_open_file},
                                         {"close_file", l_close_file},
                                         {"isatty", l_isatty},
                                         {"pipe_room", l_pipe_room},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
