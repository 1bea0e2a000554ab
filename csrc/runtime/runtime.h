/* What the files of tcpstats.runtime share: what is one for the whole process. The module is for a process that is a host (the binary, or a rock's
 * tcpstats-lua): it takes signals, the terminal and the allocator. Loading it takes none of them; each is taken by the function that says so. */
#ifndef TCPS_RUNTIME_H
#define TCPS_RUNTIME_H

#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define TCPS_SECOND ((int64_t)1000000000)

/* tcpstats.runtime, the module's only exported symbol. */
__attribute__((visibility("default"))) int luaopen_tcpstats_runtime(lua_State *L);

/* Nanoseconds of the monotonic clock. Safe in a signal handler. */
int64_t tcps_now(void);

/* [-0, +3] nil, what errno `error` means, its name if the host tells it apart ("EPIPE", "EAGAIN" ...) or "ESYSTEM"; returns 3. */
int tcpsL_failerrno(lua_State *L, int error);

/* Whether a signal was noted that runtime.signals has not reported. */
bool tcps_signal_noted(void);
/* The signals that are noted. */
void tcps_signal_set(sigset_t *set);

/* Puts a terminal back that runtime.terminal_raw changed, if there is one. For the end of the process in a signal handler, and safe there. */
void tcps_terminal_leave(void);

/* Each registers its metatable, and adds its functions to the module table on top of the stack. [-0, +0] */
void tcpsL_opensignals(lua_State *L);
void tcpsL_openwait(lua_State *L);
void tcpsL_opendescriptor(lua_State *L);
void tcpsL_opennet(lua_State *L);
void tcpsL_openresolver(lua_State *L);
void tcpsL_openmessages(lua_State *L);
void tcpsL_openterminal(lua_State *L);
void tcpsL_openwatchdog(lua_State *L);
void tcpsL_opencoroutines(lua_State *L);
void tcpsL_openmemory(lua_State *L);
void tcpsL_openchildren(lua_State *L);

#endif
