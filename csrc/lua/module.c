/* tcpstats.core: the bindings as one module. */
#include "lua/outside.h"
#include "lua/tcpsl.h"

#include "version.h"

int tcpsL_fail(lua_State *L, const tcps_status *status) {
    lua_pushnil(L);
    lua_pushstring(L, status->what[0] ? status->what : "not enough memory");
    lua_pushstring(L, tcps_code_name(status->code));
    return 3;
}

int tcpsL_nomemory(lua_State *L) { return luaL_error(L, "not enough memory"); }

int luaopen_tcpstats_core(lua_State *L) {
    luaL_checkversion(L);
    tcps_schema_init();
    lua_newtable(L);
    lua_pushliteral(L, TCPS_VERSION);
    lua_setfield(L, -2, "version");
    tcpsL_openschema(L);
    tcpsL_opensocket(L);
    tcpsL_openoutside(L);
    tcpsL_openbatch(L);
    tcpsL_openencode(L);
    tcpsL_openchunks(L);
    tcpsL_openfilter(L);
    tcpsL_opentracker(L);
    tcpsL_opensource(L);
    tcpsL_openclock(L);
    tcpsL_opensocketinfo(L);
    tcpsL_openaggregate(L);
    tcpsL_openorder(L);
    tcpsL_openvaluejson(L);
    tcpsL_openscreen(L);
    tcpsL_opentable(L);
    tcpsL_openfile(L);
    return 1;
}
