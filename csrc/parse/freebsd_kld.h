/* What one read of /dev/tcpstats gives, to records. Pure: no system calls, any platform. */
#ifndef TCPS_FREEBSD_KLD_H
#define TCPS_FREEBSD_KLD_H

#include "record/sink.h"

typedef struct tcps_freebsd_kld {
    uint64_t sockets; /* records handed to the sink */
    uint64_t skipped; /* records of another protocol or size */
} tcps_freebsd_kld;

/* Parses `len` bytes of whole records. `fields` is the mask that SET_FILTER was given (KLD_FIELDS_*): the module leaves a group zero that it was
 * not asked for, so the fields of such a group are absent.
 * TCPS_OK; TCPS_TRUNCATED when the last record is cut; TCPS_FORMAT when records had to be skipped, status->offset being the first one;
 * or what the sink said. Every other record was put. */
tcps_code tcps_freebsd_kld_parse(const uint8_t *bytes, size_t len, uint32_t fields, tcps_sink *sink, tcps_freebsd_kld *report, tcps_status *status);

/* The mask of a stream of which nothing else is known: the groups that the module fills unless told otherwise, and of the others those in
 * which some record has a bit set. A group that is zero in every record says nothing and is better absent than a wrong zero. */
uint32_t tcps_freebsd_kld_fields(const uint8_t *bytes, size_t len);

/* The mask that a word means: "all", "default", or a number such as 0x3FF. 0 when it means none. */
uint32_t tcps_freebsd_kld_fields_named(const char *word);

#endif
