/* kern.file of FreeBSD: whose socket is it. Pure: no system calls, any platform. */
#ifndef TCPS_FREEBSD_XFILE_H
#define TCPS_FREEBSD_XFILE_H

#include "record/holders.h"

/* Fills `holders`, whose sockets are xf_data (the record's xso_so), from an answer to kern.file, forgetting what was in it. TCPS_OK; TCPS_TRUNCATED or
 * TCPS_FORMAT when a row's length cannot be: the rows before it have been taken, status->offset says where; TCPS_NOMEM. */
tcps_code tcps_freebsd_xfile_parse(tcps_holders *holders, const uint8_t *bytes, size_t len, tcps_status *status);

#endif
