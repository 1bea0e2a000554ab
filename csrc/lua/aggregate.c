/* Ranking, grouping and folding the rows of a batch. What is asked of every row is either a field, which C reads, or a Lua function;
 * lua/tcpstats/batch.lua makes the pleasant methods of it. */
#include "aggregate/group.h"

#include <stdlib.h>
#include <string.h>

#include "encode/text.h"
#include "lua/asker.h"

#define COLUMN "tcpstats.column"
#define GROUPS "tcpstats.groups"

static tcps_column *check_column(lua_State *L, int arg) { return luaL_checkudata(L, arg, COLUMN); }

static int l_column_gc(lua_State *L) {
    tcps_column_fini(check_column(L, 1));
    return 0;
}

/* core.column(batch, field) or core.column(batch, function, fields, first) -> a number for each row; whatever is no number counts as none */
static int l_column(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    lua_settop(L, 4);
    tcps_column *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (tcps_column){0};
    luaL_setmetatable(L, COLUMN);
    if (lua_type(L, 2) == LUA_TSTRING) {
        if (tcps_column_init_field(c, view, tcpsL_askfield(L, 2)) != TCPS_OK) tcpsL_nomemory(L);
        return 1;
    }
    if (tcps_column_init(c, TCPS_SIGNED, view.count) != TCPS_OK) tcpsL_nomemory(L);
    tcpsL_asker a;
    tcpsL_checkasker(L, 1, 2, &a);
    for (size_t i = 0; i < view.count; i++) {
        tcpsL_ask(L, &a, view.rows[i]);
        if (lua_isinteger(L, -1))
            tcps_column_set_integer(c, i, lua_tointeger(L, -1));
        else if (lua_type(L, -1) == LUA_TNUMBER)
            tcps_column_set_real(c, i, lua_tonumber(L, -1));
        lua_pop(L, 1);
    }
    tcpsL_endasking(&a);
    lua_settop(L, 5);
    return 1;
}

static const tcps_column *check_column_of(lua_State *L, int arg, size_t rows) {
    const tcps_column *c = check_column(L, arg);
    luaL_argcheck(L, c->value && c->count == rows, arg, "the column of another batch");
    return c;
}

/* core.top(batch, n, column) -> the view of the n rows with the largest numbers, largest first */
static int l_top(lua_State *L) {
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    tcps_view view = batch->view;
    lua_Integer most = luaL_checkinteger(L, 2);
    luaL_argcheck(L, most >= 0, 2, "a number of sockets is not negative");
    const tcps_column *c = check_column_of(L, 3, view.count);
    uint32_t *order = lua_newuserdatauv(L, (view.count + 1) * sizeof *order, 0);
    size_t count;
    if (tcps_column_order(c, true, order, &count) != TCPS_OK) tcpsL_nomemory(L);
    if (count > (size_t)most) count = (size_t)most;
    const tcps_row **rows = malloc((count + 1) * sizeof *rows);
    if (!rows) tcpsL_nomemory(L);
    for (size_t i = 0; i < count; i++) rows[i] = view.rows[order[i]];
    tcpsL_pushview(L, 1, rows, count);
    return 1;
}

static tcps_groups *check_groups(lua_State *L, int arg) { return luaL_checkudata(L, arg, GROUPS); }

static int l_groups_gc(lua_State *L) {
    tcps_groups_fini(check_groups(L, 1));
    return 0;
}

static unsigned prefix_length(lua_State *L, const char *name, lua_Integer most) {
    lua_getfield(L, -1, name);
    lua_Integer bits = luaL_checkinteger(L, -1);
    if (bits < 0 || bits > most) luaL_error(L, "%s is from 0 to %d", name, (int)most);
    lua_pop(L, 1);
    return (unsigned)bits;
}

/* The list of {field=, prefix4=, prefix6=} at `arg`; the prefixes may be missing. */
static size_t check_keys(lua_State *L, int arg, tcps_group_key keys[TCPS_GROUP_KEYS]) {
    luaL_checktype(L, arg, LUA_TTABLE);
    lua_Integer n = luaL_len(L, arg);
    luaL_argcheck(L, n >= 1 && n <= TCPS_GROUP_KEYS, arg, "1 to 8 keys");
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(L, arg, i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        lua_getfield(L, -1, "field");
        keys[i] = (tcps_group_key){.field = (uint16_t)tcpsL_askfield(L, -1)};
        lua_pop(L, 1);
        bool network = lua_getfield(L, -1, "prefix4") != LUA_TNIL;
        lua_pop(L, 1);
        if (network) {
            if (tcps_fields[keys[i].field].type != TCPS_T_BYTES) luaL_error(L, "%s is not an address", tcps_fields[keys[i].field].name);
            keys[i].network = true;
            keys[i].prefix4 = (uint8_t)prefix_length(L, "prefix4", 32);
            keys[i].prefix6 = (uint8_t)prefix_length(L, "prefix6", 128);
        }
        lua_pop(L, 1);
    }
    return (size_t)n;
}

/* Whether the row's value is above every integer of Lua: its digits are a key that tells groups apart, which neither a float nor a negative number is. */
static bool exceeds_integer(const tcps_row *row, unsigned field) {
    return tcps_fields[field].type == TCPS_T_U64 && tcps_row_bits(row, field) > LUA_MAXINTEGER;
}

/* [-0, +1] What a row shows under a key. */
static void push_key(lua_State *L, const tcps_row *row, const tcps_group_key *key, int enums) {
    char text[TCPS_ADDRESS_ROOM + 4];
    if (tcps_row_has(row, key->field) && exceeds_integer(row, key->field)) {
        lua_pushlstring(L, text, (size_t)(tcps_text_u64(text, tcps_row_bits(row, key->field)) - text));
        return;
    }
    if (!key->network || !tcps_row_has(row, key->field)) {
        tcpsL_pushfield(L, row, key->field, enums);
        return;
    }
    lua_pushlstring(L, text, tcps_group_network(key, (const tcps_text *)(uintptr_t)tcps_row_bits(row, key->field), text));
}

/* [-0, +1] A list with a list of values for each key, in the order of the groups. */
static void push_key_values(lua_State *L, const tcps_groups *g, tcps_view view, const tcps_group_key *keys, size_t n_keys) {
    tcpsL_pushenums(L);
    int enums = lua_gettop(L);
    lua_createtable(L, (int)n_keys, 0);
    for (size_t k = 0; k < n_keys; k++) {
        lua_createtable(L, (int)g->count, 0);
        for (size_t i = 0; i < g->count; i++) {
            push_key(L, view.rows[g->first[i]], &keys[k], enums);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
}

/* [-0, +1] A list of how many rows each group has. */
static void push_sizes(lua_State *L, const tcps_groups *g) {
    lua_createtable(L, (int)g->count, 0);
    for (size_t i = 0; i < g->count; i++) {
        lua_pushinteger(L, g->size[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* [-0, +1] Groups that own nothing yet. */
static tcps_groups *push_groups(lua_State *L) {
    tcps_groups *g = lua_newuserdatauv(L, sizeof *g, 0);
    *g = (tcps_groups){0};
    luaL_setmetatable(L, GROUPS);
    return g;
}

/* core.group(batch, {{field=, prefix4=, prefix6=}...}, absent) -> groups, a list of sizes, for each key a list of values */
static int l_group(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    tcps_group_key keys[TCPS_GROUP_KEYS];
    size_t n_keys = check_keys(L, 2, keys);
    bool absent = lua_toboolean(L, 3);
    tcps_groups *g = push_groups(L);
    int at = lua_gettop(L);
    if (tcps_groups_by(g, view, keys, n_keys, absent) != TCPS_OK) tcpsL_nomemory(L);
    push_sizes(L, g);
    push_key_values(L, g, view, keys, n_keys);
    lua_replace(L, at + 2);
    lua_settop(L, at + 2);
    return 3;
}

/* core.group_with(batch, function, fields, first) -> groups, sizes, {values}: by what the function says of each row; nil and NaN are no group */
static int l_group_with(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    lua_settop(L, 4);
    tcps_groups *g = push_groups(L); /* 5 */
    lua_newtable(L);                 /* 6: value to group */
    lua_newtable(L);                 /* 7: group to value */
    tcpsL_asker a;
    tcpsL_checkasker(L, 1, 2, &a);
    if (tcps_groups_init(g, view.count) != TCPS_OK) tcpsL_nomemory(L);
    for (size_t i = 0; i < view.count; i++) {
        tcpsL_ask(L, &a, view.rows[i]);
        if (lua_isnil(L, -1) || (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) != lua_tonumber(L, -1))) {
            lua_pop(L, 1);
            continue;
        }
        lua_pushvalue(L, -1);
        uint32_t group;
        if (lua_rawget(L, 6) == LUA_TNIL) {
            if (tcps_groups_add(g, i, &group) != TCPS_OK) tcpsL_nomemory(L);
            lua_pop(L, 1);
            lua_pushvalue(L, -1);
            lua_pushinteger(L, group);
            lua_rawset(L, 6);
            lua_rawseti(L, 7, (lua_Integer)group + 1);
        } else {
            group = (uint32_t)lua_tointeger(L, -1);
            lua_pop(L, 2);
        }
        tcps_groups_put(g, i, group);
    }
    tcpsL_endasking(&a);
    lua_pushvalue(L, 5);
    push_sizes(L, g);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 7);
    lua_rawseti(L, -2, 1);
    return 3;
}

/* core.group_all(batch) -> groups: one group of all rows, none when there are none. */
static int l_group_all(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    tcps_groups *g = push_groups(L);
    uint32_t group;
    if (tcps_groups_init(g, view.count) != TCPS_OK || tcps_groups_add(g, 0, &group) != TCPS_OK) tcpsL_nomemory(L);
    for (size_t i = 0; i < view.count; i++) tcps_groups_put(g, i, group);
    return 1;
}

/* [-0, +1] What fits no integer of Lua is a float there, as a sum of more than 64 bits is. */
static void push_number(lua_State *L, const tcps_number *n) {
    if (n->kind == TCPS_UNSIGNED && n->bits > LUA_MAXINTEGER) {
        lua_pushnumber(L, (lua_Number)n->bits);
        return;
    }
    if (n->kind != TCPS_REAL) {
        lua_pushinteger(L, (lua_Integer)n->bits);
        return;
    }
    double value;
    memcpy(&value, &n->bits, sizeof value);
    lua_pushnumber(L, value);
}

/* core.fold(groups, column, fold [, parameter]) -> list: each group's number, or false when it has none. `fold` is "count", "sum", "min", "max",
 * "mean", "percentile" (the parameter is the percentage) or "at_most" (how many numbers do not exceed the parameter). */
static int l_fold(lua_State *L) {
    static const char *const ops[] = {"count", "sum", "min", "max", "mean", "percentile", "at_most", NULL};
    const tcps_groups *g = check_groups(L, 1);
    luaL_argcheck(L, g->of_row, 1, "no groups");
    const tcps_column *c = check_column_of(L, 2, g->rows);
    tcps_fold_op op = (tcps_fold_op)luaL_checkoption(L, 3, NULL, ops);
    double parameter = op == TCPS_FOLD_PERCENTILE || op == TCPS_FOLD_AT_MOST ? luaL_checknumber(L, 4) : 0;
    luaL_argcheck(L, op != TCPS_FOLD_PERCENTILE || (parameter > 0 && parameter <= 100), 4, "a percentile lies above 0 and is at most 100");
    tcps_number *out = lua_newuserdatauv(L, (g->count + 1) * sizeof *out, 0);
    if (tcps_groups_fold(g, c, op, parameter, out) != TCPS_OK) tcpsL_nomemory(L);
    lua_createtable(L, (int)g->count, 0);
    for (size_t i = 0; i < g->count; i++) {
        if (out[i].present)
            push_number(L, &out[i]);
        else
            lua_pushboolean(L, false);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

void tcpsL_openaggregate(lua_State *L) {
    static const luaL_Reg column_meta[] = {{"__gc", l_column_gc}, {NULL, NULL}};
    static const luaL_Reg groups_meta[] = {{"__gc", l_groups_gc}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"column", l_column},       {"top", l_top},   {"group", l_group}, {"group_with", l_group_with},
                                         {"group_all", l_group_all}, {"fold", l_fold}, {NULL, NULL}};
    luaL_newmetatable(L, COLUMN);
    luaL_setfuncs(L, column_meta, 0);
    luaL_newmetatable(L, GROUPS);
    luaL_setfuncs(L, groups_meta, 0);
    lua_pop(L, 2);
    luaL_setfuncs(L, functions, 0);
}
