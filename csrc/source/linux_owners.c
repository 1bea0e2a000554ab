#include "source/linux_owners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"
#include "parse/linux_proc.h"

#define NOBODY UINT32_MAX
#define RESCAN_NS (60 * 1000000000ull)
#define LATELY 8            /* passes for which a process counts as one that shows new sockets */
#define KEPT_PASSES 64      /* that a socket is remembered while filters keep it out of the dump */
#define MOST_WAIT 64        /* passes until nobody's socket is looked for again */
#define PROBED_BEYOND 16    /* descriptors that are tried above the highest known one; a process gets the lowest free number */
#define PROBED_BELOW 100000 /* a process with higher numbers is left to the full search */

typedef struct known_socket {
    uint64_t cookie, inode;
    uint32_t process; /* index, or NOBODY */
    uint32_t fd;
    uint32_t holders;        /* descriptors of it; 0: not counted yet */
    uint8_t wait, last_wait; /* passes until it is looked for again, if it is nobody's */
    uint8_t missed;          /* passes that did not show it, one after the other */
    bool taken;              /* of the previous pass: gone over to this one */
} known_socket;

typedef struct socket_list {
    known_socket *at;
    size_t count, room;
} socket_list;

typedef struct process {
    uint32_t pid;
    bool identified; /* `start` is known */
    bool alive;
    uint32_t checked; /* pass in which `alive` and `command` were found out */
    uint32_t gave;    /* pass in which it last showed a new socket; 0: none */
    uint64_t start;
    const tcps_text *command; /* of pass number `checked` */
} process;

/* What the full search found of an inode. */
typedef struct holding {
    uint32_t process, fd;
    uint32_t holders;
} holding;

struct tcps_linux_owners {
    tcps_kernel *kernel;
    tcps_pass *pass;
    uint32_t passes; /* counts */
    bool fed;        /* the pass has its data source */
    bool told;       /* the warning */
    bool refused;    /* somebody's descriptors may not be looked at */
    bool missing;    /* a socket has no owner that is known */
    bool searched;   /* everything, at `searched_ns` */
    uint64_t searched_ns;

    socket_list now, before; /* in the order of their dumps */
    size_t next;             /* in `before`: where the next one probably is */
    tcps_table by_cookie;
    uint32_t *wanted; /* sockets of `now` whose owner is looked for in this pass, in order */
    size_t wanted_count, wanted_room;
    size_t missed;     /* those that are not found yet */
    size_t next_found; /* in `wanted`: the next one that is asked for */

    process *processes;
    size_t process_count, process_room;
    uint32_t *pids; /* ascending: those that were there when /proc was listed last */
    size_t pid_count;

    /* For the searches of one pass. */
    tcps_table by_inode; /* into `wanted` or, of the full search, `holdings` */
    bool fresh;          /* the full search came before the dump: it says who holds what */
    holding *holdings;
    size_t holding_count, holding_room;
    uint32_t *of_process, *first_of_process; /* sockets by process */
    size_t grouped;
    uint8_t *skip; /* PROBED_BELOW bits and some */
    tcps_buffer answer;
};

tcps_linux_owners *tcps_linux_owners_new(tcps_kernel *k) {
    tcps_linux_owners *o = calloc(1, sizeof *o);
    if (o) o->kernel = k;
    return o;
}

/* What only one pass needs. */
static void drop_working_memory(tcps_linux_owners *o) {
    tcps_table_free(&o->by_cookie);
    tcps_table_free(&o->by_inode);
    free(o->wanted);
    free(o->holdings);
    free(o->of_process);
    free(o->first_of_process);
    o->wanted = o->of_process = o->first_of_process = NULL;
    o->holdings = NULL;
    o->wanted_room = o->holding_count = o->holding_room = 0;
    o->fresh = false;
}

void tcps_linux_owners_free(tcps_linux_owners *o) {
    if (!o) return;
    drop_working_memory(o);
    free(o->now.at);
    free(o->before.at);
    free(o->processes);
    free(o->pids);
    free(o->skip);
    free(o->answer.bytes);
    free(o);
}

void tcps_linux_owners_restart(tcps_linux_owners *o) {
    o->now.count = 0;
    o->next = 0;
    o->wanted_count = o->missed = o->next_found = 0;
    for (size_t i = 0; i < o->before.count; i++) o->before.at[i].taken = false;
}

static known_socket *add_socket(socket_list *list, const known_socket *s) {
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 256;
        known_socket *grown = room < NOBODY ? realloc(list->at, room * sizeof *grown) : NULL;
        if (!grown) return NULL;
        list->at = grown;
        list->room = room;
    }
    known_socket *added = &list->at[list->count++];
    *added = *s;
    return added;
}

/* --- processes */

/* Whether the process is still the one it was; once a pass, with its name of now. */
static bool still_there(tcps_linux_owners *o, process *p) {
    if (p->checked == o->passes) return p->alive;
    char path[32];
    tcps_linux_stat stat;
    snprintf(path, sizeof path, "/proc/%u/stat", (unsigned)p->pid);
    bool first = !p->identified;
    p->checked = o->passes;
    p->alive = tcps_ask_all(o->kernel, &(tcps_question){.kind = TCPS_ASK_FILE, .name = path}, &o->answer, NULL) == 0 &&
               tcps_linux_stat_parse(&stat, o->answer.bytes, o->answer.len) && (first || stat.start == p->start);
    if (!p->alive) return false;
    p->identified = true;
    p->start = stat.start;
    p->command = tcps_rows_intern(&o->pass->rows, TCPS_F_command, stat.name, stat.name_len);
    return true;
}

static uint32_t add_process(tcps_linux_owners *o, uint32_t pid) {
    if (o->process_count == o->process_room) {
        size_t room = o->process_room ? 2 * o->process_room : 64;
        process *grown = room < NOBODY ? realloc(o->processes, room * sizeof *grown) : NULL;
        if (!grown) return NOBODY;
        o->processes = grown;
        o->process_room = room;
    }
    o->processes[o->process_count] = (process){.pid = pid};
    return (uint32_t)o->process_count++;
}

/* --- records */

static void set_fields(tcps_linux_owners *o, const known_socket *s, tcps_record *r) {
    if (s->process == NOBODY) return;
    process *p = &o->processes[s->process];
    if (!still_there(o, p)) return;
    tcps_set(r, TCPS_F_pid, p->pid);
    tcps_set(r, TCPS_F_fd, s->fd);
    tcps_set_text(r, TCPS_F_command, p->command);
    if (s->holders) tcps_set(r, TCPS_F_shared_descriptors, s->holders - 1);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_PROC);
    if (!o->fed) o->fed = tcps_pass_add_source(o->pass, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_PROC) == TCPS_OK;
}

/* The socket as the previous pass knew it. Dumps come in nearly the same order, so it is the next one or near; else a table finds it. */
static known_socket *find_before(tcps_linux_owners *o, uint64_t cookie) {
    socket_list *b = &o->before;
    for (size_t i = o->next; i < b->count && i < o->next + 4; i++) {
        if (b->at[i].cookie != cookie) continue;
        o->next = i + 1;
        return &b->at[i];
    }
    if (!b->count) return NULL;
    if (!o->by_cookie.slots) {
        if (tcps_table_init(&o->by_cookie, b->count) != TCPS_OK) return NULL;
        for (size_t i = 0; i < b->count; i++) tcps_table_put(&o->by_cookie, b->at[i].cookie, (uint32_t)i);
    }
    uint32_t i = tcps_table_get(&o->by_cookie, cookie);
    if (i == TCPS_NO_INDEX) return NULL;
    o->next = i + 1;
    return &b->at[i];
}

/* Whether the owner of a socket should be looked for: it is new, its owner is gone, or nobody had it and that is some passes ago. */
static bool needs_search(tcps_linux_owners *o, known_socket *s) {
    if (s->process != NOBODY) {
        if (still_there(o, &o->processes[s->process])) return false;
        s->process = NOBODY;
        s->wait = s->last_wait = 0;
    }
    if (!s->wait) return true;
    s->wait--;
    return false;
}

/* Takes over what the full search says. */
static void take_holding(const tcps_linux_owners *o, known_socket *s) {
    uint32_t i = tcps_table_get(&o->by_inode, s->inode);
    if (i == TCPS_NO_INDEX) {
        s->process = NOBODY;
        s->holders = 0;
        return;
    }
    const holding *h = &o->holdings[i];
    s->process = h->process;
    s->fd = h->fd;
    s->holders = h->holders;
}

static bool add_wanted(tcps_linux_owners *o, const known_socket *s) {
    if (o->wanted_count == o->wanted_room) {
        size_t room = o->wanted_room ? 2 * o->wanted_room : 64;
        uint32_t *grown = realloc(o->wanted, room * sizeof *grown);
        if (!grown) return false;
        o->wanted = grown;
        o->wanted_room = room;
    }
    o->wanted[o->wanted_count++] = (uint32_t)(s - o->now.at);
    o->missed++;
    return true;
}

bool tcps_linux_owners_set(tcps_linux_owners *o, tcps_record *r) {
    uint64_t cookie = r->value[TCPS_F_socket_id], inode = r->value[TCPS_F_inode];
    known_socket *old = find_before(o, cookie);
    known_socket fresh = {.cookie = cookie, .inode = inode, .process = NOBODY};
    known_socket *s = add_socket(&o->now, old && old->inode == inode ? old : &fresh);
    if (!s) return true;
    if (old) old->taken = true;
    s->missed = 0;
    if (o->fresh) {
        take_holding(o, s);
        o->missing |= s->process == NOBODY;
    } else if (needs_search(o, s) && add_wanted(o, s)) {
        return false;
    }
    set_fields(o, s, r);
    return true;
}

void tcps_linux_owners_set_found(tcps_linux_owners *o, tcps_record *r) {
    if (o->next_found < o->wanted_count) set_fields(o, &o->now.at[o->wanted[o->next_found++]], r);
}

/* --- searching */

/* Who shows sockets: the process of the last one, as they come process by process. */
typedef struct visit {
    tcps_linux_owners *owners;
    uint32_t pid;
    uint32_t process; /* NOBODY until it shows a socket that counts */
    tcps_code code;
} visit;

static bool find_visited(visit *v, uint32_t pid) {
    if (v->pid != pid) v->process = NOBODY;
    v->pid = pid;
    if (v->process == NOBODY) v->process = add_process(v->owners, pid);
    if (v->process == NOBODY) v->code = TCPS_NOMEM;
    return v->process != NOBODY;
}

/* Takes what processes hold, as far as it is wanted. */
static int take_wanted(void *context, const void *bytes, size_t len) {
    visit *v = context;
    tcps_linux_owners *o = v->owners;
    tcps_proc_socket held;
    for (const uint8_t *at = bytes; len >= sizeof held; at += sizeof held, len -= sizeof held) {
        memcpy(&held, at, sizeof held);
        uint32_t i = tcps_table_get(&o->by_inode, held.inode);
        known_socket *s = i == TCPS_NO_INDEX ? NULL : &o->now.at[o->wanted[i]];
        if (!s || s->process != NOBODY) continue;
        if (!find_visited(v, held.pid)) return 1;
        s->process = v->process;
        s->fd = held.fd;
        s->holders = 0;
        o->processes[v->process].gave = o->passes;
        o->missed--;
    }
    return 0;
}

static holding *add_holding(tcps_linux_owners *o) {
    if (o->holding_count == o->holding_room) {
        size_t room = o->holding_room ? 2 * o->holding_room : 1024;
        holding *grown = room < NOBODY ? realloc(o->holdings, room * sizeof *grown) : NULL;
        if (!grown) return NULL;
        o->holdings = grown;
        o->holding_room = room;
    }
    return &o->holdings[o->holding_count++];
}

/* Takes whatever processes hold. Of several the one with the lowest pid counts as the owner. */
static int take_everything(void *context, const void *bytes, size_t len) {
    visit *v = context;
    tcps_linux_owners *o = v->owners;
    tcps_proc_socket held;
    if (tcps_table_reserve(&o->by_inode, o->holding_count + len / sizeof held) != TCPS_OK) v->code = TCPS_NOMEM;
    for (const uint8_t *at = bytes; v->code == TCPS_OK && len >= sizeof held; at += sizeof held, len -= sizeof held) {
        memcpy(&held, at, sizeof held);
        if (!find_visited(v, held.pid)) break;
        uint32_t i = tcps_table_put(&o->by_inode, held.inode, (uint32_t)o->holding_count);
        bool first = i == o->holding_count;
        holding *h = first ? add_holding(o) : &o->holdings[i];
        if (!h) {
            v->code = TCPS_NOMEM;
            break;
        }
        if (first || held.pid < o->processes[h->process].pid) {
            h->process = v->process;
            h->fd = held.fd;
        }
        h->holders = first ? 1 : h->holders + 1;
    }
    return v->code != TCPS_OK;
}

/* Looks at all descriptors of processes. Those that are gone, or never were ours to look at, have none. */
static tcps_code look_at(tcps_linux_owners *o, const uint32_t *pids, size_t count, tcps_answer *take) {
    visit v = {.owners = o, .process = NOBODY};
    tcps_question q = {.kind = TCPS_ASK_CALL, .name = TCPS_CALL_ALL_PROC_SOCKETS, .request = pids, .request_len = count * sizeof *pids};
    if (!count) return TCPS_OK;
    int error = o->kernel->ask(o->kernel, &q, take, &v, NULL);
    if (error == ENOMEM) return TCPS_NOMEM;
    if (error == EACCES) o->refused = true;
    return v.code;
}

/* Several sockets may have one inode, as MPTCP's subflows do: the first is looked for. */
static tcps_code index_wanted(tcps_linux_owners *o) {
    if (tcps_table_init(&o->by_inode, o->wanted_count) != TCPS_OK) return TCPS_NOMEM;
    for (size_t i = 0; i < o->wanted_count; i++)
        if (tcps_table_put(&o->by_inode, o->now.at[o->wanted[i]].inode, (uint32_t)i) != i) o->missed--;
    return TCPS_OK;
}

/* The others get what the first got. */
static void copy_to_twins(tcps_linux_owners *o) {
    for (size_t i = 0; i < o->wanted_count; i++) {
        known_socket *s = &o->now.at[o->wanted[i]];
        const known_socket *first = &o->now.at[o->wanted[tcps_table_get(&o->by_inode, s->inode)]];
        s->process = first->process;
        s->fd = first->fd;
        s->holders = first->holders;
    }
}

/* Groups the sockets by owner: those of process p are of_process[first_of_process[p]] up to first_of_process[p + 1]. */
static tcps_code group_by_process(tcps_linux_owners *o) {
    if (o->of_process) return TCPS_OK;
    size_t count = o->process_count;
    o->first_of_process = calloc(count + 2, sizeof *o->first_of_process);
    o->of_process = malloc((o->now.count + 1) * sizeof *o->of_process);
    if (!o->first_of_process || !o->of_process) return TCPS_NOMEM;
    o->grouped = count;
    uint32_t *next = o->first_of_process + 1; /* becomes the end of each group, which is the beginning of the next */
    for (size_t i = 0; i < o->now.count; i++)
        if (o->now.at[i].process != NOBODY) next[o->now.at[i].process + 1]++;
    for (size_t p = 1; p <= count; p++) next[p] += next[p - 1];
    for (size_t i = 0; i < o->now.count; i++)
        if (o->now.at[i].process != NOBODY) o->of_process[next[o->now.at[i].process]++] = (uint32_t)i;
    return TCPS_OK;
}

/* Looks at the descriptors of an owner that are not known to be a socket of this dump. */
static tcps_code search_gaps(tcps_linux_owners *o, uint32_t p) {
    if (!still_there(o, &o->processes[p])) return TCPS_OK;
    const uint32_t *at = o->of_process + o->first_of_process[p], *end = o->of_process + o->first_of_process[p + 1];
    uint32_t highest = 0;
    for (const uint32_t *i = at; i < end; i++)
        if (o->now.at[*i].fd > highest) highest = o->now.at[*i].fd;
    if (at == end || highest >= PROBED_BELOW) return TCPS_OK;
    size_t len = (highest + 1 + PROBED_BEYOND + 7) / 8;
    if (!o->skip && !(o->skip = malloc((PROBED_BELOW + PROBED_BEYOND) / 8 + 8))) return TCPS_NOMEM;
    memset(o->skip, 0, len);
    for (const uint32_t *i = at; i < end; i++)
        if (!o->now.at[*i].missed) o->skip[o->now.at[*i].fd / 8] |= (uint8_t)(1u << (o->now.at[*i].fd % 8));
    visit v = {.owners = o, .pid = o->processes[p].pid, .process = p};
    tcps_question q = {.kind = TCPS_ASK_CALL, .name = TCPS_CALL_PROC_SOCKETS, .number = v.pid, .request = o->skip, .request_len = len};
    o->kernel->ask(o->kernel, &q, take_wanted, &v, NULL);
    return v.code;
}

/* Those that showed new sockets lately, or the others. */
static tcps_code search_owners(tcps_linux_owners *o, bool lately) {
    tcps_code code = group_by_process(o);
    for (size_t p = 0; code == TCPS_OK && o->missed && p < o->grouped; p++) {
        uint32_t gave = o->processes[p].gave;
        if ((gave != 0 && o->passes - gave <= LATELY) == lately) code = search_gaps(o, (uint32_t)p);
    }
    return code;
}

static int compare_pids(const void *a, const void *b) {
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* The pid that a name in /proc stands for; 0: none. */
static uint32_t pid_of(const char *name) {
    uint32_t pid = 0;
    for (; *name >= '0' && *name <= '9' && pid < 400000000; name++) pid = 10 * pid + (uint32_t)(*name - '0');
    return *name ? 0 : pid;
}

/* The processes there are, ascending; malloc'ed. */
static tcps_code list_pids(tcps_linux_owners *o, uint32_t **pids, size_t *count) {
    tcps_buffer *names = &o->answer;
    *pids = NULL;
    *count = 0;
    int error = tcps_ask_all(o->kernel, &(tcps_question){.kind = TCPS_ASK_FILE, .name = "/proc"}, names, NULL);
    if (error == ENOMEM || tcps_buffer_append(names, "", 1) != 0) return TCPS_NOMEM;
    if (error) {
        if (!o->told) {
            tcps_status status;
            tcps_fail_errno(&status, error, "linux: owners are not known, /proc cannot be listed");
            tcps_pass_warn(o->pass, &status);
        }
        o->told = true;
        return TCPS_OK;
    }
    uint32_t *all = malloc((names->len / 2 + 1) * sizeof *all); /* a name takes two bytes or more */
    if (!all) return TCPS_NOMEM;
    const char *end = (const char *)names->bytes + names->len - 1;
    for (const char *name = (const char *)names->bytes; name < end; name += strlen(name) + 1)
        if ((all[*count] = pid_of(name)) != 0) ++*count;
    qsort(all, *count, sizeof *all, compare_pids);
    *pids = all;
    return TCPS_OK;
}

static void keep_pids(tcps_linux_owners *o, uint32_t *pids, size_t count) {
    free(o->pids);
    o->pids = pids;
    o->pid_count = count;
}

static tcps_code search_new_processes(tcps_linux_owners *o) {
    uint32_t *pids, *new;
    size_t count, known = 0, new_count = 0;
    tcps_code code = list_pids(o, &pids, &count);
    if (code != TCPS_OK) return code;
    new = malloc((count + 1) * sizeof *new);
    for (size_t i = 0; new &&i < count; i++) {
        while (known < o->pid_count && o->pids[known] < pids[i]) known++;
        if (known == o->pid_count || o->pids[known] != pids[i]) new[new_count++] = pids[i];
    }
    code = new ? look_at(o, new, new_count, take_wanted) : TCPS_NOMEM;
    free(new);
    keep_pids(o, pids, count);
    return code;
}

/* Forgets who held what and looks at every descriptor there is. */
static tcps_code search_everything(tcps_linux_owners *o) {
    uint32_t *pids;
    size_t count;
    tcps_code code = list_pids(o, &pids, &count);
    if (code != TCPS_OK) return code;
    o->process_count = 0;
    o->holding_count = 0;
    code = tcps_table_init(&o->by_inode, count);
    if (code == TCPS_OK) code = look_at(o, pids, count, take_everything);
    for (size_t i = 0; i < o->now.count; i++) take_holding(o, &o->now.at[i]);
    keep_pids(o, pids, count);
    o->searched = true;
    o->searched_ns = tcps_ask_clock(o->kernel).monotonic_ns;
    return code;
}

tcps_code tcps_linux_owners_begin(tcps_linux_owners *o, tcps_pass *pass) {
    drop_working_memory(o);
    tcps_linux_owners_restart(o);
    o->pass = pass;
    o->fed = false;
    o->passes++;
    o->fresh = !o->searched || tcps_ask_clock(o->kernel).monotonic_ns - o->searched_ns >= RESCAN_NS;
    return o->fresh ? search_everything(o) : TCPS_OK;
}

/* Nobody whom we may look at has them. */
static void give_up_missed(tcps_linux_owners *o) {
    for (size_t i = 0; i < o->wanted_count; i++) {
        known_socket *s = &o->now.at[o->wanted[i]];
        if (s->process != NOBODY) continue;
        o->missing = true;
        s->last_wait = s->last_wait ? s->last_wait < MOST_WAIT ? (uint8_t)(2 * s->last_wait) : MOST_WAIT : 1;
        s->wait = s->last_wait;
    }
}

static void warn_once(tcps_linux_owners *o) {
    if (!o->refused || !o->missing || o->told) return;
    tcps_status status;
    tcps_fail(&status, TCPS_PERMISSION,
              "linux: some sockets' owners are not known: not every process may be looked at (that needs CAP_SYS_PTRACE, as root has it)");
    tcps_pass_warn(o->pass, &status);
    o->told = true;
}

/* Sockets that a filter kept out of this dump are not gone. */
static tcps_code carry_over(tcps_linux_owners *o) {
    for (size_t i = 0; i < o->before.count; i++) {
        const known_socket *old = &o->before.at[i];
        if (old->taken || old->missed >= KEPT_PASSES) continue;
        known_socket *s = add_socket(&o->now, old);
        if (!s) return TCPS_NOMEM;
        s->missed++;
        if (o->fresh) take_holding(o, s);
    }
    return TCPS_OK;
}

static tcps_code search_wanted(tcps_linux_owners *o) {
    tcps_code code = index_wanted(o);
    if (code == TCPS_OK) code = search_owners(o, true);
    if (code == TCPS_OK && o->missed) code = search_new_processes(o);
    if (code == TCPS_OK && o->missed) code = search_owners(o, false);
    if (code == TCPS_OK && !o->missed) copy_to_twins(o);
    if (code == TCPS_OK && o->missed) code = search_everything(o);
    if (code == TCPS_OK) give_up_missed(o);
    return code;
}

tcps_code tcps_linux_owners_search(tcps_linux_owners *o, bool partial) {
    tcps_code code = partial ? carry_over(o) : TCPS_OK;
    if (code == TCPS_OK && o->wanted_count) code = search_wanted(o);
    if (code == TCPS_OK) warn_once(o);
    return code;
}

void tcps_linux_owners_end(tcps_linux_owners *o) {
    socket_list spare = o->before;
    o->before = o->now;
    o->now = spare;
    drop_working_memory(o);
    o->pass = NULL;
}
