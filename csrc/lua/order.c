/* The order of a list: what group_by and its lists sort by. Lua's own table.sort calls a Lua function some 17 times for each of 100,000 groups. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lua/tcpsl.h"

typedef struct number {
    enum { NONE, INTEGER, REAL } kind;
    lua_Integer integer;
    double real; /* of both */
} number;

typedef struct item {
    number value;
    number key;
    const char *text; /* the key's, unless it is a number */
    size_t len;
    lua_Integer index;
} item;

static number to_number(lua_State *L, int arg) {
    if (lua_isinteger(L, arg)) return (number){INTEGER, lua_tointeger(L, arg), (double)lua_tointeger(L, arg)};
    double real = lua_type(L, arg) == LUA_TNUMBER ? lua_tonumber(L, arg) : NAN;
    return (number){isnan(real) ? NONE : REAL, 0, real};
}

static int compare(const number *a, const number *b) {
    if (a->kind == NONE || b->kind == NONE) return (a->kind != NONE) - (b->kind != NONE);
    if (a->kind == INTEGER && b->kind == INTEGER) return (a->integer > b->integer) - (a->integer < b->integer);
    return (a->real > b->real) - (a->real < b->real);
}

static int compare_texts(const item *a, const item *b) {
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_items(const void *left, const void *right) {
    const item *a = left, *b = right;
    int order = compare(&b->value, &a->value);
    if (!order) order = (a->key.kind == NONE) - (b->key.kind == NONE);
    if (!order) order = a->key.kind == NONE ? compare_texts(a, b) : compare(&a->key, &b->key);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* [-0, +0] Reads the element `i` of the lists at 1 and 2. A text that is made for it goes into the table at 3. */
static void read_item(lua_State *L, lua_Integer i, item *to) {
    lua_rawgeti(L, 1, i);
    lua_rawgeti(L, 2, i);
    *to = (item){.value = to_number(L, -2), .key = to_number(L, -1), .index = i};
    if (lua_type(L, -1) == LUA_TSTRING) {
        to->text = lua_tolstring(L, -1, &to->len);
    } else if (to->key.kind == NONE) {
        to->text = luaL_tolstring(L, -1, &to->len);
        lua_rawseti(L, 3, i);
    }
    lua_pop(L, 2);
}

/* core.order(values, keys, n) -> list of integers: the indices 1 to n by their values, largest first; those whose value is not a number come last. Equal
 * ones are ordered by their keys: numbers, then the texts of the others. */
static int l_order(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer n = luaL_checkinteger(L, 3);
    luaL_argcheck(L, n >= 0 && n < INT32_MAX, 3, "not the length of a list");
    lua_settop(L, 2);
    lua_newtable(L);
    item *items = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *items, 0);
    for (lua_Integer i = 1; i <= n; i++) read_item(L, i, &items[i - 1]);
    qsort(items, (size_t)n, sizeof *items, compare_items);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_pushinteger(L, items[i - 1].index);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

void tcpsL_openorder(lua_State *L) {
    lua_pushcfunction(L, l_order);
    lua_setfield(L, -2, "order");
}
