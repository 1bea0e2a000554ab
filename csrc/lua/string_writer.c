#include "lua/string_writer.h"

/* [-0, +1] Memory for a writer, the same every time: one socket as JSON would take longer to make room for than to write. */
static char *push_scratch(lua_State *L) {
    static const char key;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TUSERDATA) {
        lua_pop(L, 1);
        lua_newuserdatauv(L, TCPS_WRITER_CHUNK + TCPS_WRITER_SLACK, 0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    }
    return lua_touserdata(L, -1);
}

static tcps_code add(tcps_writer *w, const char *bytes, size_t len) {
    luaL_addlstring(&((tcpsL_stringwriter *)w)->buffer, bytes, len);
    return TCPS_OK;
}

void tcpsL_beginstring(lua_State *L, tcpsL_stringwriter *w) {
    tcps_writer_over(&w->base, push_scratch(L), add);
    luaL_buffinit(L, &w->buffer);
}

int tcpsL_endstring(lua_State *L, tcpsL_stringwriter *w) {
    if (tcps_writer_end(&w->base) != TCPS_OK) return tcpsL_nomemory(L);
    luaL_pushresult(&w->buffer);
    return 1;
}
