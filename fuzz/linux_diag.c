/* NETLINK_SOCK_DIAG: any bytes, in one datagram and in two. Nothing outside them is read, and as many sockets are put as are counted. Then
 * the same bytes as a struct tcp_info of any length, in any state. */
#include <stdlib.h>

#include "parse/linux_diag.h"
#include "parse/linux_tcpinfo.h"
#include "record/schema.h"

static uint64_t put_count;

static tcps_code put(tcps_sink *sink, tcps_record *r) {
    if (!tcps_has(r, TCPS_F_sources) || !tcps_has(r, TCPS_F_local_addr)) abort();
    if (tcps_has(r, TCPS_F_half_open) && (tcps_has(r, TCPS_F_uid) || tcps_has(r, TCPS_F_snd_cwnd))) abort();
    put_count++;
    return tcps_rows_add(&sink->pass->rows, r);
}

static void parse(tcps_linux_diag *dump, tcps_sink *sink, const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size + !size); /* of that size, so that a read beyond it is seen */
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    uint64_t begin = dump->offset;
    tcps_status status = {.code = TCPS_OK};
    tcps_code code = tcps_linux_diag_parse(dump, bytes, size, sink, &status);
    if (code != TCPS_OK && code != TCPS_TRUNCATED) abort();
    if (code == TCPS_OK && dump->offset != begin + size) abort();
    if (code == TCPS_TRUNCATED && (status.offset != dump->offset || dump->offset >= begin + size || !status.what[0])) abort();
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tcps_schema_init();
    tcps_pass *batch = tcps_pass_new();
    if (!batch) abort();
    tcps_sink sink = {.pass = batch, .put = put};
    put_count = 0;
    tcps_linux_diag whole = {0}, halves = {0};
    parse(&whole, &sink, data, size);
    parse(&halves, &sink, data, size / 2);
    parse(&halves, &sink, data + size / 2, size - size / 2);
    if (whole.sockets + halves.sockets != put_count || batch->rows.count != put_count) abort();

    if (size) {
        tcps_record r;
        uint8_t *info = malloc(size);
        if (!info) abort();
        memcpy(info, data + 1, size - 1);
        tcps_record_clear(&r);
        tcps_linux_tcp_info(&r, info, size - 1, data[0] & 15, (data[0] >> 4) << 8);
        free(info);
    }
    tcps_pass_unref(batch);
    return 0;
}
