/* Keeps the host alive beside scripts that loop or eat memory.
 *
 * Time: a signal, and nothing before it. When a call of a script outruns its limit, SIGALRM installs a hook that raises at every instruction from
 * there on, so that the script's own pcall catches it in vain. A hook belongs to one coroutine, so the one that runs is noted: coroutine.resume,
 * wrap and close are wrapped to do so, and hand the hook on to the one that goes on. Code of the host that a script calls (runtime.guard) is never
 * interrupted: it may be halfway through a write. What the hook cannot reach (a C function that does not return, a finalizer) ends the process
 * after the same time again.
 *
 * Memory: the allocator counts, and refuses only while a script runs: the host must be able to say what happened.
 *
 * All of it is for one Lua state of one process, which has the signal. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "lua/waiting.h"
#include "runtime/runtime.h"

#define INTERRUPTED "tcpstats.interrupted" /* in the registry: what the script's error says */

static struct {
    lua_State *volatile running;                                   /* the coroutine whose instructions are being executed */
    volatile sig_atomic_t armed;                                   /* a script's call has a limit */
    volatile sig_atomic_t in_script;                               /* it is the script's own code that runs, not the host's that it called */
    volatile sig_atomic_t expired;                                 /* the limit is over: the script is being interrupted */
    volatile sig_atomic_t waiting;                                 /* the host's code waits for somebody outside: that time is not the script's */
    volatile int64_t limit, began, expired_at, wait_began, waited; /* nanoseconds */
    lua_Alloc allocate;                                            /* what memory really comes from */
    void *allocate_context;
    size_t memory_used, memory_limit; /* limit 0: none */
    char last_words[256];             /* for the end of the process */
    size_t last_words_len;
} watchdog;

static void set_timer(int64_t ns) {
    if (ns > 0 && ns < 1000) ns = 1000; /* 0 would stop it */
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)(ns / TCPS_SECOND), .tv_usec = (suseconds_t)(ns % TCPS_SECOND / 1000)}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* The hook. One that was left behind in a coroutine takes itself away. */
static void interrupt(lua_State *L, lua_Debug *ar) {
    (void)ar;
    if (!watchdog.expired)
        lua_sethook(L, NULL, 0, 0);
    else if (watchdog.in_script) {
        luaL_where(L, 0); /* in a hook level 0 is what it interrupts */
        lua_getfield(L, LUA_REGISTRYINDEX, INTERRUPTED);
        lua_concat(L, 2);
        lua_error(L);
    }
}

static void install(lua_State *L) { lua_sethook(L, interrupt, LUA_MASKCOUNT, 1); }

static void give_up(void) {
    tcps_terminal_leave();
    ssize_t ignored = write(STDERR_FILENO, watchdog.last_words, watchdog.last_words_len);
    (void)ignored;
    _exit(1);
}

static int64_t waited(int64_t at) { return watchdog.waited + (watchdog.waiting ? at - watchdog.wait_began : 0); }

static void on_alarm(int number) {
    (void)number;
    if (!watchdog.armed) return;
    int saved = errno;
    int64_t at = tcps_now(), end = (watchdog.expired ? watchdog.expired_at : watchdog.began) + watchdog.limit;
    if (watchdog.expired && end < watchdog.expired_at + TCPS_SECOND) end = watchdog.expired_at + TCPS_SECOND;
    end += waited(at);
    if (at < end) {
        set_timer(end - at);
    } else if (watchdog.expired) {
        if (watchdog.in_script) give_up();
        set_timer(TCPS_SECOND);
    } else {
        watchdog.expired = 1;
        watchdog.expired_at = at - waited(at);
        install(watchdog.running);
        set_timer(watchdog.limit > TCPS_SECOND ? watchdog.limit : TCPS_SECOND);
    }
    errno = saved;
}

static void arm(lua_State *L, int64_t limit) {
    static bool handling;
    if (!handling) {
        /* no SA_RESTART: a script that reads from a pipe that stays empty shall come back to Lua */
        struct sigaction action = {.sa_handler = on_alarm};
        sigemptyset(&action.sa_mask);
        sigaction(SIGALRM, &action, NULL);
        handling = true;
    }
    watchdog.running = L;
    watchdog.expired = 0;
    watchdog.waited = 0;
    watchdog.began = tcps_now();
    watchdog.limit = limit;
    watchdog.in_script = 1;
    watchdog.armed = limit > 0;
    if (limit > 0) set_timer(limit);
}

static void disarm(lua_State *L) {
    watchdog.in_script = 0;
    if (watchdog.armed) set_timer(0);
    watchdog.armed = 0;
    if (watchdog.expired) lua_sethook(L, NULL, 0, 0);
    watchdog.expired = 0;
}

/* runtime.set_texts(interrupted, last_words): what the error of a script says that ran out of time, and what is written to standard error when it
 * cannot be interrupted and the process ends (at most 256 bytes of it). */
static int l_set_texts(lua_State *L) {
    size_t len;
    luaL_checkstring(L, 1);
    const char *last_words = luaL_checklstring(L, 2, &len);
    watchdog.last_words_len = len < sizeof watchdog.last_words ? len : sizeof watchdog.last_words;
    memcpy(watchdog.last_words, last_words, watchdog.last_words_len);
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, INTERRUPTED);
    return 0;
}

/* runtime.protect(handler, limit_ns, function, ...) -> true, results; or false, what the handler made of the error
 * Calls a script's function: interrupted after limit_ns (0: never) and held to the memory limit. The handler is one that runtime.guard made. */
static int l_protect(lua_State *L) {
    lua_Integer limit = luaL_checkinteger(L, 2);
    luaL_checkany(L, 3);
    if (watchdog.in_script || watchdog.armed) return luaL_error(L, "protected calls do not nest");
    lua_pushboolean(L, true);
    lua_replace(L, 2);
    arm(L, limit);
    int status = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 1);
    disarm(L);
    if (status == LUA_OK) return lua_gettop(L) - 1;
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

void tcps_wait_begin(void) {
    if (!watchdog.armed) return;
    watchdog.wait_began = tcps_now();
    watchdog.waiting = 1;
}

void tcps_wait_end(void) {
    if (!watchdog.waiting) return;
    watchdog.waited += tcps_now() - watchdog.wait_began;
    watchdog.waiting = 0;
}

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
    sig_atomic_t from_script = watchdog.in_script;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    watchdog.in_script = 0;
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    watchdog.in_script = from_script;
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

/* runtime.interrupted() -> whether the script's call that is going on ran out of time */
static int l_interrupted(lua_State *L) {
    lua_pushboolean(L, watchdog.expired);
    return 1;
}

/* --- which coroutine runs */

/* Calls the original (the function below the arguments) while `co` is what runs. */
static int call_in(lua_State *L, lua_State *co, int arguments) {
    lua_State *before = watchdog.running;
    int base = lua_gettop(L) - arguments;
    watchdog.running = co;
    if (watchdog.expired) install(co);
    int status = lua_pcall(L, arguments, LUA_MULTRET, 0);
    watchdog.running = before;
    if (watchdog.expired) install(L);
    if (status != LUA_OK) return lua_error(L);
    return lua_gettop(L) - base + 1;
}

/* coroutine.resume and coroutine.close; upvalue 1 is the original. */
static int l_in_coroutine(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    int arguments = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    return call_in(L, co ? co : L, arguments);
}

/* The function that coroutine.wrap gives; upvalues: the original's function, its coroutine. */
static int l_wrapped(lua_State *L) {
    int arguments = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    return call_in(L, lua_tothread(L, lua_upvalueindex(2)), arguments);
}

static int l_wrap(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    if (!lua_getupvalue(L, -1, 1)) return luaL_error(L, "coroutine.wrap is not Lua's own");
    lua_pushcclosure(L, l_wrapped, 2);
    return 1;
}

static void replace(lua_State *L, const char *name, lua_CFunction with) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, with, 1);
    lua_setfield(L, -2, name);
}

/* The message handler that xpcall gets: upvalue 1, but not when the script is being interrupted. Raised in a hook, the error would have its
 * handler run with hooks off, and a handler that loops would loop for good. */
static int l_handler(lua_State *L) {
    if (watchdog.expired) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int after_xpcall(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    return lua_gettop(L);
}

static int l_xpcall(lua_State *L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, l_handler, 1);
    lua_replace(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, after_xpcall);
    return lua_gettop(L);
}

/* runtime.watch_coroutines(): from here on the watchdog reaches into coroutines and message handlers. Once, before a script is loaded. */
static int l_watch_coroutines(lua_State *L) {
    lua_pushglobaltable(L);
    replace(L, "xpcall", l_xpcall);
    lua_getglobal(L, "coroutine");
    replace(L, "resume", l_in_coroutine);
    replace(L, "close", l_in_coroutine);
    replace(L, "wrap", l_wrap);
    return 0;
}

/* --- memory */

static void *counted(void *context, void *block, size_t old_size, size_t size) {
    (void)context;
    size_t held = block ? old_size : 0; /* of a new block old_size is what kind of object it is for */
    if (size > held && watchdog.in_script && watchdog.memory_limit && watchdog.memory_used + (size - held) > watchdog.memory_limit) return NULL;
    void *result = watchdog.allocate(watchdog.allocate_context, block, old_size, size);
    if (result || !size) watchdog.memory_used += size - held;
    return result;
}

/* runtime.limit_memory(bytes): more than that (0: no limit) scripts do not get. runtime.limit_memory() gives the state its own allocator back. */
static int l_limit_memory(lua_State *L) {
    bool counting = watchdog.allocate != NULL;
    if (lua_isnoneornil(L, 1)) {
        if (counting) lua_setallocf(L, watchdog.allocate, watchdog.allocate_context);
        watchdog.allocate = NULL;
        return 0;
    }
    lua_Integer limit = luaL_checkinteger(L, 1);
    luaL_argcheck(L, limit >= 0, 1, "negative");
    watchdog.memory_limit = (size_t)limit;
    if (!counting) {
        watchdog.memory_used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
        watchdog.allocate = lua_getallocf(L, &watchdog.allocate_context);
        lua_setallocf(L, counted, NULL);
    }
    return 0;
}

void tcpsL_openwatchdog(lua_State *L) {
    static const luaL_Reg functions[] = {{"set_texts", l_set_texts},
                                         {"protect", l_protect},
                                         {"guard", l_guard},
                                         {"interrupted", l_interrupted},
                                         {"watch_coroutines", l_watch_coroutines},
                                         {"limit_memory", l_limit_memory},
                                         {NULL, NULL}};
    static const tcpsL_waiting waiting = {tcps_wait_begin, tcps_wait_end};
    lua_pushlightuserdata(L, (void *)(uintptr_t)&waiting);
    lua_setfield(L, LUA_REGISTRYINDEX, TCPSL_WAITING);
    luaL_setfuncs(L, functions, 0);
}
