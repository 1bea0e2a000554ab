/* /dev/tcpstats through the seam: handshake, filter, one read that is sized from what the module says. */
#ifndef TCPS_FREEBSD_DEVICE_H
#define TCPS_FREEBSD_DEVICE_H

#include "source/source.h"

/* What is remembered from pass to pass. Zero it before the first. */
typedef struct tcps_freebsd_device {
    uint64_t hidden;        /* sockets that the module counts and does not show to us: of other jails and users */
    bool warned_refused;    /* the missing permission was reported */
    bool warned_version;    /* that the protocol is not ours */
    bool warned_unfiltered; /* that SET_FILTER is not ours */
} tcps_freebsd_device;

/* What a read gave. */
typedef struct tcps_freebsd_dump {
    uint32_t fields;  /* the groups that the records have, for tcps_freebsd_kld_parse; 0: a recorded stream, which does not say */
    bool partial;     /* there are more sockets than the module gave */
    unsigned retries; /* reads that were thrown away */
} tcps_freebsd_dump;

/* Reads the device into `buffer`. True with a stream; false when there is no device or it cannot be used now, and why, if that is worth a report, is a
 * warning in `pass`. A module that is not loaded is nothing to tell. */
bool tcps_freebsd_device_read(tcps_freebsd_device *d, tcps_kernel *k, const tcps_wants *wants, tcps_pass *pass, tcps_buffer *buffer,
                              tcps_freebsd_dump *stream);

#endif
