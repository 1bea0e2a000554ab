/* FreeBSD's struct tcp_info: any bytes of any length. Fewer than FreeBSD 13's set nothing. */
#include <stdlib.h>

#include "parse/freebsd_tcpinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size + !size);
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    tcps_record r;
    tcps_record_clear(&r);
    tcps_freebsd_tcp_info(&r, bytes, size);
    for (unsigned w = 0; size < 236 && w < TCPS_MASK_WORDS; w++)
        if (r.has[w]) abort();
    free(bytes);
    return 0;
}
