#include "source/macos_process.h"

#include <string.h>

/* MAXCOMLEN of XNU is 16; the longer of pbsi_comm and pbi_name would be 32. */
#define LONGEST_NAME 32

typedef struct taken {
    char bytes[LONGEST_NAME];
    size_t len;
} taken;

static int take(void *context, const void *bytes, size_t len) {
    taken *t = context;
    if (len > sizeof t->bytes - t->len) len = sizeof t->bytes - t->len;
    memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
    return 0;
}

static int ask_call(tcps_kernel *k, const char *name, uint64_t number, taken *t) {
    t->len = 0;
    return k->ask(k, &(tcps_question){.kind = TCPS_ASK_CALL, .name = name, .number = number}, take, t, NULL);
}

/* When the process began; 0 when the kernel does not say. */
static uint64_t ask_start(tcps_kernel *k, int32_t pid) {
    taken t;
    uint64_t start = 0;
    if (ask_call(k, TCPS_CALL_PROCESS_START, (uint32_t)pid, &t) == 0 && t.len == sizeof start) memcpy(&start, t.bytes, sizeof start);
    return start;
}

/* The name is asked for only of a process that is new, or of which the kernel does not say when it began. */
bool tcps_macos_identify(tcps_kernel *k, tcps_process *p) {
    uint64_t start = ask_start(k, (int32_t)p->pid);
    if (start && start == p->start) return true;
    taken t;
    p->start = start;
    p->name_len = 0;
    if (ask_call(k, TCPS_CALL_PROCESS_NAME, p->pid, &t) != 0) return false;
    const char *end = memchr(t.bytes, 0, t.len);
    p->name_len = end ? (size_t)(end - t.bytes) : t.len;
    memcpy(p->name, t.bytes, p->name_len);
    return true;
}
