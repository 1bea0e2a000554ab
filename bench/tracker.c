/* What the tracker costs a record, without a kernel: `bench/tracker [sockets [passes]]` prints ns per record for several kinds of passes.
 * The records are built once and only their counters move, so that the figure is the tracker's; between passes a block of memory larger than
 * the caches is written, as a dump would. The median of the passes is given, and the least. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "delta/tracker.h"
#include "record/schema.h"
#include "tcp_stats.pb-c.h"

typedef struct table {
    tcps_pass *texts;
    tcps_record *records;
    size_t count;
    uint64_t next_id;
} table;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t random_state = 88172645463325252u;
static uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/* A connection as Linux reports it: every counter that the tracker follows but two. */
static void make_record(table *t, tcps_record *r) {
    uint64_t id = t->next_id++;
    uint8_t local[4] = {10, 0, 0, 1}, remote[4] = {10, (uint8_t)(id >> 32), (uint8_t)(id >> 24), (uint8_t)(id >> 16)};
    tcps_record_clear(r);
    tcps_set_text(r, TCPS_F_local_addr, tcps_rows_text(&t->texts->rows, local, sizeof local));
    tcps_set_text(r, TCPS_F_remote_addr, tcps_rows_text(&t->texts->rows, remote, sizeof remote));
    tcps_set(r, TCPS_F_local_port, 443);
    tcps_set(r, TCPS_F_remote_port, id & 0xffff);
    tcps_set(r, TCPS_F_ip_version, 4);
    tcps_set(r, TCPS_F_socket_id, id);
    tcps_set(r, TCPS_F_state, TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_INET_DIAG);
    tcps_set(r, TCPS_F_rexmit_packets, 0);
    tcps_set(r, TCPS_F_ooo_packets, 0);
    tcps_set(r, TCPS_F_tx_bytes, 0);
    tcps_set(r, TCPS_F_rx_bytes, 0);
    tcps_set(r, TCPS_F_retransmit_bytes, 0);
    tcps_set(r, TCPS_F_tx_packets, 0);
    tcps_set(r, TCPS_F_rx_packets, 0);
}

static void keep_order(table *t) { (void)t; }

static void shuffle(table *t) {
    for (size_t i = t->count; i > 1; i--) {
        size_t j = random_next() % i;
        tcps_record r = t->records[i - 1];
        t->records[i - 1] = t->records[j];
        t->records[j] = r;
    }
}

static void churn(table *t, unsigned one_in) {
    for (size_t i = random_next() % one_in; i < t->count; i += one_in) make_record(t, &t->records[i]);
}
static void churn_tenth(table *t) { churn(t, 10); }
static void churn_hundredth(table *t) { churn(t, 100); }

static char *cache_filler;
enum { FILLER = 64 << 20 };

/* One pass; ns per record. */
static double pass(tcps_tracker *tracker, table *t, uint64_t clock) {
    tcps_pass *now = tcps_pass_new();
    for (size_t i = 0; i < t->count; i++) {
        t->records[i].value[TCPS_F_tx_bytes] += 1000 + i;
        t->records[i].value[TCPS_F_rx_packets]++;
        tcps_rows_add(&now->rows, &t->records[i]);
    }
    memset(cache_filler, (int)clock, FILLER);
    /* Records come one after the other through the same wide record in a live pass; what reading them here costs is taken off. */
    static tcps_record r;
    uint64_t start = now_ns();
    for (size_t i = 0; i < t->count; i++) {
        tcps_row_unpack(&r, now->rows.rows[i]);
        __asm__ volatile("" ::"r"(&r) : "memory");
    }
    uint64_t reading = now_ns() - start;
    memset(cache_filler, (int)clock, FILLER);
    start = now_ns();
    tcps_tracker_begin(tracker, clock, now, true);
    for (size_t i = 0; i < t->count; i++) {
        tcps_row_unpack(&r, now->rows.rows[i]);
        if (tcps_tracker_record(tracker, &r) != TCPS_OK) exit(1);
        tcps_tracker_kept(tracker, (uint32_t)i);
    }
    tcps_pass_show(now);
    if (tcps_tracker_end(tracker) != TCPS_OK) exit(1);
    uint64_t took = now_ns() - start;
    tcps_pass_unref(now);
    return ((double)took - (double)reading) / (double)t->count;
}

static int by_value(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b; }

static void measure(const char *name, void (*change)(table *), size_t count, size_t passes) {
    table t = {.texts = tcps_pass_new(), .records = malloc(count * sizeof(tcps_record)), .count = count, .next_id = 1};
    double *took = malloc(passes * sizeof *took);
    tcps_tracker *tracker = tcps_tracker_new();
    for (size_t i = 0; i < count; i++) make_record(&t, &t.records[i]);
    double first = pass(tracker, &t, 1);
    for (size_t n = 0; n < passes; n++) {
        change(&t);
        took[n] = pass(tracker, &t, (n + 2) * 1000000000u);
    }
    qsort(took, passes, sizeof *took, by_value);
    printf("%-24s %8zu sockets  %6.1f ns median  %6.1f ns least  %6.1f ns first pass  %5.1f bytes\n", name, count, took[passes / 2], took[0], first,
           (double)tcps_tracker_size(tracker) / (double)count);
    tcps_tracker_free(tracker);
    tcps_pass_unref(t.texts);
    free(t.records);
    free(took);
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, passes = argc > 2 ? strtoul(argv[2], NULL, 10) : 21;
    cache_filler = malloc(FILLER);
    tcps_schema_init();
    measure("same order", keep_order, count, passes);
    measure("1 % new", churn_hundredth, count, passes);
    measure("10 % new", churn_tenth, count, passes);
    measure("shuffled", shuffle, count, passes);
    free(cache_filler);
    return 0;
}
