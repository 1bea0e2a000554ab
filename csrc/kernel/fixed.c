/* A kernel that answers from memory: what NAME:FILE and tcpstats.parse read from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

typedef struct fixed_kernel {
    tcps_kernel base;
    size_t count;
    bool begun;
    tcps_fixed_answer answers[];
} fixed_kernel;

static int fixed_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    fixed_kernel *c = (fixed_kernel *)k;
    for (size_t i = 0; i < c->count; i++) {
        const tcps_fixed_answer *a = &c->answers[i];
        if (a->kind != q->kind || strcmp(a->name, q->name) != 0) continue;
        if (size) *size = a->len;
        bool sized = q->kind == TCPS_ASK_SYSCTL || q->kind == TCPS_ASK_READ;
        if (sized && q->room == 0) return 0;
        size_t len = sized && q->room < a->len ? q->room : a->len;
        if (size) *size = len;
        if (answer(context, a->bytes, len) != 0) return ECANCELED;
        return len < a->len && q->kind == TCPS_ASK_SYSCTL ? ENOMEM : 0;
    }
    return EOPNOTSUPP;
}

/* A file holds one pass. */
static tcps_code fixed_next(tcps_kernel *k, tcps_pass_info *pass, tcps_status *status) {
    (void)pass;
    fixed_kernel *c = (fixed_kernel *)k;
    if (c->begun) return tcps_fail(status, TCPS_END, "the file holds one pass");
    c->begun = true;
    return TCPS_OK;
}

static void fixed_close(tcps_kernel *k) { free(k); }

tcps_kernel *tcps_kernel_fixed(const tcps_fixed_answer *answers, size_t count) {
    fixed_kernel *c = calloc(1, sizeof *c + count * sizeof *answers);
    if (!c) return NULL;
    c->base = (tcps_kernel){.ask = fixed_ask, .next = fixed_next, .close = fixed_close, .fixed = true};
    c->count = count;
    if (count) memcpy(c->answers, answers, count * sizeof *answers);
    return &c->base;
}
