#include "record/pass.h"

#include <stdlib.h>

tcps_pass *tcps_pass_new(void) {
    tcps_pass *pass = calloc(1, sizeof *pass);
    if (!pass) return NULL;
    pass->refs = 1;
    pass->last_warning = &pass->warnings;
    tcpstats_reader__collection_metadata__init(&pass->metadata);
    tcpstats_reader__system_summary__init(&pass->summary);
    return pass;
}

tcps_pass *tcps_pass_ref(tcps_pass *pass) {
    pass->refs++;
    return pass;
}

void tcps_pass_unref(tcps_pass *pass) {
    if (!pass || --pass->refs) return;
    tcps_rows_fini(&pass->rows);
    tcps_arena_free(&pass->arena);
    free(pass);
}

void tcps_pass_show(tcps_pass *pass) { pass->all = (tcps_view){pass->rows.rows, pass->rows.count}; }

void tcps_pass_warn(tcps_pass *pass, const tcps_status *status) {
    tcps_warning *w = tcps_arena_take(&pass->arena, sizeof *w);
    if (!w) return;
    w->next = NULL;
    w->status = *status;
    *pass->last_warning = w;
    pass->last_warning = &w->next;
}

void tcps_pass_warn_partial(tcps_pass *pass, const tcps_status *status) {
    pass->partial = true;
    tcps_pass_warn(pass, status);
}

char *tcps_pass_string(tcps_pass *pass, const char *s) {
    size_t size = strlen(s) + 1;
    char *copy = tcps_arena_take(&pass->arena, size);
    return copy ? memcpy(copy, s, size) : NULL;
}

tcps_code tcps_pass_add_source(tcps_pass *pass, TcpstatsReader__DataSource source) {
    TcpstatsReader__CollectionMetadata *m = &pass->metadata;
    for (size_t i = 0; i < m->n_data_sources; i++)
        if (m->data_sources[i] == source) return TCPS_OK;
    TcpstatsReader__DataSource *all = tcps_arena_take(&pass->arena, (m->n_data_sources + 1) * sizeof *all);
    if (!all) return TCPS_NOMEM;
    if (m->n_data_sources) memcpy(all, m->data_sources, m->n_data_sources * sizeof *all);
    all[m->n_data_sources++] = source;
    m->data_sources = all;
    return TCPS_OK;
}

tcps_code tcps_pass_take_metadata(tcps_pass *pass, const TcpstatsReader__CollectionMetadata *m) {
    pass->metadata = *m;
    pass->metadata.base.n_unknown_fields = 0;
    pass->metadata.base.unknown_fields = NULL;
    pass->metadata.n_data_sources = 0;
    pass->metadata.data_sources = NULL;
    char **strings[] = {&pass->metadata.hostname, &pass->metadata.os_version, &pass->metadata.schedule_name, &pass->metadata.tool_version};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (*strings[i] && !(*strings[i] = tcps_pass_string(pass, *strings[i]))) return TCPS_NOMEM;
    for (size_t i = 0; i < m->n_data_sources; i++) /* a number of them is below 64, as in the set that a record has: so there are not more */
        if ((unsigned)m->data_sources[i] < 64 && tcps_pass_add_source(pass, m->data_sources[i]) != TCPS_OK) return TCPS_NOMEM;
    return TCPS_OK;
}

tcps_code tcps_pass_take_summary(tcps_pass *pass, const TcpstatsReader__SystemSummary *m) {
    pass->has_summary = true;
    pass->summary = *m;
    pass->summary.base.n_unknown_fields = 0;
    pass->summary.base.unknown_fields = NULL;
    pass->summary.state_counts = NULL;
    if (!m->n_state_counts) return TCPS_OK;
    TcpstatsReader__StateBucket *buckets = tcps_arena_take(&pass->arena, m->n_state_counts * (sizeof *buckets + sizeof(void *)));
    if (!buckets) return TCPS_NOMEM;
    pass->summary.state_counts = (TcpstatsReader__StateBucket **)(buckets + m->n_state_counts);
    for (size_t i = 0; i < m->n_state_counts; i++) {
        buckets[i] = *m->state_counts[i];
        buckets[i].base.n_unknown_fields = 0;
        buckets[i].base.unknown_fields = NULL;
        pass->summary.state_counts[i] = &buckets[i];
    }
    return TCPS_OK;
}
