/* What a live screen needs of a terminal: its size, and keys as they are typed. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/runtime.h"

#define RAW "tcpstats.terminal"

/* A terminal that was set up differently and has to be put back, whatever happens. */
typedef struct raw_terminal {
    int in, out;
    bool changed;
    struct termios before;
    const char *leave; /* the string that is its user value */
    size_t leave_len;
    struct sigaction quit_before;
} raw_terminal;

/* The one that is changed, for an end that no finalizer sees. */
static raw_terminal *volatile changed;

/* runtime.terminal_size(fd) -> columns, rows; nothing when it is no terminal or does not know */
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

static void put_back(raw_terminal *t) {
    t->changed = false;
    changed = NULL;
    write_all(t->out, t->leave, t->leave_len);
    tcsetattr(t->in, TCSAFLUSH, &t->before);
}

void tcps_terminal_leave(void) {
    if (changed) put_back(changed);
}

static void on_quit(int number) {
    tcps_terminal_leave();
    raise(number); /* SA_RESETHAND: it ends the process when this returns */
}

/* terminal:restore(), and when it is collected or the state is closed: as it was, `leave` written first. Once. */
static int l_restore(lua_State *L) {
    raw_terminal *t = luaL_checkudata(L, 1, RAW);
    if (!t->changed) return 0;
    put_back(t);
    sigaction(SIGQUIT, &t->quit_before, NULL);
    return 0;
}

/* runtime.terminal_raw(in, out, enter, leave) -> an object with restore(), or nil, text, "ESYSTEM"
 * Keys typed at `in` can be read at once and are not shown. Ctrl-C still interrupts; Ctrl-Z is a key, because a stopped screen would stay as it
 * is. `enter` is written to `out` now, `leave` when the terminal is put back. */
static int l_terminal_raw(lua_State *L) {
    size_t len;
    int in = (int)luaL_checkinteger(L, 1), out = (int)luaL_checkinteger(L, 2);
    const char *enter = luaL_checklstring(L, 3, &len);
    size_t leave_len;
    const char *leave = luaL_checklstring(L, 4, &leave_len);
    raw_terminal *t = lua_newuserdatauv(L, sizeof *t, 1);
    *t = (raw_terminal){.in = in, .out = out, .leave = leave, .leave_len = leave_len};
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
            struct sigaction action = {.sa_handler = on_quit, .sa_flags = (int)SA_RESETHAND};
            sigemptyset(&action.sa_mask);
            t->changed = true;
            changed = t;
            sigaction(SIGQUIT, &action, &t->quit_before);
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
