/* The collector of Linux against kernels that misbehave, and the search for owners against processes that come, go and change: a scripted
 * tcps_kernel stands behind the seam. Prints TAP; the exit status is 1 when something is not as it should be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/tap.h"
#include "abi/linux.h"
#include "collect/collect.h"
#include "record/holder_list.h"

extern const tcps_source_class tcps_source_linux;

/* --- a machine */

typedef struct descriptor {
    uint32_t fd;
    uint64_t inode;
} descriptor;

typedef struct process {
    uint32_t pid; /* 0: none */
    uint64_t start;
    const char *name;
    int error;        /* what looking at its descriptors gives */
    char state;       /* of its main thread; 0: sleeping */
    unsigned threads; /* 0: one */
    descriptor held[8];
} process;

typedef struct connection {
    uint64_t cookie; /* 0: none */
    uint32_t inode;
    uint16_t port;
} connection;

typedef enum ending { WITH_DONE, WITH_ERROR, WITH_NOTHING, CUT } ending;

typedef struct script {
    tcps_kernel base;
    connection connections[8];
    process processes[8];
    uint64_t now_ns;
    /* How dumps go. */
    ending ending;
    int ending_errno;
    int ask_errno;                                         /* what the question itself ends with, after the connections */
    unsigned interrupted;                                  /* so many dumps say that the table changed */
    int proc_errno;                                        /* /proc cannot be listed */
    bool proc_empty;                                       /* nothing is mounted there */
    const char *net[4];                                    /* snmp, netstat, sockstat, sockstat6: what is in them, or */
    int net_errno[4];                                      /* why not; 0 and nothing in it: this kernel does not know such questions */
    const char *self_status, *self_mounts, *pid_namespace; /* files of /proc/self */
    /* What was asked. */
    unsigned dumps, listings, all_descriptors, some_descriptors, checked_descriptors, stats;
    size_t request_len;
} script;

static size_t put_message(uint8_t *at, unsigned type, unsigned flags, const void *body, size_t len) {
    uint32_t size = (uint32_t)(NL_HEADER + len);
    uint16_t t = (uint16_t)type, f = (uint16_t)flags;
    memset(at, 0, NL_HEADER);
    memcpy(at + NL_LEN, &size, sizeof size);
    memcpy(at + NL_TYPE, &t, sizeof t);
    memcpy(at + NL_FLAGS, &f, sizeof f);
    memcpy(at + NL_HEADER, body, len);
    return (size + 3) & ~3u;
}

/* An established connection 10.0.0.1:port -> 10.0.0.2:443. */
static size_t put_connection(uint8_t *at, const connection *c, unsigned flags) {
    uint8_t m[MSG_SIZE] = {0};
    m[MSG_FAMILY] = LINUX_AF_INET;
    m[MSG_STATE] = LINUX_ESTABLISHED;
    m[MSG_SPORT] = (uint8_t)(c->port >> 8);
    m[MSG_SPORT + 1] = (uint8_t)c->port;
    m[MSG_DPORT] = 443 >> 8;
    m[MSG_DPORT + 1] = 443 & 255;
    memcpy(m + MSG_SRC, "\x0a\0\0\1", 4);
    memcpy(m + MSG_DST, "\x0a\0\0\2", 4);
    memcpy(m + MSG_COOKIE, &c->cookie, sizeof c->cookie);
    memcpy(m + MSG_INODE, &c->inode, sizeof c->inode);
    return put_message(at, NL_TYPE_SOCK_DIAG, flags, m, sizeof m);
}

static int answer_dump(script *s, const tcps_question *q, tcps_answer *answer, void *context) {
    uint8_t bytes[2048];
    size_t len = 0;
    unsigned flags = s->dumps++ < s->interrupted ? NL_FLAG_DUMP_INTR : 0;
    s->request_len = q->request_len;
    for (const connection *c = s->connections; c->cookie; c++) len += put_connection(bytes + len, c, flags);
    int32_t error = -s->ending_errno;
    if (s->ending == WITH_DONE || s->ending == WITH_ERROR)
        len += put_message(bytes + len, s->ending == WITH_DONE ? NL_TYPE_DONE : NL_TYPE_ERROR, 0, &error, sizeof error);
    if (s->ending == CUT) len -= 10;
    return answer(context, bytes, len) ? ECANCELED : s->ask_errno;
}

static process *find_process(script *s, uint64_t pid) {
    for (process *p = s->processes; p->pid; p++)
        if (p->pid == pid) return p;
    return NULL;
}

static int answer_some(script *s, const tcps_question *q, tcps_answer *answer, void *context) {
    const process *p = find_process(s, q->number);
    const uint8_t *skip = q->request;
    /* A search tries numbers beyond those that are known; a check ends with the last known one. */
    bool search = q->request_len && !skip[q->request_len - 1];
    s->some_descriptors += search;
    for (size_t fd = 0; !search && fd < 8 * q->request_len; fd++) s->checked_descriptors += !(skip[fd / 8] >> (fd % 8) & 1);
    if (!p) return ENOENT;
    if (p->error) return p->error;
    for (const descriptor *d = p->held; d->inode; d++) {
        if (d->fd >= 8 * q->request_len || skip[d->fd / 8] >> (d->fd % 8) & 1) continue;
        tcps_proc_socket held = {.inode = d->inode, .fd = d->fd, .pid = p->pid};
        if (answer(context, &held, sizeof held)) return ECANCELED;
    }
    return 0;
}

/* Last process first, as threads might. */
static int answer_all(script *s, const tcps_question *q, tcps_answer *answer, void *context) {
    const uint8_t *pids = q->request;
    int error = 0;
    for (size_t i = q->request_len / sizeof(uint32_t); i-- > 0;) {
        uint32_t pid;
        memcpy(&pid, pids + i * sizeof pid, sizeof pid);
        const process *p = find_process(s, pid);
        s->all_descriptors++;
        if (p && p->error) error = p->error;
        for (const descriptor *d = p && !p->error ? p->held : NULL; d && d->inode; d++)
            if (answer(context, &(tcps_proc_socket){.inode = d->inode, .fd = d->fd, .pid = pid}, sizeof(tcps_proc_socket))) return ECANCELED;
    }
    return error;
}

static int answer_proc(script *s, tcps_answer *answer, void *context) {
    char name[32];
    s->listings++;
    if (s->proc_errno) return s->proc_errno;
    if (s->proc_empty) return 0;
    answer(context, "self", 5);
    for (const process *p = s->processes; p->pid; p++) answer(context, name, (size_t)snprintf(name, sizeof name, "%u", (unsigned)p->pid) + 1);
    return 0;
}

static int answer_stat(script *s, uint64_t pid, tcps_answer *answer, void *context) {
    char text[256];
    const process *p = find_process(s, pid);
    s->stats++;
    if (!p) return ENOENT;
    int len = snprintf(text, sizeof text, "%u (%s) %c 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 %u 0 %llu 2621440 0", (unsigned)pid, p->name,
                       p->state ? p->state : 'S', p->threads ? p->threads : 1, (unsigned long long)p->start);
    return answer(context, text, (size_t)len) ? ECANCELED : 0;
}

static int answer_text(const char *text, tcps_answer *answer, void *context) {
    if (!text) return ENOENT;
    return answer(context, text, strlen(text)) ? ECANCELED : 0;
}

static int ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    script *s = (script *)k;
    unsigned pid;
    if (size) *size = 0;
    if (q->kind == TCPS_ASK_CLOCK) return answer(context, &(tcps_clock){.realtime_ns = 1, .monotonic_ns = s->now_ns}, sizeof(tcps_clock));
    if (q->kind == TCPS_ASK_NETLINK) return answer_dump(s, q, answer, context);
    if (q->kind == TCPS_ASK_CALL && strcmp(q->name, TCPS_CALL_PROC_SOCKETS) == 0) return answer_some(s, q, answer, context);
    if (q->kind == TCPS_ASK_CALL && strcmp(q->name, TCPS_CALL_ALL_PROC_SOCKETS) == 0) return answer_all(s, q, answer, context);
    if (q->kind == TCPS_ASK_FILE && strcmp(q->name, "/proc") == 0) return answer_proc(s, answer, context);
    if (q->kind == TCPS_ASK_FILE && sscanf(q->name, "/proc/%u/stat", &pid) == 1) return answer_stat(s, pid, answer, context);
    static const char *const net[] = {"/proc/net/snmp", "/proc/net/netstat", "/proc/net/sockstat", "/proc/net/sockstat6"};
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(q->name, net[i]) == 0 && (s->net[i] || s->net_errno[i]))
            return s->net[i] ? answer_text(s->net[i], answer, context) : s->net_errno[i];
    if (strcmp(q->name, "/proc/self/status") == 0) return answer_text(s->self_status, answer, context);
    if (strcmp(q->name, "/proc/self/mounts") == 0) return answer_text(s->self_mounts, answer, context);
    if (strcmp(q->name, "/proc/self/ns/pid") == 0) return answer_text(s->pid_namespace, answer, context);
    return EOPNOTSUPP;
}

static tcps_session opened(script *s) {
    tcps_session o = {.class = &tcps_source_linux, .kernel = &s->base};
    s->base = (tcps_kernel){.ask = ask, .live = true};
    s->now_ns = 1000000000;
    o.source = o.class->open(&s->base, NULL);
    return o;
}

/* --- what came of it */

static tcps_pass *pass(tcps_session *o, const tcps_wants *wants, tcps_status *status) {
    tcps_pass *b = NULL;
    tcps_pass_options p = {.wants = *wants};
    tcps_status ignored;
    script *s = (script *)o->kernel;
    s->dumps = s->listings = s->all_descriptors = s->some_descriptors = s->checked_descriptors = s->stats = 0;
    s->now_ns += 1000000000;
    tcps_code code = tcps_collect(o, &p, &b, status ? status : &ignored);
    return code == TCPS_OK ? b : NULL;
}

static unsigned warnings(const tcps_pass *b, const char *part) {
    unsigned count = 0;
    for (const tcps_warning *w = b->warnings; w; w = w->next) count += strstr(w->status.what, part) != NULL;
    return count;
}

static const tcps_row *row_at(const tcps_pass *b, unsigned port) {
    for (size_t i = 0; b && i < b->all.count; i++)
        if (tcps_row_bits(b->all.rows[i], TCPS_F_local_port) == port) return b->all.rows[i];
    return NULL;
}

static bool owned_by(const tcps_pass *b, unsigned port, unsigned pid, unsigned fd, const char *name) {
    const tcps_row *row = row_at(b, port);
    if (!row || !tcps_row_has(row, TCPS_F_pid) || !tcps_row_has(row, TCPS_F_command)) return false;
    const tcps_text *command = (const tcps_text *)(uintptr_t)tcps_row_bits(row, TCPS_F_command);
    return tcps_row_bits(row, TCPS_F_pid) == pid && tcps_row_bits(row, TCPS_F_fd) == fd && strcmp(command->bytes, name) == 0;
}

static bool nobodys(const tcps_pass *b, unsigned port) {
    const tcps_row *row = row_at(b, port);
    return row && !tcps_row_has(row, TCPS_F_pid) && !tcps_row_has(row, TCPS_F_fd) && !tcps_row_has(row, TCPS_F_command);
}

/* Other descriptors of a socket; -1: not known. */
static int shared(const tcps_pass *b, unsigned port) {
    const tcps_row *row = row_at(b, port);
    return row && tcps_row_has(row, TCPS_F_shared_descriptors) ? (int)tcps_row_bits(row, TCPS_F_shared_descriptors) : -1;
}

/* All holders, NAME/PID/FD and a blank each. */
static bool held_by(const tcps_pass *b, unsigned port, const char *expected) {
    const tcps_row *row = row_at(b, port);
    char text[256] = "";
    tcps_named_holder h;
    if (!row || !tcps_row_has(row, TCPS_F_holders)) return row && !*expected;
    const tcps_text *list = (const tcps_text *)(uintptr_t)tcps_row_bits(row, TCPS_F_holders);
    for (size_t at = 0; tcps_holder_list_next(list, &at, &h);)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s/%u/%u ", (int)h.command_len, h.command, (unsigned)h.pid, (unsigned)h.fd);
    return strcmp(text, expected) == 0;
}

/* --- dumps */

static const tcps_wants nothing_more = {.processes = false};

/* A dump that ends with `errno` somewhere: what was said before it is kept, with a warning; if nothing was said it is an error. */
static void check_ending(script *s, tcps_code code, const char *words) {
    tcps_status status = {0};
    connection kept = s->connections[0];
    tcps_session o = opened(s);
    tcps_pass *b = pass(&o, &nothing_more, &status);
    check(b && b->all.count == 2 && warnings(b, words) == 1 && b->partial, "what came before it is kept, with a warning");
    tcps_pass_unref(b);
    s->connections[0].cookie = 0;
    b = pass(&o, &nothing_more, &status);
    check(!b && status.code == code && strstr(status.what, words), "with nothing before it it is an error");
    if (!b && status.code != code) printf("# %s: %s\n", tcps_code_name(status.code), status.what);
    tcps_pass_unref(b);
    s->connections[0] = kept;
    o.class->close(o.source);
}

static void test_endings(void) {
    script s = {.connections = {{1, 101, 1001}, {2, 102, 1002}}};

    scenario = "the kernel drops part of its answer";
    s.ask_errno = ENOBUFS;
    s.ending = WITH_NOTHING;
    check_ending(&s, TCPS_SYSTEM, "ENOBUFS");

    scenario = "a datagram is cut";
    s.ask_errno = EMSGSIZE;
    check_ending(&s, TCPS_SYSTEM, "MSG_TRUNC");

    scenario = "the socket fails";
    s.ask_errno = EIO;
    check_ending(&s, TCPS_SYSTEM, "NETLINK_SOCK_DIAG");

    scenario = "NLMSG_ERROR";
    s.ask_errno = 0;
    s.ending = WITH_ERROR;
    s.ending_errno = ENOENT;
    check_ending(&s, TCPS_SYSTEM, "NLMSG_ERROR");
    check_ending(&s, TCPS_SYSTEM, "modprobe tcp_diag");
    s.ending_errno = EPERM;
    check_ending(&s, TCPS_PERMISSION, "NLMSG_ERROR");

    scenario = "NLMSG_DONE with an error";
    s.ending = WITH_DONE;
    s.ending_errno = ENOMEM;
    check_ending(&s, TCPS_NOMEM, "NLMSG_ERROR");

    scenario = "NLMSG_DONE is missing";
    s.ending = WITH_NOTHING;
    s.ending_errno = 0;
    check_ending(&s, TCPS_FORMAT, "NLMSG_DONE");

    scenario = "the last message is cut";
    s.ending = CUT;
    tcps_session o = opened(&s);
    tcps_pass *b = pass(&o, &nothing_more, NULL);
    check(b && b->all.count == 1 && warnings(b, "cut at byte 88") == 1 && b->partial, "the complete one is kept, and the warning says where");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

static void test_interruption(void) {
    script s = {.connections = {{1, 101, 1001}, {2, 102, 1002}}};
    tcps_session o = opened(&s);

    scenario = "the table changed during the dump";
    s.interrupted = 2;
    tcps_pass *b = pass(&o, &nothing_more, NULL);
    check(b && s.dumps == 3 && b->all.count == 2, "it is read again, and nothing is kept twice");
    check(b && b->metadata.has_retries && b->metadata.retries == 2 && !b->metadata.has_inconsistent, "the metadata says so");
    tcps_pass_unref(b);

    scenario = "the table changes all the time";
    s.interrupted = 1000;
    b = pass(&o, &nothing_more, NULL);
    check(b && s.dumps == 4 && b->all.count == 2, "three retries are enough");
    check(b && b->metadata.retries == 3 && b->metadata.has_inconsistent && b->metadata.inconsistent, "the metadata says so");
    tcps_pass_unref(b);

    scenario = "the table changed in a pass with owners";
    s.interrupted = 1;
    s.processes[0] = (process){.pid = 40, .start = 7, .name = "server", .held = {{3, 101}, {4, 102}}};
    b = pass(&o, &(tcps_wants){.processes = true}, NULL);
    check(b && b->all.count == 2 && owned_by(b, 1001, 40, 3, "server") && owned_by(b, 1002, 40, 4, "server"), "both are kept once, with owners");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

/* --- owners */

static const tcps_wants with_owners = {.processes = true};

static script a_machine(void) {
    return (script){
        .connections = {{1, 101, 1001}, {2, 102, 1002}, {3, 0, 1003}},
        .processes = {{.pid = 7, .start = 70, .name = "shell", .held = {{255, 9000}}},
                      {.pid = 40, .start = 7, .name = "server", .held = {{3, 9001}, {5, 101}}},
                      {.pid = 41, .start = 8, .name = "worker", .held = {{6, 102}, {8, 101}, {9, 102}}}},
    };
}

static void test_owners(void) {
    script s = a_machine();
    tcps_session o = opened(&s);

    scenario = "owners, first pass";
    tcps_pass *b = pass(&o, &with_owners, NULL);
    check(b && b->all.count == 3 && !warnings(b, "owners"), "all sockets, no warning");
    check(owned_by(b, 1001, 40, 5, "server") && owned_by(b, 1002, 41, 6, "worker"), "the process with the lowest pid owns a socket");
    check(shared(b, 1001) == 1 && shared(b, 1002) == 1, "other descriptors are counted");
    check(held_by(b, 1001, "server/40/5 worker/41/8 ") && held_by(b, 1002, "worker/41/6 worker/41/9 "), "and all are told, in order");
    check(held_by(b, 1003, ""), "where there are several");
    check(nobodys(b, 1003), "a socket without an inode has none");
    check(s.all_descriptors == 3 && s.dumps == 1, "every process was looked at once");
    tcps_pass_unref(b);

    scenario = "owners, nothing new";
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 40, 5, "server") && shared(b, 1001) == 1, "owners are known");
    check(!s.all_descriptors && !s.some_descriptors && !s.listings, "no descriptor is searched");
    check(s.checked_descriptors == 2, "those that are known are looked at again");
    check(s.stats == 2, "each owner was looked at");
    tcps_pass_unref(b);

    scenario = "exec";
    s.processes[1].name = "a) S (b";
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 40, 5, "a) S (b"), "the new name is told, whatever it is made of");
    tcps_pass_unref(b);

    scenario = "a new socket of a process that is known";
    s.connections[3] = (connection){4, 104, 1004};
    s.processes[1].held[2] = (descriptor){6, 104};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1004, 40, 6, "a) S (b"), "is found");
    check(shared(b, 1004) == -1, "who else has it is not known yet");
    check(!s.all_descriptors && s.some_descriptors >= 1, "among the descriptors that were not known");
    check(owned_by(b, 1001, 40, 5, "a) S (b") && owned_by(b, 1002, 41, 6, "worker"), "the others stay");
    tcps_pass_unref(b);
    s.connections[4] = (connection){5, 105, 1005};
    s.processes[1].held[3] = (descriptor){7, 105};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1005, 40, 7, "a) S (b") && s.some_descriptors == 1 && !s.listings, "who showed one lately is asked first");
    tcps_pass_unref(b);

    scenario = "a new process";
    s.processes[3] = (process){.pid = 90, .start = 9, .name = "client", .held = {{3, 106}}};
    s.connections[5] = (connection){6, 106, 1006};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1006, 90, 3, "client") && s.all_descriptors == 1 && s.listings == 1, "is the only one that is looked at in full");
    tcps_pass_unref(b);

    scenario = "a process that had no socket gets one";
    s.processes[0].held[1] = (descriptor){10, 107};
    s.connections[6] = (connection){7, 107, 1007};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1007, 7, 10, "shell") && s.all_descriptors == 4, "everything is searched");
    check(shared(b, 1007) == 0, "and counted");
    tcps_pass_unref(b);

    scenario = "the owner is gone";
    s.processes[1] = s.processes[2];
    s.processes[2] = s.processes[3];
    s.processes[3].pid = 0;
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 41, 8, "worker"), "another that has the socket is found");
    check(nobodys(b, 1004) && nobodys(b, 1005), "where there is none there is none");
    tcps_pass_unref(b);

    scenario = "the pid is another process's";
    s.processes[1].start = 1234;
    s.processes[1].name = "stranger";
    s.processes[1].held[0].inode = 9002;
    s.processes[1].held[2].inode = 9003;
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 41, 8, "stranger") && nobodys(b, 1002), "it has what it has now");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

static void test_owners_that_wander(void) {
    script s = a_machine();
    tcps_session o = opened(&s);
    tcps_pass_unref(pass(&o, &with_owners, NULL));

    scenario = "a descriptor goes to another process";
    s.processes[1].held[1] = (descriptor){0, 0};
    tcps_pass *b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 41, 8, "worker") && !s.all_descriptors, "another that is known to have it is its owner");
    tcps_pass_unref(b);

    scenario = "a descriptor is handed over";
    s.connections[0].cookie = 31;
    s.connections[0].inode = 131;
    s.processes[0].held[1] = (descriptor){3, 131};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 7, 3, "shell"), "the one who accepted it has it");
    tcps_pass_unref(b);
    s.processes[0].held[1] = (descriptor){0, 0};
    s.processes[1].held[1] = (descriptor){4, 131};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 40, 4, "server"), "and then the one who got it");
    tcps_pass_unref(b);
    for (unsigned i = 0; i < 5; i++) tcps_pass_unref(pass(&o, &with_owners, NULL));
    s.processes[1].held[1] = (descriptor){0, 0};
    s.processes[0].held[1] = (descriptor){3, 131};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 7, 3, "shell"), "also later");
    tcps_pass_unref(b);

    scenario = "a minute later";
    s.now_ns += 60000000000;
    b = pass(&o, &with_owners, NULL);
    check(s.all_descriptors == 3 && owned_by(b, 1001, 7, 3, "shell") && shared(b, 1001) == 0, "everything is searched");
    tcps_pass_unref(b);

    scenario = "a cookie with another inode";
    s.connections[1].inode = 9001;
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1002, 40, 3, "server"), "is another socket");
    tcps_pass_unref(b);

    scenario = "an inode with another cookie";
    s.connections[1].cookie = 77;
    s.processes[1].held[0] = (descriptor){4, 9001};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1002, 40, 4, "server"), "is another socket");
    tcps_pass_unref(b);

    scenario = "two sockets with one inode, as MPTCP's subflows have";
    s.connections[3] = (connection){8, 9001, 1008};
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1002, 40, 4, "server") && owned_by(b, 1008, 40, 4, "server"), "have one owner");
    tcps_pass_unref(b);
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1008, 40, 4, "server") && !s.all_descriptors && !s.some_descriptors, "which is remembered");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

static void test_nobodys(void) {
    script s = a_machine();
    tcps_session o = opened(&s);

    scenario = "a socket that nobody has";
    s.connections[3] = (connection){9, 109, 1009};
    unsigned searches = 0;
    for (unsigned i = 0; i < 40; i++) {
        tcps_pass *b = pass(&o, &with_owners, NULL);
        searches += s.all_descriptors != 0;
        if (i == 0) check(nobodys(b, 1009) && !warnings(b, "owners"), "has no owner, and that is nothing to warn of");
        tcps_pass_unref(b);
    }
    check(searches == 7, "is looked for in the first pass, the next, and then after 1, 2, 4, 8 and 16 passes");
    s.processes[0].held[0].inode = 109;
    for (unsigned i = 0; i < 40; i++) tcps_pass_unref(pass(&o, &with_owners, NULL));
    tcps_pass *b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1009, 7, 255, "shell"), "and found in the end");
    tcps_pass_unref(b);
    o.class->close(o.source);

    scenario = "somebody's descriptors may not be looked at";
    s = a_machine();
    o = opened(&s);
    s.processes[2].error = EACCES;
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 40, 5, "server") && nobodys(b, 1002), "what may be looked at is told");
    check(b && b->warnings && warnings(b, "the owner of 1 socket is not known") == 1 && warnings(b, "root") == 1, "with a warning");
    tcps_pass_unref(b);
    s.connections[3] = (connection){9, 109, 1009};
    b = pass(&o, &with_owners, NULL);
    check(b && !warnings(b, "owners"), "that comes once");
    tcps_pass_unref(b);
    o.class->close(o.source);

    scenario = "/proc cannot be listed";
    s = a_machine();
    o = opened(&s);
    s.proc_errno = ENOENT;
    b = pass(&o, &with_owners, NULL);
    check(b && b->all.count == 3 && nobodys(b, 1001) && warnings(b, "the owners of 2 sockets are not known, /proc cannot be listed") == 1,
          "no owners, and a warning");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

/* One pass over sockets 1001 and 1002, which somebody has whom we do not see; its warning has to say `reason`. */
static void check_reason(script *s, const char *reason, const char *not_this) {
    tcps_session o = opened(s);
    tcps_pass *b = pass(&o, &with_owners, NULL);
    bool fine =
        b && (reason ? warnings(b, reason) == 1 : true) && warnings(b, "the owner") == (reason != NULL) && !(not_this && warnings(b, not_this));
    check(fine, reason ? reason : "is nothing to warn of");
    if (!fine && b && b->warnings) printf("# %s\n", b->warnings->status.what);
    tcps_pass_unref(b);
    o.class->close(o.source);
}

#define STATUS(effective) "Name:\ttcpstats\nCapPrm:\t000001ffffffffff\nCapEff:\t" effective "\nCapBnd:\t000001ffffffffff\n"
#define NO_CAPABILITY "0000000000000000"
#define ONLY_PTRACE "0000000000080000"
#define ONLY_SEARCH "0000000000000004"
#define ONLY_OVERRIDE "0000000000000002"
#define BOTH "0000000000080004"

static void test_reasons(void) {
    script s = a_machine();
    s.processes[1].error = s.processes[2].error = EACCES;
    scenario = "a user without capabilities";
    s.self_status = STATUS(NO_CAPABILITY);
    check_reason(&s, "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, as root has them", NULL);
    scenario = "a user with one of the two capabilities";
    s.self_status = STATUS(ONLY_PTRACE);
    check_reason(&s, "needs CAP_DAC_READ_SEARCH besides CAP_SYS_PTRACE", "as root");
    s.self_status = STATUS(ONLY_SEARCH);
    check_reason(&s, "needs CAP_SYS_PTRACE besides", "as root");
    scenario = "root of a container, without CAP_SYS_PTRACE";
    s.self_status = STATUS(ONLY_OVERRIDE);
    check_reason(&s, "needs CAP_SYS_PTRACE besides", "as root");
    scenario = "a user with both capabilities who is refused";
    s.self_status = STATUS(BOTH);
    check_reason(&s, "security module", "needs");

    s = a_machine();
    s.processes[1] = s.processes[2] = (process){0};
    s.self_status = STATUS(NO_CAPABILITY);
    s.pid_namespace = "pid:[4026531836]";
    scenario = "hidepid";
    s.self_mounts = "sysfs /sys sysfs rw 0 0\nproc /proc proc rw,nosuid,hidepid=2,gid=5 0 0\n/dev/vda / ext4 rw 0 0\n";
    check_reason(&s, "hidepid=2, which hides", NULL);
    s.self_mounts = "proc /proc proc rw,hidepid=invisible 0 0\n";
    check_reason(&s, "hidepid=invisible, which hides", NULL);
    scenario = "hidepid does not matter to a debugger";
    s.self_status = STATUS(BOTH);
    check_reason(&s, NULL, NULL);
    scenario = "everybody's processes are seen, and nobody has the sockets";
    s.self_status = STATUS(NO_CAPABILITY);
    s.self_mounts = "proc /proc proc rw,relatime 0 0\n";
    check_reason(&s, NULL, NULL);
    scenario = "a pid namespace of our own";
    s.self_status = STATUS(BOTH);
    s.pid_namespace = "pid:[4026532201]";
    check_reason(&s, "another pid namespace", "CAP_");
    scenario = "an empty /proc";
    s.proc_empty = true;
    check_reason(&s, "/proc is empty", NULL);
}

static void test_endings_of_processes(void) {
    script s = a_machine();
    tcps_session o = opened(&s);
    tcps_pass_unref(pass(&o, &with_owners, NULL));

    scenario = "a zombie";
    s.processes[1].state = 'Z';
    s.processes[1].held[0].inode = 0;
    tcps_pass *b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 41, 8, "worker"), "holds nothing: another one does");
    tcps_pass_unref(b);
    s.processes[2].state = 'Z';
    s.processes[2].held[0].inode = 0;
    b = pass(&o, &with_owners, NULL);
    check(nobodys(b, 1001) && nobodys(b, 1002), "or nobody");
    tcps_pass_unref(b);

    scenario = "a process whose main thread has ended";
    s.processes[2].threads = 3;
    s.processes[2].held[0].inode = 102;
    for (unsigned i = 0; i < 4; i++) tcps_pass_unref(pass(&o, &with_owners, NULL));
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1002, 41, 6, "worker"), "lives on");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

static void test_counters(void) {
    script s = {.connections = {{1, 101, 1001}}, .net = {"Tcp: CurrEstab\nTcp: 5\n"}, .net_errno = {0, 0, EACCES, ENOENT}};
    tcps_session o = opened(&s);
    scenario = "a file of /proc/net that cannot be read";
    tcps_pass *b = pass(&o, &nothing_more, NULL);
    check(b && b->has_summary && b->summary.current_established == 5 && !b->summary.has_sockets_in_use, "takes its gauges with it, and no others");
    check(b && warnings(b, "cannot read /proc/net/sockstat: Permission denied") == 1, "is reported with the reason");
    check(b && !warnings(b, "sockstat6"), "unless it is missing because there is no IPv6");
    tcps_pass_unref(b);
    b = pass(&o, &nothing_more, NULL);
    check(b && !b->warnings, "and once");
    tcps_pass_unref(b);
    o.class->close(o.source);

    scenario = "a file of /proc/net that says nothing";
    s.net[0] = "nonsense\n";
    s.net[2] = "TCP: inuse 3 orphan 0 tw 4 alloc 5 mem 6\n";
    o = opened(&s);
    b = pass(&o, &nothing_more, NULL);
    check(b && warnings(b, "linux: neither Tcp: nor TcpExt:") == 1 && b->summary.sockets_in_use == 3, "is reported");
    check(b && b->summary.timewait_entries == 4 && b->summary.has_time_wait_sockets && b->summary.time_wait_sockets == 0,
          "tw of sockstat is not the number of sockets in TIME_WAIT");
    tcps_pass_unref(b);
    o.class->close(o.source);

    scenario = "no /proc/net at all";
    for (unsigned i = 0; i < 4; i++) s.net[i] = NULL, s.net_errno[i] = ENOENT;
    o = opened(&s);
    b = pass(&o, &nothing_more, NULL);
    check(b && warnings(b, "cannot read /proc/net/snmp") == 1 && warnings(b, "cannot read /proc/net/sockstat6") == 1, "is reported");
    tcps_pass_unref(b);
    o.class->close(o.source);
}

static tcps_filter *filter(const char *text) { return tcps_filter_parse(text, strlen(text), NULL); }

static void test_filters(void) {
    script s = a_machine();
    tcps_session o = opened(&s);

    scenario = "a filter for an owner";
    tcps_filter *f = filter("command=worker");
    tcps_pass *b = pass(&o, &(tcps_wants){.filter = f}, NULL);
    check(b && b->all.count == 2 && owned_by(b, 1002, 41, 6, "worker"), "has owners looked up unasked");
    check(owned_by(b, 1001, 40, 5, "server"), "and matches any holder, not only the first");
    tcps_pass_unref(b);
    tcps_filter_free(f);

    scenario = "a filter for a port and an owner";
    f = filter("local_port=1001 pid=7");
    size_t whole = s.request_len;
    b = pass(&o, &(tcps_wants){.filter = f}, NULL);
    check(b && b->all.count == 0, "both count");
    check(s.request_len > whole, "the port is told to the kernel");
    tcps_pass_unref(b);
    b = pass(&o, &(tcps_wants){.filter = f, .whole_table = true}, NULL);
    check(s.request_len == whole, "unless the whole table is wanted");
    tcps_pass_unref(b);
    tcps_filter_free(f);

    scenario = "sockets that a filter kept out";
    connection first = s.connections[0];
    s.connections[0] = s.connections[1]; /* the kernel's part */
    s.connections[1].cookie = 0;
    f = filter("local_port=1002");
    tcps_pass_unref(pass(&o, &(tcps_wants){.processes = true, .filter = f}, NULL));
    s.connections[1] = first;
    b = pass(&o, &with_owners, NULL);
    check(owned_by(b, 1001, 40, 5, "server") && !s.all_descriptors && !s.some_descriptors, "are not forgotten");
    tcps_pass_unref(b);
    tcps_filter_free(f);
    o.class->close(o.source);
}

int main(void) {
    tcps_schema_init();
    test_endings();
    test_interruption();
    test_owners();
    test_owners_that_wander();
    test_nobodys();
    test_reasons();
    test_counters();
    test_endings_of_processes();
    test_filters();
    return tap_end();
}
