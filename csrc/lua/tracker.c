/* The tracker: deltas, comings and goings. */
#include "delta/tracker.h"

#include "lua/replay.h"

static tcps_tracker **check_tracker(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_TRACKER); }

/* core.tracker([{closed=boolean}]) -> tracker: an empty one, for source:pass{tracker=} or tracker:update. With closed=false nobody is told as closed,
 * and the last batch is not kept for that. */
static int l_tracker(lua_State *L) {
    tcps_tracker **t = lua_newuserdatauv(L, sizeof *t, 0);
    *t = NULL;
    luaL_setmetatable(L, TCPSL_TRACKER);
    *t = tcps_tracker_new();
    if (!*t) return tcpsL_nomemory(L);
    if (lua_istable(L, 1)) {
        tcps_tracker_tell_closed(*t, lua_getfield(L, 1, "closed") == LUA_TNIL || lua_toboolean(L, -1));
        lua_pop(L, 1);
    }
    return 1;
}

static int l_gc(lua_State *L) {
    tcps_tracker **t = check_tracker(L, 1);
    if (*t) tcps_tracker_free(*t);
    *t = NULL;
    return 0;
}

/* tracker:update(batch [, {monotonic_ns=}]) -> batch: the same with deltas against the one before it, opened() and closed(). `monotonic_ns` is
 * when the batch was collected on a clock that never steps; without it, what the batch itself says. A second argument that is no table is
 * passed over, so that tracker:update(tcpstats.decode(bytes)) does what it looks like: decode gives a position as well. */
static int l_update(lua_State *L) {
    tcps_tracker *t = *check_tracker(L, 1);
    tcpsL_batch *batch = tcpsL_checkbatch(L, 2);
    lua_Integer monotonic_ns = 0;
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "monotonic_ns");
        monotonic_ns = luaL_optinteger(L, -1, 0);
    }
    return tcpsL_replay(L, batch, &(tcps_replay_options){.tracker = t, .selected = batch->rows != NULL, .monotonic_ns = (uint64_t)monotonic_ns});
}

/* tracker:size() -> integer: bytes that it holds, less the last batch. */
static int l_size(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tcps_tracker_size(*check_tracker(L, 1)));
    return 1;
}

void tcpsL_opentracker(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_gc}, {"update", l_update}, {"size", l_size}, {NULL, NULL}};
    luaL_newmetatable(L, TCPSL_TRACKER);
    luaL_setfuncs(L, meta, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_tracker);
    lua_setfield(L, -2, "tracker");
}
