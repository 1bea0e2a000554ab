/* What Linux reports to a process of its own socket. */
#ifndef TCPS_LINUX_SOCKET_INFO_H
#define TCPS_LINUX_SOCKET_INFO_H

#include "source/source.h"

/* tcps_source_class.socket_info of Linux. */
void tcps_linux_socket_info(tcps_kernel *k, int fd, const uint8_t *info, size_t len, tcps_rows *rows, tcps_record *r);

#endif
