/* A view's encoding, chunk by chunk, for outputs. */
#include "encode/chunks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/capture.h"
#include "lua/string_writer.h"

#define CHUNKS "tcpstats.chunks"

static tcps_chunks *check_chunks(lua_State *L) { return luaL_checkudata(L, 1, CHUNKS); }

/* core.chunks(batch, format [, options]) -> (tcpstats.Chunks): the batch's rows on their way to an output, encoded when they are taken. Arguments as
 * of batch:encode; the line of names of "csv" is not among the chunks: see core.csv_header. */
static int l_chunks(lua_State *L) {
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    lua_settop(L, 3);
    tcps_format format = tcpsL_checkformat(L, batch->pass, 2, 3);
    int top = lua_gettop(L);
    tcps_chunks *c = lua_newuserdatauv(L, sizeof *c, 3);
    tcps_chunks_init(c, batch->pass, batch->view, &format);
    luaL_setmetatable(L, CHUNKS);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    for (int i = 0; i < 2 && top > 3; i++) { /* what keeps the columns */
        lua_pushvalue(L, top - i);
        lua_setiuservalue(L, -2, 2 + i);
    }
    return 1;
}

static int l_gc(lua_State *L) {
    tcps_chunks_fini(check_chunks(L));
    return 0;
}

/* Lua sees nothing of the memory that rows and their encoding take, so what is sent does not wait for its collection. */
static void release(lua_State *L, tcps_chunks *c) {
    tcps_chunks_release(c);
    lua_pushnil(L);
    lua_setiuservalue(L, 1, 1);
}

/* Writes the chunk; 0, or the errno of what ended it. */
static int write_chunk(tcps_chunks *c, int fd) {
    while (c->taken < c->len) {
        ssize_t n = write(fd, c->bytes + c->taken, c->len - c->taken);
        if (n >= 0)
            c->taken += (size_t)n;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

/* chunks:send(fd) -> integer, integer, string, string?, string?: writes a chunk to a descriptor that does not block. How many more rows and how many
 * bytes of any row it took, and how it ended: "more": there are more chunks; "done": there are none; "wait": it takes no more now; "failed", with text
 * and code of the error. */
static int l_send(lua_State *L) {
    tcps_chunks *c = check_chunks(L);
    int fd = (int)luaL_checkinteger(L, 2);
    size_t done = tcps_chunks_done(c);
    tcps_code code = tcps_chunks_fill(c, TCPS_WRITER_CHUNK);
    if (code == TCPS_NOMEM) return tcpsL_nomemory(L);
    size_t taken = c->taken;
    int error = code == TCPS_OK ? write_chunk(c, fd) : 0;
    lua_pushinteger(L, (lua_Integer)(tcps_chunks_done(c) - done));
    lua_pushinteger(L, (lua_Integer)(c->taken - taken));
    if (!error) {
        bool more = tcps_chunks_more(c);
        lua_pushstring(L, more ? "more" : "done");
        if (!more) release(L, c);
        return 3;
    }
    char name[16];
    lua_pushstring(L, error == EAGAIN || error == EWOULDBLOCK ? "wait" : "failed");
    lua_pushstring(L, strerror(error));
    lua_pushstring(L, tcps_errno_name(error, name));
    return 5;
}

/* Chunks that were taken in part go out as they are; else one is cut. */
static tcps_code next_chunk(tcps_chunks *c, size_t most, bool split) {
    if (!tcps_format_has_messages(&c->format)) return tcps_chunks_cut(c, most, split);
    if (tcps_chunks_torn(c)) return TCPS_STOPPED;
    if (c->taken < c->len || c->begun) tcps_chunks_rewind(c);
    tcps_code code = tcps_chunks_cut(c, most, split);
    if (code == TCPS_OK && !split && c->len > most) {
        tcps_chunks_rewind(c);
        code = TCPS_STOPPED;
    }
    return code;
}

/* chunks:next(most [, split]) -> string?, integer, string, integer: the next chunk, whole rows of at most `most` bytes or one row that is larger; how
 * many rows it has; where each line of it ends (packed as "=I4"; "": it is one message); and how many of its bytes were sent before. nil: there are
 * no more. false: a message begun or larger than `most`, unless `split` lets it become several. */
static int l_next(lua_State *L) {
    tcps_chunks *c = check_chunks(L);
    lua_Integer most = luaL_checkinteger(L, 2);
    luaL_argcheck(L, most > 0, 2, "not positive");
    switch (next_chunk(c, (size_t)most, lua_toboolean(L, 3))) {
    case TCPS_OK: break;
    case TCPS_END: release(L, c); return 0;
    case TCPS_NOMEM: return tcpsL_nomemory(L);
    default: lua_pushboolean(L, false); return 1;
    }
    size_t first = tcps_format_has_messages(&c->format) ? c->message : c->first, sent = c->taken;
    lua_pushlstring(L, c->bytes, c->len);
    lua_pushinteger(L, (lua_Integer)(c->next - first));
    lua_pushlstring(L, (const char *)c->ends, c->n_ends * sizeof *c->ends);
    lua_pushinteger(L, (lua_Integer)sent);
    c->taken = c->len;
    return 4;
}

/* chunks:rewind() -> integer: goes back to the last row that was wholly sent; how many bytes were sent after it. */
static int l_rewind(lua_State *L) {
    tcps_chunks *c = check_chunks(L);
    lua_pushinteger(L, (lua_Integer)tcps_chunks_torn(c));
    tcps_chunks_rewind(c);
    return 1;
}

/* chunks:left() -> integer: rows that were not wholly taken. */
static int l_left(lua_State *L) {
    tcps_chunks *c = check_chunks(L);
    lua_pushinteger(L, (lua_Integer)(c->view.count - tcps_chunks_done(c)));
    return 1;
}

/* chunks:header() -> string?: the line of names that CSV begins with, or nil when none was asked for. */
static int l_header(lua_State *L) {
    tcps_chunks *c = check_chunks(L);
    if (c->format.kind != TCPS_FORMAT_CSV || !c->format.header) return 0;
    tcpsL_stringwriter w;
    tcpsL_beginstring(L, &w);
    tcps_csv_header(&w.base, c->format.columns, c->format.n_columns);
    return tcpsL_endstring(L, &w);
}

void tcpsL_openchunks(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_gc}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"send", l_send}, {"next", l_next},     {"rewind", l_rewind},
                                       {"left", l_left}, {"header", l_header}, {NULL, NULL}};
    luaL_newmetatable(L, CHUNKS);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_chunks);
    lua_setfield(L, -2, "chunks");
}
