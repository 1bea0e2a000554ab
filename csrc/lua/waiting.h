/* How the bindings say that they wait for somebody outside, to whoever measures time: the runtime, where it is loaded. */
#ifndef TCPSL_WAITING_H
#define TCPSL_WAITING_H

/* In the registry under TCPSL_WAITING, as a light userdata; nothing there: nobody measures. `begin` and `end` are called around one system call
 * that may wait long (a write to a slow reader). They touch no Lua state. */
#define TCPSL_WAITING "tcpstats.waiting"
typedef struct tcpsL_waiting {
    void (*begin)(void);
    void (*end)(void);
} tcpsL_waiting;

#endif
