/* A batch, or a view of one: what scripts walk over and encoders write. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter/filter.h"
#include "lua/asker.h"
#include "lua/replay.h"
#include "lua/waiting.h"

/* The user value of a batch: what chose its rows, so that opened() and closed() choose alike when somebody asks for them. A list of function or
 * filter, fields, first (see tcpsL_checkasker) and the list of the choice before it; nil: nothing was chosen. */
enum { CHOICES = 1 };

tcpsL_batch *tcpsL_checkbatch(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_BATCH); }

void tcpsL_pushbatch(lua_State *L, tcps_pass *pass, const tcps_row **rows, size_t count) {
    tcpsL_batch *batch = lua_newuserdatauv(L, sizeof *batch, 1);
    batch->pass = tcps_pass_ref(pass);
    batch->rows = rows;
    batch->view = rows ? (tcps_view){rows, count} : pass->all;
    luaL_setmetatable(L, TCPSL_BATCH);
}

/* Lua sees little of a batch's memory and would let hundreds of them pile up: a pass over 100,000 sockets takes 27 MB of ours and some 100 bytes
 * of Lua's. A step of the collector finds most of them, at the cost of some ten microseconds; all is collected when memory has doubled since. */
void tcpsL_freebatches(lua_State *L) {
    enum { LITTLE = 1 << 20, MUCH = 16 << 20 };
    static _Thread_local size_t left; /* after all was collected */
    if (tcps_arena_in_use() < LITTLE) return;
    lua_gc(L, LUA_GCSTEP, 0);
    if (tcps_arena_in_use() < 2 * left + MUCH) return;
    lua_gc(L, LUA_GCCOLLECT);
    left = tcps_arena_in_use();
}

static int l_gc(lua_State *L) {
    tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    tcps_pass_unref(batch->pass);
    free(batch->rows);
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
    if (tcps_replay(batch->pass, batch->view, options, &pass) != TCPS_OK) return luaL_error(L, "no memory");
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
    if (!rows) luaL_error(L, "no memory");
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

/* A column that is no field of the sockets: of the batch's metadata, the same on every line. Its text goes into the table at `texts`. */
static void check_constant_column(lua_State *L, const tcps_pass *pass, int texts, tcps_csv_column *c) {
    const ProtobufCMessageDescriptor *d = pass->metadata.base.descriptor;
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(d, c->name);
    if (!f || f->label == PROTOBUF_C_LABEL_REPEATED) tcpsL_checkfield(L, -1); /* raises */
    tcpsL_pushmessage(L, &pass->metadata.base);
    lua_getfield(L, -1, c->name);
    c->text = lua_isnil(L, -1) ? "" : luaL_tolstring(L, -1, &c->len);
    lua_rawsetp(L, texts, c);
    lua_settop(L, texts + 1);
}

/* [-0, +3] The columns of CSV: options.fields, or every field. The upper two of what stays on the stack, the columns and their texts, keep them. */
static void check_columns(lua_State *L, const tcps_pass *pass, int options, tcps_format *f) {
    bool chosen = lua_istable(L, options) && lua_getfield(L, options, "fields") != LUA_TNIL;
    if (!lua_istable(L, options)) lua_pushnil(L);
    int names = lua_gettop(L);
    if (chosen) luaL_checktype(L, names, LUA_TTABLE);
    f->n_columns = chosen ? (size_t)luaL_len(L, names) : TCPS_FIELD_LIMIT;
    luaL_argcheck(L, f->n_columns >= 1 && f->n_columns <= 2 * TCPS_FIELD_LIMIT, options, "fields: a list of names");
    tcps_csv_column *columns = lua_newuserdatauv(L, f->n_columns * sizeof *columns, 0);
    f->columns = columns;
    lua_newtable(L); /* keeps texts */
    int texts = lua_gettop(L);
    size_t n = 0;
    for (unsigned field = 0; !chosen && field < TCPS_FIELD_LIMIT; field++)
        if (tcps_fields[field].type != TCPS_T_NONE) columns[n++] = (tcps_csv_column){.name = tcps_fields[field].name, .field = field};
    for (; chosen && n < f->n_columns; n++) {
        lua_rawgeti(L, names, (lua_Integer)n + 1);
        size_t len;
        const char *name = luaL_checklstring(L, -1, &len);
        const tcps_field *field = tcps_field_named(name, len);
        columns[n] = (tcps_csv_column){.name = name, .field = field ? field->number : 0};
        lua_pushvalue(L, -1);
        lua_rawseti(L, texts, (lua_Integer)n + 1);
        if (!field) check_constant_column(L, pass, texts, &columns[n]);
        lua_settop(L, texts);
    }
    f->n_columns = n;
}

tcps_format tcpsL_checkformat(lua_State *L, const tcps_pass *pass, int name, int options) {
    static const char *const names[] = {"json", "flat", "protobuf", "csv", NULL};
    static const char *const addresses[] = {"base64", "text", NULL};
    tcps_format f = {.kind = (tcps_format_kind)luaL_checkoption(L, name, "json", names)};
    f.style = f.kind == TCPS_FORMAT_FLAT ? TCPS_JSON_FLAT : TCPS_JSON_CANONICAL;
    if (lua_istable(L, options) && f.kind == TCPS_FORMAT_JSON) {
        lua_getfield(L, options, "pretty");
        f.pretty = lua_toboolean(L, -1);
        if (lua_getfield(L, options, "addresses") != LUA_TNIL && luaL_checkoption(L, -1, NULL, addresses) == 1) f.style = TCPS_JSON_TEXT;
        lua_pop(L, 2);
    }
    if (f.kind == TCPS_FORMAT_CSV) {
        f.header = true;
        if (lua_istable(L, options)) {
            f.header = lua_getfield(L, options, "header") == LUA_TNIL || lua_toboolean(L, -1);
            lua_pop(L, 1);
        }
        check_columns(L, pass, options, &f);
    }
    return f;
}

typedef struct string_writer {
    tcps_writer base;
    luaL_Buffer *buffer;
} string_writer;

/* [-0, +1] Memory for a writer, the same every time: one socket as JSON would take longer to make room for than to write. */
static char *push_scratch(lua_State *L) {
    static const char key;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        lua_newuserdatauv(L, TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK, 0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    }
    return lua_touserdata(L, -1);
}

static tcps_code add_to_string(tcps_writer *w, const char *bytes, size_t len) {
    luaL_addlstring(((string_writer *)w)->buffer, bytes, len);
    return TCPS_OK;
}

/* batch:encode(format [, {pretty=, addresses=}]) -> string: the batch in a format. `pretty` and `addresses` are for "json". */
static int l_encode(lua_State *L) {
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    lua_settop(L, 3);
    tcps_format f = tcpsL_checkformat(L, batch->pass, 2, 3);
    luaL_Buffer buffer;
    string_writer w = {.buffer = &buffer};
    tcps_writer_over(&w.base, push_scratch(L), add_to_string);
    luaL_buffinit(L, &buffer);
    tcps_encode(&w.base, batch->pass, batch->view, &f);
    if (tcps_writer_end(&w.base) != TCPS_OK) return luaL_error(L, "no memory");
    luaL_pushresult(&buffer);
    return 1;
}

typedef struct fd_writer {
    tcps_writer base;
    int fd, error;
    const tcpsL_waiting *waiting; /* who wants to know of the time that a write takes; may be NULL */
} fd_writer;

static const tcpsL_waiting *get_waiting(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, TCPSL_WAITING);
    const tcpsL_waiting *waiting = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return waiting;
}

static tcps_code write_to_fd(tcps_writer *w, const char *bytes, size_t len) {
    fd_writer *f = (fd_writer *)w;
    while (len) {
        if (f->waiting) f->waiting->begin();
        ssize_t n = write(f->fd, bytes, len);
        if (f->waiting) f->waiting->end();
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            f->error = errno;
            return TCPS_SYSTEM;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return TCPS_OK;
}

/* batch:write(fd, format [, {pretty=, addresses=}]) -> true, or nil, text, code. "EPIPE" when the reader is gone. Nothing becomes a Lua string on
 * the way. */
static int l_write(lua_State *L) {
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    fd_writer w = {.fd = (int)luaL_checkinteger(L, 2), .waiting = get_waiting(L)};
    lua_settop(L, 4);
    tcps_format f = tcpsL_checkformat(L, batch->pass, 3, 4);
    if (tcps_writer_init(&w.base, write_to_fd) == TCPS_OK) tcps_encode(&w.base, batch->pass, batch->view, &f);
    tcps_code code = tcps_writer_fini(&w.base);
    if (code == TCPS_OK) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, w.error ? strerror(w.error) : "no memory");
    lua_pushstring(L, w.error == EPIPE ? "EPIPE" : tcps_code_name(code));
    return 3;
}

/* core.socket_json(socket [, style]) -> string: one object; style is "canonical", "text" or "flat" (which it is without one). */
static int l_socket_json(lua_State *L) {
    static const char *const styles[] = {"canonical", "text", "flat", NULL};
    const tcps_row *row = tcpsL_checksocket(L, 1)->row;
    tcps_json_style style = (tcps_json_style)luaL_checkoption(L, 2, "flat", styles);
    luaL_Buffer buffer;
    string_writer w = {.buffer = &buffer};
    tcps_writer_over(&w.base, push_scratch(L), add_to_string);
    luaL_buffinit(L, &buffer);
    tcps_json_row(&w.base, row, style);
    tcps_writer_end(&w.base);
    luaL_pushresult(&buffer);
    return 1;
}

/* core.decode(bytes [, position]) -> batch, position, or nil, text, code. The position is behind the batch. "ETRUNCATED": the message goes on behind
 * the bytes. */
static int l_decode(lua_State *L) {
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    lua_Integer position = luaL_optinteger(L, 2, 1);
    luaL_argcheck(L, position >= 1 && (size_t)position <= len + 1, 2, "outside the bytes");
    tcpsL_freebatches(L);
    tcps_pass *pass;
    tcps_status status = {0};
    size_t used;
    tcps_code code = tcps_protobuf_decode((const uint8_t *)bytes + position - 1, len - (size_t)position + 1, &used, &pass, &status);
    if (code != TCPS_OK) return tcpsL_fail(L, &status);
    tcpsL_pushbatch(L, pass, NULL, 0);
    tcps_pass_unref(pass);
    lua_pushinteger(L, position + (lua_Integer)used);
    return 2;
}

/* core.socket_protobuf(socket) -> a length-delimited BatchMessage with this record and nothing else */
static int l_socket_protobuf(lua_State *L) {
    const tcps_row *row = tcpsL_checksocket(L, 1)->row;
    tcps_pass *pass = tcps_pass_new();
    if (!pass) return luaL_error(L, "no memory");
    tcpsL_pushbatch(L, pass, NULL, 0); /* frees it, also when Lua raises */
    tcps_pass_unref(pass);
    luaL_Buffer buffer;
    string_writer w = {.buffer = &buffer};
    tcps_writer_over(&w.base, push_scratch(L), add_to_string);
    luaL_buffinit(L, &buffer);
    tcps_protobuf_batch(&w.base, pass, (tcps_view){&row, 1});
    if (tcps_writer_end(&w.base) != TCPS_OK) return luaL_error(L, "no memory");
    luaL_pushresult(&buffer);
    return 1;
}

/* core.replay(batch, tracker or nil, filter or nil) -> batch, or nil, text, code
 * What a decoded batch would have been here: with deltas, comings and goings, less what the filter refuses. */
static int l_replay(lua_State *L) {
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    tcps_tracker **tracker = lua_isnoneornil(L, 2) ? NULL : luaL_checkudata(L, 2, TCPSL_TRACKER);
    tcps_filter **filter = lua_isnoneornil(L, 3) ? NULL : luaL_checkudata(L, 3, TCPSL_FILTER);
    tcps_replay_options options = {.tracker = tracker ? *tracker : NULL, .filter = filter ? *filter : NULL, .keep_deltas = true};
    lua_settop(L, 1);
    return tracker || filter ? tcpsL_replay(L, batch, &options) : 1;
}

void tcpsL_openbatch(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_gc}, {"__len", l_len}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"opened", l_opened}, {"closed", l_closed}, {"select", l_select},
                                       {"encode", l_encode}, {"write", l_write},   {NULL, NULL}};
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
    lua_pushcfunction(L, l_decode);
    lua_setfield(L, -2, "decode");
    lua_pushcfunction(L, l_socket_json);
    lua_setfield(L, -2, "socket_json");
    lua_pushcfunction(L, l_socket_protobuf);
    lua_setfield(L, -2, "socket_protobuf");
    lua_pushcfunction(L, l_replay);
    lua_setfield(L, -2, "replay");
}
