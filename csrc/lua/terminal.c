/* What a live screen needs of a terminal: its size, and keys as they are typed. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lua/tcpsl.h"

#define RAW "tcpstats.terminal"

/* A terminal that was set up differently and has to be put back, whatever happens. */
typedef struct raw_terminal {
    int in, out;
    bool changed;
    struct termios before;
} raw_terminal;

/* core.terminal_size(fd) -> columns, rows; nothing when it is no terminal or does not know */
static int l_terminal_size(lua_State *L) {
    struct winsize size;
    if (ioctl((int)luaL_checkinteger(L, 1), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 0;
    lua_pushinteger(L, size.ws_col);
    lua_pushinteger(L, size.ws_row);
    return 2;
}

static void write_all(int fd, const char *bytes, size_t len) {
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; /* the terminal is gone: there is nothing left to put back */
        bytes += n;
        len -= (size_t)n;
    }
}

/* terminal:restore(), and when it is collected or the state is closed: as it was, `leave` written first. Once. */
static int l_restore(lua_State *L) {
    raw_terminal *t = luaL_checkudata(L, 1, RAW);
    if (!t->changed) return 0;
    t->changed = false;
    size_t len;
    lua_getiuservalue(L, 1, 1);
    const char *leave = lua_tolstring(L, -1, &len);
    if (leave) write_all(t->out, leave, len);
    tcsetattr(t->in, TCSAFLUSH, &t->before);
    return 0;
}

/* core.terminal_raw(in, out, enter, leave) -> an object with restore(), or nil, text, "ESYSTEM"
 * Keys typed at `in` can be read at once and are not shown. Ctrl-C still interrupts; Ctrl-Z is a key, because a stopped screen would stay as it
 * is. `enter` is written to `out` now, `leave` when the terminal is put back. */
static int l_terminal_raw(lua_State *L) {
    size_t len;
    int in = (int)luaL_checkinteger(L, 1), out = (int)luaL_checkinteger(L, 2);
    const char *enter = luaL_checklstring(L, 3, &len);
    luaL_checkstring(L, 4);
    raw_terminal *t = lua_newuserdatauv(L, sizeof *t, 1);
    *t = (raw_terminal){.in = in, .out = out};
    luaL_setmetatable(L, RAW);
    lua_pushvalue(L, 4);
    lua_setiuservalue(L, -2, 1);
    if (tcgetattr(in, &t->before) == 0) {
        struct termios raw = t->before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
        raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        raw.c_cc[VSUSP] = _POSIX_VDISABLE;
#ifdef VDSUSP
        raw.c_cc[VDSUSP] = _POSIX_VDISABLE;
#endif
        if (tcsetattr(in, TCSAFLUSH, &raw) == 0) {
            t->changed = true;
            write_all(out, enter, len);
            return 1;
        }
    }
    int error = errno;
    lua_pushnil(L);
    lua_pushfstring(L, "standard input: %s", strerror(error));
    lua_pushliteral(L, "ESYSTEM");
    return 3;
}

void tcpsL_openterminal(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_restore}, {"__close", l_restore}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"restore", l_restore}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"terminal_size", l_terminal_size}, {"terminal_raw", l_terminal_raw}, {NULL, NULL}};
    luaL_newmetatable(L, RAW);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
