#include "lua/string_writer.h"

#include <stdlib.h>

#define MEMORY "tcpstats.stringmemory"
#define MOST_KEPT ((size_t)64 << 20) /* 35,000 sockets as JSON */

typedef struct tcpsL_stringmemory {
    char *bytes;
    size_t room; /* less the slack behind it */
    bool taken;  /* by a string that has not ended */
} string_memory;

static int l_gc(lua_State *L) {
    string_memory *m = luaL_checkudata(L, 1, MEMORY);
    free(m->bytes);
    m->bytes = NULL;
    m->room = 0;
    return 0;
}

static tcps_code make_room(string_memory *m, size_t room) {
    char *bytes = realloc(m->bytes, room + TCPS_WRITER_SLACK);
    if (!bytes) return TCPS_NOMEM;
    m->bytes = bytes;
    m->room = room;
    return TCPS_OK;
}

/* [-0, +1] Memory of its own, or that which all strings share one after the other. */
static string_memory *push_memory(lua_State *L) {
    static const char key;
    string_memory *m = lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TUSERDATA ? lua_touserdata(L, -1) : NULL;
    if (m && !m->taken) return m;
    bool shared = !m;
    lua_pop(L, 1);
    m = lua_newuserdatauv(L, sizeof *m, 0);
    *m = (string_memory){.bytes = NULL};
    if (luaL_newmetatable(L, MEMORY)) {
        lua_pushcfunction(L, l_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    if (shared) {
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    }
    return m;
}

static void write_over(tcps_writer *w, string_memory *m, size_t used) {
    w->begin = w->at = m->bytes + used;
    w->end = m->bytes + m->room;
}

/* The writer's bytes stay where they are, and it goes on behind them. */
static tcps_code grow(tcps_writer *w, const char *bytes, size_t len) {
    string_memory *m = ((tcpsL_stringwriter *)w)->memory;
    size_t used = (size_t)(bytes - m->bytes) + len;
    tcps_code code = m->room - used >= TCPS_WRITER_CHUNK ? TCPS_OK : make_room(m, 2 * m->room);
    write_over(w, m, code == TCPS_OK ? used : 0); /* after a failure what follows goes nowhere, and finds room there */
    return code;
}

void tcpsL_beginstring(lua_State *L, tcpsL_stringwriter *w) {
    string_memory *m = push_memory(L);
    if (!m->room && make_room(m, TCPS_WRITER_CHUNK) != TCPS_OK) tcpsL_nomemory(L);
    m->taken = true;
    *w = (tcpsL_stringwriter){.base = {.flush = grow}, .memory = m};
    write_over(&w->base, m, 0);
}

int tcpsL_endstring(lua_State *L, tcpsL_stringwriter *w) {
    string_memory *m = w->memory;
    m->taken = false;
    if (w->base.code != TCPS_OK) return tcpsL_nomemory(L);
    lua_pushlstring(L, m->bytes, (size_t)(w->base.at - m->bytes));
    if (m->room > MOST_KEPT) {
        free(m->bytes);
        *m = (string_memory){.bytes = NULL};
    }
    return 1;
}
