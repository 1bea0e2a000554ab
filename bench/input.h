/* What kernels would say of `sockets` connections, made up: the same bytes at every call, with values that differ from socket to socket as
 * they do on a busy server. So whatever is measured on them can be measured again. */
#ifndef BENCH_INPUT_H
#define BENCH_INPUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_bytes {
    uint8_t *bytes; /* malloc'ed */
    size_t len;
} bench_bytes;

/* The answer of a Linux 6.18 to a dump of inet_diag with every extension that tcpstats asks for; one socket in ten is IPv6, one in eight is
 * idle, one in 500 listens. */
bench_bytes bench_linux_dump(size_t sockets);

/* net.inet.tcp.pcblist_n of macOS 15, 616 bytes a socket. */
bench_bytes bench_macos_dump(size_t sockets);

#endif
