/* Waiting for times, signals and descriptors together.
 *
 * poll(2): a run has a handful of descriptors, for which it costs what epoll and kqueue do, and unlike select(2) it takes any of them. macOS' poll
 * knows no devices (its manual, BUGS), so there it is select with sets as large as they must be. */
#ifdef __APPLE__
#define _DARWIN_UNLIMITED_SELECT
#endif
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>

#include "runtime/runtime.h"

enum { READABLE = 1, WRITABLE = 2 };

#ifdef __APPLE__
static int wait_ready(struct pollfd *p, int n, const struct timespec *timeout, const sigset_t *signals) {
    int most = -1;
    for (int i = 0; i < n; i++) most = p[i].fd > most ? p[i].fd : most;
    size_t size = ((size_t)most / 32 + 1) * sizeof(int32_t); /* fds_bits is an array of int32_t */
    if (size < sizeof(fd_set)) size = sizeof(fd_set);
    char *sets = calloc(2, size);
    if (!sets) return errno = ENOMEM, -1;
    fd_set *readable = (fd_set *)(void *)sets, *writable = (fd_set *)(void *)(sets + size);
    for (int i = 0; i < n; i++) {
        if (p[i].events & POLLIN) FD_SET(p[i].fd, readable);
        if (p[i].events & POLLOUT) FD_SET(p[i].fd, writable);
    }
    int ready = pselect(most + 1, readable, writable, NULL, timeout, signals), error = errno;
    for (int i = 0; i < n && ready > 0; i++)
        p[i].revents = (short)((FD_ISSET(p[i].fd, readable) ? POLLIN : 0) | (FD_ISSET(p[i].fd, writable) ? POLLOUT : 0));
    free(sets);
    errno = error;
    return ready;
}
#else
static int wait_ready(struct pollfd *p, int n, const struct timespec *timeout, const sigset_t *signals) {
    return ppoll(p, (nfds_t)n, timeout, signals);
}
#endif

/* Sleeps until a descriptor is ready, a signal is noted (unless `through_signals`) or the clock shows `until`. How many are ready, -1 on an error. */
static int wait_for(struct pollfd *p, int n, int64_t until, bool through_signals) {
    /* A signal between the test and the sleep would be slept through: they are blocked until the call unblocks them for its sleep. */
    sigset_t signals, before;
    tcps_signal_set(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);
    int ready = 0;
    do {
        int64_t left = until - tcps_now();
        if (left < 0 || (!through_signals && tcps_signal_noted())) left = 0;
        struct timespec t = {.tv_sec = (time_t)(left / TCPS_SECOND), .tv_nsec = (long)(left % TCPS_SECOND)};
        ready = wait_ready(p, n, &t, &before);
        if (ready < 0 && errno == EINTR) ready = 0;
        if (left == 0) break;
    } while (ready == 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ready;
}

/* What poll says of a descriptor, as what its owner waits for: a hang-up and an error are read or written to be seen. */
static int events_of(const struct pollfd *p) {
    int events = (p->revents & POLLIN ? READABLE : 0) | (p->revents & POLLOUT ? WRITABLE : 0);
    if (p->revents & (POLLHUP | POLLERR | POLLNVAL)) events |= (p->events & POLLIN ? READABLE : 0) | (p->events & POLLOUT ? WRITABLE : 0);
    return events;
}

/* runtime.poll(until_ns, fds, wanted, ready [, through_signals]) -> integer: how many descriptors are ready.
 * Sleeps until one is, a signal comes that the host asked for, or the monotonic clock shows `until_ns`. `fds` lists descriptors, `wanted` what is
 * waited for of each: 1 to read, 2 to write, 3 either. `ready` is a table that gets the same of what came, 0 for nothing. A descriptor that hung up
 * or is not one is ready for whatever was wanted of it, which then says why. `through_signals`: a signal does not end the sleep. */
static int l_poll(lua_State *L) {
    lua_Integer until = luaL_checkinteger(L, 1);
    for (int arg = 2; arg <= 4; arg++) luaL_checktype(L, arg, LUA_TTABLE);
    lua_Unsigned n = lua_rawlen(L, 2);
    luaL_argcheck(L, n <= INT_MAX / sizeof(struct pollfd), 2, "too many descriptors");
    struct pollfd few[16], *p = n <= 16 ? few : lua_newuserdatauv(L, n * sizeof *p, 0);
    for (lua_Unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        lua_Integer fd = luaL_checkinteger(L, -2), wanted = luaL_checkinteger(L, -1);
        luaL_argcheck(L, fd >= 0 && fd <= INT_MAX, 2, "not a descriptor");
        p[i] = (struct pollfd){.fd = (int)fd, .events = (short)((wanted & READABLE ? POLLIN : 0) | (wanted & WRITABLE ? POLLOUT : 0))};
        lua_pop(L, 2);
    }
    int count = wait_for(p, (int)n, until, lua_toboolean(L, 5));
    lua_Integer came = 0;
    for (lua_Unsigned i = 0; i < n; i++) {
        int which = count > 0 ? events_of(&p[i]) : 0;
        came += which != 0;
        lua_pushinteger(L, which);
        lua_rawseti(L, 4, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, came);
    return 1;
}

void tcpsL_openwait(lua_State *L) {
    static const luaL_Reg functions[] = {{"poll", l_poll}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
