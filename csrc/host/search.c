#include "host/search.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

void tcpsL_ignore_environment(lua_State *L) {
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV"); /* what lua -E sets */
}

/* [-0, +0] package[name] without its relative templates; `package` lies on the top. */
static void keep_absolute(lua_State *L, const char *name) {
    lua_getfield(L, -1, name);
    const char *path = luaL_checkstring(L, -1);
    luaL_Buffer kept;
    luaL_buffinit(L, &kept);
    while (*path) {
        size_t len = strcspn(path, LUA_PATH_SEP);
        if (*path == *LUA_DIRSEP) {
            if (luaL_bufflen(&kept)) luaL_addstring(&kept, LUA_PATH_SEP);
            luaL_addlstring(&kept, path, len);
        }
        path += len;
        path += *path != 0;
    }
    luaL_pushresult(&kept);
    lua_setfield(L, -3, name);
    lua_pop(L, 1);
}

void tcpsL_drop_relative_paths(lua_State *L) {
    lua_getglobal(L, LUA_LOADLIBNAME);
    keep_absolute(L, "path");
    keep_absolute(L, "cpath");
    lua_pop(L, 1);
}
