/* What matching costs: nanoseconds for one record and one row that have every field.
 *     bench/filter [FILTER...] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "filter/filter.h"
#include "record/rows.h"
#include "tcp_stats.pb-c.h"

#define ROUNDS 20
#define ROWS 10000

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void fill(tcps_record *r, tcps_rows *rows) {
    tcps_record_clear(r);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        tcps_type type = tcps_fields[f].type;
        if (type == TCPS_T_NONE) continue;
        if (type == TCPS_T_STRING || type == TCPS_T_BYTES)
            tcps_set_text(r, f, tcps_rows_text(rows, "nginx", 5));
        else
            tcps_set(r, f, f);
    }
    tcps_set_text(r, TCPS_F_local_addr, tcps_rows_text(rows, "\x0a\x01\x02\x03", 4));
    tcps_set_text(r, TCPS_F_remote_addr, tcps_rows_text(rows, "\x0a\x01\x02\x04", 4));
    tcps_set(r, TCPS_F_ip_version, TCPSTATS_READER__IP_VERSION__IP_VERSION_4);
    tcps_set(r, TCPS_F_state, TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED);
    tcps_set(r, TCPS_F_local_port, 443);
    tcps_set(r, TCPS_F_remote_port, 50000);
}

/* The best of a few rounds: the machine is shared. */
static double least(double a, double b) { return a == 0 || b < a ? b : a; }

static int measure(const char *text) {
    tcps_status status;
    tcps_filter *f = tcps_filter_parse(text, strlen(text), &status);
    tcps_rows rows = {.rows = NULL};
    if (!f) {
        fprintf(stderr, "bench/filter: %s\n", status.what);
        return 1;
    }
    tcps_record r;
    fill(&r, &rows);
    for (unsigned i = 0; i < ROWS; i++)
        if (tcps_rows_add(&rows, &r) != TCPS_OK) return 1;

    double record = 0, row = 0;
    unsigned matched = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (unsigned i = 0; i < ROWS; i++) matched += tcps_filter_match(f, &r);
        double middle = now_ns();
        for (unsigned i = 0; i < ROWS; i++) matched += tcps_filter_match_row(f, rows.rows[i]);
        record = least(record, (middle - start) / ROWS);
        row = least(row, (now_ns() - middle) / ROWS);
    }
    printf("%6.1f ns a record %6.1f ns a row  %3u %% match  %s\n", record, row, matched / (2 * ROUNDS * ROWS / 100), text);
    tcps_rows_fini(&rows);
    tcps_filter_free(f);
    return 0;
}

int main(int argc, char **argv) {
    static const char *const usual[] = {
        "",
        "include_state=established",
        "local_port=80,443 exclude=listen,time_wait",
        "local_port=1,2,3,4,5,6,7,443 remote_port=1,2,3,4,5,6,7,32768-60999",
        "remote_addr=10.0.0.0/8 include_state=established",
        "local_addr=10.1.2.3 remote_addr=10.1.2.4 ipv4_only",
        "rtt_us>1 snd_cwnd>=2 rexmit_packets!=0",
        "uid=1,2,56 command=sshd,nginx",
        "local_port=443 remote_port=1024-65535 remote_addr=10.0.0.0/8 local_addr=10.0.0.0/8 exclude=listen ipv4_only uid=56 command=nginx "
        "rtt_us>1 snd_cwnd>=2 rexmit_packets!=0 tx_bytes>1 rx_bytes>1",
    };
    tcps_schema_init();
    int failed = 0;
    for (int i = 1; i < argc; i++) failed |= measure(argv[i]);
    for (size_t i = 0; argc == 1 && i < sizeof usual / sizeof *usual; i++) failed |= measure(usual[i]);
    return failed;
}
