#include "host/embedded.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef TCPS_SELF_CONTAINED
/* Their authors' headers are not installed, or are named differently from one release to the next. */
int luaopen_socket_core(lua_State *L);
int luaopen_socket_unix(lua_State *L);

static const luaL_Reg linked_modules[] = {
    {"socket.core", luaopen_socket_core},
    {"socket.unix", luaopen_socket_unix},
    {NULL, NULL},
};
#else
static const luaL_Reg linked_modules[] = {{NULL, NULL}};
#endif

#ifdef TCPS_BYTECODE
extern const char lua_ident[]; /* the release of the Lua that runs: a shared library may differ from the one at build time */

static bool load_bytecode(lua_State *L, const tcpsL_embedded *module) {
    if (strcmp(lua_ident, tcpsL_bytecode_of) != 0) return false;
    const tcpsL_bytecode *code = &tcpsL_embedded_bytecode[module - tcpsL_embedded_modules];
    if (strcmp(code->chunk, module->chunk) != 0) return false; /* of another build */
    if (luaL_loadbufferx(L, (const char *)code->bytes, code->len, module->chunk, "b") == LUA_OK) return true;
    lua_pop(L, 1);
    return false;
}
#else
static bool load_bytecode(lua_State *L, const tcpsL_embedded *module) { return (void)L, (void)module, false; }
#endif

/* require's loader. Upvalue 1: the tcpsL_embedded. A module sees in `...` what it would see on disk: its name, and where it comes from. */
static int l_embedded_load(lua_State *L) {
    const tcpsL_embedded *module = (const tcpsL_embedded *)lua_touserdata(L, lua_upvalueindex(1));
    lua_settop(L, 1);
    if (!load_bytecode(L, module) && luaL_loadbufferx(L, module->source, module->len, module->chunk, "t") != LUA_OK) return lua_error(L);
    lua_insert(L, 1);
    lua_pushstring(L, module->chunk + 1);
    lua_call(L, 2, 1);
    return 1;
}

/* Sets package.preload[name], unless it is set, to what lies on the top, and pops that. */
static void preload(lua_State *L, const char *name) {
    if (lua_getfield(L, -2, name) == LUA_TNIL) {
        lua_pushvalue(L, -2);
        lua_setfield(L, -4, name);
    }
    lua_pop(L, 2);
}

void tcpsL_preload_embedded(lua_State *L) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    for (const luaL_Reg *module = linked_modules; module->name; module++) {
        lua_pushcfunction(L, module->func);
        preload(L, module->name);
    }
    for (const tcpsL_embedded *module = tcpsL_embedded_modules; module->name; module++) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)module);
        lua_pushcclosure(L, l_embedded_load, 1);
        preload(L, module->name);
    }
    lua_pop(L, 1);
}
