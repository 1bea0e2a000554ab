/* What XNU reports of one connection: tcp_info (net.inet.tcp.info, anybody's) and tcp_connection_info (getsockopt, an own descriptor's).
 * Pure: no system calls, any platform. */
#ifndef TCPS_XNU_TCPINFO_H
#define TCPS_XNU_TCPINFO_H

#include "record/record.h"

/* Sets what a struct tcp_info of `len` bytes knows, by length, so that any release's will do, and adds DATA_SOURCE_MACOS_TCP_INFO.
 * Counters replace what is there: they are exact. Windows, sequence numbers and times in whole milliseconds are set only where the record has
 * none yet: pcblist_n knows them better and all at one moment. */
void tcps_xnu_tcp_info(tcps_record *r, const uint8_t *info, size_t len);

/* Adds to `fields` every field that tcps_xnu_tcp_info sets or replaces in the record of a connection that has all that it could have from
 * pcblist_n. Found by parsing: no list has to be kept. */
void tcps_xnu_tcp_info_fields(uint64_t fields[TCPS_MASK_WORDS]);

/* Sets what a struct tcp_connection_info knows, by the rules of tcps_xnu_tcp_info; adds DATA_SOURCE_MACOS_TCP_CONN_INFO. */
void tcps_xnu_connection_info(tcps_record *r, const uint8_t *info, size_t len);

/* Writes the question of net.inet.tcp.info for the connection `r`: 60 bytes (ITPL_SIZE). False when it is not a connection that can be asked for:
 * a listener, a flow of the user-space stack (the answer is zeros for almost all fields), or one without addresses. */
bool tcps_xnu_info_request(uint8_t request[60], const tcps_record *r);

#endif
