#include "lua/asker.h"

void tcpsL_checkasker(lua_State *L, int batch, int arg, tcpsL_asker *a) {
    luaL_checktype(L, arg, LUA_TFUNCTION);
    *a = (tcpsL_asker){.function = arg, .first = arg + 2};
    luaL_checkstack(L, TCPSL_ASKER_FIELDS + 8, NULL);
    if (lua_isnoneornil(L, arg + 1)) {
        a->proxy = tcpsL_pushsocket(L, batch);
        lua_pushnil(L);
        a->proxy_at = lua_gettop(L) - 1;
        return;
    }
    luaL_checktype(L, arg + 1, LUA_TTABLE);
    lua_Integer n = luaL_len(L, arg + 1);
    luaL_argcheck(L, n <= TCPSL_ASKER_FIELDS, arg + 1, "too many fields");
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, arg + 1, i);
        a->fields[a->n_fields++] = (uint16_t)tcpsL_askfield(L, -1);
        lua_pop(L, 1);
    }
    tcpsL_pushenums(L);
    lua_pushnil(L);
    a->enums = lua_gettop(L) - 1;
}

void tcpsL_ask(lua_State *L, const tcpsL_asker *a, const tcps_row *row) {
    lua_pushvalue(L, a->function);
    if (a->proxy) {
        a->proxy->row = row;
        lua_pushvalue(L, a->proxy_at);
        lua_call(L, 1, 1);
        return;
    }
    lua_pushvalue(L, a->first);
    for (unsigned i = 0; i < a->n_fields; i++) tcpsL_pushfield(L, row, a->fields[i], a->enums);
    lua_call(L, 1 + (int)a->n_fields, 1);
}
