/* What the parts of the watchdog share: time (watchdog.c), which coroutine runs (coroutines.c), memory (memory.c), child processes (children.c). It is
 * for one Lua state of one process. */
#ifndef TCPS_WATCHDOG_H
#define TCPS_WATCHDOG_H

#include "runtime/runtime.h"

/* Why the script that runs is being interrupted. */
enum { TCPS_NOT_EXPIRED, TCPS_RAN, TCPS_WAITED, TCPS_RUN_ENDS, TCPS_MEMORY, TCPS_REASONS };

typedef struct tcps_watchdog {
    lua_State *volatile running;         /* the coroutine whose instructions are being executed */
    volatile sig_atomic_t armed;         /* a script's call has a time limit, and the timers run */
    volatile sig_atomic_t in_script;     /* it is the script's own code that runs, not the host's that it called */
    volatile sig_atomic_t expired;       /* the script is being interrupted, and why */
    volatile sig_atomic_t interruptions; /* how many there were */
} tcps_watchdog;
extern tcps_watchdog tcps_watch;

/* Interrupts the script that runs: from here on every instruction of it raises. Safe in a signal handler. */
void tcps_watch_expire(int reason);
/* A signal has ended the run: a script's call gets a second more, and so does each that comes after it. Safe in a signal handler. */
void tcps_watch_hurry(void);
/* A script's call begins: what Lua's objects hold outside of Lua by now is not its own. */
void tcps_memory_begin(void);
/* The coroutine `L` is what runs from here on. */
void tcps_watch_switch(lua_State *L);

#endif
