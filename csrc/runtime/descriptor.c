/* Descriptors: what Lua's own files cannot say (why a write failed, how large a file is) or do without a buffer between. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/runtime.h"

/* runtime.read(fd, most) -> bytes that are there ("": the end), or nil, text, code */
static int l_read(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    lua_Integer most = luaL_checkinteger(L, 2);
    luaL_argcheck(L, most > 0, 2, "not positive");
    luaL_Buffer b;
    char *bytes = luaL_buffinitsize(L, &b, (size_t)most);
    ssize_t n = read(fd, bytes, (size_t)most);
    if (n < 0) return tcpsL_failerrno(L, errno);
    luaL_pushresultsize(&b, (size_t)n);
    return 1;
}

/* runtime.write(fd, bytes) -> true, or nil, text, code. Writes all of it. */
static int l_write(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    size_t len;
    const char *bytes = luaL_checklstring(L, 2, &len);
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tcpsL_failerrno(L, errno);
        bytes += n;
        len -= (size_t)n;
    }
    lua_pushboolean(L, true);
    return 1;
}

/* runtime.open_file(path [, append]) -> fd, or nil, text, code. Made when it is not there, emptied unless `append`. */
static int l_open_file(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (lua_toboolean(L, 2) ? O_APPEND : O_TRUNC), 0644);
    if (fd < 0) return tcpsL_failerrno(L, errno);
    lua_pushinteger(L, fd);
    return 1;
}

/* runtime.close_file(fd) -> true, or nil, text, code: a full disk may show only here */
static int l_close_file(lua_State *L) {
    if (close((int)luaL_checkinteger(L, 1)) != 0) return tcpsL_failerrno(L, errno);
    lua_pushboolean(L, true);
    return 1;
}

/* runtime.file_size(fd) -> bytes, or nil, text, code */
static int l_file_size(lua_State *L) {
    struct stat st;
    if (fstat((int)luaL_checkinteger(L, 1), &st) != 0) return tcpsL_failerrno(L, errno);
    lua_pushinteger(L, (lua_Integer)st.st_size);
    return 1;
}

/* runtime.isatty(fd) -> boolean: whether it is a terminal. */
static int l_isatty(lua_State *L) {
    lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* runtime.pipe_room(fd): a pipe gets 1 MB, so that a slow reader costs fewer switches; anything else is left alone. */
static int l_pipe_room(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
#ifdef F_SETPIPE_SZ
    fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#else
    (void)fd;
#endif
    return 0;
}

void tcpsL_opendescriptor(lua_State *L) {
    static const luaL_Reg functions[] = {{"write", l_write},           {"read", l_read},     {"open_file", l_open_file}, {"file_size", l_file_size},
                                         {"close_file", l_close_file}, {"isatty", l_isatty}, {"pipe_room", l_pipe_room}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
