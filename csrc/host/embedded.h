/* The Lua modules that the binary carries, so that it works wherever it is copied. */
#ifndef TCPS_EMBEDDED_H
#define TCPS_EMBEDDED_H

#include <lua.h>
#include <stddef.h>

typedef struct tcpsL_embedded {
    const char *name;   /* as require knows it: "tcpstats.host.cli"; NULL ends the array */
    const char *chunk;  /* how messages and tracebacks name it: "@tcpstats/cli.lua" */
    const char *source; /* `len` bytes, followed by a NUL */
    size_t len;
} tcpsL_embedded;

/* All of them: made at build time by embed.awk. */
extern const tcpsL_embedded tcpsL_embedded_modules[];

/* The same modules in the same order as bytecode, of the Lua whose lua_ident is tcpsL_bytecode_of: made by tools/precompile.c where the build
 * can run what it builds (TCPS_BYTECODE). Loading it takes a tenth of the time of compiling the source. */
typedef struct tcpsL_bytecode {
    const char *chunk; /* as that of the source */
    const unsigned char *bytes;
    size_t len;
} tcpsL_bytecode;
extern const tcpsL_bytecode tcpsL_embedded_bytecode[];
extern const char tcpsL_bytecode_of[];

/* Puts a loader of every embedded module into package.preload, where require looks first; a name that is already there is left alone, and
 * nothing is compiled before it is required. A self-contained build (TCPS_SELF_CONTAINED) adds the C modules that it is linked with,
 * those of LuaSocket. The standard libraries must be open. Stack: [-0, +0, m]. */
void tcpsL_preload_embedded(lua_State *L);

#endif
