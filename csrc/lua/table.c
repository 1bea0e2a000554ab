/* Sockets as the lines of a table. A table is {columns = list of {shown=, fields=, right=, dash=, per_second=, paint=, end_quarters=, width=}, seconds=,
 * colored=, ascii=}; csrc/encode/table.h has what they mean. */
#include "encode/table.h"

#include "lua/string_writer.h"
#include "lua/tcpsl.h"

#define MOST_COLUMNS 512

static bool get_flag(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    bool set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

static lua_Integer get_integer(lua_State *L, int table, const char *name, lua_Integer most) {
    lua_getfield(L, table, name);
    lua_Integer n = luaL_optinteger(L, -1, 0);
    if (n < 0 || n > most) luaL_error(L, "%s is from 0 to %I", name, (LUAI_UACINT)most);
    lua_pop(L, 1);
    return n;
}

static int get_option(lua_State *L, int table, const char *name, const char *otherwise, const char *const *options) {
    lua_getfield(L, table, name);
    int option = luaL_checkoption(L, -1, otherwise, options);
    lua_pop(L, 1);
    return option;
}

static void check_column(lua_State *L, int table, tcps_table_column *c) {
    static const char *const shown[] = {"value",  "local",        "remote",       "process", "bytes", "count",
                                        "number", "microseconds", "milliseconds", "backlog", NULL};
    static const char *const paint[] = {"never", "state", "above_zero", NULL};
    luaL_checktype(L, table, LUA_TTABLE);
    *c = (tcps_table_column){
        .shown = (tcps_shown)get_option(L, table, "shown", "value", shown),
        .right = get_flag(L, table, "right"),
        .dash = get_flag(L, table, "dash"),
        .per_second = get_flag(L, table, "per_second"),
        .paint = (tcps_paint)get_option(L, table, "paint", "never", paint),
        .end_quarters = (unsigned)get_integer(L, table, "end_quarters", 4),
        .width = (size_t)get_integer(L, table, "width", INT32_MAX),
    };
    if (lua_getfield(L, table, "fields") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        lua_Integer n = luaL_len(L, -1);
        if (n > TCPS_COLUMN_FIELDS) n = TCPS_COLUMN_FIELDS;
        for (lua_Integer i = 1; i <= n; i++) {
            lua_rawgeti(L, -1, i);
            c->fields[c->n_fields++] = tcpsL_checkfield(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

/* [-0, +1] What stays on the stack has the columns. */
static tcps_table check_table(lua_State *L, int arg) {
    luaL_checktype(L, arg, LUA_TTABLE);
    tcps_table t = {.colored = get_flag(L, arg, "colored"), .charset = get_flag(L, arg, "ascii") ? TCPS_ASCII : TCPS_UTF8};
    lua_getfield(L, arg, "seconds");
    t.seconds = luaL_optnumber(L, -1, 0);
    lua_pop(L, 1);
    lua_getfield(L, arg, "columns");
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_Integer n = luaL_len(L, -1);
    luaL_argcheck(L, n >= 0 && n <= MOST_COLUMNS, arg, "too many columns");
    tcps_table_column *columns = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *columns, 0);
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(L, -2, i + 1);
        check_column(L, lua_gettop(L), &columns[i]);
        lua_pop(L, 1);
    }
    lua_remove(L, -2);
    t.columns = columns;
    t.n = (size_t)n;
    return t;
}

/* core.table_widths(batch, table) -> list: how wide the widest text of each column is; 0: no socket has one */
static int l_widths(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    tcps_table t = check_table(L, 2);
    size_t *widths = lua_newuserdatauv(L, (t.n + 1) * sizeof *widths, 0);
    tcps_table_measure(&t, view, widths);
    lua_createtable(L, (int)t.n, 0);
    for (size_t i = 0; i < t.n; i++) {
        lua_pushinteger(L, (lua_Integer)widths[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* core.table_lines(batch, table, from, to) -> text: the lines of these sockets of the batch */
static int l_lines(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    lua_Integer from = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
    if (to > (lua_Integer)view.count) to = (lua_Integer)view.count;
    luaL_argcheck(L, from >= 1, 3, "1 is the first");
    tcps_table t = check_table(L, 2);
    tcpsL_stringwriter w;
    tcpsL_beginstring(L, &w);
    if (from <= to) tcps_table_lines(&w.base, &t, (tcps_view){view.rows + from - 1, (size_t)(to - from + 1)});
    return tcpsL_endstring(L, &w);
}

void tcpsL_opentable(lua_State *L) {
    static const luaL_Reg functions[] = {{"table_widths", l_widths}, {"table_lines", l_lines}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
