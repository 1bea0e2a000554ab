/* A value of Lua as JSON: what scripts emit that is no batch and no socket.
 *
 * Tables are read raw: no metamethod runs. The text grows in Lua's memory, so that it counts as the script's, and a hook that the watchdog installs
 * is let through at every value: a table of shared tables that would make 2^45 leaves ends at one of the script's limits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encode/json.h"
#include "encode/text.h"
#include "lua/tcpsl.h"

#define DEPTH 100     /* tables in tables */
#define FEW_KEYS 32   /* of these no memory is asked for to sort them */
#define SHORT_LIST 10 /* a list with holes stays a list up to here, or when half of it is there */

/* A table that is being written, and which of its values is. */
typedef struct frame {
    const struct frame *up; /* NULL: none */
    const void *table;
    int key;           /* where the stack has the key; 0: it is `index` */
    lua_Integer index; /* of a list */
} frame;

typedef struct encoder {
    tcps_writer base;
    lua_State *L;
    size_t len, room; /* of what was flushed */
} encoder;

enum { VALUE = 1, FLUSHED, NOT_FINITE, FAILURE, POLL, TOP = POLL }; /* places on the stack */

/* [-0, +0, m] */
static tcps_code keep(tcps_writer *w, const char *bytes, size_t len) {
    encoder *e = (encoder *)w;
    if (e->room - e->len < len) {
        size_t room = 2 * (e->len + len);
        luaL_checkstack(e->L, 2, NULL);
        char *more = lua_newuserdatauv(e->L, room, 0);
        if (e->len) memcpy(more, lua_touserdata(e->L, FLUSHED), e->len);
        lua_replace(e->L, FLUSHED);
        e->room = room;
    }
    memcpy((char *)lua_touserdata(e->L, FLUSHED) + e->len, bytes, len);
    e->len += len;
    return TCPS_OK;
}

/* Lets a hook run that waits for the next instruction of Lua: in C there is none. */
static void let_hook_run(lua_State *L) {
    if (!lua_gethook(L)) return;
    lua_pushvalue(L, POLL);
    lua_call(L, 0, 0);
}

/* Adds "peers[3].name" to the buffer. */
static void add_path(lua_State *L, luaL_Buffer *b, const frame *f) {
    if (!f) return;
    add_path(L, b, f->up);
    const char *name = f->key ? lua_tostring(L, f->key) : NULL;
    if (f->key == 0 || lua_type(L, f->key) == LUA_TNUMBER) {
        if (f->key)
            lua_pushfstring(L, "[%s]", name);
        else
            lua_pushfstring(L, "[%I]", (LUAI_UACINT)f->index);
    } else if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] == 0) {
        lua_pushfstring(L, f->up ? ".%s" : "%s", name);
    } else {
        lua_pushfstring(L, "[\"%s\"]", name);
    }
    luaL_addvalue(b);
}

/* [-0, +1] */
static void push_path(lua_State *L, const frame *f) {
    luaL_Buffer b;
    luaL_checkstack(L, 4, NULL);
    luaL_buffinit(L, &b);
    if (f)
        add_path(L, &b, f);
    else
        luaL_addstring(&b, "this value");
    luaL_pushresult(&b);
}

/* Notes what is wrong with the value at `f`. */
static bool fail(encoder *e, const frame *f, const char *what) {
    lua_State *L = e->L;
    push_path(L, f);
    lua_pushfstring(L, "%s cannot be JSON: it %s", lua_tostring(L, -1), what);
    lua_replace(L, FAILURE);
    lua_pop(L, 1);
    return false;
}

static bool put_literal(encoder *e, const char *literal) {
    tcps_writer_put(&e->base, literal, strlen(literal));
    return true;
}

/* Fields of 64 bits without a sign are bits in Lua: under the name of one, a negative integer is such a value. */
static bool is_unsigned(lua_State *L, const frame *f) {
    if (!f || !f->key || lua_type(L, f->key) != LUA_TSTRING) return false;
    size_t len;
    const char *name = lua_tolstring(L, f->key, &len);
    const tcps_field *field = tcps_field_named(name, len);
    return field && field->type == TCPS_T_U64;
}

static bool put_number(encoder *e, int value, const frame *f) {
    lua_State *L = e->L;
    tcps_writer *w = &e->base;
    tcps_writer_room(w, 40);
    if (lua_isinteger(L, value)) {
        lua_Integer v = lua_tointeger(L, value);
        w->at = v < 0 && is_unsigned(L, f) ? tcps_text_u64(w->at, (uint64_t)v) : tcps_text_i64(w->at, v);
        return true;
    }
    lua_Number v = lua_tonumber(L, value);
    if (isfinite(v)) {
        w->at = tcps_text_double(w->at, v);
        return true;
    }
    if (lua_isnil(L, NOT_FINITE)) {
        push_path(L, f);
        lua_replace(L, NOT_FINITE);
    }
    return put_literal(e, "null");
}

static bool put_userdata(encoder *e, int value, const frame *f) {
    const tcpsL_socket *s = luaL_testudata(e->L, value, TCPSL_SOCKET);
    if (s && !s->row) return fail(e, f, "is a stale socket");
    if (s) {
        tcps_json_row(&e->base, s->row, TCPS_JSON_FLAT);
        return true;
    }
    const tcpsL_batch *b = luaL_testudata(e->L, value, TCPSL_BATCH);
    if (!b) return fail(e, f, "is a userdata");
    put_literal(e, "[");
    for (size_t i = 0; i < b->view.count; i++) {
        if (i) put_literal(e, ",");
        tcps_json_row(&e->base, b->view.rows[i], TCPS_JSON_FLAT);
        let_hook_run(e->L);
    }
    return put_literal(e, "]");
}

static bool put_value(encoder *e, int value, const frame *f, unsigned depth);

static bool put_list(encoder *e, int table, frame *f, lua_Integer n, unsigned depth) {
    lua_State *L = e->L;
    put_literal(e, "[");
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1) put_literal(e, ",");
        f->index = i;
        lua_rawgeti(L, table, i);
        if (!put_value(e, lua_gettop(L), f, depth)) return false;
        lua_pop(L, 1);
    }
    return put_literal(e, "]");
}

/* A key as text, and where the list of keys has it. */
typedef struct entry {
    const char *text;
    size_t len;
    lua_Integer at;
} entry;

static int compare(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* [-0, +1] The table's keys: the list has key i at i, and of a number its text at -i. False: one can be no key. */
static bool push_keys(encoder *e, int table, entry *entries, lua_Integer n, const frame *f) {
    lua_State *L = e->L;
    lua_createtable(L, (int)n, 0);
    int keys = lua_gettop(L);
    lua_Integer i = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        int type = lua_type(L, -1);
        if (type != LUA_TSTRING && type != LUA_TNUMBER) {
            lua_pushfstring(L, "has a key that is a %s", lua_typename(L, type));
            return fail(e, f, lua_tostring(L, -1));
        }
        i++;
        lua_pushvalue(L, -1);
        lua_rawseti(L, keys, i);
        lua_pushvalue(L, -1);
        entries[i - 1].text = lua_tolstring(L, -1, &entries[i - 1].len);
        entries[i - 1].at = i;
        if (type == LUA_TNUMBER)
            lua_rawseti(L, keys, -i);
        else
            lua_pop(L, 1);
    }
    return true;
}

static bool put_object(encoder *e, int table, frame *f, lua_Integer n, unsigned depth) {
    lua_State *L = e->L;
    int top = lua_gettop(L);
    entry few[FEW_KEYS], *entries = n <= FEW_KEYS ? few : lua_newuserdatauv(L, (size_t)n * sizeof *entries, 0);
    if (!push_keys(e, table, entries, n, f->up)) return false;
    int keys = lua_gettop(L);
    qsort(entries, (size_t)n, sizeof *entries, compare);
    put_literal(e, "{");
    for (lua_Integer i = 0; i < n; i++) {
        if (i && compare(&entries[i - 1], &entries[i]) == 0) return fail(e, f->up, "has a number and the same number as text for keys");
        if (i) put_literal(e, ",");
        tcps_json_string(&e->base, entries[i].text, entries[i].len);
        put_literal(e, ":");
        lua_rawgeti(L, keys, entries[i].at);
        f->key = keys + 1;
        lua_pushvalue(L, -1);
        lua_rawget(L, table);
        if (!put_value(e, keys + 2, f, depth)) return false;
        lua_settop(L, keys);
    }
    lua_settop(L, top);
    return put_literal(e, "}");
}

typedef enum kind { OBJECT, LIST, UNSAID } kind;

/* What the table's metatable says that it is: __jsontype = "array" or "object". */
static kind said_kind(lua_State *L, int table) {
    kind said = UNSAID;
    if (!lua_getmetatable(L, table)) return said;
    lua_pushliteral(L, "__jsontype");
    if (lua_rawget(L, -2) == LUA_TSTRING) said = strcmp(lua_tostring(L, -1), "array") == 0 ? LIST : OBJECT;
    lua_pop(L, 2);
    return said;
}

static bool put_table(encoder *e, int table, const frame *up, unsigned depth) {
    lua_State *L = e->L;
    frame f = {.up = up, .table = lua_topointer(L, table)};
    for (const frame *other = up; other; other = other->up)
        if (other->table == f.table) return fail(e, up, "contains itself");
    if (depth == DEPTH) return fail(e, up, "lies in more than 100 tables");
    luaL_checkstack(L, 12, "JSON");
    lua_Integer n = 0, last = 0;
    bool is_list = true;
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1), n++) {
        lua_Integer index = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        is_list = is_list && index >= 1;
        if (index > last) last = index;
    }
    kind said = said_kind(L, table);
    if (said == LIST && !is_list) return fail(e, up, "is said to be an array and has other keys than indices");
    is_list = is_list && (last <= SHORT_LIST || last / 2 <= n);
    if (said == LIST || (said == UNSAID && is_list && n)) return put_list(e, table, &f, last, depth + 1);
    return put_object(e, table, &f, n, depth + 1);
}

/* Puts the value at the index `value` of the stack, which lies in the table of `f`. */
static bool put_value(encoder *e, int value, const frame *f, unsigned depth) {
    lua_State *L = e->L;
    let_hook_run(L);
    size_t len;
    const char *text;
    switch (lua_type(L, value)) {
    case LUA_TNIL: return put_literal(e, "null");
    case LUA_TBOOLEAN: return put_literal(e, lua_toboolean(L, value) ? "true" : "false");
    case LUA_TNUMBER: return put_number(e, value, f);
    case LUA_TSTRING:
        text = lua_tolstring(L, value, &len);
        tcps_json_string(&e->base, text, len);
        return true;
    case LUA_TTABLE: return put_table(e, value, f, depth);
    case LUA_TUSERDATA: return put_userdata(e, value, f);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, value)) return put_literal(e, "null"); /* lua-cjson's null */
        return fail(e, f, "is a userdata");
    default: lua_pushfstring(L, "is a %s", luaL_typename(L, value)); return fail(e, f, lua_tostring(L, -1));
    }
}

/* core.json(value) -> text, path
 * The value as JSON on one line; nil, text, "EUSAGE" when it can be none. `path` is where the first number stood that is not finite and became null;
 * nil when there is none. */
static int l_json(lua_State *L) {
    static const char scratch;
    luaL_checkany(L, 1);
    lua_settop(L, VALUE);
    lua_settop(L, FAILURE);
    lua_pushvalue(L, lua_upvalueindex(1)); /* POLL */
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &scratch) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        lua_newuserdatauv(L, TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK, 0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &scratch);
    }
    encoder e = {.L = L};
    tcps_writer_over(&e.base, lua_touserdata(L, -1), keep);
    if (!put_value(&e, VALUE, NULL, 0)) {
        lua_pushnil(L);
        lua_pushvalue(L, FAILURE);
        lua_pushliteral(L, "EUSAGE");
        return 3;
    }
    if (e.len) {
        tcps_writer_end(&e.base);
        lua_pushlstring(L, lua_touserdata(L, FLUSHED), e.len);
    } else {
        lua_pushlstring(L, e.base.begin, (size_t)(e.base.at - e.base.begin));
    }
    lua_pushvalue(L, NOT_FINITE);
    return 2;
}

void tcpsL_openvaluejson(lua_State *L) {
    if (luaL_loadstring(L, "return") != LUA_OK) lua_error(L);
    lua_pushcclosure(L, l_json, 1);
    lua_setfield(L, -2, "json");
}
