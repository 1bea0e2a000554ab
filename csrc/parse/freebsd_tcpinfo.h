/* struct tcp_info of FreeBSD: getsockopt(TCP_INFO) of an own descriptor. Pure: no system calls, any platform. */
#ifndef TCPS_FREEBSD_TCPINFO_H
#define TCPS_FREEBSD_TCPINFO_H

#include "record/record.h"

/* Sets what the `len` bytes of a struct tcp_info know, by length: 236 bytes are FreeBSD 13's, 240 are 14's, and later ones only append. Fewer
 * than 13's set nothing. */
void tcps_freebsd_tcp_info(tcps_record *r, const uint8_t *info, size_t len);

#endif
