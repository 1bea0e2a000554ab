/* Where a file of length-delimited messages ends whole: a kill, a full disk or a power cut leaves a part of one at its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/runtime.h"

#define PIECE ((size_t)64 << 10)

/* A window over the file. */
typedef struct window {
    int fd;
    int64_t at, size; /* of the file */
    size_t len;
    unsigned long reads;
    int error;
    unsigned char bytes[PIECE];
} window;

/* The bytes from `at` on, and in *len how many of them there are: `least`, or fewer at the end of the file. */
static const unsigned char *look(window *w, int64_t at, size_t least, size_t *len) {
    if (at < w->at || at + (int64_t)least > w->at + (int64_t)w->len) {
        ssize_t n = pread(w->fd, w->bytes, sizeof w->bytes, (off_t)at);
        w->error = n < 0 ? errno : 0;
        w->reads++;
        w->at = at;
        w->len = n < 0 ? 0 : (size_t)n;
    }
    *len = w->len - (size_t)(at - w->at);
    return w->bytes + (at - w->at);
}

/* The message at `at`: where it ends, beyond the file's end when it is cut; -1 when these bytes are no BatchMessage's (csrc/encode/protobuf.c: its
 * length, then metadata, records or the summary, each a field of wire type 2). */
static int64_t end_of_message(window *w, int64_t at) {
    enum { LONGEST_LENGTH = 10 };
    size_t len, i = 0;
    uint64_t length = 0;
    const unsigned char *p = look(w, at, LONGEST_LENGTH + 1, &len);
    do {
        if (i == len) return w->size + 1;
        if (i == LONGEST_LENGTH) return -1;
        length |= (uint64_t)(p[i] & 0x7f) << 7 * i;
    } while (p[i++] & 0x80);
    if (length == 0 || length > INT64_MAX / 2) return -1;
    if (i == len) return w->size + 1;
    if (p[i] != (1 << 3 | 2) && p[i] != (2 << 3 | 2) && p[i] != (3 << 3 | 2)) return -1;
    return at + (int64_t)i + (int64_t)length;
}

/* Whether only zeros follow: blocks that a power cut left unwritten. */
static bool only_zeros(window *w, int64_t at) {
    size_t len;
    for (; at < w->size; at += (int64_t)len) {
        const unsigned char *p = look(w, at, 1, &len);
        if (len == 0) return false;
        for (size_t i = 0; i < len; i++)
            if (p[i]) return false;
    }
    return true;
}

/* runtime.whole_messages(path, most_reads) -> integer, boolean, or nil, text, code: how many bytes of a file are whole length-delimited BatchMessages,
 * from its beginning on, and whether all of it was looked at: not more than `most_reads` reads of 64 KB are made. What follows those bytes is a part of a
 * message, or zeros. "EFORMAT": something else. */
static int l_whole_messages(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    lua_Integer most = luaL_checkinteger(L, 2);
    window *w = lua_newuserdatauv(L, sizeof *w, 0);
    w->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (w->fd < 0) return tcpsL_failerrno(L, errno);
    w->size = lseek(w->fd, 0, SEEK_END);
    w->at = 0;
    w->len = 0;
    w->reads = 0;
    w->error = 0;
    int64_t at = 0, next = 0;
    while (at < w->size && !w->error && (lua_Integer)w->reads < most && (next = end_of_message(w, at)) > 0 && next <= w->size) at = next;
    bool format = next < 0 && !only_zeros(w, at);
    close(w->fd);
    if (w->error) return tcpsL_failerrno(L, w->error);
    if (format) {
        lua_pushnil(L);
        lua_pushfstring(L, "not a stream of protobuf messages at byte %I", (LUAI_UACINT)at);
        lua_pushliteral(L, "EFORMAT");
        return 3;
    }
    lua_pushinteger(L, (lua_Integer)at);
    lua_pushboolean(L, at == w->size || next < 0 || next > w->size);
    return 2;
}

void tcpsL_openmessages(lua_State *L) {
    static const luaL_Reg functions[] = {{"whole_messages", l_whole_messages}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
