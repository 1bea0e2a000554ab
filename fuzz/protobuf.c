/* Any bytes as a BatchMessage; what is accepted is written as JSON and protobuf, and reading that protobuf must give the same again. */
#include <stdlib.h>
#include <string.h>

#include "encode/json.h"
#include "encode/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct collected {
    tcps_writer base;
    uint8_t *bytes;
    size_t len;
} collected;

static tcps_code collect(tcps_writer *w, const char *bytes, size_t len) {
    collected *c = (collected *)w;
    uint8_t *grown = realloc(c->bytes, c->len + len);
    if (!grown) return TCPS_NOMEM;
    memcpy(grown + c->len, bytes, len);
    c->bytes = grown;
    c->len += len;
    return TCPS_OK;
}

static tcps_code drop(tcps_writer *w, const char *bytes, size_t len) {
    (void)w, (void)bytes, (void)len;
    return TCPS_OK;
}

static collected write_protobuf(const tcps_pass *b) {
    collected c = {.bytes = NULL};
    if (tcps_writer_init(&c.base, collect) == TCPS_OK) tcps_protobuf_batch(&c.base, b, b->all);
    if (tcps_writer_fini(&c.base) != TCPS_OK) abort();
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tcps_pass *b, *again;
    size_t used;
    if (tcps_protobuf_decode(data, size, &used, &b, NULL) != TCPS_OK) return 0;
    for (unsigned style = 0; style < TCPS_JSON_STYLES; style++) {
        tcps_writer w;
        if (tcps_writer_init(&w, drop) == TCPS_OK) tcps_json_batch(&w, b, b->all, (tcps_json_style)style, style & 1);
        tcps_writer_fini(&w);
    }
    collected first = write_protobuf(b);
    if (tcps_protobuf_decode(first.bytes, first.len, &used, &again, NULL) != TCPS_OK || used != first.len) abort();
    collected second = write_protobuf(again);
    if (first.len != second.len || memcmp(first.bytes, second.bytes, first.len) != 0) abort();
    free(first.bytes);
    free(second.bytes);
    tcps_pass_unref(b);
    tcps_pass_unref(again);
    return 0;
}
