#include "collect/collect.h"

#include "version.h"

/* What one of the passes that a dump serves makes of it. */
typedef struct lane {
    const tcps_pass *pass;
    tcps_batch *batch;
    tcps_arena_mark mark; /* what was taken since belongs to the record that is under way */
    tcps_census census;
} lane;

/* The way of a record through a dump. The source writes into the first lane's batch. */
typedef struct path {
    tcps_sink sink;
    const tcps_source_class *class;
    uint64_t monotonic_ns;
    tcps_clock end;
    lane lanes[TCPS_PASSES_MOST];
    size_t count;
} path;

static void begin(path *p) {
    for (size_t i = 0; i < p->count; i++) {
        lane *l = &p->lanes[i];
        l->mark = tcps_arena_here(&l->batch->arena);
        l->census = (tcps_census){.selected = l->pass->wants.filter != NULL};
        if (l->pass->tracker) tcps_tracker_begin(l->pass->tracker, p->monotonic_ns, l->batch);
    }
}

static tcps_code refuse(lane *l) {
    tcps_arena_back(&l->batch->arena, l->mark);
    return TCPS_OK;
}

/* `own`: the texts of `r` are those of the lane's batch. */
static tcps_code lane_put(lane *l, tcps_record *r, bool own) {
    const tcps_pass *pass = l->pass;
    const tcps_filter *filter = pass->wants.filter;
    if (filter && !tcps_filter_matches_endpoints(filter, r)) return refuse(l);
    /* Counted behind what a kernel can be told, so that it makes no difference whether it was told. */
    tcps_census_count(&l->census, r);
    if (pass->tracker) {
        tcps_code code = tcps_tracker_record(pass->tracker, r);
        if (code != TCPS_OK) return code;
    }
    if (pass->summary_only || (filter && !tcps_filter_match(filter, r))) return refuse(l);
    tcps_code code = own ? tcps_batch_add(l->batch, r) : tcps_batch_copy_record(l->batch, r);
    if (code != TCPS_OK) return code;
    if (pass->tracker) tcps_tracker_kept(pass->tracker, (uint32_t)(l->batch->count - 1));
    l->mark = tcps_arena_here(&l->batch->arena);
    return TCPS_OK;
}

/* The first lane comes last: when it refuses the record, the texts go. */
static tcps_code path_put(tcps_sink *sink, tcps_record *r) {
    path *p = (path *)sink;
    for (size_t i = p->count - 1; i > 0; i--) {
        tcps_record copy = *r;
        tcps_code code = lane_put(&p->lanes[i], &copy, false);
        if (code != TCPS_OK) return code;
    }
    return lane_put(&p->lanes[0], r, true);
}

static void path_restart(tcps_sink *sink) {
    path *p = (path *)sink;
    for (size_t i = 0; i < p->count; i++) tcps_batch_clear(p->lanes[i].batch);
    begin(p);
}

static bool path_wants_more(tcps_sink *sink, const tcps_record *r) {
    path *p = (path *)sink;
    const tcps_filter *filter = p->lanes[0].pass->wants.filter;
    return !filter || tcps_filter_may_match(filter, r, p->class->added_after_parse());
}

static void set_metadata(tcps_batch *b, const tcps_opened *opened, const tcps_pass *pass, const tcps_pass_info *info, const tcps_clock *start,
                         const tcps_clock *end) {
    TcpstatsReader__CollectionMetadata *m = &b->metadata;
    m->has_timestamp_ns = start->realtime_ns != 0;
    m->timestamp_ns = start->realtime_ns;
    m->has_platform = 1;
    m->platform = opened->class->platform;
    m->has_interval_ms = info->interval_ms != 0;
    m->interval_ms = info->interval_ms;
    if (info->schedule_name && *info->schedule_name) m->schedule_name = tcps_batch_string(b, info->schedule_name);
    m->collection_duration_ns = end->monotonic_ns - start->monotonic_ns;
    m->has_collection_duration_ns = m->collection_duration_ns != 0;
    m->has_batch_sequence = pass->sequence != 0;
    m->batch_sequence = pass->sequence;
    m->tool_version = tcps_batch_string(b, TCPS_VERSION);
}

/* What the source told the first batch of where the records come from. Without memory a text is lost. */
static void share_metadata(const tcps_batch *from, tcps_batch *to) {
    const TcpstatsReader__CollectionMetadata *m = &from->metadata;
    if (m->hostname) to->metadata.hostname = tcps_batch_string(to, m->hostname);
    if (m->os_version) to->metadata.os_version = tcps_batch_string(to, m->os_version);
    for (size_t i = 0; i < m->n_data_sources; i++) tcps_batch_add_source(to, m->data_sources[i]);
    to->metadata.has_pcblist_generation = m->has_pcblist_generation;
    to->metadata.pcblist_generation = m->pcblist_generation;
}

static bool any_tracker(const path *p) {
    bool any = false;
    for (size_t i = 0; i < p->count; i++) any |= p->lanes[i].pass->tracker != NULL;
    return any;
}

/* The system's counters of now, in every batch. A platform that has none, or does not give them, has the census all the same. */
static tcps_code summarize(tcps_opened *opened, path *p, tcps_status *status) {
    tcps_counters counters = {.has = {0}};
    bool known = false;
    tcps_clock clock = tcps_ask_clock(opened->kernel);
    if (opened->class->counters) {
        tcps_status why = {0};
        tcps_batch *first = p->lanes[0].batch;
        known = opened->class->counters(opened->source, any_tracker(p), first, &counters, &why) == TCPS_OK;
        if (!known && why.code != TCPS_OK) tcps_batch_warn(first, &why);
    }
    for (size_t i = 0; i < p->count; i++) {
        lane *l = &p->lanes[i];
        tcps_summary once = {0}, *summary = l->pass->tracker ? tcps_tracker_summary(l->pass->tracker) : &once;
        tcps_code code = tcps_summary_set(summary, l->batch, &l->census, known ? &counters : NULL, &clock);
        if (code != TCPS_OK) return tcps_fail(status, code, "no memory");
    }
    return TCPS_OK;
}

static tcps_code dump(tcps_opened *opened, path *p, tcps_status *status) {
    begin(p);
    tcps_code code = opened->class->collect(opened->source, &p->lanes[0].pass->wants, &p->sink, status);
    p->end = tcps_ask_clock(opened->kernel);
    if (code == TCPS_OK) code = summarize(opened, p, status);
    for (size_t i = 0; i < p->count; i++) {
        p->lanes[i].batch->partial = p->lanes[0].batch->partial;
        tcps_tracker *tracker = p->lanes[i].pass->tracker;
        if (code == TCPS_OK && tracker && (code = tcps_tracker_end(tracker)) != TCPS_OK) tcps_fail(status, code, "no memory");
    }
    return code;
}

static void give_back(path *p) {
    for (size_t i = 0; i < p->count; i++) {
        if (p->lanes[i].pass->tracker) tcps_tracker_abort(p->lanes[i].pass->tracker);
        tcps_batch_unref(p->lanes[i].batch);
    }
}

tcps_code tcps_collect_all(tcps_opened *opened, const tcps_pass *passes, size_t count, tcps_batch **out, tcps_status *status) {
    tcps_kernel *kernel = opened->kernel;
    memset(out, 0, count * sizeof *out);
    /* A live kernel's pass is called what the caller calls it; a recording knows better. */
    if (!opened->begun) opened->upcoming = (tcps_pass_info){passes[0].schedule_name, passes[0].interval_ms, 0};
    tcps_code code = tcps_source_next(opened, status);
    if (code != TCPS_OK) return code;
    opened->begun = false;
    path p = {.sink = {.put = path_put, .restart = path_restart, .wants_more = path_wants_more}, .class = opened->class};
    for (; p.count < count; p.count++) {
        lane *l = &p.lanes[p.count];
        l->pass = &passes[p.count];
        l->batch = tcps_batch_new();
        if (!l->batch) {
            give_back(&p);
            return tcps_fail(status, TCPS_NOMEM, "no memory");
        }
    }
    tcps_clock start = tcps_ask_clock(kernel);
    for (size_t i = 0; i < count; i++) p.lanes[i].batch->monotonic_ns = start.monotonic_ns;
    p.monotonic_ns = start.monotonic_ns;
    p.sink.batch = p.lanes[0].batch;
    code = dump(opened, &p, status);
    tcps_status done = {0};
    if (kernel->done && kernel->done(kernel, &done) != TCPS_OK) tcps_batch_warn(p.sink.batch, &done);
    if (code != TCPS_OK) {
        give_back(&p);
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        tcps_pass_info info = i ? (tcps_pass_info){passes[i].schedule_name, passes[i].interval_ms, 0} : opened->upcoming;
        if (i) share_metadata(p.sink.batch, p.lanes[i].batch);
        set_metadata(p.lanes[i].batch, opened, &passes[i], &info, &start, &p.end);
        out[i] = p.lanes[i].batch;
    }
    return TCPS_OK;
}

tcps_code tcps_collect(tcps_opened *opened, const tcps_pass *pass, tcps_batch **out, tcps_status *status) {
    return tcps_collect_all(opened, pass, 1, out, status);
}
