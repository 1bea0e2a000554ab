/* A batch, or a view of one: what scripts walk over and encoders write. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lua/tcpsl.h"

tcpsL_batch *tcpsL_checkbatch(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_BATCH); }

tcpsL_batch *tcpsL_testbatch(lua_State *L, int arg) { return luaL_testudata(L, arg, TCPSL_BATCH); }

void tcpsL_pushbatch(lua_State *L, tcps_batch *b, const tcps_row **rows, size_t count) {
    tcpsL_batch *batch = lua_newuserdatauv(L, sizeof *batch, 1);
    batch->owner = tcps_batch_ref(b);
    batch->rows = rows;
    batch->view = rows ? (tcps_view){b, rows, count} : tcps_batch_view(b);
    luaL_setmetatable(L, TCPSL_BATCH);
}

static int l_gc(lua_State *L) {
    tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    tcps_batch_unref(batch->owner);
    free(batch->rows);
    batch->owner = NULL;
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
    const tcps_batch *b = batch->owner;
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "metadata") == 0) {
        tcpsL_pushmessage(L, &b->metadata.base);
    } else if (strcmp(name, "summary") == 0) {
        if (!b->has_summary) return 0;
        tcpsL_pushmessage(L, &b->summary.base);
    } else if (strcmp(name, "tracked") == 0) {
        lua_pushboolean(L, b->tracked);
    } else if (strcmp(name, "warnings") == 0) {
        lua_newtable(L);
        lua_Integer n = 0;
        for (const tcps_warning *w = b->warnings; w; w = w->next) {
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
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

/* batch:opened() -> view: the connections first seen in this pass. Empty in the first pass. */
static int l_opened(lua_State *L) {
    tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    tcps_batch *b = batch->owner;
    const tcps_row **rows = malloc((b->opened_count + 1) * sizeof *rows);
    if (!rows) return luaL_error(L, "no memory");
    for (size_t i = 0; i < b->opened_count; i++) rows[i] = b->rows[b->opened[i]];
    tcpsL_pushbatch(L, b, rows, b->opened_count);
    return 1;
}

/* batch:closed() -> view: the last values of the connections that are gone since the previous pass. */
static int l_closed(lua_State *L) {
    tcps_batch *b = tcpsL_checkbatch(L, 1)->owner;
    if (b->closed) {
        tcpsL_pushbatch(L, b->closed, NULL, 0);
        return 1;
    }
    const tcps_row **rows = malloc(sizeof *rows);
    if (!rows) return luaL_error(L, "no memory");
    tcpsL_pushbatch(L, b, rows, 0);
    return 1;
}

/* batch:select(predicate) -> view: the sockets for which predicate(socket) is true. batch:filter takes text as well. */
static int l_select(lua_State *L) {
    tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    tcpsL_socket *s = tcpsL_pushsocket(L, 1); /* 3 */
    tcps_view view = batch->view;
    const tcps_row **kept = lua_newuserdatauv(L, (view.count + 1) * sizeof *kept, 0); /* 4: safe when the predicate raises */
    size_t count = 0;
    for (size_t i = 0; i < view.count; i++) {
        s->row = view.rows[i];
        lua_pushvalue(L, 2);
        lua_pushvalue(L, 3);
        lua_call(L, 1, 1);
        if (lua_toboolean(L, -1)) kept[count++] = view.rows[i];
        lua_pop(L, 1);
    }
    s->row = NULL;
    const tcps_row **rows = malloc((count + 1) * sizeof *rows);
    if (!rows) return luaL_error(L, "no memory");
    memcpy(rows, kept, count * sizeof *rows);
    tcpsL_pushbatch(L, batch->owner, rows, count);
    return 1;
}

/* What an encoding is asked to be. */
typedef struct format {
    enum { JSON, FLAT, PROTOBUF } kind;
    tcps_json_style style;
    bool pretty;
} format;

static format check_format(lua_State *L, int name, int options) {
    static const char *const names[] = {"json", "flat", "protobuf", NULL};
    static const char *const addresses[] = {"base64", "text", NULL};
    format f = {.kind = (int)luaL_checkoption(L, name, "json", names)};
    f.style = f.kind == FLAT ? TCPS_JSON_FLAT : TCPS_JSON_CANONICAL;
    if (lua_istable(L, options) && f.kind == JSON) {
        lua_getfield(L, options, "pretty");
        f.pretty = lua_toboolean(L, -1);
        if (lua_getfield(L, options, "addresses") != LUA_TNIL && luaL_checkoption(L, -1, NULL, addresses) == 1) f.style = TCPS_JSON_TEXT;
        lua_pop(L, 2);
    }
    return f;
}

static void encode(tcps_writer *w, tcps_view view, const format *f) {
    switch (f->kind) {
    case JSON: tcps_json_batch(w, view, f->style, f->pretty); break;
    case FLAT: tcps_json_lines(w, view, f->style); break;
    case PROTOBUF: tcps_protobuf_batch(w, view); break;
    }
}

typedef struct string_writer {
    tcps_writer base;
    luaL_Buffer *buffer;
} string_writer;

static tcps_code add_to_string(tcps_writer *w, const char *bytes, size_t len) {
    luaL_addlstring(((string_writer *)w)->buffer, bytes, len);
    return TCPS_OK;
}

/* batch:encode(format [, {pretty=, addresses=}]) -> string: the batch in a format. `pretty` and `addresses` are for "json". */
static int l_encode(lua_State *L) {
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    format f = check_format(L, 2, 3);
    luaL_Buffer buffer;
    string_writer w = {.buffer = &buffer};
    tcps_writer_over(&w.base, lua_newuserdatauv(L, TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK, 0), add_to_string);
    luaL_buffinit(L, &buffer);
    encode(&w.base, view, &f);
    if (tcps_writer_end(&w.base) != TCPS_OK) return luaL_error(L, "no memory");
    luaL_pushresult(&buffer);
    return 1;
}

typedef struct fd_writer {
    tcps_writer base;
    int fd, error;
} fd_writer;

static tcps_code write_to_fd(tcps_writer *w, const char *bytes, size_t len) {
    fd_writer *f = (fd_writer *)w;
    while (len) {
        ssize_t n = write(f->fd, bytes, len);
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
    tcps_view view = tcpsL_checkbatch(L, 1)->view;
    fd_writer w = {.fd = (int)luaL_checkinteger(L, 2)};
    format f = check_format(L, 3, 4);
    if (tcps_writer_init(&w.base, write_to_fd) == TCPS_OK) encode(&w.base, view, &f);
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
    tcps_writer_over(&w.base, lua_newuserdatauv(L, TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK, 0), add_to_string);
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
    tcps_batch *b;
    tcps_status status = {0};
    size_t used;
    tcps_code code = tcps_protobuf_decode((const uint8_t *)bytes + position - 1, len - (size_t)position + 1, &used, &b, &status);
    if (code != TCPS_OK) return tcpsL_fail(L, &status);
    tcpsL_pushbatch(L, b, NULL, 0);
    tcps_batch_unref(b);
    lua_pushinteger(L, position + (lua_Integer)used);
    return 2;
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
}
