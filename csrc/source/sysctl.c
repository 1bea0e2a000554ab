#include "source/sysctl.h"

#include <errno.h>
#include <string.h>

/* A table that outgrows every buffer: after this many tries something is wrong with the kernel, not with the size. */
#define TRIES 8

int tcps_sysctl_table(tcps_kernel *k, const char *name, tcps_buffer *buffer, unsigned *grown) {
    tcps_question q = {.kind = TCPS_ASK_SYSCTL, .name = name};
    size_t room = 0;
    for (unsigned tries = 0;; tries++) {
        size_t size = 0;
        q.room = 0;
        int error = tcps_ask_all(k, &q, buffer, &size);
        if (error) return error;
        if (size > SIZE_MAX / 4) return EOVERFLOW;
        /* An eighth more than there is now, and twice as much as was too little. */
        size += size / 8 + 4096;
        room = size > 2 * room ? size : 2 * room;
        q.room = room;
        error = tcps_ask_all(k, &q, buffer, NULL);
        if (error != ENOMEM || tries + 1 == TRIES) return error;
        if (grown) ++*grown;
    }
}

static int take_u32(void *context, const void *bytes, size_t len) {
    if (len != sizeof(uint32_t)) return EPROTO;
    memcpy(context, bytes, len);
    return 0;
}

int tcps_sysctl_u32(tcps_kernel *k, const char *name, uint32_t *value) {
    tcps_question q = {.kind = TCPS_ASK_SYSCTL, .name = name, .room = sizeof *value};
    size_t size = 0;
    int error = k->ask(k, &q, take_u32, value, &size);
    if (error == ECANCELED || error == ENOMEM || (!error && size != sizeof *value)) return EPROTO;
    return error;
}

typedef struct text {
    char *at;
    size_t len, room; /* room includes the NUL */
} text;

static int take_text(void *context, const void *bytes, size_t len) {
    text *t = context;
    if (len > t->room - 1 - t->len) len = t->room - 1 - t->len;
    memcpy(t->at + t->len, bytes, len);
    t->len += len;
    return 0;
}

int tcps_sysctl_text(tcps_kernel *k, const char *name, char *out, size_t room) {
    tcps_question q = {.kind = TCPS_ASK_SYSCTL, .name = name, .room = room};
    text t = {.at = out, .room = room};
    int error = k->ask(k, &q, take_text, &t, NULL);
    out[t.len] = 0;
    return error;
}
