/* Netlink answers of NETLINK_SOCK_DIAG to records. Pure: no system calls, any platform. */
#ifndef TCPS_LINUX_DIAG_H
#define TCPS_LINUX_DIAG_H

#include "record/sink.h"

/* How a dump goes, over all its datagrams. Zero it before the first. */
typedef struct tcps_linux_diag {
    uint64_t offset;  /* bytes parsed */
    uint64_t sockets; /* records handed to the sink */
    uint64_t skipped; /* messages of other types, or too short for what they claim to be */
    bool done;        /* NLMSG_DONE was seen */
    bool interrupted; /* NLM_F_DUMP_INTR: the table changed meanwhile */
    int error;        /* errno of NLMSG_ERROR or NLMSG_DONE, 0 none */
    /* While a record is put: the netlink message that it comes from, for a sink that has to keep it and parse it again. */
    const uint8_t *message;
    size_t message_len;
} tcps_linux_diag;

/* Parses `len` bytes of whole netlink messages and puts every complete socket. TCPS_OK, TCPS_TRUNCATED when a message is longer than what
 * is left (status->offset counts from the dump's first byte), or what the sink said. */
tcps_code tcps_linux_diag_parse(tcps_linux_diag *dump, const uint8_t *bytes, size_t len, tcps_sink *sink, tcps_status *status);

/* Sets what a struct tcp_info of `len` bytes knows of a socket in Linux's state `state`: by length, so that any kernel's will do.
 * Also used for getsockopt(TCP_INFO). */
void tcps_linux_tcp_info(tcps_record *r, const uint8_t *info, size_t len, unsigned state);

/* Sets what the `len` bytes of INET_DIAG_SKMEMINFO, or of getsockopt(SO_MEMINFO), say: an array of u32 that grows with the kernel. */
void tcps_linux_meminfo(tcps_record *r, const uint8_t *info, size_t len);

/* The schema's TcpState of Linux's state number; TCP_STATE_UNKNOWN of one that it has not. */
TcpstatsReader__TcpState tcps_linux_state(unsigned state);

#endif
