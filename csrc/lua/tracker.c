/* The tracker: deltas, comings and goings. */
#include "lua/tcpsl.h"

static tcpsL_tracker *check_tracker(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_TRACKER); }

/* core.tracker() -> an empty tracker, for source:pass{tracker=} or tracker:update */
static int l_tracker(lua_State *L) {
    tcpsL_tracker *t = lua_newuserdatauv(L, sizeof *t, 0);
    *t = (tcpsL_tracker){0};
    luaL_setmetatable(L, TCPSL_TRACKER);
    t->tracker = tcps_tracker_new();
    return t->tracker ? 1 : luaL_error(L, "no memory");
}

static int l_gc(lua_State *L) {
    tcpsL_tracker *t = check_tracker(L, 1);
    if (t->tracker) tcps_tracker_free(t->tracker);
    t->tracker = NULL;
    return 0;
}

/* Every row of `from`, with its tracking fields, as a row of `to`. */
static tcps_code track(tcps_tracker *t, const tcps_view *from, tcps_batch *to) {
    for (size_t i = 0; i < from->count; i++) {
        tcps_record r;
        tcps_row_unpack(&r, from->rows[i]);
        tcps_code code = tcps_tracker_record(t, &r);
        if (code == TCPS_OK) code = tcps_batch_copy_record(to, &r);
        if (code != TCPS_OK) return code;
        tcps_tracker_kept(t, (uint32_t)i);
    }
    return tcps_tracker_end(t);
}

/* tracker:update(batch [, monotonic_ns]) -> a new batch: the sockets of `batch` compared with those of the previous update.
 * For batches that no collector tracked: parsed or decoded ones. Without a time the batch's own timestamp_ns is it. */
static int l_update(lua_State *L) {
    tcpsL_tracker *t = check_tracker(L, 1);
    tcpsL_batch *from = tcpsL_checkbatch(L, 2);
    uint64_t now = lua_isnoneornil(L, 3) ? from->owner->metadata.timestamp_ns : (uint64_t)luaL_checkinteger(L, 3);
    tcps_batch *to = tcps_batch_like(from->owner);
    if (!to) return luaL_error(L, "no memory");
    tcps_tracker_begin(t->tracker, now, to);
    tcps_code code = track(t->tracker, &from->view, to);
    if (code != TCPS_OK) {
        tcps_tracker_abort(t->tracker);
        tcps_batch_unref(to);
        return luaL_error(L, "no memory");
    }
    tcpsL_pushbatch(L, to, NULL, 0);
    tcps_batch_unref(to);
    return 1;
}

void tcpsL_opentracker(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_gc}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"update", l_update}, {NULL, NULL}};
    luaL_newmetatable(L, TCPSL_TRACKER);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_tracker);
    lua_setfield(L, -2, "tracker");
}
