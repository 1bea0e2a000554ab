/* Which platform's kernel feeds a field, as the comment above it in the proto says: "Linux: tcpi_rtt. macOS 14 and older: ...". */
#ifndef TCPS_PLATFORM_H
#define TCPS_PLATFORM_H

#include <stdbool.h>

#include "tcp_stats.pb-c.h"

/* Whether the comment `help` (tcps_help) names a field of the platform's kernel; of an unknown platform everything is possible. */
bool tcps_is_fed_by(const char *help, TcpstatsReader__Platform platform);

/* Whether the comment says anything of kernels, also that none feeds the field ("Never:"). */
bool tcps_is_fed_by_any(const char *help);

#endif
