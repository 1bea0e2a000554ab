/* The dump of MPTCP connections: any bytes. Each connection is found by its token, and nothing outside the bytes is read. */
#include <stdlib.h>
#include <string.h>

#include "parse/linux_mptcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size + !size);
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    tcps_mptcp_table t = {0};
    if (tcps_linux_mptcp_parse(&t, bytes, size) != TCPS_OK) abort();
    for (size_t i = 0; i < t.count; i++)
        if (!t.at[i].token || tcps_mptcp_find(&t, t.at[i].token) != &t.at[i]) abort();
    if (tcps_mptcp_find(&t, 0)) abort();
    tcps_mptcp_table_free(&t);
    free(bytes);
    return 0;
}
