/* tcpstats-lua: Lua, the bindings and the modules in one program. Everything else is Lua; this only starts it. */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/embedded.h"
#include "host/search.h"
#include "lua/tcpsl.h"
#include "runtime/runtime.h"

/* If a standard descriptor is closed when we start, the next file or socket gets its number: data would go into a capture, JSON to the kernel's
 * socket. So we take it, opened the other way round: using it fails with EBADF, as if it were still closed. False if there is no /dev/null. */
static bool take_closed_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return false;
    return true;
}

/* Adds a traceback to our own errors; an error that is a table carries its exit code. */
static int add_traceback(lua_State *L) {
    if (lua_type(L, 1) == LUA_TSTRING) luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

/* [argv, argc] -> exit code. Runs under pcall, so that no error is unprotected. */
static int pmain(lua_State *L) {
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    luaL_checkversion(L);
    tcpsL_ignore_environment(L);
    luaL_openlibs(L);
    tcpsL_drop_relative_paths(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_tcpstats_core);
    lua_setfield(L, -2, "tcpstats.core");
    lua_pushcfunction(L, luaopen_tcpstats_runtime);
    lua_setfield(L, -2, "tcpstats.runtime");
    lua_pop(L, 1);
    tcpsL_preload_embedded(L);

    lua_getglobal(L, "require");
    lua_pushliteral(L, "tcpstats.host.cli");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "main");
    lua_createtable(L, argc, 0);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_call(L, 1, 1);
    return 1;
}

int main(int argc, char **argv) {
    if (!take_closed_descriptors()) return EXIT_FAILURE;
    lua_State *L = luaL_newstate();
    if (!L) {
        fputs("tcpstats-lua: no memory\n", stderr);
        return EXIT_FAILURE;
    }
    lua_pushcfunction(L, add_traceback);
    lua_pushcfunction(L, pmain);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int code = EXIT_FAILURE;
    if (lua_pcall(L, 2, 1, 1) == LUA_OK)
        code = (int)lua_tointeger(L, -1);
    else
        fprintf(stderr, "tcpstats-lua: %s\n", luaL_tolstring(L, -1, NULL));
    lua_close(L);
    return code;
}
