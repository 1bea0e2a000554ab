/* How records are got from one platform's kernel: the contract that a source keeps, the array of those that exist (registry.c), and opening one by
 * its spec (spec.c). */
#ifndef TCPS_SOURCE_H
#define TCPS_SOURCE_H

#include "kernel/kernel.h"
#include "record/schema.h"
#include "record/sink.h"

struct tcps_filter;

/* What a pass asks of a source. */
typedef struct tcps_wants {
    bool processes;                   /* owners and their names, whoever reads them */
    uint64_t fields[TCPS_MASK_WORDS]; /* fields that somebody reads, as far as that is known: those that cost extra are got for them */
    bool tcp_info;                    /* per-connection counters that cost a call each */
    uint32_t tcp_info_limit;          /* at most this many calls a pass; 0: no limit */
    const struct tcps_filter *filter; /* may be pushed down to the kernel; the sink applies it all the same. NULL: none */
    bool whole_table;                 /* nothing is pushed down: the kernel is asked for every socket, and the filter decides here */
} tcps_wants;

/* Whether the pass reads one of these fields: they are in wants->fields, or the filter looks at them. */
bool tcps_wants_any(const tcps_wants *wants, const uint64_t fields[TCPS_MASK_WORDS]);

/* A key of the source's spec, NAME:FILE,KEY=VALUE, and the question whose answer it gives. */
typedef struct tcps_spec_key {
    const char *key; /* NULL: the FILE itself */
    bool literal;    /* the value itself is the answer, not the file of that name */
    tcps_ask kind;
    const char *name;
    const char *help;
} tcps_spec_key;

typedef struct tcps_source tcps_source;
typedef struct tcps_source_class {
    const char *name, *help;
    TcpstatsReader__Platform platform;
    const tcps_spec_key *keys; /* ends with an entry whose help is NULL */
    bool live;                 /* this build can ask the running kernel */
    /* The fields that a record of the dump may still get or change after parsing, when wants_more said yes (owners, names, tcp_info): before that
     * nothing may be refused for them. Static. */
    const uint64_t *(*added_after_parse)(void);
    /* A source over `k` (which it does not own), or NULL and `status`. */
    tcps_source *(*open)(tcps_kernel *k, tcps_status *status);
    /* One pass: every record goes to the sink, sources and generation and what went wrong to sink->pass. Metadata that is not the
     * source's to know (clocks, sequence) is left alone. TCPS_OK also when the dump was cut and its complete part was put: the cut is a
     * warning in the pass then. */
    tcps_code (*collect)(tcps_source *s, const tcps_wants *wants, tcps_sink *sink, tcps_status *status);
    /* The system's counters of now. Without `deltas` nobody compares them with another pass: gauges will do, where that spares the system
     * something. NULL: none on this platform. */
    tcps_code (*counters)(tcps_source *s, bool deltas, tcps_pass *pass, tcps_counters *counters, tcps_status *status);
    /* What ended since the last call, which is made once a pass, before collect: each final record is put, and sink->pass owns its texts. NULL: on
     * this platform passes alone say what is gone. See source/linux_endings.h. */
    tcps_code (*endings)(tcps_source *s, tcps_sink *sink, tcps_status *status);
    /* Makes an ending final once the dump after it is known. `lingers`: it still shows the connection. With `endings`. */
    void (*settle)(tcps_record *r, bool lingers);
    void (*close)(tcps_source *s);
    /* Sets what the running system says of the TCP socket with descriptor `fd`, one of this process: `info` is what getsockopt without a request
     * gave, more may be asked of `k`. The endpoints are set already. NULL: this platform has nothing. */
    void (*socket_info)(tcps_kernel *k, int fd, const uint8_t *info, size_t len, tcps_rows *rows, tcps_record *r);
} tcps_source_class;

/* The fields that a record of this source can ever have, on some release and with everything asked for; without `tracked`, less those that take a
 * second pass to know. Both follow from what the proto's comments say of the fields (see proto/tcp_stats.proto). */
void tcps_source_fields(const tcps_source_class *c, bool tracked, uint64_t fields[TCPS_MASK_WORDS]);

/* Every source there is, ended by NULL. That of captures has no `open`: what opens one is the source that recorded it. */
extern const tcps_source_class *const tcps_sources[];

/* The class called `name` ("auto": the running system's), or NULL and TCPS_USAGE with the nearest right name. */
const tcps_source_class *tcps_source_named(const char *name, size_t len, tcps_status *status);

/* An open source and the kernel under it. */
typedef struct tcps_session {
    const tcps_source_class *class;
    tcps_kernel *kernel;
    tcps_source *source;
    void *owned;             /* what the kernel answers from */
    bool begun;              /* the next pass has begun: see tcps_source_next */
    bool hears;              /* the kernel says how connections end, since a pass of before */
    tcps_pass_info upcoming; /* what a recording says of it */
} tcps_session;

/* Opens what a spec names: `auto`, NAME, or NAME:FILE[,KEY=VALUE...]. With `record` every answer of the kernel is also written to the capture
 * of that name. TCPS_OK, or the mistake in `status`. Close it in any case of TCPS_OK. */
tcps_code tcps_source_open(const char *spec, const char *record, tcps_session *opened, tcps_status *status);

/* Begins the next pass unless it has begun, and sets opened->upcoming, so that a caller with several schedules knows which one the next recorded pass belongs to.
 * tcps_collect calls it too. TCPS_END: a recording has no further one. */
tcps_code tcps_source_next(tcps_session *opened, tcps_status *status);

/* The same over bytes in memory, which are copied. An option gives one of the class's keys its answer; the key NULL is the file itself. */
typedef struct tcps_spec_value {
    const char *key;
    const void *bytes;
    size_t len;
} tcps_spec_value;
tcps_code tcps_source_open_bytes(const char *name, const tcps_spec_value *options, size_t count, tcps_session *opened, tcps_status *status);

/* Before tcps_source_close: writes what is recorded to its end. TCPS_OK, or `status` says why the recording is not whole. */
tcps_code tcps_source_finish(tcps_session *opened, tcps_status *status);

void tcps_source_close(tcps_session *opened);

#endif
