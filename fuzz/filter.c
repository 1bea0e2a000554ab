/* The filter language: any text is parsed or refused with a message that says where, and what is parsed can be matched and pushed down. */
#include <stdlib.h>

#include "base/bitset.h"
#include "filter/filter.h"
#include "filter/inet_diag.h"
#include "record/pass.h"

static tcps_record record; /* has every field */
static tcps_pass *batch;   /* holds its texts, and it as the only row */

static void prepare(void) {
    batch = tcps_pass_new();
    tcps_schema_init();
    if (!batch) abort();
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        if (tcps_bitset_has(tcps_text_mask, f))
            tcps_set_text(&record, f, tcps_rows_text(&batch->rows, "\x7f\0\0\1", 4));
        else if (tcps_fields[f].type != TCPS_T_NONE)
            tcps_set(&record, f, 5);
    }
    if (tcps_rows_add(&batch->rows, &record) != TCPS_OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint64_t everything[TCPS_MASK_WORDS];
    if (!batch) prepare();
    memset(everything, 0xff, sizeof everything);

    char *text = malloc(size + !size); /* of that size, so that a read beyond it is seen */
    if (!text) abort();
    if (size) memcpy(text, data, size);
    tcps_status status = {.code = TCPS_OK};
    tcps_filter *f = tcps_filter_parse(text, size, &status);
    free(text);
    if (!f) {
        if (status.code != TCPS_USAGE || status.offset > size || !status.what[0]) abort();
        return 0;
    }

    tcps_inet_diag program;
    tcps_filter_inet_diag(f, &program);
    if (program.len > sizeof program.bytecode || program.len % 4) abort();

    bool matches = tcps_filter_match(f, &record);
    if (matches != tcps_filter_match_row(f, batch->rows.rows[0])) abort();
    if (matches && !tcps_filter_matches_endpoints(f, &record)) abort();
    if (!tcps_filter_may_match(f, &record, everything)) abort();
    tcps_filter_free(f);
    return 0;
}
