/* Files that others read while we write them. */
#include "base/file.h"
#include "lua/tcpsl.h"

static int result(lua_State *L, tcps_code code, const tcps_status *status) {
    if (code != TCPS_OK) return tcpsL_fail(L, status);
    lua_pushboolean(L, 1);
    return 1;
}

/* core.replace_file(path, text) -> true, or nil, text, code */
static int l_replace_file(lua_State *L) {
    size_t len;
    const char *path = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &len);
    tcps_status status = {0};
    return result(L, tcps_file_replace(path, text, len, &status), &status);
}

/* core.remove_file(path) -> true, or nil, text, code */
static int l_remove_file(lua_State *L) {
    tcps_status status = {0};
    return result(L, tcps_file_remove(luaL_checkstring(L, 1), &status), &status);
}

void tcpsL_openfile(lua_State *L) {
    static const luaL_Reg functions[] = {{"replace_file", l_replace_file}, {"remove_file", l_remove_file}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
