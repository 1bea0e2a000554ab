/* A stream of /dev/tcpstats: any bytes, any mask of fields. No group is set that was not requested. */
#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"
#include "parse/freebsd_kld.h"
#include "record/schema.h"

static uint32_t fields;
static uint64_t put_count;

static void check_group(const tcps_record *r, uint32_t group, unsigned field) {
    if (!(fields & group) && tcps_has(r, field)) abort();
}

static tcps_code put(tcps_sink *sink, tcps_record *r) {
    if (tcps_has(r, TCPS_F_state) && r->value[TCPS_F_state] - 1 >= FREEBSD_TCPS_COUNT) abort();
    check_group(r, KLD_FIELDS_STATE, TCPS_F_negotiated_options);
    check_group(r, KLD_FIELDS_CONGESTION, TCPS_F_snd_cwnd);
    check_group(r, KLD_FIELDS_RTT, TCPS_F_rtt_us);
    check_group(r, KLD_FIELDS_SEQUENCES, TCPS_F_snd_nxt);
    check_group(r, KLD_FIELDS_COUNTERS, TCPS_F_rexmit_packets);
    check_group(r, KLD_FIELDS_TIMERS, TCPS_F_timer_keep_ms);
    check_group(r, KLD_FIELDS_BUFFERS, TCPS_F_snd_buf_used);
    check_group(r, KLD_FIELDS_ECN, TCPS_F_ecn_flags);
    check_group(r, KLD_FIELDS_NAMES, TCPS_F_cc_algo);
    put_count++;
    return tcps_rows_add(&sink->pass->rows, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tcps_schema_init();
    if (size < 2) return 0;
    size_t len = size - 2;
    uint8_t *bytes = malloc(len + !len); /* of that size, so that a read beyond it is seen */
    tcps_pass *batch = tcps_pass_new();
    if (!bytes || !batch) abort();
    if (len) memcpy(bytes, data + 2, len);

    uint32_t shown = tcps_freebsd_kld_fields(bytes, len);
    if ((shown & KLD_FIELDS_DEFAULT) != KLD_FIELDS_DEFAULT || shown & ~KLD_FIELDS_ALL) abort();
    fields = data[1] & 0x80 ? shown : tcps_load16(data) & KLD_FIELDS_ALL;
    tcps_sink sink = {.pass = batch, .put = put};
    tcps_freebsd_kld report;
    tcps_status status = {.code = TCPS_OK};
    put_count = 0;
    tcps_code code = tcps_freebsd_kld_parse(bytes, len, fields, &sink, &report, &status);
    if (report.sockets != put_count || report.sockets + report.skipped != len / KLD_SIZE) abort();
    if ((code == TCPS_OK) != (len % KLD_SIZE == 0 && !report.skipped)) abort();
    if (code != TCPS_OK && (status.code != code || status.offset >= len || !status.what[0])) abort();
    tcps_pass_unref(batch);
    free(bytes);
    return 0;
}
