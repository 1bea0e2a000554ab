/* The answer to net.inet.tcp.pcblist of FreeBSD, to records. Pure: no system calls, any platform. */
#ifndef TCPS_FREEBSD_PCBLIST_H
#define TCPS_FREEBSD_PCBLIST_H

#include "record/sink.h"

typedef struct tcps_freebsd_pcblist {
    uint64_t sockets;       /* records handed to the sink */
    uint64_t skipped;       /* records too short to say which connection they are */
    uint64_t first_skipped; /* where the first of them begins */
} tcps_freebsd_pcblist;

/* The generations that stand before and after the records: when they differ, the table changed meanwhile. False, and both 0, when the
 * answer does not begin with a header and end with a trailer. */
bool tcps_freebsd_pcblist_generations(const uint8_t *bytes, size_t len, uint64_t *first, uint64_t *last);

/* Parses a whole answer and puts every complete record. `release` is FreeBSD's major version, which decides where some fields lie
 * (kern.osreldate / 100000); with 0 (not known) those fields are absent.
 * TCPS_OK; TCPS_TRUNCATED when the bytes end before the trailer; TCPS_FORMAT when there is no header or a record's length cannot be;
 * or what the sink said. status->offset says where. What was put before stays put, and is counted in `report`. */
tcps_code tcps_freebsd_pcblist_parse(const uint8_t *bytes, size_t len, unsigned release, tcps_sink *sink, tcps_freebsd_pcblist *report,
                                     tcps_status *status);

#endif
