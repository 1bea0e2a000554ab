/* The tracker against any sequence of dumps: nothing is opened in a first pass, no delta is negative or beyond its field, no row is opened twice.
 *
 * The input is a list of commands of four bytes: what, which connection, its values. */
#include <stdlib.h>
#include <string.h>

#include "delta/tracker.h"
#include "record/schema.h"
#include "tcp_stats.pb-c.h"

static void fill(tcps_record *r, tcps_pass *batch, const uint8_t *c) {
    tcps_record_clear(r);
    uint8_t address[16] = {c[1] >> 4};
    tcps_set_text(r, TCPS_F_local_addr, tcps_rows_text(&batch->rows, address, c[1] & 8 ? 16 : 4));
    tcps_set_nonzero(r, TCPS_F_local_port, c[1] & 3);
    tcps_set(r, TCPS_F_socket_id, c[1] >> 2 & 3);
    if (c[0] & 8) tcps_set(r, TCPS_F_inp_gencnt, c[0] >> 6);
    tcps_set_nonzero(r, TCPS_F_state, c[2] & 15);
    if (c[0] & 16) tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_INET_DIAG);
    uint64_t value = (uint64_t)c[3] << (c[2] >> 4) * 4;
    if (c[0] & 32) tcps_set(r, TCPS_F_tx_bytes, value);
    if (c[0] & 64) tcps_set(r, TCPS_F_rexmit_packets, (uint32_t)value);
    if (c[0] & 128) tcps_set(r, TCPS_F_rx_packets, value);
    tcps_set(r, TCPS_F_delta_tx_bytes, UINT64_MAX); /* left over from who knows where */
}

static void check_record(const tcps_record *r, bool first_pass) {
    static const uint16_t deltas[] = {TCPS_F_delta_tx_bytes, TCPS_F_delta_rx_packets, TCPS_F_delta_rexmit_packets};
    for (unsigned i = 0; i < sizeof deltas / sizeof *deltas; i++) {
        if (!tcps_has(r, deltas[i])) continue;
        if (first_pass) abort();
        if (r->value[deltas[i]] > (deltas[i] == TCPS_F_delta_rexmit_packets ? INT32_MAX : INT64_MAX)) abort();
    }
    if (!tcps_has(r, TCPS_F_connection_age_ms) || !tcps_has(r, TCPS_F_time_in_state_ms)) abort();
    if (r->value[TCPS_F_time_in_state_ms] > r->value[TCPS_F_connection_age_ms]) abort();
}

static void check_batch(const tcps_pass *b, bool first_pass) {
    if (!b->tracked || (first_pass && (b->opened.count || b->closed.count))) abort();
    for (size_t i = 0; i < b->opened.count; i++) {
        size_t row = 0;
        while (row < b->all.count && b->all.rows[row] != b->opened.rows[i]) row++;
        if (row == b->all.count) abort();
        for (size_t j = 0; j < i; j++)
            if (b->opened.rows[i] == b->opened.rows[j]) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static tcps_record r;
    tcps_schema_init();
    tcps_tracker *t = tcps_tracker_new();
    tcps_pass *batch = tcps_pass_new();
    if (!t || !batch) abort();
    uint64_t now = 1000000000;
    bool first_pass = true;
    tcps_tracker_begin(t, now, batch, true);
    for (; size >= 4; data += 4, size -= 4) {
        switch (data[0] & 7) {
        case 0: /* the pass is over */
            batch->partial = data[1] & 1;
            tcps_pass_show(batch);
            if (tcps_tracker_end(t) != TCPS_OK) abort();
            check_batch(batch, first_pass);
            first_pass = false;
            tcps_pass_unref(batch);
            break;
        case 1: /* it failed */
            tcps_tracker_abort(t);
            tcps_pass_unref(batch);
            break;
        case 2: /* it begins again */
            tcps_rows_clear(&batch->rows);
            tcps_tracker_begin(t, now, batch, true);
            continue;
        default:
            fill(&r, batch, data);
            if (tcps_tracker_record(t, &r) != TCPS_OK) abort();
            check_record(&r, first_pass);
            if ((data[0] & 7) == 3) continue; /* refused by a filter */
            if (tcps_rows_add(&batch->rows, &r) != TCPS_OK) abort();
            tcps_tracker_kept(t, (uint32_t)(batch->rows.count - 1));
            continue;
        }
        batch = tcps_pass_new();
        if (!batch) abort();
        now += (uint64_t)data[2] << 24;
        tcps_tracker_begin(t, now, batch, true);
    }
    tcps_pass_unref(batch);
    tcps_tracker_free(t);
    return 0;
}
