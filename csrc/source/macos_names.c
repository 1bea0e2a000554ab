#include "source/macos_names.h"

#include <errno.h>
#include <stdlib.h>

/* MAXCOMLEN of XNU is 16; the longer of pbsi_comm and pbi_name would be 32. */
#define LONGEST_NAME 32

typedef struct process {
    int32_t pid;
    uint32_t seen; /* the pass it was asked for in, 0: a free slot */
    uint64_t start;
    char name[LONGEST_NAME];
    uint8_t name_len;      /* 0: not known */
    const tcps_text *text; /* this pass's */
} process;

static process *slot_of(process *all, size_t room, int32_t pid) {
    size_t i = (uint32_t)pid * 2654435769u & (room - 1);
    while (all[i].seen && all[i].pid != pid) i = (i + 1) & (room - 1);
    return &all[i];
}

/* Moves everything that pass `since` or a later one has seen to a table of `room` slots. ENOMEM leaves things as they are. */
static int rebuild(tcps_macos_names *n, size_t room, uint32_t since) {
    process *all = calloc(room, sizeof *all);
    if (!all) return ENOMEM;
    n->count = 0;
    for (size_t i = 0; i < n->room; i++) {
        if (!n->processes[i].seen || n->processes[i].seen < since) continue;
        *slot_of(all, room, n->processes[i].pid) = n->processes[i];
        n->count++;
    }
    free(n->processes);
    n->processes = all;
    n->room = room;
    return 0;
}

void tcps_macos_names_begin(tcps_macos_names *n) {
    n->interface = 0;
    n->interface_name = NULL;
    if (n->room) rebuild(n, n->room, n->pass);
    n->pass++;
}

void tcps_macos_names_free(tcps_macos_names *n) {
    free(n->processes);
    *n = (tcps_macos_names){0};
}

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

static void ask_name(tcps_kernel *k, process *p) {
    taken t;
    p->name_len = 0;
    if (ask_call(k, TCPS_CALL_PROCESS_NAME, (uint32_t)p->pid, &t) != 0) return;
    const char *end = memchr(t.bytes, 0, t.len);
    p->name_len = (uint8_t)(end ? (size_t)(end - t.bytes) : t.len);
    memcpy(p->name, t.bytes, p->name_len);
}

const tcps_text *tcps_macos_command(tcps_macos_names *n, tcps_kernel *k, tcps_rows *rows, int32_t pid) {
    if (2 * (n->count + 1) > n->room && rebuild(n, n->room ? 2 * n->room : 256, 0) != 0) return NULL;
    process *p = slot_of(n->processes, n->room, pid);
    if (p->seen == n->pass) return p->text;
    bool known = p->seen != 0;
    uint64_t start = ask_start(k, pid);
    if (!known) {
        p->pid = pid;
        n->count++;
    }
    if (!known || !start || start != p->start) ask_name(k, p);
    p->start = start;
    p->seen = n->pass;
    p->text = p->name_len ? tcps_rows_intern(rows, TCPS_F_command, p->name, p->name_len) : NULL;
    return p->text;
}

const tcps_text *tcps_macos_interface(tcps_macos_names *n, tcps_kernel *k, tcps_rows *rows, uint32_t index) {
    if (index == n->interface) return n->interface_name;
    taken t;
    n->interface = index;
    n->interface_name = NULL;
    if (ask_call(k, TCPS_CALL_INTERFACE_NAME, index, &t) == 0 && t.len) n->interface_name = tcps_rows_intern(rows, TCPS_F_interface, t.bytes, t.len);
    return n->interface_name;
}
