#include "collect/replay.h"

static tcps_code track(const tcps_replay_options *options, tcps_record *r) {
    if (!options->keep_deltas) return tcps_tracker_record(options->tracker, r);
    tcps_record recorded = *r;
    tcps_code code = tcps_tracker_record(options->tracker, r);
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++)
        for (uint64_t m = recorded.has[w]; m; m &= m - 1) {
            unsigned field = 64 * w + (unsigned)__builtin_ctzll(m);
            tcps_set(r, field, recorded.value[field]);
        }
    return code;
}

static tcps_code take_row(tcps_rows *rows, const tcps_row *row, const tcps_replay_options *options) {
    tcps_record r;
    tcps_row_unpack(&r, row);
    if (options->filter && !tcps_filter_matches_endpoints(options->filter, &r)) return TCPS_OK;
    tcps_code code = options->tracker ? track(options, &r) : TCPS_OK;
    if (code != TCPS_OK || (options->filter && !tcps_filter_match(options->filter, &r))) return code;
    code = tcps_rows_copy(rows, &r);
    if (code == TCPS_OK && options->tracker) tcps_tracker_kept(options->tracker, (uint32_t)(rows->count - 1));
    return code;
}

/* Whoever recorded ages has told what was known of each connection's beginning. */
static bool shows_births(tcps_view view, const tcps_replay_options *options) {
    if (options->selected || (options->filter && !tcps_filter_admits_from_birth(options->filter))) return false;
    return !options->keep_deltas || !view.count || !tcps_row_has(view.rows[0], TCPS_F_connection_age_ms);
}

static tcps_code take_rows(tcps_pass *pass, tcps_view view, const tcps_replay_options *options) {
    if (options->tracker) tcps_tracker_begin(options->tracker, pass->monotonic_ns, pass, shows_births(view, options));
    tcps_code code = TCPS_OK;
    for (size_t i = 0; code == TCPS_OK && i < view.count; i++) code = take_row(&pass->rows, view.rows[i], options);
    if (code != TCPS_OK) return code;
    tcps_pass_show(pass);
    return options->tracker ? tcps_tracker_end(options->tracker) : TCPS_OK;
}

static tcps_code describe(tcps_pass *pass, const tcps_pass *from, uint64_t monotonic_ns) {
    pass->partial = from->partial;
    pass->monotonic_ns = monotonic_ns ? monotonic_ns : from->monotonic_ns ? from->monotonic_ns : from->metadata.timestamp_ns;
    for (const tcps_warning *w = from->warnings; w; w = w->next) tcps_pass_warn(pass, &w->status);
    tcps_code code = tcps_pass_take_metadata(pass, &from->metadata);
    return code == TCPS_OK && from->has_summary ? tcps_pass_take_summary(pass, &from->summary) : code;
}

tcps_code tcps_replay(const tcps_pass *from, tcps_view view, const tcps_replay_options *options, tcps_pass **out) {
    tcps_pass *pass = tcps_pass_new();
    tcps_code code = pass ? describe(pass, from, options->monotonic_ns) : TCPS_NOMEM;
    if (code == TCPS_OK) code = take_rows(pass, view, options);
    if (code == TCPS_OK) {
        *out = pass;
        return TCPS_OK;
    }
    if (options->tracker) tcps_tracker_abort(options->tracker);
    tcps_pass_unref(pass);
    *out = NULL;
    return code;
}
