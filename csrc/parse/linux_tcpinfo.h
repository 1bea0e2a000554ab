/* What Linux says of one connection: struct tcp_info and the socket's memory, from a dump or from getsockopt(TCP_INFO, SO_MEMINFO) of an own
 * descriptor. Pure: no system calls, any platform. */
#ifndef TCPS_LINUX_TCPINFO_H
#define TCPS_LINUX_TCPINFO_H

#include "abi/linux.h"
#include "record/record.h"
#include "tcp_stats.pb-c.h"

/* Sets what a struct tcp_info of `len` bytes knows of a socket in Linux's state `state`: by length, so that any kernel's will do. `release` is the
 * kernel's (tcps_linux_release), which decides what four bytes mean; with 0 these fields stay absent. */
void tcps_linux_tcp_info(tcps_record *r, const uint8_t *info, size_t len, unsigned state, unsigned release);

/* A release as uname says it, "6.18.44-amd64", as one number that can be compared: the major version times 256, plus the minor one. 0: not one. */
unsigned tcps_linux_release(const char *text);

/* Whether the peer's FIN has come in that state. The kernel counts it as a byte of what was received, and of what nobody has read. */
static inline bool tcps_linux_fin_received(unsigned state) {
    return (1u << LINUX_CLOSE_WAIT | 1u << LINUX_LAST_ACK | 1u << LINUX_CLOSING) >> (state & 31) & 1;
}

/* Sets what the `len` bytes of INET_DIAG_SKMEMINFO or SO_MEMINFO say: an array of u32 that grows with the kernel. */
void tcps_linux_meminfo(tcps_record *r, const uint8_t *info, size_t len);

/* The schema's TcpState of Linux's state number; TCP_STATE_UNKNOWN of a number that Linux does not have. */
TcpstatsReader__TcpState tcps_linux_state(unsigned state);

#endif
