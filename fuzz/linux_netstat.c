/* The files below /proc/net: any text gives counters or a reason, and nothing outside it is read. The last byte says where snmp ends and sockstat begins. */
#include <stdlib.h>
#include <string.h>

#include "delta/summary.h"
#include "parse/linux_netstat.h"

/* A copy of that size, so that a read beyond it is seen. */
static char *exactly(const uint8_t *data, size_t size) {
    char *copy = malloc(size + !size);
    if (!copy) abort();
    if (size) memcpy(copy, data, size);
    return copy;
}

static void check(tcps_code code, const tcps_status *status) {
    if (code != TCPS_OK && (code != TCPS_FORMAT || status->code != code || !status->what[0])) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static tcps_summary summary;
    tcps_counters counters = {.has = {0}};
    tcps_status status = {.code = TCPS_OK};
    size_t first = size ? (size - 1) * data[size - 1] / 255 : 0;
    char *netstat = exactly(data, first), *sockstat = exactly(data + first, size - first);
    check(tcps_linux_netstat_parse(netstat, first, &counters, &status), &status);
    check(tcps_linux_sockstat_parse(sockstat, size - first, &counters, &status), &status);
    free(netstat);
    free(sockstat);

    tcps_pass *batch = tcps_pass_new();
    tcps_census census = {.total = size};
    tcps_clock clock = {.monotonic_ns = summary.monotonic_ns + 1000000};
    if (!batch || tcps_summary_set(&summary, batch, &census, &counters, &clock) != TCPS_OK) abort();
    const TcpstatsReader__SystemSummary *m = &batch->summary;
    if (m->has_retransmit_rate && !(m->retransmit_rate >= 0)) abort();
    if (m->has_duplicate_rate && !(m->duplicate_rate >= 0)) abort();
    tcps_pass_unref(batch);
    return 0;
}
