#include "collect/collect.h"

#include "version.h"

/* The way of a record through a pass. */
typedef struct path {
    tcps_sink sink;
    const tcps_pass *pass;
    const tcps_source_class *class;
    uint64_t monotonic_ns;
    tcps_arena_mark mark; /* what was taken since belongs to the record that is under way */
    tcps_census census;
} path;

static void begin(path *p) {
    tcps_batch *b = p->sink.batch;
    p->mark = tcps_arena_here(&b->arena);
    p->census = (tcps_census){.selected = p->pass->wants.filter != NULL};
    if (p->pass->tracker) tcps_tracker_begin(p->pass->tracker, p->monotonic_ns, b);
}

static tcps_code refuse(path *p) {
    tcps_arena_back(&p->sink.batch->arena, p->mark);
    return TCPS_OK;
}

static tcps_code path_put(tcps_sink *sink, tcps_record *r) {
    path *p = (path *)sink;
    const tcps_pass *pass = p->pass;
    const tcps_filter *filter = pass->wants.filter;
    if (filter && !tcps_filter_admits(filter, r)) return refuse(p);
    /* Counted behind what a kernel can be told, so that it makes no difference whether it was told. */
    tcps_census_count(&p->census, r);
    if (pass->tracker) {
        tcps_code code = tcps_tracker_record(pass->tracker, r);
        if (code != TCPS_OK) return code;
    }
    if (pass->summary_only || (filter && !tcps_filter_match(filter, r))) return refuse(p);
    tcps_code code = tcps_batch_add(sink->batch, r);
    if (code != TCPS_OK) return code;
    if (pass->tracker) tcps_tracker_kept(pass->tracker, (uint32_t)(sink->batch->count - 1));
    p->mark = tcps_arena_here(&sink->batch->arena);
    return TCPS_OK;
}

static void path_restart(tcps_sink *sink) {
    path *p = (path *)sink;
    tcps_arena_free(&sink->batch->arena);
    sink->batch->count = 0;
    begin(p);
}

static bool path_wants_more(tcps_sink *sink, const tcps_record *r) {
    path *p = (path *)sink;
    const tcps_filter *filter = p->pass->wants.filter;
    return !filter || tcps_filter_may_match(filter, r, p->class->late);
}

static void set_metadata(tcps_batch *b, const tcps_opened *opened, const tcps_pass *pass, const tcps_clock *start, const tcps_clock *end) {
    TcpstatsReader__CollectionMetadata *m = &b->metadata;
    m->has_timestamp_ns = start->realtime_ns != 0;
    m->timestamp_ns = start->realtime_ns;
    m->has_platform = 1;
    m->platform = opened->class->platform;
    const tcps_pass_info *info = &opened->upcoming;
    m->has_interval_ms = info->interval_ms != 0;
    m->interval_ms = info->interval_ms;
    if (info->schedule_name && *info->schedule_name) m->schedule_name = tcps_batch_string(b, info->schedule_name);
    m->collection_duration_ns = end->monotonic_ns - start->monotonic_ns;
    m->has_collection_duration_ns = m->collection_duration_ns != 0;
    m->has_batch_sequence = pass->sequence != 0;
    m->batch_sequence = pass->sequence;
    m->tool_version = tcps_batch_string(b, TCPS_VERSION);
}

/* The system's counters of now, in the batch. A platform that has none, or does not give them, has the census all the same. */
static tcps_code summarize(tcps_opened *opened, const tcps_pass *pass, tcps_batch *b, const tcps_census *census, tcps_status *status) {
    tcps_summary once = {0};
    tcps_counters counters = {.has = {0}};
    bool known = false;
    tcps_clock clock = tcps_ask_clock(opened->kernel);
    if (opened->class->counters) {
        tcps_status why = {0};
        known = opened->class->counters(opened->source, b, &counters, &why) == TCPS_OK;
        if (!known && why.code != TCPS_OK) tcps_batch_warn(b, &why);
    }
    tcps_code code = tcps_summary_set(pass->tracker ? tcps_tracker_summary(pass->tracker) : &once, b, census, known ? &counters : NULL, &clock);
    return code == TCPS_OK ? TCPS_OK : tcps_fail(status, code, "no memory");
}

tcps_code tcps_collect(tcps_opened *opened, const tcps_pass *pass, tcps_batch **out, tcps_status *status) {
    tcps_kernel *kernel = opened->kernel;
    *out = NULL;
    /* A live kernel's pass is called what the caller calls it; a recording knows better. */
    if (!opened->begun) opened->upcoming = (tcps_pass_info){pass->schedule_name, pass->interval_ms};
    tcps_code code = tcps_source_next(opened, status);
    if (code != TCPS_OK) return code;
    opened->begun = false;
    tcps_batch *b = tcps_batch_new();
    if (!b) return tcps_fail(status, TCPS_NOMEM, "no memory");
    tcps_clock start = tcps_ask_clock(kernel);
    b->monotonic_ns = start.monotonic_ns;
    path p = {
        .sink = {.batch = b, .put = path_put, .restart = path_restart, .wants_more = path_wants_more},
        .pass = pass,
        .class = opened->class,
        .monotonic_ns = start.monotonic_ns,
    };
    begin(&p);
    code = opened->class->collect(opened->source, &pass->wants, &p.sink, status);
    tcps_clock end = tcps_ask_clock(kernel);
    if (code == TCPS_OK) code = summarize(opened, pass, b, &p.census, status);
    if (code == TCPS_OK && pass->tracker && (code = tcps_tracker_end(pass->tracker)) != TCPS_OK) tcps_fail(status, code, "no memory");
    tcps_status done = {0};
    if (kernel->done && kernel->done(kernel, &done) != TCPS_OK) tcps_batch_warn(b, &done);
    if (code != TCPS_OK) {
        if (pass->tracker) tcps_tracker_abort(pass->tracker);
        tcps_batch_unref(b);
        return code;
    }
    set_metadata(b, opened, pass, &start, &end);
    *out = b;
    return TCPS_OK;
}
