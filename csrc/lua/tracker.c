/* The tracker: deltas, comings and goings. */
#include "delta/tracker.h"

#include "lua/outside.h"
#include "lua/replay.h"

/* A tracker as Lua holds it. Elsewhere it is known as a pointer to a tracker, which its first member is. */
typedef struct tracker {
    tcps_tracker *t;
    size_t charged;
} tracker;

static tracker *check_tracker(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_TRACKER); }

static void charge(lua_State *L, tracker *own) {
    size_t size = tcps_tracker_size(own->t);
    tcpsL_discharge(own->charged);
    own->charged = size;
    tcpsL_charge(L, size);
}

/* core.tracker([{closed=boolean}]) -> tracker: an empty one, for source:pass{tracker=} or tracker:update. With closed=false no connection is reported as closed,
 * and the last batch is not kept for that. */
static int l_tracker(lua_State *L) {
    tracker *own = lua_newuserdatauv(L, sizeof *own, 0);
    *own = (tracker){0};
    luaL_setmetatable(L, TCPSL_TRACKER);
    own->t = tcps_tracker_new();
    if (!own->t) return tcpsL_nomemory(L);
    charge(L, own);
    if (lua_istable(L, 1)) {
        tcps_tracker_list_closed(own->t, lua_getfield(L, 1, "closed") == LUA_TNIL || lua_toboolean(L, -1));
        lua_pop(L, 1);
    }
    return 1;
}

static int l_gc(lua_State *L) {
    tracker *own = check_tracker(L, 1);
    if (own->t) tcps_tracker_free(own->t);
    tcpsL_discharge(own->charged);
    *own = (tracker){0};
    return 0;
}

/* tracker:update(batch [, {monotonic_ns=}]) -> batch: the same with deltas against the one before it, opened() and closed(). `monotonic_ns` is
 * when the batch was collected on a clock that never steps; without it, what the batch itself says. A second argument that is no table is
 * passed over, so that tracker:update(tcpstats.decode(bytes)) does what it looks like: decode gives a position as well. */
static int l_update(lua_State *L) {
    tracker *own = check_tracker(L, 1);
    tcpsL_batch *batch = tcpsL_checkbatch(L, 2);
    lua_Integer monotonic_ns = 0;
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "monotonic_ns");
        monotonic_ns = luaL_optinteger(L, -1, 0);
    }
    tcps_replay_options options = {.tracker = own->t, .selected = batch->rows != NULL, .monotonic_ns = (uint64_t)monotonic_ns};
    int results = tcpsL_replay(L, batch, &options);
    charge(L, own);
    return results;
}

/* tracker:size() -> integer: bytes that it holds, less the last batch. */
static int l_size(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tcps_tracker_size(check_tracker(L, 1)->t));
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
