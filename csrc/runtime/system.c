/* What the script host needs of the system and Lua lacks: clocks, waiting, descriptors, signals. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lua/tcpsl.h"

static int fail_errno(lua_State *L, int error) {
    lua_pushnil(L);
    lua_pushstring(L, strerror(error));
    lua_pushstring(L, error == EPIPE ? "EPIPE" : error == ENOSPC ? "ENOSPC" : error == ENOENT ? "ENOENT" : "ESYSTEM");
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
static volatile sig_atomic_t noted_stop, noted_reload, noted_resize;

/* Signals to stop that come together are one wish: timeout(1) signals its child, and then the group in which it is. */
#define ONE_WISH_NS 200000000
static lua_Integer stop_asked_ns; /* the handler's own */

static void note(int number) {
    if (number == SIGHUP) {
        noted_reload = 1;
    } else if (number == SIGWINCH) {
        noted_resize = 1;
    } else if (!noted_stop) {
        noted_stop = 1;
        stop_asked_ns = now(CLOCK_MONOTONIC);
    } else if (now(CLOCK_MONOTONIC) - stop_asked_ns > ONE_WISH_NS) {
        /* somebody asks again: what the first one waits for (a reader that stands still) does not come */
        signal(number, SIG_DFL);
        raise(number);
    }
}

/* core.handle_signals(): SIGINT and SIGTERM stop, SIGHUP reloads, SIGWINCH is noted, SIGPIPE is an error of the write. For a host process only. */
static int l_handle_signals(lua_State *L) {
    struct sigaction action = {.sa_handler = note};
    (void)L;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_flags = SA_RESTART; /* these shall not end the reading of a recorded stream */
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGWINCH, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    return 0;
}

/* core.signals() -> boolean, boolean, boolean: whether to stop, to reload, to look at the terminal's size again; the last two are told once. */
static int l_signals(lua_State *L) {
    lua_pushboolean(L, noted_stop != 0);
    lua_pushboolean(L, noted_reload);
    lua_pushboolean(L, noted_resize);
    noted_reload = noted_resize = 0;
    return 3;
}

/* core.stopping() -> whether a signal asked for the end; takes nothing */
static int l_stopping(lua_State *L) {
    lua_pushboolean(L, noted_stop != 0);
    return 1;
}

/* Adds the descriptors in the list at `arg` to `set`; the highest one plus 1, at least `most`. */
static int add_descriptors(lua_State *L, int arg, fd_set *set, int most) {
    FD_ZERO(set);
    if (lua_isnoneornil(L, arg)) return most;
    luaL_checktype(L, arg, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, arg, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
        int is_integer;
        lua_Integer fd = lua_tointegerx(L, -1, &is_integer); /* LuaSocket's getfd gives a float */
        luaL_argcheck(L, is_integer && fd >= 0 && fd < FD_SETSIZE, arg, "no descriptor that can be waited for");
        FD_SET((int)fd, set);
        if (fd >= most) most = (int)fd + 1;
    }
    lua_pop(L, 1);
    return most;
}

/* core.wait(until_ns [, to_read [, to_write]]) -> the first descriptor of the list `to_read` that is ready, or nil
 * Sleeps until the monotonic clock shows that, a signal comes, or a descriptor of either list is ready. */
static int l_wait(lua_State *L) {
    lua_Integer until = luaL_checkinteger(L, 1);
    fd_set readable, writable;
    int most = add_descriptors(L, 3, &writable, add_descriptors(L, 2, &readable, 0));
    /* A signal between the test and the sleep would be slept through: block them until pselect unblocks them for its sleep. */
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGWINCH);
    sigprocmask(SIG_BLOCK, &signals, &before);
    int ready = -1;
    lua_Integer left;
    while (!noted_stop && !noted_reload && !noted_resize && ready < 0 && (left = until - now(CLOCK_MONOTONIC)) > 0) {
        struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
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

/* core.sleep(until_ns [, fd]): until the monotonic clock shows that, or `fd` can be written to. A signal that was noted does not end it. */
static int l_sleep(lua_State *L) {
    lua_Integer until = luaL_checkinteger(L, 1), left;
    struct pollfd p = {.fd = (int)luaL_optinteger(L, 2, -1), .events = POLLOUT};
    while ((left = until - now(CLOCK_MONOTONIC)) > 0) {
        int ready = poll(&p, 1, left > 1000000000 ? 1000 : (int)((left + 999999) / 1000000));
        if (ready > 0 || (ready < 0 && errno != EINTR)) break;
    }
    return 0;
}

/* core.read(fd, most) -> bytes that are there ("": the end), or nil, text, code */
static int l_read(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    lua_Integer most = luaL_checkinteger(L, 2);
    luaL_argcheck(L, most > 0, 2, "not positive");
    luaL_Buffer b;
    char *bytes = luaL_buffinitsize(L, &b, (size_t)most);
    ssize_t n = read(fd, bytes, (size_t)most);
    if (n < 0) return fail_errno(L, errno);
    luaL_pushresultsize(&b, (size_t)n);
    return 1;
}

/* core.write(fd, bytes) -> true, or nil, text, code. Writes all of it. */
static int l_write(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    size_t len;
    const char *bytes = luaL_checklstring(L, 2, &len);
    while (len) {
        tcpsL_beginwait();
        ssize_t n = write(fd, bytes, len);
        tcpsL_endwait();
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

/* core.file_size(fd) -> bytes, or nil, text, code */
static int l_file_size(lua_State *L) {
    struct stat st;
    if (fstat((int)luaL_checkinteger(L, 1), &st) != 0) return fail_errno(L, errno);
    lua_pushinteger(L, (lua_Integer)st.st_size);
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
                                         {"stopping", l_stopping},
                                         {"wait", l_wait},
                                         {"sleep", l_sleep},
                                         {"write", l_write},
                                         {"read", l_read},
                                         {"open_file", l_open_file},
                                         {"file_size", l_file_size},
                                         {"close_file", l_close_file},
                                         {"isatty", l_isatty},
                                         {"pipe_room", l_pipe_room},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
