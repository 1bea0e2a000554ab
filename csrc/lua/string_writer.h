/* A writer whose bytes become a Lua string.
 *
 * They are collected in memory that is kept for the next string: luaL_Buffer's is new each time, and touching a new page costs more than encoding what
 * fits it. As JSON, microseconds a socket, of which the encoder takes 0.23: 1,000 sockets 2.0 -> 0.24, 10,000 0.64 -> 0.38; strings beyond 32 MB lie
 * in new pages themselves (glibc's largest M_MMAP_THRESHOLD): 20,000 2.4 -> 1.2. */
#ifndef TCPSL_STRING_WRITER_H
#define TCPSL_STRING_WRITER_H

#include "lua/tcpsl.h"

typedef struct tcpsL_stringwriter {
    tcps_writer base;
    struct tcpsL_stringmemory *memory;
} tcpsL_stringwriter;

/* [-0, +1] Begins a string. Raises without memory. The value on the stack must stay there until the end. */
void tcpsL_beginstring(lua_State *L, tcpsL_stringwriter *w);

/* [-0, +1] Ends it; returns 1. Raises when there was no memory. */
int tcpsL_endstring(lua_State *L, tcpsL_stringwriter *w);

#endif
