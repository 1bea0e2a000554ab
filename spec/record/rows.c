/* Records to rows and back: random fields with random values, often those of the record before; then read field by field and as a
 * whole. Prints how many rows were compared; the status is 1 when one was wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "record/rows.h"
#include "record/schema.h"

enum { ROWS = 5000, SHAPES = 500 };

static uint64_t state = 1;
static uint64_t any(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 20 ^ state << 40;
}

static void check(int fine, const char *what, unsigned row) {
    if (fine) return;
    printf("row %u: %s\n", row, what);
    exit(1);
}

/* More shapes than rows share, some of them with every field and one with none. */
static void choose_fields(tcps_record *r) {
    unsigned shape = (unsigned)(any() % SHAPES);
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        bool text = tcps_text_mask[f >> 6] >> (f & 63) & 1;
        bool present = tcps_fields[f].type != TCPS_T_NONE && !text && shape > 0 && (shape < 5 || (f * 2654435761u >> shape % 29 & 1));
        tcps_unset(r, f);
        if (present) tcps_set(r, f, any() % 3 ? r->value[f] : any() >> any() % 64);
    }
}

int main(void) {
    static tcps_record records[ROWS], r, back;
    tcps_schema_init();
    tcps_rows rows = {.rows = NULL};
    for (unsigned n = 0; n < ROWS; n++) {
        choose_fields(&r);
        records[n] = r;
        check(tcps_rows_add(&rows, &r) == TCPS_OK, "no memory", n);
    }
    for (unsigned n = 0; n < ROWS; n++) {
        const tcps_row *row = rows.rows[n];
        tcps_row_unpack(&back, row);
        check(memcmp(back.has, records[n].has, sizeof back.has) == 0, "other fields", n);
        for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
            check(tcps_row_has(row, f) == tcps_has(&records[n], f), "a field that is not there, or one missing", n);
            if (!tcps_row_has(row, f)) continue;
            uint64_t value = records[n].value[f] & tcps_value_mask[f];
            check(tcps_row_bits(row, f) == value && back.value[f] == value, "another value", n);
        }
    }
    tcps_rows_clear(&rows);
    check(rows.count == 0 && tcps_rows_add(&rows, &r) == TCPS_OK && rows.count == 1, "cleared rows", 0);
    tcps_rows_fini(&rows);
    printf("%u rows\n", ROWS);
    return 0;
}
