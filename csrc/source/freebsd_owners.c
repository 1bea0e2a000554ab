#include "source/freebsd_owners.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/freebsd.h"
#include "abi/load.h"
#include "record/holder_list.h"

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

bool tcps_freebsd_identify(tcps_kernel *k, tcps_process *p) {
    char mib[32];
    snprintf(mib, sizeof mib, "1.14.1.%d", (int)p->pid); /* CTL_KERN, KERN_PROC, KERN_PROC_PID */
    tcps_question q = {.kind = TCPS_ASK_SYSCTL, .name = mib, .room = KI_SIZE};
    command c = {.len = 0};
    if (k->ask(k, &q, take_process, &c, NULL) != 0) return false;
    if (c.len != KI_SIZE || tcps_load32(c.bytes + KI_STRUCTSIZE) != KI_SIZE) return false;
    p->name_len = strnlen((const char *)c.bytes + KI_COMM, KI_COMM_SIZE);
    memcpy(p->name, c.bytes + KI_COMM, p->name_len);
    return true;
}

/* NULL: it has ended, or we may not see its name. */
static const tcps_text *command_of(tcps_freebsd_joiner *j, uint32_t pid) {
    uint32_t process = tcps_names_process(j->names, pid);
    return process == TCPS_NO_INDEX ? NULL : tcps_names_command(j->names, process);
}

/* All of them. Without memory they are not known. */
static void set_holders(tcps_freebsd_joiner *j, tcps_record *r, const tcps_holder *all, size_t count) {
    tcps_holder_list list = {0};
    tcps_code code = TCPS_OK;
    for (size_t i = 0; code == TCPS_OK && i < count; i++) {
        const tcps_text *name = command_of(j, all[i].pid);
        code = tcps_holder_list_add(&list, &(tcps_named_holder){all[i].pid, all[i].fd, name ? name->bytes : NULL, name ? name->len : 0});
    }
    if (code == TCPS_OK) tcps_set_text(r, TCPS_F_holders, tcps_rows_text(&j->sink.pass->rows, list.bytes, list.len));
    free(list.bytes);
}

/* kern.file lists descriptors of processes that are alive, so the pid holds whether or not we may see its name. */
static void set_owner(tcps_freebsd_joiner *j, tcps_record *r, const tcps_holder *all, size_t count) {
    tcps_set(r, TCPS_F_pid, all->pid);
    tcps_set(r, TCPS_F_fd, all->fd);
    tcps_set(r, TCPS_F_shared_descriptors, count - 1);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_KERN_FILE);
    tcps_set_text(r, TCPS_F_command, command_of(j, all->pid));
    if (count > 1) set_holders(j, r, all, count);
}

static tcps_code join(tcps_sink *sink, tcps_record *r) {
    tcps_freebsd_joiner *j = (tcps_freebsd_joiner *)sink;
    tcps_sink *next = j->next;
    size_t count = 0;
    const tcps_holder *all = tcps_has(r, TCPS_F_socket_id) ? tcps_holders_of(j->holders, r->value[TCPS_F_socket_id], &count) : NULL;
    if (all && (!next->wants_more || next->wants_more(next, r))) set_owner(j, r, all, count);
    return next->put(next, r);
}

tcps_freebsd_joiner tcps_freebsd_joiner_make(tcps_sink *next, tcps_names *names, const tcps_holders *holders) {
    return (tcps_freebsd_joiner){.sink = {.pass = next->pass, .put = join}, .next = next, .names = names, .holders = holders};
}
