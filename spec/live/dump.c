/* Writes what the running kernel answers to the request of a full pass, datagram after datagram, to standard output: what linux:FILE reads. */
#include <stdio.h>
#include <string.h>

#include "collect/collect.h"

extern const tcps_source_class tcps_source_linux;

/* Stands between the source and the kernel. */
typedef struct tap {
    tcps_kernel base;
    tcps_kernel *under;
    tcps_answer *answer;
    void *context;
} tap;

static int write_and_pass_on(void *context, const void *bytes, size_t len) {
    tap *t = context;
    fwrite(bytes, 1, len, stdout);
    return t->answer(t->context, bytes, len);
}

static int ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    tap *t = (tap *)k;
    if (q->kind != TCPS_ASK_NETLINK) return t->under->ask(t->under, q, answer, context, size);
    t->answer = answer;
    t->context = context;
    return t->under->ask(t->under, q, write_and_pass_on, t, size);
}

int main(void) {
    tap t = {.base = {.ask = ask}, .under = tcps_kernel_live()};
    tcps_session o = {.class = &tcps_source_linux, .kernel = &t.base};
    tcps_pass_options pass = {.interval_ms = 0};
    tcps_status status = {.code = TCPS_OK};
    tcps_pass *batch;
    o.source = t.under ? o.class->open(&t.base, &status) : NULL;
    if (!o.source || tcps_collect(&o, &pass, &batch, &status) != TCPS_OK) {
        fprintf(stderr, "dump: %s\n", status.what);
        return 1;
    }
    tcps_pass_unref(batch);
    o.class->close(o.source);
    t.under->close(t.under);
    return fflush(stdout) != 0;
}
