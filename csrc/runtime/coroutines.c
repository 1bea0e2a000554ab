/* Which coroutine of a script runs: a hook belongs to one coroutine, so the one that runs is noted. coroutine.resume, wrap and close are wrapped to do
 * so, and hand the hook on to the one that goes on. */
#include "runtime/watchdog.h"

/* Calls the original (the function below the arguments) while `co` is what runs. */
static int call_in(lua_State *L, lua_State *co, int arguments) {
    lua_State *before = tcps_watch.running;
    int base = lua_gettop(L) - arguments;
    tcps_watch_switch(co);
    int status = lua_pcall(L, arguments, LUA_MULTRET, 0);
    tcps_watch_switch(before);
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
    if (tcps_watch.expired) return 1;
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

void tcpsL_opencoroutines(lua_State *L) {
    static const luaL_Reg functions[] = {{"watch_coroutines", l_watch_coroutines}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
