/* Which fields a pass reads, and which a source can have. */
#include "base/bitset.h"
#include "filter/filter.h"
#include "record/platform.h"
#include "source/source.h"

bool tcps_wants_any(const tcps_wants *wants, const uint64_t fields[TCPS_MASK_WORDS]) {
    uint64_t looked_at[TCPS_MASK_WORDS] = {0};
    if (wants->filter) tcps_filter_fields(wants->filter, looked_at);
    return tcps_bitset_meets(wants->fields, fields, TCPS_MASK_WORDS) || tcps_bitset_meets(looked_at, fields, TCPS_MASK_WORDS);
}

static const char *help_of(const tcps_field *field) { return tcps_help("TcpSocketRecord", field->name); }

/* "From A, else B.": the change of a field that the platform feeds. */
static bool is_change_of_fed(const char *help, TcpstatsReader__Platform platform) {
    const char *at = strstr(help, "From ");
    bool fed = false;
    for (at = at ? at + strlen("From ") : NULL; at; at = strstr(at, "else ") ? strstr(at, "else ") + strlen("else ") : NULL) {
        size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
        const tcps_field *field = tcps_field_named(at, len);
        fed |= field && tcps_is_fed_by(help_of(field), platform);
    }
    return fed;
}

/* What no kernel feeds comes from following connections, but for what says where a record is from. */
static bool is_possible(const tcps_field *field, const tcps_source_class *c, bool tracked) {
    const char *help = help_of(field);
    if (tcps_is_fed_by_any(help)) return tcps_is_fed_by(help, c->platform);
    if (field->number == TCPS_F_sources) return true;
    return tracked && (!strstr(help, "From ") || is_change_of_fed(help, c->platform));
}

void tcps_source_fields(const tcps_source_class *c, bool tracked, uint64_t fields[TCPS_MASK_WORDS]) {
    tcps_schema_init();
    memset(fields, 0, TCPS_MASK_WORDS * sizeof *fields);
    for (unsigned n = 0; n < TCPS_FIELD_LIMIT; n++)
        if (tcps_fields[n].type != TCPS_T_NONE) tcps_bitset_add_if(fields, n, is_possible(&tcps_fields[n], c, tracked));
}
