/* pcblist_n: any bytes. Nothing outside them is read, it takes linear time, and as many sockets are put as the report counts. The first byte chooses what is
 * known of the release and of TCP's clock. */
#include <stdlib.h>

#include "parse/xnu_pcblist.h"

static uint64_t count;

static tcps_code put(tcps_sink *sink, tcps_record *r) {
    count++;
    if (!tcps_has(r, TCPS_F_sources)) abort();
    return tcps_rows_add(&sink->pass->rows, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    tcps_xnu_rules rules = {.stats = data[0] % 3, .has_tcp_now = data[0] & 4, .tcp_now = 0x10000};
    size_t len = size - 1;
    uint8_t *bytes = malloc(len + !len); /* of that size, so that a read beyond it is seen */
    tcps_pass *batch = tcps_pass_new();
    if (!bytes || !batch) abort();
    if (len) memcpy(bytes, data + 1, len);
    tcps_sink sink = {.pass = batch, .put = put};
    tcps_xnu_pcblist_report report;
    count = 0;
    if (tcps_xnu_pcblist_parse(bytes, len, &rules, &sink, &report) != TCPS_OK) abort();
    if (count != report.sockets || count != batch->rows.count || report.status.offset > len) abort();
    if (report.status.code != TCPS_OK && !report.status.what[0]) abort();
    tcps_xnu_pcblist_changed(bytes, len);
    tcps_pass_unref(batch);
    free(bytes);
    return 0;
}
