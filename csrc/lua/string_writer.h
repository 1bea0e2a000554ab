/* A writer whose bytes become a Lua string. */
#ifndef TCPSL_STRING_WRITER_H
#define TCPSL_STRING_WRITER_H

#include "lua/tcpsl.h"

typedef struct tcpsL_stringwriter {
    tcps_writer base;
    luaL_Buffer buffer;
} tcpsL_stringwriter;

/* [-0, +?] Begins a string. What is pushed until its end must be popped before something is written, as for a luaL_Buffer. */
void tcpsL_beginstring(lua_State *L, tcpsL_stringwriter *w);

/* [-?, +1] Ends it; returns 1. Raises when there was no memory. */
int tcpsL_endstring(lua_State *L, tcpsL_stringwriter *w);

#endif
