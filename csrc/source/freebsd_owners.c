#include "source/freebsd_owners.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"

#define FIRST_ROOM 64

typedef struct tcps_freebsd_name {
    int32_t pid;
    bool used;
    const tcps_text *command; /* the pass's; NULL: the process is gone, or not for us to see */
} name;

/* The slot of `pid`, or the empty one where it would go. The table is never full. */
static name *slot_of(const tcps_freebsd_names *n, int32_t pid) {
    size_t i = (uint32_t)pid * 2654435761u & (n->room - 1);
    while (n->slots[i].used && n->slots[i].pid != pid) i = (i + 1) & (n->room - 1);
    return &n->slots[i];
}

static tcps_code grow(tcps_freebsd_names *n) {
    tcps_freebsd_names grown = {.room = n->room ? 2 * n->room : FIRST_ROOM, .count = n->count};
    grown.slots = calloc(grown.room, sizeof *grown.slots);
    if (!grown.slots) return TCPS_NOMEM;
    for (size_t i = 0; i < n->room; i++)
        if (n->slots[i].used) *slot_of(&grown, n->slots[i].pid) = n->slots[i];
    free(n->slots);
    *n = grown;
    return TCPS_OK;
}

/* A kinfo_proc; its first word is its own size, so another kernel's is not misread. */
typedef struct command {
    uint8_t bytes[KI_SIZE];
    size_t len;
} command;

static int take_process(void *context, const void *bytes, size_t len) {
    command *c = context;
    if (len > sizeof c->bytes - c->len) len = sizeof c->bytes - c->len;
    memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
    return 0;
}

/* ESRCH is a process that has ended, EPERM one in another jail: both are normal and leave the name absent. */
static const tcps_text *ask_command(tcps_freebsd_joiner *j, int32_t pid) {
    char mib[32];
    snprintf(mib, sizeof mib, "1.14.1.%d", (int)pid); /* CTL_KERN, KERN_PROC, KERN_PROC_PID */
    tcps_question q = {.kind = TCPS_ASK_SYSCTL, .name = mib, .room = KI_SIZE};
    command c = {.len = 0};
    if (j->kernel->ask(j->kernel, &q, take_process, &c, NULL) != 0) return NULL;
    if (c.len != KI_SIZE || tcps_load32(c.bytes + KI_STRUCTSIZE) != KI_SIZE) return NULL;
    const char *comm = (const char *)c.bytes + KI_COMM;
    size_t len = strnlen(comm, KI_COMM_SIZE);
    return len ? tcps_rows_intern(&j->sink.pass->rows, TCPS_F_command, comm, len) : NULL;
}

static tcps_code set_command(tcps_freebsd_joiner *j, tcps_record *r, int32_t pid) {
    tcps_freebsd_names *n = &j->names;
    if (2 * n->count >= n->room && grow(n) != TCPS_OK) return TCPS_NOMEM;
    name *slot = slot_of(n, pid);
    if (!slot->used) {
        *slot = (name){pid, true, ask_command(j, pid)};
        n->count++;
    }
    tcps_set_text(r, TCPS_F_command, slot->command);
    return TCPS_OK;
}

static tcps_code join(tcps_sink *sink, tcps_record *r) {
    tcps_freebsd_joiner *j = (tcps_freebsd_joiner *)sink;
    tcps_sink *next = j->next;
    const tcps_freebsd_owner *owner = tcps_has(r, TCPS_F_socket_id) ? tcps_freebsd_owner_of(j->owners, r->value[TCPS_F_socket_id]) : NULL;
    if (owner && (!next->wants_more || next->wants_more(next, r))) {
        tcps_set(r, TCPS_F_pid, (uint64_t)(int64_t)owner->pid);
        tcps_set(r, TCPS_F_fd, (uint64_t)(int64_t)owner->fd);
        tcps_set(r, TCPS_F_shared_descriptors, owner->others);
        tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_KERN_FILE);
        tcps_code code = set_command(j, r, owner->pid);
        if (code != TCPS_OK) return code;
    }
    return next->put(next, r);
}

void tcps_freebsd_joiner_init(tcps_freebsd_joiner *j, tcps_sink *next, tcps_kernel *kernel, const tcps_freebsd_owners *owners) {
    *j = (tcps_freebsd_joiner){.sink = {.pass = next->pass, .put = join}, .next = next, .kernel = kernel, .owners = owners};
}

void tcps_freebsd_joiner_fini(tcps_freebsd_joiner *j) { free(j->names.slots); }
