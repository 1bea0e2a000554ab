#include "source/linux_owners.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/grow.h"
#include "parse/linux_proc.h"
#include "record/holder_list.h"
#include "source/linux_hidden.h"
#include "source/linux_search.h"

#define RESCAN_NS (60 * 1000000000ull)
#define KEPT_PASSES 64   /* that a socket is remembered while filters keep it out of the dump */
#define MOST_WAIT 64     /* passes until nobody's socket is searched for again */
#define MOST_CHECKS 1000 /* descriptors that are looked at again in a pass: 1.5 ms */
#define CHECKED_PART 8   /* of fewer sockets one in eight, so that a pass over a few is not all checks */
#define LEAST_CHECKS 16
#define CHECKS_WHEN_NEW 3 /* a descriptor is handed over soon after accept, if at all */

typedef struct known_holder {
    tcps_holder is;
    uint32_t process; /* of its pid, in `names`; TCPS_NO_INDEX until somebody wants to know */
} known_holder;

typedef struct known_socket {
    uint64_t cookie, inode;
    uint32_t first, holders; /* who holds it: held[first] and those that follow, ascending by pid and descriptor */
    bool counted;            /* `holders` are all there are */
    bool taken;              /* of the previous pass: gone over to this one */
    uint8_t wait, last_wait; /* passes until it is searched for again, if nobody holds it */
    uint8_t missed;          /* passes that did not show it, one after the other */
    uint8_t checks;          /* of its descriptor, up to CHECKS_WHEN_NEW */
} known_socket;

typedef struct socket_list {
    known_socket *at;
    size_t count, room;
} socket_list;

struct tcps_linux_owners {
    tcps_kernel *kernel;
    tcps_names *names;
    tcps_linux_search *search;
    tcps_pass *pass;
    bool fed;       /* the pass has its data source */
    bool explained; /* why owners are missing, or that there is no reason */
    bool searched;  /* everything, at `searched_ns` */
    bool fresh;     /* everything before this dump: `found` says who holds what */
    uint64_t searched_ns;
    size_t missing; /* sockets of this pass whose owner is not known */

    socket_list now, before; /* in the order of their dumps */
    size_t next;             /* in `before`: where the next one probably is */
    size_t next_check;       /* in `before`: whose descriptor is looked at next */
    tcps_table by_cookie;    /* in `before` */
    known_holder *held;      /* what sockets refer to; old ones stay until everything is searched again */
    size_t held_count, held_room;

    uint32_t *wanted; /* sockets of `now` that are searched for in this pass, in order */
    size_t wanted_count, wanted_room;
    size_t next_found; /* in `wanted`: the next one that is asked for */
    tcps_holders found;
    tcps_holder_list list; /* of one socket */
};

tcps_linux_owners *tcps_linux_owners_new(tcps_kernel *k, tcps_names *names) {
    tcps_linux_owners *o = calloc(1, sizeof *o);
    if (!o) return NULL;
    o->kernel = k;
    o->names = names;
    o->search = tcps_linux_search_new(k);
    if (o->search) return o;
    free(o);
    return NULL;
}

/* What only one pass needs. */
static void drop_working_memory(tcps_linux_owners *o) {
    tcps_table_free(&o->by_cookie);
    tcps_holders_free(&o->found);
    free(o->wanted);
    o->wanted = NULL;
    o->wanted_room = 0;
    o->fresh = false;
}

void tcps_linux_owners_free(tcps_linux_owners *o) {
    if (!o) return;
    drop_working_memory(o);
    tcps_linux_search_free(o->search);
    free(o->now.at);
    free(o->before.at);
    free(o->held);
    free(o->list.bytes);
    free(o);
}

void tcps_linux_owners_restart(tcps_linux_owners *o) {
    o->now.count = 0;
    o->next = o->missing = 0;
    o->wanted_count = o->next_found = 0;
    for (size_t i = 0; i < o->before.count; i++) o->before.at[i].taken = false;
}

static known_socket *add_socket(socket_list *list, const known_socket *s) {
    known_socket *grown = list->count < TCPS_NO_INDEX ? tcps_grow(list->at, &list->room, list->count + 1, sizeof *grown) : NULL;
    if (!grown) return NULL;
    list->at = grown;
    known_socket *added = &grown[list->count++];
    *added = *s;
    return added;
}

bool tcps_linux_identify(tcps_kernel *k, tcps_process *p) {
    char path[32];
    tcps_buffer answer = {0};
    tcps_linux_stat stat;
    snprintf(path, sizeof path, "/proc/%u/stat", (unsigned)p->pid);
    bool alive = tcps_ask_all(k, &(tcps_question){.kind = TCPS_ASK_FILE, .name = path}, &answer, NULL) == 0 &&
                 tcps_linux_stat_parse(&stat, answer.bytes, answer.len) && !stat.zombie;
    free(answer.bytes);
    if (!alive) return false;
    p->start = stat.start;
    p->name_len = stat.name_len;
    memcpy(p->name, stat.name, stat.name_len);
    return true;
}

/* --- who holds a socket */

static bool is_alive(tcps_linux_owners *o, known_holder *h) {
    if (h->process == TCPS_NO_INDEX) h->process = tcps_names_process(o->names, h->is.pid);
    return h->process != TCPS_NO_INDEX && tcps_names_is_alive(o->names, h->process);
}

/* Forgets holders that have ended. Whether there are others. */
static bool has_holder(tcps_linux_owners *o, known_socket *s) {
    known_holder *h = o->held + s->first;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->holders; i++)
        if (is_alive(o, &h[i])) h[kept++] = h[i];
    s->holders = kept;
    return kept != 0;
}

/* Takes over what a search found; `all`: nobody else holds it. Who has a pid is found out now, as long as it is the one that was looked at, but not
 * for sockets that this pass does not show. Without memory nobody is known to hold it. */
static void take_found(tcps_linux_owners *o, known_socket *s, bool all) {
    size_t count;
    const tcps_holder *by = tcps_holders_of(&o->found, s->inode, &count);
    known_holder *grown =
        count && o->held_count + count < UINT32_MAX ? tcps_grow(o->held, &o->held_room, o->held_count + count, sizeof *grown) : NULL;
    if (!grown) count = 0;
    s->first = (uint32_t)o->held_count;
    s->holders = (uint32_t)count;
    s->counted = all;
    s->checks = 0;
    if (!count) return;
    o->held = grown;
    for (size_t i = 0; i < count; i++)
        grown[o->held_count++] = (known_holder){by[i], s->missed ? TCPS_NO_INDEX : tcps_names_process(o->names, by[i].pid)};
}

/* Everything is known again, and nothing else. */
static void forget_holders(tcps_linux_owners *o) {
    o->searched = true;
    o->searched_ns = tcps_ask_clock(o->kernel).monotonic_ns;
    o->held_count = 0;
    if (tcps_names_are_stale(o->names)) tcps_names_forget_processes(o->names);
}

/* --- records */

/* All of them. Without memory they are not known. */
static void set_holders(tcps_linux_owners *o, const known_socket *s, tcps_record *r) {
    const known_holder *h = o->held + s->first;
    o->list.len = 0;
    for (uint32_t i = 0; i < s->holders; i++) {
        const tcps_text *command = tcps_names_command(o->names, h[i].process);
        tcps_named_holder named = {h[i].is.pid, h[i].is.fd, command ? command->bytes : NULL, command ? command->len : 0};
        if (tcps_holder_list_add(&o->list, &named) != TCPS_OK) return;
    }
    tcps_set_text(r, TCPS_F_holders, tcps_rows_text(&o->pass->rows, o->list.bytes, o->list.len));
}

static void set_fields(tcps_linux_owners *o, known_socket *s, tcps_record *r) {
    if (!has_holder(o, s)) {
        o->missing++;
        return;
    }
    const known_holder *owner = o->held + s->first;
    tcps_set(r, TCPS_F_pid, owner->is.pid);
    tcps_set(r, TCPS_F_fd, owner->is.fd);
    tcps_set_text(r, TCPS_F_command, tcps_names_command(o->names, owner->process));
    if (s->holders > 1) set_holders(o, s, r);
    if (s->counted) tcps_set(r, TCPS_F_shared_descriptors, s->holders - 1);
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

/* Whether the owner of a socket should be searched for: it is new, its holders are gone, or nobody had it and that is some passes ago. */
static bool needs_search(tcps_linux_owners *o, known_socket *s) {
    if (s->holders) {
        if (has_holder(o, s)) return false;
        s->wait = s->last_wait = 0;
    }
    if (!s->wait) return true;
    s->wait--;
    return false;
}

static bool add_wanted(tcps_linux_owners *o, const known_socket *s) {
    uint32_t *grown = tcps_grow(o->wanted, &o->wanted_room, o->wanted_count + 1, sizeof *grown);
    if (!grown) return false;
    o->wanted = grown;
    grown[o->wanted_count++] = (uint32_t)(s - o->now.at);
    return true;
}

bool tcps_linux_owners_set(tcps_linux_owners *o, tcps_record *r) {
    uint64_t cookie = r->value[TCPS_F_socket_id], inode = r->value[TCPS_F_inode];
    known_socket *old = find_before(o, cookie);
    known_socket fresh = {.cookie = cookie, .inode = inode};
    known_socket *s = add_socket(&o->now, old && old->inode == inode ? old : &fresh);
    if (!s) return true;
    if (old) old->taken = true;
    s->missed = 0;
    if (o->fresh)
        take_found(o, s, true);
    else if (needs_search(o, s) && add_wanted(o, s))
        return false;
    set_fields(o, s, r);
    return true;
}

void tcps_linux_owners_set_found(tcps_linux_owners *o, tcps_record *r) {
    if (o->next_found < o->wanted_count) set_fields(o, &o->now.at[o->wanted[o->next_found++]], r);
}

/* --- descriptors that wander */

typedef struct checked {
    tcps_holding is;
    uint32_t index; /* in `before` */
} checked;

static int compare_checked(const void *a, const void *b) {
    const tcps_holder *x = &((const checked *)a)->is.by, *y = &((const checked *)b)->is.by;
    return x->pid != y->pid ? (x->pid > y->pid) - (x->pid < y->pid) : (x->fd > y->fd) - (x->fd < y->fd);
}

static checked check_of(const tcps_linux_owners *o, size_t i) {
    const known_socket *s = &o->before.at[i];
    return (checked){{s->inode, o->held[s->first].is}, (uint32_t)i};
}

static size_t choose_checks(tcps_linux_owners *o, checked *chosen, size_t most) {
    socket_list *b = &o->before;
    size_t count = 0;
    for (size_t i = 0; i < b->count && count < most / 2; i++) {
        if (!b->at[i].holders || b->at[i].checks == CHECKS_WHEN_NEW) continue;
        b->at[i].checks++;
        chosen[count++] = check_of(o, i);
    }
    for (size_t i = 0; i < b->count && count < most; i++) {
        if (o->next_check >= b->count) o->next_check = 0;
        if (b->at[o->next_check].holders) chosen[count++] = check_of(o, o->next_check);
        o->next_check++;
    }
    qsort(chosen, count, sizeof *chosen, compare_checked);
    return count;
}

/* The first holder holds it no more. It may have been chosen twice. */
static void drop_holder(const tcps_linux_owners *o, known_socket *s, const tcps_holder *gone) {
    if (!s->holders) return;
    const tcps_holder *first = &o->held[s->first].is;
    if (first->pid != gone->pid || first->fd != gone->fd) return;
    s->first++;
    s->holders--;
}

/* Looks again at some descriptors. Without memory it is left to the next pass. */
static void check_some(tcps_linux_owners *o) {
    size_t most = o->before.count / CHECKED_PART;
    most = most < LEAST_CHECKS ? LEAST_CHECKS : most > MOST_CHECKS ? MOST_CHECKS : most;
    checked *chosen = malloc(most * sizeof *chosen);
    tcps_holding *known = malloc(most * sizeof *known);
    bool *held = malloc(most * sizeof *held);
    if (chosen && known && held) {
        size_t count = choose_checks(o, chosen, most);
        for (size_t i = 0; i < count; i++) known[i] = chosen[i].is;
        tcps_code code = tcps_linux_search_check(o->search, known, count, held);
        for (size_t i = 0; code == TCPS_OK && i < count; i++)
            if (!held[i]) drop_holder(o, &o->before.at[chosen[i].index], &known[i].by);
    }
    free(chosen);
    free(known);
    free(held);
}

/* --- searching */

static tcps_code search_everything(tcps_linux_owners *o) {
    forget_holders(o);
    return tcps_linux_search_all(o->search, &o->found);
}

tcps_code tcps_linux_owners_begin(tcps_linux_owners *o, tcps_pass *pass) {
    drop_working_memory(o);
    tcps_linux_owners_restart(o);
    o->pass = pass;
    o->fed = false;
    o->fresh = !o->searched || tcps_ask_clock(o->kernel).monotonic_ns - o->searched_ns >= RESCAN_NS;
    if (o->fresh) return search_everything(o);
    check_some(o);
    return TCPS_OK;
}

/* Nobody whom we may look at has them. */
static void give_up_missing(tcps_linux_owners *o) {
    for (size_t i = 0; i < o->wanted_count; i++) {
        known_socket *s = &o->now.at[o->wanted[i]];
        if (s->holders) continue;
        s->last_wait = s->last_wait ? s->last_wait < MOST_WAIT ? (uint8_t)(2 * s->last_wait) : MOST_WAIT : 1;
        s->wait = s->last_wait;
    }
}

/* Sockets that a filter kept out of this dump are not gone. */
static tcps_code carry_over(tcps_linux_owners *o) {
    for (size_t i = 0; i < o->before.count; i++) {
        const known_socket *old = &o->before.at[i];
        if (old->taken || old->missed >= KEPT_PASSES) continue;
        known_socket *s = add_socket(&o->now, old);
        if (!s) return TCPS_NOMEM;
        s->missed++;
        if (o->fresh) take_found(o, s, true);
    }
    return TCPS_OK;
}

static tcps_code search_wanted(tcps_linux_owners *o) {
    uint64_t *inodes = malloc(o->wanted_count * sizeof *inodes);
    tcps_holding *known = malloc((o->now.count + 1) * sizeof *known);
    size_t known_count = 0;
    bool all = false;
    tcps_code code = inodes && known ? TCPS_OK : TCPS_NOMEM;
    if (code == TCPS_OK) {
        for (size_t i = 0; i < o->wanted_count; i++) inodes[i] = o->now.at[o->wanted[i]].inode;
        for (size_t i = 0; i < o->now.count; i++) {
            const known_socket *s = &o->now.at[i];
            if (s->holders && !s->missed) known[known_count++] = (tcps_holding){s->inode, o->held[s->first].is};
        }
        code = tcps_linux_search_for(o->search, inodes, o->wanted_count, known, known_count, &o->found, &all);
    }
    free(inodes);
    free(known);
    if (code != TCPS_OK) return code;
    if (all) forget_holders(o);
    for (size_t i = 0; all && i < o->now.count; i++) take_found(o, &o->now.at[i], true);
    for (size_t i = 0; !all && i < o->wanted_count; i++) take_found(o, &o->now.at[o->wanted[i]], false);
    give_up_missing(o);
    return TCPS_OK;
}

tcps_code tcps_linux_owners_search(tcps_linux_owners *o, bool partial) {
    tcps_code code = partial ? carry_over(o) : TCPS_OK;
    return code == TCPS_OK && o->wanted_count ? search_wanted(o) : code;
}

static void explain_missing(tcps_linux_owners *o) {
    tcps_status why;
    tcps_linux_obstacles met = tcps_linux_search_obstacles(o->search);
    if (!o->missing || o->explained) return;
    if (tcps_linux_explain_missing(o->kernel, &met, o->missing, &why)) tcps_pass_warn(o->pass, &why);
    o->explained = true;
}

void tcps_linux_owners_end(tcps_linux_owners *o) {
    explain_missing(o);
    socket_list spare = o->before;
    o->before = o->now;
    o->now = spare;
    drop_working_memory(o);
    o->pass = NULL;
}
