/* Sockets to readers: connections and datagrams. An address is the system's own (a sockaddr) as a string, which only these functions read. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/runtime.h"

/* runtime.unix_address(path) -> (string): the address of a Unix socket, or nil, text, code when the path is too long for one. */
static int l_unix_address(lua_State *L) {
    size_t len;
    const char *path = luaL_checklstring(L, 1, &len);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (len >= sizeof address.sun_path) return tcpsL_failerrno(L, ENAMETOOLONG);
    memcpy(address.sun_path, path, len);
    lua_pushlstring(L, (const char *)&address, sizeof address);
    return 1;
}

/* A socket that neither blocks nor is inherited; -1 and errno. */
static int open_socket(int family, int type) {
    int fd = socket(family, type, 0);
    if (fd < 0) return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* runtime.connect(address, kind) -> fd, connected, or nil, text, code
 * A socket to an address, kind "stream" or "datagram". `connected`: at once; else it becomes writable when it is decided, and runtime.socket_error
 * says how. */
static int l_connect(lua_State *L) {
    static const char *const kinds[] = {"stream", "datagram", NULL};
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    int type = luaL_checkoption(L, 2, NULL, kinds) == 0 ? SOCK_STREAM : SOCK_DGRAM;
    struct sockaddr_storage address = {0};
    luaL_argcheck(L, len >= sizeof(struct sockaddr_in) && len <= sizeof address, 1, "not an address");
    memcpy(&address, bytes, len);
    int fd = open_socket(address.ss_family, type);
    if (fd < 0) return tcpsL_failerrno(L, errno);
    int error = connect(fd, (const struct sockaddr *)&address, (socklen_t)len) == 0 ? 0 : errno;
    if (error && error != EINPROGRESS && error != EINTR) {
        close(fd);
        return tcpsL_failerrno(L, error);
    }
    lua_pushinteger(L, fd);
    lua_pushboolean(L, error == 0);
    return 2;
}

/* runtime.socket_error(fd) -> true, or nil, text, code: the error that a socket has noted, and notes no longer. */
static int l_socket_error(lua_State *L) {
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt((int)luaL_checkinteger(L, 1), SOL_SOCKET, SO_ERROR, &error, &len) != 0) error = errno;
    if (error) return tcpsL_failerrno(L, error);
    lua_pushboolean(L, true);
    return 1;
}

void tcpsL_opennet(lua_State *L) {
    static const luaL_Reg functions[] = {{"unix_address", l_unix_address}, {"connect", l_connect}, {"socket_error", l_socket_error}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
