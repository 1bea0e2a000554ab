/* Batches and sockets to bytes, and back. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lua/outside.h"
#include "lua/string_writer.h"

/* batch:encode(format [, {pretty=, addresses=}]) -> string: the batch in a format. `pretty` and `addresses` are for "json". */
static int l_encode(lua_State *L) {
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    lua_settop(L, 3);
    tcps_format f = tcpsL_checkformat(L, batch->pass, 2, 3);
    tcpsL_stringwriter w;
    tcpsL_beginstring(L, &w);
    tcps_encode(&w.base, batch->pass, batch->view, &f);
    return tcpsL_endstring(L, &w);
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
    const tcpsL_batch *batch = tcpsL_checkbatch(L, 1);
    fd_writer w = {.fd = (int)luaL_checkinteger(L, 2)};
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
    tcpsL_stringwriter w;
    tcpsL_beginstring(L, &w);
    tcps_json_row(&w.base, row, style);
    return tcpsL_endstring(L, &w);
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
    if (!pass) return tcpsL_nomemory(L);
    tcpsL_pushbatch(L, pass, NULL, 0); /* frees it, also when Lua raises */
    tcps_pass_unref(pass);
    tcpsL_stringwriter w;
    tcpsL_beginstring(L, &w);
    tcps_protobuf_batch(&w.base, pass, (tcps_view){&row, 1});
    return tcpsL_endstring(L, &w);
}

void tcpsL_openencode(lua_State *L) {
    static const luaL_Reg methods[] = {{"encode", l_encode}, {"write", l_write}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"decode", l_decode}, {"socket_json", l_socket_json}, {"socket_protobuf", l_socket_protobuf}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_getfield(L, -1, "batch_methods");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
}
