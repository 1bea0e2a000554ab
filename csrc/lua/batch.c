/* A batch, or a view of one: what scripts walk over. */
#include <stdlib.h>
#include <string.h>

#include "filter/filter.h"
#include "lua/asker.h"
#include "lua/outside.h"
#include "lua/replay.h"

/* The user value of a batch: what chose its rows, so that opened() and closed() choose alike when somebody asks for them. A list of function or
 * filter, fields, first (see tcpsL_checkasker) and the list of the choice before it; nil: nothing was chosen. */
enum { CHOICES = 1 };

tcpsL_batch *tcpsL_checkbatch(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_BATCH); }

void tcpsL_pushbatch(lua_State *L, tcps_pass *pass, const tcps_row **rows, size_t count) {
    tcpsL_batch *batch = lua_newuserdatauv(L, sizeof *batch, 1);
    batch->pass = tcps_pass_ref(pass);
    batch->rows = rows;
    batch->view = rows ? (tcps_view){rows, count} : pass->all;
    batch->charged = rows ? count * sizeof *rows : 0;
    luaL_setmetatable(L, TCPSL_BATCH);
    tcpsL_charge(L, batch->charged);
}

static int l_gc(lua_State *L) {
    tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    tcps_pass_unref(batch->pass);
    free(batch->rows);
    tcpsL_discharge(batch->charged);
    batch->charged = 0;
    batch->pass = NULL;
    batch->rows = NULL;
    batch->view.count = 0;
    return 0;
}

static int l_len(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tcpsL_checkbatch(L, 1)->view.count);
    return 1;
}

/* What a batch has besides methods (upvalue 1: their table). Each reading makes a new table.
 * batch.metadata -> (tcpstats.CollectionMetadata): when, where and how the batch was collected.
 * batch.summary -> (tcpstats.SystemSummary?): the system's own counters and the sockets by state; nil when nobody asked.
 * batch.tracked -> boolean: a tracker compared it with a batch before, or it is the first of a tracker.
 * batch.warnings -> (tcpstats.Warning[]): what went wrong without ending the pass. */
static int l_index(lua_State *L) {
    tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    const tcps_pass *pass = batch->pass;
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "metadata") == 0) {
        tcpsL_pushmessage(L, &pass->metadata.base);
    } else if (strcmp(name, "summary") == 0) {
        if (!pass->has_summary) return 0;
        tcpsL_pushmessage(L, &pass->summary.base);
    } else if (strcmp(name, "since_ns") == 0) {
        if (!pass->since_ns) return 0;
        lua_pushinteger(L, (lua_Integer)pass->since_ns);
    } else if (strcmp(name, "tracked") == 0) {
        lua_pushboolean(L, pass->tracked);
    } else if (strcmp(name, "warnings") == 0) {
        lua_newtable(L);
        lua_Integer n = 0;
        for (const tcps_warning *w = pass->warnings; w; w = w->next) {
            lua_createtable(L, 0, 3);
            lua_pushstring(L, w->status.what);
            lua_setfield(L, -2, "what");
            lua_pushstring(L, tcps_code_name(w->status.code));
            lua_setfield(L, -2, "code");
            lua_pushinteger(L, (lua_Integer)w->status.offset);
            lua_setfield(L, -2, "offset");
            lua_rawseti(L, -2, ++n);
        }
    } else {
        lua_pushvalue(L, 2);
        lua_gettable(L, lua_upvalueindex(1));
    }
    return 1;
}

int tcpsL_replay(lua_State *L, const tcpsL_batch *batch, const tcps_replay_options *options) {
    tcpsL_freebatches(L);
    tcps_pass *pass;
    if (tcps_replay(batch->pass, batch->view, options, &pass) != TCPS_OK) return tcpsL_nomemory(L);
    tcpsL_pushbatch(L, pass, NULL, 0);
    tcps_pass_unref(pass);
    return 1;
}

void tcpsL_pushview(lua_State *L, int batch, const tcps_row **rows, size_t count) {
    batch = lua_absindex(L, batch);
    tcpsL_pushbatch(L, tcpsL_checkbatch(L, batch)->pass, rows, count);
    lua_getiuservalue(L, batch, CHOICES);
    lua_setiuservalue(L, -2, CHOICES);
}

/* [-0, +1] Room for rows while Lua may raise: their place on the stack keeps it. */
static const tcps_row **push_rows(lua_State *L, tcps_view from) {
    const tcps_row **rows = lua_newuserdatauv(L, (from.count + 1) * sizeof *rows, 0);
    if (from.count) memcpy(rows, from.rows, from.count * sizeof *rows);
    return rows;
}

/* [-0, +1] The view of `count` rows of the batch at index `batch`. */
static void push_copy(lua_State *L, int batch, const tcps_row *const *from, size_t count) {
    const tcps_row **rows = malloc((count + 1) * sizeof *rows);
    if (!rows) tcpsL_nomemory(L);
    memcpy(rows, from, count * sizeof *rows);
    tcpsL_pushview(L, batch, rows, count);
}

/* Keeps of `rows` those that the filter at `arg` matches; gives their number. */
static size_t keep_matching(lua_State *L, int arg, const tcps_row **rows, size_t count) {
    const tcps_filter *filter = *(tcps_filter **)luaL_checkudata(L, arg, TCPSL_FILTER);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (tcps_filter_match_row(filter, rows[i])) rows[kept++] = rows[i];
    return kept;
}

/* Keeps of `rows` of batch 1 what the choice at arg, arg + 1 and arg + 2 says; gives their number. */
static size_t keep_chosen(lua_State *L, int arg, const tcps_row **rows, size_t count) {
    if (lua_isuserdata(L, arg)) return keep_matching(L, arg, rows, count);
    int top = lua_gettop(L);
    tcpsL_asker a;
    tcpsL_checkasker(L, 1, arg, &a);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        tcpsL_ask(L, &a, rows[i]);
        if (lua_toboolean(L, -1)) rows[kept++] = rows[i];
        lua_pop(L, 1);
    }
    tcpsL_endasking(&a);
    lua_settop(L, top);
    return kept;
}

/* The view on top was chosen from batch 1 by what is at 2 to 4. */
static void note_choice(lua_State *L) {
    lua_createtable(L, 4, 0);
    for (int i = 1; i <= 3; i++) {
        lua_pushvalue(L, 1 + i);
        lua_rawseti(L, -2, i);
    }
    lua_getiuservalue(L, 1, CHOICES);
    lua_rawseti(L, -2, 4);
    lua_setiuservalue(L, -2, CHOICES);
}

/* batch:select(predicate) -> view: the sockets for which predicate(socket) is true; a compiled filter does as well. batch:filter takes text, too. */
/* What is compiled passes two arguments more: a list of fields and a value, and the function gets that value and those of the fields in place of
 * the socket. */
static int l_select(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    lua_settop(L, 4);
    const tcps_row **rows = push_rows(L, view);
    push_copy(L, 1, rows, keep_chosen(L, 2, rows, view.count));
    note_choice(L);
    return 1;
}

/* [-0, +1] The view of those of the rows that the choices of batch 1 keep. The earliest choice comes first, as it did. */
static int push_chosen(lua_State *L, tcps_view from) {
    lua_settop(L, 1);
    const tcps_row **rows = push_rows(L, from);
    size_t count = from.count;
    int choices = 0;
    for (lua_getiuservalue(L, 1, CHOICES); lua_istable(L, -1); choices++) {
        luaL_checkstack(L, LUA_MINSTACK, "too many filters of filters");
        lua_rawgeti(L, -1, 4);
    }
    lua_pop(L, 1);
    for (; choices > 0; choices--) {
        int choice = lua_gettop(L);
        for (int i = 1; i <= 3; i++) lua_rawgeti(L, choice, i);
        count = keep_chosen(L, choice + 1, rows, count);
        lua_settop(L, choice - 1);
    }
    push_copy(L, 1, rows, count);
    return 1;
}

/* batch:opened() -> view: the connections first seen in this pass. Empty in the first pass. */
static int l_opened(lua_State *L) { return push_chosen(L, tcpsL_checkbatch(L, 1)->pass->opened); }

/* batch:closed() -> view: the last values of the connections that are gone since the previous pass. */
static int l_closed(lua_State *L) { return push_chosen(L, tcpsL_checkbatch(L, 1)->pass->closed); }

/* core.replay(batch, tracker or nil, filter or nil) -> batch: what a decoded batch would have been here, with deltas, comings and goings, less what
 * the filter refuses. */
static int l_replay(lua_State *L) {
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    tcps_tracker **tracker = lua_isnoneornil(L, 2) ? NULL : luaL_checkudata(L, 2, TCPSL_TRACKER);
    tcps_filter **filter = lua_isnoneornil(L, 3) ? NULL : luaL_checkudata(L, 3, TCPSL_FILTER);
    tcps_replay_options options = {
        .tracker = tracker ? *tracker : NULL, .filter = filter ? *filter : NULL, .selected = batch->rows != NULL, .keep_deltas = true};
    if (tracker || filter) return tcpsL_replay(L, batch, &options); /* the arguments stay on the stack, which keeps them */
    lua_settop(L, 1);
    return 1;
}

void tcpsL_openbatch(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_gc}, {"__len", l_len}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"opened", l_opened}, {"closed", l_closed}, {"select", l_select}, {NULL, NULL}};
    luaL_newmetatable(L, TCPSL_BATCH);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_getfield(L, -3, "each");
    lua_setfield(L, -2, "each");
    lua_getfield(L, -3, "visit");
    lua_setfield(L, -2, "visit");
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "batch_methods"); /* where Lua adds its own */
    lua_pushcclosure(L, l_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_replay);
    lua_setfield(L, -2, "replay");
}
