/* What each stage of a pass costs without a kernel, on the made-up dumps of input.h.
 *     bench/stages [SOCKETS]             nanoseconds a socket, the median of the rounds and the least
 *     bench/stages SOCKETS STAGE         runs that stage once: for callgrind, which counts what is called from run_* (see bench/check.lua)
 *     bench/stages dump FILE [SOCKETS]   writes the Linux dump, for -s linux:FILE */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "delta/tracker.h"
#include "encode/json.h"
#include "encode/protobuf.h"
#include "filter/filter.h"
#include "input.h"
#include "parse/linux_diag.h"
#include "parse/xnu_pcblist.h"

enum { ROUNDS = 15, SECOND = 1000000000 };

typedef struct fixture {
    size_t sockets;
    bench_bytes linux_dump, macos_dump, message; /* the last: the Linux dump as protobuf */
    tcps_pass *linux_pass;                       /* over the Linux dump */
    tcps_record *records;                        /* the same; their texts are the pass's */
    tcps_filter *filter;
    tcps_tracker *tracker; /* has seen the records `passes` times */
    unsigned passes;
    char *memory; /* as large as the macOS dump */
    size_t result;
} fixture;

static void check(bool fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "bench/stages: %s\n", what);
    exit(1);
}

static tcps_code add(tcps_sink *sink, tcps_record *r) { return tcps_rows_add(&sink->pass->rows, r); }

static void parse_linux(const fixture *f, tcps_pass *b) {
    tcps_sink sink = {.pass = b, .put = add};
    tcps_linux_diag dump = {0};
    check(tcps_linux_diag_parse(&dump, f->linux_dump.bytes, f->linux_dump.len, &sink, NULL) == TCPS_OK && b->rows.count == f->sockets, "parse");
}

#define STAGE __attribute__((noinline)) static void

STAGE run_parse_linux(fixture *f) {
    tcps_pass *b = tcps_pass_new();
    parse_linux(f, b);
    tcps_pass_unref(b);
}

STAGE run_parse_macos(fixture *f) {
    tcps_pass *b = tcps_pass_new();
    tcps_sink sink = {.pass = b, .put = add};
    tcps_xnu_rules rules = {.stats = TCPS_XNU_STATS_DATA, .has_tcp_now = true, .tcp_now = 5000000};
    tcps_xnu_pcblist_report report;
    tcps_code code = tcps_xnu_pcblist_parse(f->macos_dump.bytes, f->macos_dump.len, &rules, &sink, &report);
    check(code == TCPS_OK && report.status.code == TCPS_OK && b->rows.count == f->sockets, "parse");
    tcps_pass_unref(b);
}

STAGE run_memcpy_macos(fixture *f) { memcpy(f->memory, f->macos_dump.bytes, f->macos_dump.len); }

/* The same two as a first pass has them: memory comes from the system, which clears it. */
STAGE run_parse_macos_new(fixture *f) {
    tcps_arena_trim();
    run_parse_macos(f);
}

STAGE run_memcpy_macos_new(fixture *f) {
    char *memory = malloc(f->macos_dump.len);
    check(memory != NULL, "memory");
    memcpy(memory, f->macos_dump.bytes, f->macos_dump.len);
    f->result += (size_t)memory[f->macos_dump.len / 2];
    free(memory);
}

/* A pass in which the connections are those of the one before. */
static void track(fixture *f) {
    tcps_pass *b = tcps_pass_new();
    tcps_tracker_begin(f->tracker, ++f->passes * (uint64_t)SECOND, b, true);
    for (size_t i = 0; i < f->sockets; i++) check(tcps_tracker_record(f->tracker, &f->records[i]) == TCPS_OK, "tracker");
    check(tcps_tracker_end(f->tracker) == TCPS_OK, "tracker");
    tcps_pass_unref(b);
}

STAGE run_delta(fixture *f) { track(f); }

STAGE run_filter(fixture *f) {
    for (size_t i = 0; i < f->sockets; i++) f->result += tcps_filter_match(f->filter, &f->records[i]);
}

static tcps_code count_bytes(tcps_writer *w, const char *bytes, size_t len) {
    (void)w, (void)bytes;
    return len ? TCPS_OK : TCPS_FORMAT;
}

STAGE run_json(fixture *f) {
    tcps_writer w;
    check(tcps_writer_init(&w, count_bytes) == TCPS_OK, "memory");
    tcps_json_batch(&w, f->linux_pass, f->linux_pass->all, TCPS_JSON_CANONICAL, false);
    check(tcps_writer_fini(&w) == TCPS_OK, "json");
}

STAGE run_flat(fixture *f) {
    tcps_writer w;
    check(tcps_writer_init(&w, count_bytes) == TCPS_OK, "memory");
    tcps_json_lines(&w, f->linux_pass, f->linux_pass->all, TCPS_JSON_FLAT);
    check(tcps_writer_fini(&w) == TCPS_OK, "flat");
}

STAGE run_protobuf(fixture *f) {
    tcps_writer w;
    check(tcps_writer_init(&w, count_bytes) == TCPS_OK, "memory");
    tcps_protobuf_batch(&w, f->linux_pass, f->linux_pass->all);
    check(tcps_writer_fini(&w) == TCPS_OK, "protobuf");
}

STAGE run_decode(fixture *f) {
    tcps_pass *pass;
    size_t used;
    check(tcps_protobuf_decode(f->message.bytes, f->message.len, &used, &pass, NULL) == TCPS_OK && pass->all.count == f->sockets, "decode");
    tcps_pass_unref(pass);
}

static const struct stage {
    const char *name;
    void (*run)(fixture *);
} stages[] = {
    {"parse-linux", run_parse_linux},
    {"parse-macos", run_parse_macos},
    {"memcpy-macos", run_memcpy_macos},
    {"parse-macos, new memory", run_parse_macos_new},
    {"memcpy-macos, new memory", run_memcpy_macos_new},
    {"delta", run_delta},
    {"filter", run_filter},
    {"json", run_json},
    {"flat", run_flat},
    {"protobuf", run_protobuf},
    {"decode", run_decode},
};
enum { STAGES = sizeof stages / sizeof *stages };

typedef struct message_writer {
    tcps_writer base;
    bench_bytes *to;
} message_writer;

static tcps_code append(tcps_writer *w, const char *bytes, size_t len) {
    bench_bytes *to = ((message_writer *)w)->to;
    to->bytes = realloc(to->bytes, to->len + len);
    check(to->bytes != NULL, "memory");
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
    return TCPS_OK;
}

static void make_message(fixture *f) {
    message_writer w = {.to = &f->message};
    check(tcps_writer_init(&w.base, append) == TCPS_OK, "memory");
    tcps_protobuf_batch(&w.base, f->linux_pass, f->linux_pass->all);
    check(tcps_writer_fini(&w.base) == TCPS_OK, "protobuf");
}

static fixture make_fixture(size_t sockets) {
    static const char text[] = "remote_port=1024-65535 include_state=established rtt_us>1000";
    tcps_schema_init();
    fixture f = {.sockets = sockets, .linux_dump = bench_linux_dump(sockets), .macos_dump = bench_macos_dump(sockets)};
    f.linux_pass = tcps_pass_new();
    f.records = malloc(sockets * sizeof *f.records);
    f.filter = tcps_filter_parse(text, strlen(text), NULL);
    f.tracker = tcps_tracker_new();
    f.memory = malloc(f.macos_dump.len);
    check(f.linux_pass && f.records && f.filter && f.tracker && f.memory, "memory");
    parse_linux(&f, f.linux_pass);
    tcps_pass_show(f.linux_pass);
    make_message(&f);
    for (size_t i = 0; i < sockets; i++) tcps_row_unpack(&f.records[i], f.linux_pass->all.rows[i]);
    memset(f.memory, 1, f.macos_dump.len);
    track(&f);
    return f;
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)SECOND * (double)t.tv_sec + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b; }

/* The stages in turn, so that the machine's moods meet all of them. */
static void measure(fixture *f) {
    double took[STAGES][ROUNDS];
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned s = 0; s < STAGES; s++) {
            double start = now_ns();
            stages[s].run(f);
            took[s][round] = (now_ns() - start) / (double)f->sockets;
        }
    }
    for (unsigned s = 0; s < STAGES; s++) {
        qsort(took[s], ROUNDS, sizeof(double), by_value);
        printf("%-26s %7.1f ns a socket, least %7.1f\n", stages[s].name, took[s][ROUNDS / 2], took[s][0]);
    }
}

static int write_dump(const char *path, size_t sockets) {
    bench_bytes dump = bench_linux_dump(sockets);
    FILE *file = fopen(path, "wb");
    check(file && fwrite(dump.bytes, 1, dump.len, file) == dump.len && fclose(file) == 0, path);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "dump") == 0) return write_dump(argv[2], argc > 3 ? strtoul(argv[3], NULL, 10) : 10000);
    fixture f = make_fixture(argc > 1 ? strtoul(argv[1], NULL, 10) : 100000);
    if (argc <= 2) {
        measure(&f);
        return 0;
    }
    for (unsigned s = 0; s < STAGES; s++) {
        if (strcmp(stages[s].name, argv[2]) != 0) continue;
        stages[s].run(&f);
        return 0;
    }
    fprintf(stderr, "bench/stages: no stage %s\n", argv[2]);
    return 2;
}
