/* A socket: one proxy per iteration that shows row after row, and the copies that outlive it.
 *
 * Reading a field must cost little: nearly all of its time are calls of Lua's API, of which there are four. A userdata is a socket when it
 * begins with the address of `kind` (to ask for its metatable takes three calls more), and a name is found by the address of its string, which
 * is the same for equal short strings: 31 -> 21 ns a field (luaL_checkudata alone would take 20). */
#include <stdlib.h>
#include <string.h>

#include "base/bitset.h"
#include "encode/endpoint.h"
#include "encode/text.h"
#include "lua/tcpsl.h"
#include "record/holder_list.h"

/* Upvalues of __index and of the iterator. */
enum { UP_NAMES = 1, UP_ENUMS };

static const char kind;

static tcpsL_socket *to_socket(lua_State *L, int arg) {
    tcpsL_socket *s = lua_touserdata(L, arg);
    if (!s || lua_rawlen(L, arg) < sizeof *s || s->kind != &kind) luaL_typeerror(L, arg, TCPSL_SOCKET);
    return s;
}

enum { NAME_SLOTS = 2 * TCPS_FIELD_LIMIT };

/* The strings of Lua that name fields, by their addresses: open addressing. They are keys of the table of names and so stay where they are. */
typedef struct tcpsL_names {
    const char *name[NAME_SLOTS];
    uint16_t field[NAME_SLOTS];
    uint64_t missed[TCPS_MASK_WORDS]; /* the fields that were asked for by name, and those that a row was asked for and lacks */
} tcpsL_names;
static int names_key; /* of the tcpsL_names in the registry */

/* From 0 to NAME_SLOTS - 1, by the upper bits of the product. */
static unsigned slot_of(const char *name) { return (unsigned)(((uintptr_t)name * 0x9e3779b97f4a7c15u >> 32) * NAME_SLOTS >> 32); }

static void add_name(tcpsL_names *names, const char *name, unsigned field) {
    unsigned i = slot_of(name);
    while (names->name[i]) i = (i + 1) % NAME_SLOTS;
    names->name[i] = name;
    names->field[i] = (uint16_t)field;
}

/* The field of that name; 0 when the string is another than the one that was added. */
static inline unsigned field_at(const tcpsL_names *names, const char *name) {
    unsigned i = slot_of(name);
    while (names->name[i] && names->name[i] != name) i = (i + 1) % NAME_SLOTS;
    return names->name[i] ? names->field[i] : 0;
}

static int stale(lua_State *L) { return luaL_error(L, "stale socket: it is valid only while its loop or hook shows it; keep s:copy() instead"); }

tcpsL_socket *tcpsL_checksocket(lua_State *L, int arg) {
    tcpsL_socket *s = luaL_checkudata(L, arg, TCPSL_SOCKET);
    if (!s->row) stale(L);
    return s;
}

static void push_text(lua_State *L, const tcps_text *text) { lua_pushlstring(L, text->bytes, text->len); }

static void push_address(lua_State *L, const tcps_text *address) {
    char text[TCPS_ADDRESS_ROOM];
    lua_pushlstring(L, text, (size_t)(tcps_text_address(text, address->bytes, address->len) - text));
}

/* A set reads as its words with commas. */
static void push_set(lua_State *L, const ProtobufCEnumDescriptor *e, uint64_t set) {
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (bool first = true; set; set &= set - 1, first = false) {
        const char *word = tcps_enum_word(e, __builtin_ctzll(set));
        if (!first) luaL_addchar(&b, ',');
        luaL_addstring(&b, word ? word : "UNKNOWN");
    }
    luaL_pushresult(&b);
}

/* A list of tables {pid=, fd=, command=}. */
static void push_holders(lua_State *L, const tcps_text *holders) {
    tcps_named_holder h;
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t at = 0; tcps_holder_list_next(holders, &at, &h);) {
        lua_createtable(L, 0, 3);
        lua_pushinteger(L, (int32_t)h.pid);
        lua_setfield(L, -2, "pid");
        lua_pushinteger(L, (int32_t)h.fd);
        lua_setfield(L, -2, "fd");
        if (h.command) {
            lua_pushlstring(L, h.command, h.command_len);
            lua_setfield(L, -2, "command");
        }
        lua_rawseti(L, -2, ++n);
    }
}

void tcpsL_pushfield(lua_State *L, const tcps_row *row, unsigned field, int enums) {
    if (!tcps_row_has(row, field)) {
        lua_pushnil(L);
        return;
    }
    uint64_t bits = tcps_row_bits(row, field);
    const tcps_field *f = &tcps_fields[field];
    switch (f->type) {
    case TCPS_T_U32: lua_pushinteger(L, (uint32_t)bits); break;
    case TCPS_T_I32: lua_pushinteger(L, (int32_t)bits); break;
    case TCPS_T_U64:
    case TCPS_T_I64: lua_pushinteger(L, (lua_Integer)bits); break;
    case TCPS_T_BOOL: lua_pushboolean(L, bits != 0); break;
    case TCPS_T_ENUM:
        if (lua_rawgeti(L, enums, tcpsL_enumkey(field, (uint32_t)bits)) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_pushinteger(L, (lua_Integer)bits);
        }
        break;
    case TCPS_T_SET: push_set(L, f->enum_values, bits); break;
    case TCPS_T_STRING: push_text(L, (const tcps_text *)(uintptr_t)bits); break;
    case TCPS_T_BYTES: push_address(L, (const tcps_text *)(uintptr_t)bits); break;
    case TCPS_T_HOLDERS: push_holders(L, (const tcps_text *)(uintptr_t)bits); break;
    case TCPS_T_NONE: lua_pushnil(L); break;
    }
}

static int unknown_name(lua_State *L) {
    size_t len;
    const char *name = luaL_tolstring(L, 2, &len);
    return tcpsL_nofield(L, name, len);
}

/* s.FIELD or s:METHOD */
static int l_index(lua_State *L) {
    tcpsL_socket *s = to_socket(L, 1);
    if (!s->row) return stale(L);
    unsigned field = field_at(s->names, lua_tostring(L, 2));
    if (!field) {
        lua_pushvalue(L, 2);
        int type = lua_rawget(L, lua_upvalueindex(UP_NAMES));
        if (type != LUA_TNUMBER) return type == LUA_TFUNCTION ? 1 : unknown_name(L);
        field = (unsigned)lua_tointeger(L, -1);
    }
    if (tcps_row_has(s->row, field)) {
        tcpsL_pushfield(L, s->row, field, lua_upvalueindex(UP_ENUMS));
    } else {
        tcps_bitset_add(s->names->missed, field);
        lua_pushnil(L);
    }
    return 1;
}

/* [-0, +1] What is kept of the names of fields. */
static tcpsL_names *push_kept_names(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key);
    return lua_touserdata(L, -1);
}

unsigned tcpsL_askfield(lua_State *L, int arg) {
    unsigned field = tcpsL_checkfield(L, arg);
    tcps_bitset_add(push_kept_names(L)->missed, field);
    lua_pop(L, 1);
    return field;
}

/* core.missed() -> table: its keys are the fields that were asked for since the last call, by name in a view's methods, or of a socket that lacks them. */
static int l_missed(lua_State *L) {
    tcpsL_names *names = push_kept_names(L);
    tcpsL_pushfields(L, names->missed);
    memset(names->missed, 0, sizeof names->missed);
    return 1;
}

static int l_newindex(lua_State *L) { return luaL_error(L, "a socket cannot be written to; s:totable() makes a table"); }

/* [-0, +1] A socket of `size` bytes that shows nothing yet. */
static tcpsL_socket *new_socket(lua_State *L, size_t size, int uservalues) {
    tcpsL_socket *s = lua_newuserdatauv(L, size, uservalues);
    *s = (tcpsL_socket){.kind = &kind};
    s->names = push_kept_names(L);
    lua_pop(L, 1);
    luaL_setmetatable(L, TCPSL_SOCKET);
    return s;
}

/* Shows the next row; false when there is none and the proxy is stale. */
static bool advance(tcpsL_socket *s) {
    s->row = s->next < s->view.count ? s->view.rows[s->next++] : NULL;
    return s->row != NULL;
}

/* The iterator of batch:each: the proxy, then the values that were asked for. */
static int l_next(lua_State *L) {
    tcpsL_socket *s = to_socket(L, 1);
    if (!advance(s)) return 0;
    lua_settop(L, 1);
    luaL_checkstack(L, (int)s->n_fields, NULL);
    for (unsigned i = 0; i < s->n_fields; i++) tcpsL_pushfield(L, s->row, s->fields[i], lua_upvalueindex(UP_ENUMS));
    return 1 + (int)s->n_fields;
}

/* A loop that is left early ends the proxy too. */
static int l_close(lua_State *L) {
    tcpsL_socket *s = to_socket(L, 1);
    s->row = NULL;
    s->next = s->view.count;
    return 0;
}

tcpsL_socket *tcpsL_pushsocket(lua_State *L, int batch) {
    batch = lua_absindex(L, batch);
    tcpsL_batch *b = tcpsL_checkbatch(L, batch);
    tcpsL_socket *s = new_socket(L, sizeof *s, 1);
    s->view = b->view;
    lua_pushvalue(L, batch); /* keeps the rows */
    lua_setiuservalue(L, -2, 1);
    return s;
}

/* batch:each(...) -> (fun(): tcpstats.Socket, ...): walks over the sockets. With names of fields their values come along, which is the fast way:
 *   for s, state, rtt_us in batch:each("state", "rtt_us") do ... end
 * `s` is one proxy that shows socket after socket; s:copy() keeps one.
 * core.each(batch, ...) -> iterator: the same. */
static int l_each(lua_State *L) {
    int top = lua_gettop(L);
    tcpsL_checkbatch(L, 1);
    luaL_argcheck(L, top - 1 <= TCPSL_SOCKET_FIELDS, 2, "too many fields");
    lua_pushvalue(L, lua_upvalueindex(1)); /* the iterator */
    tcpsL_socket *s = tcpsL_pushsocket(L, 1);
    for (int i = 2; i <= top; i++) s->fields[s->n_fields++] = (uint16_t)tcpsL_askfield(L, i);
    lua_pushnil(L);
    lua_pushvalue(L, -2);
    return 4;
}

/* batch:visit(hook, context, handler) -> integer: calls hook(s, context) for every socket, each under pcall, and tells how many failed.
 * handler(message) makes the report of an error (a message handler, as of xpcall), which goes on to the next socket unless it returns false.
 * core.visit(batch, hook, context, handler) -> integer: the same. Raises when there is no memory. */
static int l_visit(lua_State *L) {
    tcpsL_checkbatch(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    lua_settop(L, 4);
    lua_Integer errors = 0;
    bool no_memory = false;
    tcpsL_socket *s = tcpsL_pushsocket(L, 1); /* 5 */
    while (advance(s)) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 5);
        lua_pushvalue(L, 3);
        int status = lua_pcall(L, 2, 0, 4);
        if (status != LUA_OK) {
            errors++;
            no_memory = status == LUA_ERRMEM; /* no handler was called, and the next call would fare no better */
            bool stop = lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1);
            lua_pop(L, 1);
            if (stop || no_memory) break;
        }
    }
    s->row = NULL;
    s->next = s->view.count;
    if (no_memory) return tcpsL_nomemory(L);
    lua_pushinteger(L, errors);
    return 1;
}

/* Bytes that a text takes where values follow that are aligned to 8. */
static size_t text_size(const tcps_text *text) { return (sizeof *text + text->len + 1 + 7) & ~(size_t)7; }

/* The fields of `r` that are texts; gives their number. */
static unsigned list_texts(const tcps_record *r, uint16_t fields[TCPS_FIELD_LIMIT]) {
    unsigned count = 0;
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++)
        for (uint64_t m = r->has[w] & tcps_text_mask[w]; m; m &= m - 1) fields[count++] = (uint16_t)(64 * w + (unsigned)__builtin_ctzll(m));
    return count;
}

/* socket:copy() -> socket: one that stays valid after the loop or hook. */
/* A shape of its own, the row that has just its values, and the texts, in one piece behind the proxy that shows it. */
static int l_copy(lua_State *L) {
    tcps_record r;
    uint16_t texts[TCPS_FIELD_LIMIT];
    tcps_row_unpack(&r, tcpsL_checksocket(L, 1)->row);
    unsigned n_texts = list_texts(&r, texts);
    size_t shape_size = tcps_shape_size(&r), row_size = sizeof(tcps_row) + TCPS_MASK_WORDS * sizeof(uint64_t), size = shape_size + row_size;
    for (unsigned i = 0; i < n_texts; i++) size += text_size((const tcps_text *)(uintptr_t)r.value[texts[i]]);
    tcpsL_socket *copy = new_socket(L, sizeof *copy + size, 0);
    tcps_shape *shape = (tcps_shape *)(copy + 1);
    tcps_row *own = (tcps_row *)((char *)shape + shape_size);
    char *at = (char *)own + row_size;
    for (unsigned i = 0; i < n_texts; i++) {
        uint64_t *value = &r.value[texts[i]];
        const tcps_text *text = (const tcps_text *)(uintptr_t)*value;
        memcpy(at, text, sizeof *text + text->len + 1);
        *value = (uint64_t)(uintptr_t)at;
        at += text_size(text);
    }
    tcps_shape_make(shape, &r);
    tcps_row_plain(own, shape);
    copy->row = own;
    return 1;
}

/* socket:totable() -> (table<tcpstats.FieldName, any>): the fields that are there, by name. */
static int l_totable(lua_State *L) {
    const tcps_row *row = tcpsL_checksocket(L, 1)->row;
    lua_settop(L, 1);
    tcpsL_pushenums(L);
    lua_createtable(L, 0, row->shape->count);
    for (unsigned i = 0; i < row->shape->count; i++) {
        unsigned field = row->shape->fields[i];
        tcpsL_pushfield(L, row, field, 2);
        lua_setfield(L, 3, tcps_fields[field].name);
    }
    return 1;
}

/* next of pairs(s): from one field's name to the next that is there. */
static int l_next_field(lua_State *L) {
    const tcps_row *row = tcpsL_checksocket(L, 1)->row;
    unsigned field = lua_isnoneornil(L, 2) ? 0 : tcpsL_checkfield(L, 2) + 1;
    lua_settop(L, 1);
    tcpsL_pushenums(L);
    for (; field < TCPS_FIELD_LIMIT; field++) {
        if (!tcps_row_has(row, field)) continue;
        lua_pushstring(L, tcps_fields[field].name);
        tcpsL_pushfield(L, row, field, 2);
        return 2;
    }
    return 0;
}

static int l_pairs(lua_State *L) {
    tcpsL_checksocket(L, 1);
    lua_pushcfunction(L, l_next_field);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static void add_end(luaL_Buffer *b, const tcps_endpoint *e) {
    char *room = luaL_prepbuffsize(b, TCPS_ENDPOINT_ROOM);
    luaL_addsize(b, (size_t)(tcps_text_endpoint(room, e) - room));
}

/* Listeners may share an end (SO_REUSEPORT): what tells them apart is the kernel's own number of the socket. */
static void add_identity(luaL_Buffer *b, const tcps_row *row) {
    unsigned field = tcps_row_has(row, TCPS_F_socket_id) ? TCPS_F_socket_id : TCPS_F_inode;
    if (!tcps_row_has(row, field)) return;
    luaL_addstring(b, " #");
    char *room = luaL_prepbuffsize(b, 24);
    luaL_addsize(b, (size_t)(tcps_text_u64(room, tcps_row_bits(row, field)) - room));
}

/* "ESTABLISHED 10.0.0.1:443 -> 10.0.0.2:50000", "LISTEN 0.0.0.0:443 #4711" */
static int l_tostring(lua_State *L) {
    tcpsL_socket *s = luaL_checkudata(L, 1, TCPSL_SOCKET);
    if (!s->row) {
        lua_pushliteral(L, "stale socket");
        return 1;
    }
    const char *state =
        tcps_row_has(s->row, TCPS_F_state) ? tcps_enum_word(tcps_fields[TCPS_F_state].enum_values, (int)tcps_row_bits(s->row, TCPS_F_state)) : NULL;
    tcps_endpoint local = tcps_local_end(s->row), remote = tcps_remote_end(s->row);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, state ? state : "UNKNOWN");
    luaL_addchar(&b, ' ');
    add_end(&b, &local);
    if (remote.port > 0) {
        luaL_addstring(&b, " -> ");
        add_end(&b, &remote);
    } else {
        add_identity(&b, s->row);
    }
    luaL_pushresult(&b);
    return 1;
}

/* [-0, +1] Field names to numbers, method names to functions. Notes where the names are. */
static void push_names(lua_State *L) {
    static const luaL_Reg methods[] = {{"copy", l_copy}, {"totable", l_totable}, {NULL, NULL}};
    tcpsL_names *names = lua_newuserdatauv(L, sizeof *names, 1);
    memset(names, 0, sizeof *names);
    lua_createtable(L, 0, TCPS_FIELD_LIMIT);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        if (tcps_fields[f].type == TCPS_T_NONE) continue;
        add_name(names, lua_pushstring(L, tcps_fields[f].name), f);
        lua_pushinteger(L, f);
        lua_rawset(L, -3);
    }
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1); /* keeps the strings */
    lua_insert(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &names_key);
}

void tcpsL_opensocket(lua_State *L) {
    static const luaL_Reg meta[] = {{"__newindex", l_newindex}, {"__pairs", l_pairs}, {"__tostring", l_tostring}, {"__close", l_close}, {NULL, NULL}};
    luaL_newmetatable(L, TCPSL_SOCKET);
    luaL_setfuncs(L, meta, 0);
    push_names(L);
    tcpsL_pushenums(L);
    lua_pushcclosure(L, l_index, 2);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    /* the module's functions */
    lua_pushnil(L);
    tcpsL_pushenums(L);
    lua_pushcclosure(L, l_next, 2);
    lua_pushcclosure(L, l_each, 1);
    lua_setfield(L, -2, "each");
    lua_pushcfunction(L, l_visit);
    lua_setfield(L, -2, "visit");
    lua_pushcfunction(L, l_missed);
    lua_setfield(L, -2, "missed");
}
