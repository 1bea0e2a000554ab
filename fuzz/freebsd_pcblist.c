/* The answer to net.inet.tcp.pcblist: any bytes, as of any release. What is put is well formed, and what is said of the rest is true. */
#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"
#include "parse/freebsd_pcblist.h"
#include "record/schema.h"

static uint64_t put_count;

static tcps_code put(tcps_sink *sink, tcps_record *r) {
    if (tcps_has(r, TCPS_F_state) && r->value[TCPS_F_state] - 1 >= FREEBSD_TCPS_COUNT) abort();
    if (tcps_has(r, TCPS_F_half_open) && (tcps_has(r, TCPS_F_uid) || tcps_has(r, TCPS_F_snd_cwnd))) abort();
    put_count++;
    return tcps_rows_add(&sink->pass->rows, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const unsigned releases[] = {0, 13, 14, 15};
    tcps_schema_init();
    if (!size) return 0;
    unsigned release = releases[data[0] & 3];
    size_t len = size - 1;
    uint8_t *bytes = malloc(len + !len); /* of that size, so that a read beyond it is seen */
    tcps_pass *batch = tcps_pass_new();
    if (!bytes || !batch) abort();
    if (len) memcpy(bytes, data + 1, len);

    tcps_sink sink = {.pass = batch, .put = put};
    tcps_freebsd_pcblist report;
    tcps_status status = {.code = TCPS_OK};
    put_count = 0;
    tcps_code code = tcps_freebsd_pcblist_parse(bytes, len, release, &sink, &report, &status);
    if (report.sockets != put_count || batch->rows.count != put_count) abort();
    if (code != TCPS_OK && code != TCPS_TRUNCATED && code != TCPS_FORMAT) abort();
    if (code != TCPS_OK && (status.code != code || status.offset > len || !status.what[0])) abort();
    if (code == TCPS_OK && (len < 2 * XIG_SIZE || tcps_load64(bytes + len - XIG_SIZE) != XIG_SIZE)) abort();

    uint64_t first, last;
    if (!tcps_freebsd_pcblist_generations(bytes, len, &first, &last) && (first || last)) abort();
    tcps_pass_unref(batch);
    free(bytes);
    return 0;
}
