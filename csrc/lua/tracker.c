/* The tracker: deltas, comings and goings. */
#include "delta/tracker.h"

#include "lua/tcpsl.h"

static tcps_tracker **check_tracker(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_TRACKER); }

/* core.tracker() -> an empty tracker, for source:pass{tracker=} or tracker:update */
static int l_tracker(lua_State *L) {
    tcps_tracker **t = lua_newuserdatauv(L, sizeof *t, 0);
    *t = NULL;
    luaL_setmetatable(L, TCPSL_TRACKER);
    *t = tcps_tracker_new();
    return *t ? 1 : luaL_error(L, "no memory");
}

static int l_gc(lua_State *L) {
    tcps_tracker **t = check_tracker(L, 1);
    if (*t) tcps_tracker_free(*t);
    *t = NULL;
    return 0;
}

void tcpsL_opentracker(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_gc}, {NULL, NULL}};
    luaL_newmetatable(L, TCPSL_TRACKER);
    luaL_setfuncs(L, meta, 0);
    lua_pop(L, 1);
    lua_pushcfunction(L, l_tracker);
    lua_setfield(L, -2, "tracker");
}
