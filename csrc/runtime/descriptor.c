/* Descriptors: what Lua's own files cannot say (why a write failed, how large a file is) or do without a buffer between. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/sockios.h>
#endif

#include "base/open.h"
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

/* runtime.send(fd, bytes [, from]) -> integer, or nil, text, code: how many of the bytes from position `from` (1) on a descriptor that does not block
 * took now. "EAGAIN": none. */
static int l_send(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    size_t len;
    const char *bytes = luaL_checklstring(L, 2, &len);
    lua_Integer from = luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, from >= 1 && (size_t)from <= len + 1, 3, "outside the bytes");
    ssize_t n;
    do n = write(fd, bytes + from - 1, len - (size_t)from + 1);
    while (n < 0 && errno == EINTR);
    if (n < 0) return tcpsL_failerrno(L, errno);
    lua_pushinteger(L, (lua_Integer)n);
    return 1;
}

/* runtime.open_file(path [, append [, mode]]) -> fd, or nil, text, code. Made when it is not there (with `mode`, 0640, less the umask), emptied unless
 * `append`. A symbolic link in a folder where everybody may put one is not followed. A FIFO that nobody reads is an
 * error, and one whose reader is slow does not block. */
static int l_open_file(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    lua_Integer mode = luaL_optinteger(L, 3, TCPS_FILE_MODE);
    luaL_argcheck(L, mode >= 0 && mode <= 0777, 3, "not permissions");
    int fd = tcps_open_to_write(path, O_NONBLOCK | O_NOCTTY | (lua_toboolean(L, 2) ? O_APPEND : O_TRUNC), (mode_t)mode);
    if (fd < 0) return tcpsL_failerrno(L, errno);
    lua_pushinteger(L, fd);
    return 1;
}

/* runtime.open_again(fd) -> fd2, or nil: the same pipe or terminal under a descriptor of our own that does not block. Others that have `fd` open, as
 * standard output is shared with a shell, still block. nil: this system cannot do that. */
static int l_open_again(lua_State *L) {
#ifdef __linux__
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", (int)luaL_checkinteger(L, 1));
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return 0;
    lua_pushinteger(L, fd);
    return 1;
#else
    (void)L;
    return 0;
#endif
}

/* runtime.set_blocking(fd, blocks) -> boolean: whether it blocked before. For everybody who shares it. */
static int l_set_blocking(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1), flags = fcntl(fd, F_GETFL);
    bool blocks = lua_toboolean(L, 2), before = flags >= 0 && !(flags & O_NONBLOCK);
    if (flags >= 0 && blocks != before) fcntl(fd, F_SETFL, flags ^ O_NONBLOCK);
    lua_pushboolean(L, before);
    return 1;
}

/* runtime.kind_of(fd) -> (string): "file", "pipe", "socket", "terminal", or "device" for what else there is. */
static int l_kind_of(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    struct stat st;
    if (fstat(fd, &st) != 0)
        lua_pushliteral(L, "device");
    else
        lua_pushstring(L, S_ISREG(st.st_mode)    ? "file"
                          : S_ISFIFO(st.st_mode) ? "pipe"
                          : S_ISSOCK(st.st_mode) ? "socket"
                          : isatty(fd)           ? "terminal"
                                                 : "device");
    return 1;
}

/* runtime.has_terminal() -> boolean: whether somebody at a terminal started this process and can still see it. */
static int l_has_terminal(lua_State *L) {
    int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) close(fd);
    lua_pushboolean(L, fd >= 0 || isatty(STDERR_FILENO));
    return 1;
}

/* runtime.truncate(fd, size) -> true, or nil, text, code: cuts a file; what is written next follows there. */
static int l_truncate(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1);
    off_t size = (off_t)luaL_checkinteger(L, 2);
    if (ftruncate(fd, size) != 0 || lseek(fd, size, SEEK_SET) < 0) return tcpsL_failerrno(L, errno);
    lua_pushboolean(L, true);
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

/* runtime.size_of(path) -> integer?: bytes of a file; nil when there is none of that name, or it is not a regular one. */
static int l_size_of(lua_State *L) {
    struct stat st;
    if (stat(luaL_checkstring(L, 1), &st) != 0 || !S_ISREG(st.st_mode)) return 0;
    lua_pushinteger(L, (lua_Integer)st.st_size);
    return 1;
}

/* runtime.is_journal() -> boolean: whether standard error goes to systemd's journal, which JOURNAL_STREAM names as DEVICE:INODE (systemd.exec(5)). */
static int l_is_journal(lua_State *L) {
    const char *named = getenv("JOURNAL_STREAM");
    struct stat st;
    char is[64] = "";
    bool known = named && fstat(STDERR_FILENO, &st) == 0;
    if (known) snprintf(is, sizeof is, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    lua_pushboolean(L, known && strcmp(is, named) == 0);
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

#ifdef __linux__
static bool hung_up(int fd) {
    struct pollfd p = {.fd = fd};
    return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}
#endif

/* runtime.unsent(fd) -> integer?, integer?: bytes that were written and that no reader has yet: of a TCP connection those that the other system has
 * not acknowledged, of a pipe those in it; nil: this system does not say. Of a Unix socket all that it says is whether it is none, so there it is nil
 * and a number that falls when the reader reads. */
static int l_unsent(lua_State *L) {
    int fd = (int)luaL_checkinteger(L, 1), bytes = 0;
    struct stat st;
    if (fstat(fd, &st) != 0) return 0;
    if (S_ISFIFO(st.st_mode)) {
        if (ioctl(fd, FIONREAD, &bytes) != 0) return 0;
    } else if (S_ISSOCK(st.st_mode)) {
#if defined __linux__
        int family = 0;
        socklen_t len = sizeof family;
        if (ioctl(fd, SIOCOUTQ, &bytes) != 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0) return 0;
        if (family == AF_UNIX && (bytes || hung_up(fd))) { /* memory, not bytes; none when the reader closed its end without reading */
            lua_pushnil(L);
            lua_pushinteger(L, bytes);
            return 2;
        }
#elif defined SO_NWRITE
        socklen_t len = sizeof bytes;
        if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &len) != 0) return 0;
#elif defined FIONWRITE
        if (ioctl(fd, FIONWRITE, &bytes) != 0) return 0;
#else
        return 0;
#endif
    }
    lua_pushinteger(L, bytes);
    lua_pushinteger(L, bytes);
    return 2;
}

void tcpsL_opendescriptor(lua_State *L) {
    static const luaL_Reg functions[] = {{"write", l_write},
                                         {"read", l_read},
                                         {"send", l_send},
                                         {"open_file", l_open_file},
                                         {"open_again", l_open_again},
                                         {"file_size", l_file_size},
                                         {"size_of", l_size_of},
                                         {"truncate", l_truncate},
                                         {"unsent", l_unsent},
                                         {"set_blocking", l_set_blocking},
                                         {"close_file", l_close_file},
                                         {"isatty", l_isatty},
                                         {"is_journal", l_is_journal},
                                         {"kind_of", l_kind_of},
                                         {"pipe_room", l_pipe_room},
                                         {"has_terminal", l_has_terminal},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
