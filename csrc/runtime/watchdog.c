/* Keeps the host alive beside scripts that loop or wait.
 *
 * A signal, and nothing before it: a hook that counts instructions would cost every script twice its time (an arithmetic loop took 2.02 to 2.23 times
 * as long with a hook every 10^6 instructions, Lua 5.4.4). When a call of a script is over its limit, the signal's handler installs a hook that raises
 * at every instruction from there on, so that the script's own pcall catches it in vain. Code of the host that a script calls (runtime.guard) is never
 * interrupted: it may be halfway through a write.
 *
 * There are two limits. SIGPROF comes when the call has used its processor time: a process that is stopped, frozen or starved uses none, and neither
 * does a script that waits. For that one SIGALRM ticks by the wall clock. A tick counts when the thread went to sleep since the tick before and used
 * less than a tenth of the time: a starved thread is taken off the processor, but does not go to sleep, and while a process is stopped no signal is
 * delivered, so that a stop counts as one tick at most. The ticks let system calls go on (SA_RESTART) up to the one that is the limit, which makes a
 * read come back to Lua.
 *
 * What the hook cannot reach (a C function that does not return, a finalizer) ends the process after the same time again. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/watchdog.h"

tcps_watchdog tcps_watch;

#define MOST_TICKS 9                  /* that count, after one to compare with: 10 of them, so that a stop is a small part of the time */
#define TICK(limit) ((limit) / 5 * 2) /* which is 4 times the limit */
#define LAST_CHANCE TCPS_SECOND       /* what a call gets at least after it was interrupted, and at most when a signal has ended the run */

static struct {
    int64_t limit;                  /* nanoseconds of the processor */
    volatile int64_t tick;          /* nanoseconds between ticks */
    volatile sig_atomic_t ticks;    /* that counted since the call began, or since it was interrupted */
    volatile sig_atomic_t most;     /* of these a call may have */
    volatile sig_atomic_t going_on; /* a script is being called */
    volatile sig_atomic_t hurries;  /* a signal has ended the run */
    volatile sig_atomic_t restarts; /* whether a tick lets system calls go on */
    volatile sig_atomic_t first;    /* the next tick is the first, which has nothing to compare with */
    volatile int64_t used;          /* processor time at the last tick */
    volatile long sleeps;           /* how often the thread had gone to sleep at the last tick */
    const char *label;              /* whose call it is, for the last words */
    size_t label_len;
    char last_words[256];
    size_t last_words_len;
} call;

/* In the registry, by the reason's address: what the script's error says. */
static const char reasons[TCPS_REASONS];

/* --- timers */

static void set_timer(int which, int64_t first, int64_t then) {
    if (first > 0 && first < 1000) first = 1000; /* 0 would stop it */
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)(first / TCPS_SECOND), .tv_usec = (suseconds_t)(first % TCPS_SECOND / 1000)},
                              .it_interval = {.tv_sec = (time_t)(then / TCPS_SECOND), .tv_usec = (suseconds_t)(then % TCPS_SECOND / 1000)}};
    setitimer(which, &timer, NULL);
}

static int64_t nanoseconds(struct timeval t) { return t.tv_sec * TCPS_SECOND + (int64_t)t.tv_usec * 1000; }

/* Whether the thread slept since the last tick instead of working. */
static bool slept(void) {
    struct rusage usage;
#ifdef RUSAGE_THREAD
    getrusage(RUSAGE_THREAD, &usage);
    bool went_to_sleep = usage.ru_nvcsw != call.sleeps;
    call.sleeps = usage.ru_nvcsw;
#else
    getrusage(RUSAGE_SELF, &usage); /* macOS counts only some sleeps */
    bool went_to_sleep = true;
#endif
    int64_t used = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime), since = used - call.used;
    call.used = used;
    bool is_first = call.first;
    call.first = 0;
    return !is_first && went_to_sleep && since < call.tick / 10;
}

/* --- interrupting */

/* The hook. One that was left behind in a coroutine takes itself away. */
static void interrupt(lua_State *L, lua_Debug *ar) {
    (void)ar;
    if (!tcps_watch.expired)
        lua_sethook(L, NULL, 0, 0);
    else if (tcps_watch.in_script) {
        luaL_where(L, 0); /* in a hook level 0 is what it interrupts */
        lua_rawgetp(L, LUA_REGISTRYINDEX, &reasons[tcps_watch.expired]);
        lua_concat(L, 2);
        lua_error(L);
    }
}

void tcps_watch_switch(lua_State *L) {
    tcps_watch.running = L;
    if (tcps_watch.expired) lua_sethook(L, interrupt, LUA_MASKCOUNT, 1);
}

void tcps_watch_expire(int reason) {
    if (tcps_watch.expired) return;
    call.ticks = 0;
    tcps_watch.expired = reason;
    tcps_watch.interruptions++;
    tcps_watch_switch(tcps_watch.running);
}

static void give_up(void) {
    tcps_terminal_leave();
    struct iovec words[] = {{.iov_base = (void *)(uintptr_t)call.label, .iov_len = call.label_len},
                            {.iov_base = call.last_words, .iov_len = call.last_words_len}};
    ssize_t ignored = writev(STDERR_FILENO, words, 2);
    (void)ignored;
    _exit(1);
}

static void on_limit(int number) {
    (void)number;
    if (!tcps_watch.armed) return;
    if (tcps_watch.expired && tcps_watch.in_script) give_up();
    tcps_watch_expire(call.hurries ? TCPS_RUN_ENDS : TCPS_RAN);
    set_timer(ITIMER_PROF, call.limit > LAST_CHANCE ? call.limit : LAST_CHANCE, 0);
}

static void on_tick(int number);

static void let_restart(bool restarts) {
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = restarts ? SA_RESTART : 0};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGPROF);
    sigaction(SIGALRM, &action, NULL);
    call.restarts = restarts;
}

static void on_tick(int number) {
    (void)number;
    if (!tcps_watch.armed) return;
    int saved = errno;
    if (slept() && tcps_watch.in_script) call.ticks++;
    if (call.ticks >= call.most - 1 && call.restarts) let_restart(false);
    if (call.ticks >= call.most) {
        if (tcps_watch.expired) give_up();
        tcps_watch_expire(call.hurries ? TCPS_RUN_ENDS : TCPS_WAITED);
    }
    errno = saved;
}

/* --- calls */

static void handle_signals(void) {
    static bool handling;
    if (handling) return;
    struct sigaction action = {.sa_handler = on_limit, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGALRM);
    sigaction(SIGPROF, &action, NULL);
    let_restart(true);
    handling = true;
}

static void set_limits(int64_t limit, int64_t tick, int most) {
    call.limit = limit;
    call.tick = tick;
    call.most = most;
    call.ticks = 0;
    call.first = 1;
    tcps_watch.armed = 1;
    set_timer(ITIMER_PROF, limit, 0);
    set_timer(ITIMER_REAL, tick, tick);
}

/* When a signal has ended the run, a call that goes on gets a little time, whatever its limit is: of the processor, or for what it waits for. */
static void limit_last_call(void) {
    int64_t limit = call.limit > 0 && call.limit < LAST_CHANCE ? call.limit : LAST_CHANCE;
    set_limits(limit, limit / 2, 1);
    let_restart(false);
}

void tcps_watch_hurry(void) {
    call.hurries = 1;
    if (call.going_on) limit_last_call();
}

static void arm(lua_State *L, int64_t limit) {
    handle_signals();
    tcps_watch.running = L;
    tcps_watch.expired = TCPS_NOT_EXPIRED;
    tcps_watch.in_script = 1;
    tcps_memory_begin();
    call.limit = limit;
    call.going_on = 1;
    if (call.hurries)
        limit_last_call();
    else if (limit > 0)
        set_limits(limit, TICK(limit), MOST_TICKS);
}

static void disarm(lua_State *L) {
    tcps_watch.in_script = 0;
    call.going_on = 0;
    if (tcps_watch.armed) {
        tcps_watch.armed = 0;
        set_timer(ITIMER_PROF, 0, 0);
        set_timer(ITIMER_REAL, 0, 0);
        if (!call.restarts) let_restart(true);
    }
    if (tcps_watch.expired) lua_sethook(L, NULL, 0, 0);
    tcps_watch.expired = TCPS_NOT_EXPIRED;
}

/* runtime.set_texts(reasons, last_words): `reasons` is a table of what the error of a script says that is interrupted: `ran` (out of processor time),
 * `waited` (too long for something outside), `ends` (a signal ended the run), `memory` (it wanted more than it may have). `last_words` is written to
 * standard error after the label of the call when a script cannot be interrupted and the process ends (at most 256 bytes of it). */
static int l_set_texts(lua_State *L) {
    static const char *const names[] = {[TCPS_RAN] = "ran", [TCPS_WAITED] = "waited", [TCPS_RUN_ENDS] = "ends", [TCPS_MEMORY] = "memory"};
    size_t len;
    luaL_checktype(L, 1, LUA_TTABLE);
    const char *last_words = luaL_checklstring(L, 2, &len);
    call.last_words_len = len < sizeof call.last_words ? len : sizeof call.last_words;
    memcpy(call.last_words, last_words, call.last_words_len);
    for (int i = TCPS_RAN; i < TCPS_REASONS; i++) {
        luaL_argcheck(L, lua_getfield(L, 1, names[i]) == LUA_TSTRING, 1, names[i]);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &reasons[i]);
    }
    return 0;
}

/* runtime.protect(handler, limit_ns, label, function, ...) -> true, results; or false, what the handler made of the error
 * Calls a script's function: interrupted when it has used limit_ns of the processor (0: never) or waited four times as long, and held to the memory
 * limit. The handler is one that runtime.guard made. The label begins the last words of a process that ends because of this call. */
static int l_protect(lua_State *L) {
    lua_Integer limit = luaL_checkinteger(L, 2);
    const char *label = luaL_checklstring(L, 3, &call.label_len);
    luaL_checkany(L, 4);
    if (call.going_on) return luaL_error(L, "protected calls do not nest");
    call.label = label;
    lua_pushvalue(L, 3); /* handler, label, true, function, ...: the label stays where it is for as long as it is needed */
    lua_replace(L, 2);
    lua_pushboolean(L, true);
    lua_replace(L, 3);
    arm(L, limit);
    int status = lua_pcall(L, lua_gettop(L) - 4, LUA_MULTRET, 1);
    disarm(L);
    if (status == LUA_OK) return lua_gettop(L) - 2;
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

/* --- what the host lends */

/* Whether no argument can have a metamethod of a script's: strings have the host's. */
static bool all_plain(lua_State *L) {
    for (int i = lua_gettop(L); i > 0; i--)
        if (lua_type(L, i) == LUA_TTABLE || lua_type(L, i) == LUA_TUSERDATA) return false;
    return true;
}

/* What runtime.guard makes; upvalues: the function, what prepares its arguments or nil. An error's text gets the place of the script's call, as
 * lua_error leaves none. */
static int l_guarded(lua_State *L) {
    if (!lua_isnil(L, lua_upvalueindex(2)) && !all_plain(L)) {
        lua_pushvalue(L, lua_upvalueindex(2));
        lua_insert(L, 1);
        lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    }
    sig_atomic_t from_script = tcps_watch.in_script;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    tcps_watch.in_script = 0;
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    tcps_watch.in_script = from_script;
    if (status == LUA_OK) return lua_gettop(L);
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* runtime.guard(function, prepare) -> a function that does the same and is never interrupted, nor refused memory: for what the host lends to scripts.
 * It raises without a position (error(text, 0)). No metamethod of a script may run in it, for nothing would end one that loops: `prepare` (may be
 * nil) gets the arguments first, if any is a table or userdata, while it is still the script that runs, and gives those that are plain. */
static int l_guard(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_pushcclosure(L, l_guarded, 2);
    return 1;
}

/* runtime.interrupted() -> whether the script's call that is going on is being interrupted */
static int l_interrupted(lua_State *L) {
    lua_pushboolean(L, tcps_watch.expired);
    return 1;
}

void tcpsL_openwatchdog(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"set_texts", l_set_texts}, {"protect", l_protect}, {"guard", l_guard}, {"interrupted", l_interrupted}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
