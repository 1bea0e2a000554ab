/* Signals are noted, and read when the host has time for them. */
#include <signal.h>
#include <stdint.h>

#include "runtime/watchdog.h"

static volatile sig_atomic_t noted_stop, noted_reload, noted_resize;

/* Signals to stop that come together are one wish: timeout(1) signals its child, and then the group in which it is. */
#define ONE_WISH_NS 200000000
static int64_t stop_asked_ns; /* the handler's own */

static void note(int number) {
    if (number == SIGHUP) {
        noted_reload = 1;
    } else if (number == SIGWINCH) {
        noted_resize = 1;
    } else if (!noted_stop) {
        noted_stop = 1;
        stop_asked_ns = tcps_now();
        tcps_watch_hurry();
    } else if (tcps_now() - stop_asked_ns > ONE_WISH_NS) {
        /* somebody asks again: what the first one waits for (a reader that stands still) does not come */
        signal(number, SIG_DFL);
        raise(number);
    }
}

bool tcps_signal_noted(void) { return noted_stop || noted_reload || noted_resize; }

void tcps_signal_set(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGWINCH);
}

/* runtime.handle_signals(): SIGINT and SIGTERM stop, SIGHUP reloads, SIGWINCH is noted, SIGPIPE and SIGXFSZ (a file that may not grow) are errors of the write. */
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
    sigaction(SIGXFSZ, &action, NULL);
    return 0;
}

/* runtime.signals() -> boolean, boolean, boolean: whether to stop, to reload, to look at the terminal's size again; the last two are reported
 * once. */
static int l_signals(lua_State *L) {
    lua_pushboolean(L, noted_stop != 0);
    lua_pushboolean(L, noted_reload);
    lua_pushboolean(L, noted_resize);
    noted_reload = noted_resize = 0;
    return 3;
}

/* runtime.stopping() -> whether a signal asked for the end; takes nothing */
static int l_stopping(lua_State *L) {
    lua_pushboolean(L, noted_stop != 0);
    return 1;
}

/* runtime.stop_flag() -> a light userdata: what source:limit takes, not 0 after a signal that asked for the end */
static int l_stop_flag(lua_State *L) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)&noted_stop);
    return 1;
}

void tcpsL_opensignals(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"handle_signals", l_handle_signals}, {"signals", l_signals}, {"stopping", l_stopping}, {"stop_flag", l_stop_flag}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
