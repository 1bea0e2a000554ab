/* Netlink answers of NETLINK_SOCK_DIAG to records. Pure: no system calls, any platform. */
#ifndef TCPS_LINUX_DIAG_H
#define TCPS_LINUX_DIAG_H

#include "record/sink.h"

/* How a dump goes, over all its datagrams. Zero it before the first, but for `release`. */
typedef struct tcps_linux_diag {
    unsigned release; /* the kernel's (tcps_linux_release), 0: not known */
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

#endif
