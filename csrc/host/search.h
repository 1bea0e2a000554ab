/* Where the program looks for Lua modules that it does not carry: LuaSocket, lua-term, what a script requires. */
#ifndef TCPS_SEARCH_H
#define TCPS_SEARCH_H

#include <lua.h>

/* To be called before the standard libraries are opened: LUA_PATH and LUA_CPATH are not read. They belong to the user who starts the program, which
 * may run as root or with the capabilities of its file. Stack: [-0, +0, m]. */
void tcpsL_ignore_environment(lua_State *L);

/* To be called after: takes the templates that are relative out of package.path and package.cpath. Lua's defaults end in "./?.lua" and "./?.so", so
 * that the folder in which the program is started would decide what it runs. Stack: [-0, +0, m]. */
void tcpsL_drop_relative_paths(lua_State *L);

#endif
