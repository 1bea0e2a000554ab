/* tcp_info, tcp_connection_info and tcp.stats of any length: nothing outside them is read. */
#include <stdlib.h>

#include "parse/xnu_tcpinfo.h"
#include "parse/xnu_tcpstat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size + !size); /* of that size, so that a read beyond it is seen */
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    tcps_record r;
    tcps_record_clear(&r);
    tcps_xnu_tcp_info(&r, bytes, size);
    if (!tcps_has(&r, TCPS_F_sources)) abort();
    tcps_record_clear(&r);
    tcps_xnu_connection_info(&r, bytes, size);
    tcps_counters counters = {0};
    tcps_xnu_tcpstat(&counters, bytes, size);
    tcps_xnu_tcpstat_hidden(bytes, size);
    free(bytes);
    return 0;
}
