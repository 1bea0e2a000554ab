#include "collect/collect.h"

#include "version.h"

/* One of the passes that a dump serves. */
typedef struct consumer {
    const tcps_pass_options *options;
    tcps_pass *pass;
    tcps_arena_mark mark; /* what was taken since belongs to the record that is under way */
    tcps_census census;
} consumer;

/* The way of a record from the dump to all of them. The source writes into the first one's pass. */
typedef struct dispatch {
    tcps_sink sink;
    const tcps_source_class *class;
    uint64_t monotonic_ns;
    tcps_clock end;
    bool hears; /* the kernel says how connections end */
    consumer consumers[TCPS_PASSES_MOST];
    size_t count;
} dispatch;

/* Hands what ended to every tracker. */
typedef struct announcer {
    tcps_sink sink;
    const tcps_pass_options *options;
} announcer;

static tcps_code announce(tcps_sink *sink, tcps_record *r) {
    const tcps_pass_options *options = ((announcer *)sink)->options;
    for (size_t i = 0; i < options->hearers_count; i++)
        if (tcps_tracker_hear(options->hearers[i], r) != TCPS_OK) return TCPS_NOMEM;
    return TCPS_OK;
}

/* What the kernel said since the last time; the first time begins it. A system that says nothing has no endings, and that is no mistake. */
static tcps_code hear(tcps_session *opened, dispatch *d, tcps_status *status) {
    const tcps_pass_options *options = d->consumers[0].options;
    if (!options->hearers || !opened->class->endings) return TCPS_OK;
    announcer a = {.sink = {.pass = tcps_pass_new(), .put = announce}, .options = options};
    if (!a.sink.pass) return tcps_fail(status, TCPS_NOMEM, "no memory");
    tcps_status why = {0};
    tcps_code code = opened->class->endings(opened->source, &a.sink, &why);
    tcps_pass_unref(a.sink.pass);
    opened->hears = code == TCPS_OK;
    if (code == TCPS_NOMEM) return tcps_fail(status, code, "no memory");
    if (code != TCPS_OK && code != TCPS_UNSUPPORTED) tcps_pass_warn(d->sink.pass, &why);
    return TCPS_OK;
}

/* What was heard becomes the closed rows of a consumer's pass. */
static tcps_code take_endings(const dispatch *d, consumer *c) {
    tcps_tracker *tracker = c->options->tracker;
    const tcps_filter *filter = c->options->wants.filter;
    tcps_record r;
    bool lingers;
    tcps_code code;
    while ((code = tcps_tracker_next_ending(tracker, &r, &lingers)) == TCPS_OK) {
        d->class->settle(&r, lingers);
        tcps_tracker_complete(tracker, &r);
        if (c->options->summary_only) continue;
        if (filter && !(tcps_filter_matches_endpoints(filter, &r) && tcps_filter_match(filter, &r))) continue;
        if ((code = tcps_tracker_close(tracker, &r)) != TCPS_OK) return code;
    }
    return code == TCPS_END ? TCPS_OK : code;
}

static void begin(dispatch *d) {
    for (size_t i = 0; i < d->count; i++) {
        consumer *c = &d->consumers[i];
        c->mark = tcps_arena_here(&c->pass->rows.arena);
        c->census = (tcps_census){.selected = c->options->wants.filter != NULL};
        if (!c->options->tracker) continue;
        const tcps_filter *filter = c->options->wants.filter;
        tcps_tracker_expect_endings(c->options->tracker, d->hears);
        tcps_tracker_begin(c->options->tracker, d->monotonic_ns, c->pass, !filter || tcps_filter_admits_from_birth(filter));
    }
}

static tcps_code refuse(consumer *c) {
    tcps_arena_back(&c->pass->rows.arena, c->mark);
    return TCPS_OK;
}

/* `own`: the texts of `r` belong to the consumer's pass. */
static tcps_code consume(consumer *c, tcps_record *r, bool own) {
    const tcps_pass_options *options = c->options;
    const tcps_filter *filter = options->wants.filter;
    tcps_rows *rows = &c->pass->rows;
    if (filter && !tcps_filter_matches_endpoints(filter, r)) return refuse(c);
    /* Counted behind what a kernel can be told, so that it makes no difference whether it was told. */
    tcps_census_count(&c->census, r);
    if (options->tracker) {
        tcps_code code = tcps_tracker_record(options->tracker, r);
        if (code != TCPS_OK) return code;
    }
    if (options->summary_only || (filter && !tcps_filter_match(filter, r))) return refuse(c);
    tcps_code code = own ? tcps_rows_add(rows, r) : tcps_rows_copy(rows, r);
    if (code != TCPS_OK) return code;
    if (options->tracker) tcps_tracker_kept(options->tracker, (uint32_t)(rows->count - 1));
    c->mark = tcps_arena_here(&rows->arena);
    return TCPS_OK;
}

/* The first consumer comes last: when it refuses the record, the texts go. */
static tcps_code dispatch_put(tcps_sink *sink, tcps_record *r) {
    dispatch *d = (dispatch *)sink;
    for (size_t i = d->count - 1; i > 0; i--) {
        tcps_record copy = *r;
        tcps_code code = consume(&d->consumers[i], &copy, false);
        if (code != TCPS_OK) return code;
    }
    return consume(&d->consumers[0], r, true);
}

static void dispatch_restart(tcps_sink *sink) {
    dispatch *d = (dispatch *)sink;
    for (size_t i = 0; i < d->count; i++) tcps_rows_clear(&d->consumers[i].pass->rows);
    begin(d);
}

static bool dispatch_wants_more(tcps_sink *sink, const tcps_record *r) {
    dispatch *d = (dispatch *)sink;
    const tcps_filter *filter = d->consumers[0].options->wants.filter;
    return !filter || tcps_filter_may_match(filter, r, d->class->added_after_parse());
}

static void set_metadata(const tcps_session *opened, const consumer *c, const tcps_pass_info *info, const tcps_clock *start, const tcps_clock *end) {
    TcpstatsReader__CollectionMetadata *m = &c->pass->metadata;
    m->has_timestamp_ns = start->realtime_ns != 0;
    m->timestamp_ns = start->realtime_ns;
    m->has_platform = 1;
    m->platform = opened->class->platform;
    m->has_interval_ms = info->interval_ms != 0;
    m->interval_ms = info->interval_ms;
    if (info->schedule_name && *info->schedule_name) m->schedule_name = tcps_pass_string(c->pass, info->schedule_name);
    m->collection_duration_ns = end->monotonic_ns - start->monotonic_ns;
    m->has_collection_duration_ns = m->collection_duration_ns != 0;
    m->has_batch_sequence = c->options->sequence != 0;
    m->batch_sequence = c->options->sequence;
    m->tool_version = tcps_pass_string(c->pass, TCPS_VERSION);
}

/* What the source said to the first pass of where the records come from holds for all. */
static tcps_code describe(const tcps_session *opened, const dispatch *d, const tcps_clock *start, tcps_status *status) {
    const tcps_pass *first = d->sink.pass;
    for (size_t i = 1; i < d->count; i++)
        if (tcps_pass_take_metadata(d->consumers[i].pass, &first->metadata) != TCPS_OK) return tcps_fail(status, TCPS_NOMEM, "no memory");
    for (size_t i = 0; i < d->count; i++) {
        const tcps_pass_options *options = d->consumers[i].options;
        tcps_pass_info info = i ? (tcps_pass_info){options->schedule_name, options->interval_ms, 0} : opened->upcoming;
        set_metadata(opened, &d->consumers[i], &info, start, &d->end);
    }
    return TCPS_OK;
}

static bool any_tracker(const dispatch *d) {
    bool any = false;
    for (size_t i = 0; i < d->count; i++) any |= d->consumers[i].options->tracker != NULL;
    return any;
}

/* The system's counters of now, in every pass. A platform that has none, or does not give them, has the census all the same. */
static tcps_code summarize(tcps_session *opened, dispatch *d, tcps_status *status) {
    tcps_counters counters = {.has = {0}};
    bool known = false;
    tcps_clock clock = tcps_ask_clock(opened->kernel);
    if (opened->class->counters) {
        tcps_status why = {0};
        tcps_pass *first = d->consumers[0].pass;
        known = opened->class->counters(opened->source, any_tracker(d), first, &counters, &why) == TCPS_OK;
        if (!known && why.code != TCPS_OK) tcps_pass_warn(first, &why);
    }
    for (size_t i = 0; i < d->count; i++) {
        consumer *c = &d->consumers[i];
        tcps_summary once = {0}, *summary = c->options->tracker ? tcps_tracker_summary(c->options->tracker) : &once;
        tcps_code code = tcps_summary_set(summary, c->pass, &c->census, known ? &counters : NULL, &clock);
        if (code != TCPS_OK) return tcps_fail(status, code, "no memory");
    }
    return TCPS_OK;
}

static tcps_code dump(tcps_session *opened, dispatch *d, tcps_status *status) {
    /* What ended before the first dump was never seen, and may be old: that pass subscribes after its dump. */
    tcps_code code = opened->hears ? hear(opened, d, status) : TCPS_OK;
    if (code != TCPS_OK) return code;
    d->hears = opened->hears;
    begin(d);
    code = opened->class->collect(opened->source, &d->consumers[0].options->wants, &d->sink, status);
    d->end = tcps_ask_clock(opened->kernel);
    if (code == TCPS_OK && !d->hears) code = hear(opened, d, status);
    if (code == TCPS_OK) code = summarize(opened, d, status);
    for (size_t i = 0; code == TCPS_OK && i < d->count; i++) {
        consumer *c = &d->consumers[i];
        c->pass->partial = d->sink.pass->partial;
        tcps_pass_show(c->pass);
        if (!c->options->tracker) continue;
        code = take_endings(d, c);
        if (code == TCPS_OK) code = tcps_tracker_end(c->options->tracker);
        if (code != TCPS_OK) tcps_fail(status, code, "no memory");
    }
    return code;
}

static void give_back(dispatch *d) {
    for (size_t i = 0; i < d->count; i++) {
        if (d->consumers[i].options->tracker) tcps_tracker_abort(d->consumers[i].options->tracker);
        tcps_pass_unref(d->consumers[i].pass);
    }
}

tcps_code tcps_collect_all(tcps_session *opened, const tcps_pass_options *options, size_t count, tcps_pass **out, tcps_status *status) {
    tcps_kernel *kernel = opened->kernel;
    memset(out, 0, count * sizeof *out);
    /* A live kernel's pass is called what the caller calls it; a recording knows better. */
    if (!opened->begun) opened->upcoming = (tcps_pass_info){options[0].schedule_name, options[0].interval_ms, 0};
    tcps_code code = tcps_source_next(opened, status);
    if (code != TCPS_OK) return code;
    opened->begun = false;
    dispatch d = {.sink = {.put = dispatch_put, .restart = dispatch_restart, .wants_more = dispatch_wants_more}, .class = opened->class};
    for (; d.count < count; d.count++) {
        consumer *c = &d.consumers[d.count];
        *c = (consumer){.options = &options[d.count], .pass = tcps_pass_new()};
        if (!c->pass) {
            give_back(&d);
            return tcps_fail(status, TCPS_NOMEM, "no memory");
        }
    }
    tcps_clock start = tcps_ask_clock(kernel);
    for (size_t i = 0; i < count; i++) d.consumers[i].pass->monotonic_ns = start.monotonic_ns;
    d.monotonic_ns = start.monotonic_ns;
    d.sink.pass = d.consumers[0].pass;
    code = dump(opened, &d, status);
    tcps_status done = {0};
    if (kernel->done && kernel->done(kernel, &done) != TCPS_OK) tcps_pass_warn(d.sink.pass, &done);
    if (code == TCPS_OK) code = describe(opened, &d, &start, status);
    if (code != TCPS_OK) {
        give_back(&d);
        return code;
    }
    for (size_t i = 0; i < count; i++) out[i] = d.consumers[i].pass;
    return TCPS_OK;
}

tcps_code tcps_collect(tcps_session *opened, const tcps_pass_options *options, tcps_pass **out, tcps_status *status) {
    return tcps_collect_all(opened, options, 1, out, status);
}
