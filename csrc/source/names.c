#include "source/names.h"

#include <stdlib.h>

#include "base/grow.h"

/* Names that are kept. Short-lived control groups come and go without end: beyond this everything is forgotten and asked for again. */
#define MOST_NAMES 4096

/* What a number other than a pid is called. */
typedef struct name {
    uint64_t number;
    uint32_t pass; /* that `text` belongs to */
    const tcps_text *text;
    char *kept; /* malloc'ed, what the kernel said; NULL: nothing */
    size_t kept_len;
} name;

typedef struct name_list {
    name *at;
    size_t count, room;
    size_t last; /* the one that was found last: neighbours in a dump often agree */
    tcps_table by_number;
} name_list;

typedef struct known_process {
    tcps_process is;
    uint32_t checked;         /* pass in which the rest was found out */
    bool alive, was_alive;    /* now, and ever: then its index may be in use */
    const tcps_text *command; /* in the rows of that pass */
} known_process;

struct tcps_names {
    tcps_kernel *kernel;
    tcps_identify *identify;
    tcps_rows *rows;
    uint32_t pass; /* counts from 1 */
    name_list interfaces, groups;
    known_process *processes;
    size_t count, room;
    size_t asked, asked_before; /* processes that were asked about in this pass, and in the one before */
    tcps_table by_pid;          /* several processes may have had a pid, one after the other */
    tcps_buffer answer;
};

tcps_names *tcps_names_new(tcps_kernel *k, tcps_identify *identify) {
    tcps_names *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    n->kernel = k;
    n->identify = identify;
    return n;
}

static void clear_list(name_list *list) {
    for (size_t i = 0; i < list->count; i++) free(list->at[i].kept);
    free(list->at);
    tcps_table_free(&list->by_number);
    *list = (name_list){0};
}

void tcps_names_free(tcps_names *n) {
    if (!n) return;
    clear_list(&n->interfaces);
    clear_list(&n->groups);
    free(n->processes);
    tcps_table_free(&n->by_pid);
    free(n->answer.bytes);
    free(n);
}

void tcps_names_begin(tcps_names *n, tcps_rows *rows) {
    n->rows = rows;
    n->pass++;
    n->asked_before = n->asked;
    n->asked = 0;
    clear_list(&n->interfaces);
}

/* --- processes */

static uint32_t add_process(tcps_names *n, const tcps_process *is) {
    known_process *grown = tcps_grow(n->processes, &n->room, n->count + 1, sizeof *grown);
    if (!grown) return TCPS_NO_INDEX;
    n->processes = grown;
    if (n->count >= TCPS_NO_INDEX || tcps_table_add(&n->by_pid, is->pid, (uint32_t)n->count) != TCPS_OK) return TCPS_NO_INDEX;
    grown[n->count] = (known_process){.is = *is};
    return (uint32_t)n->count++;
}

static void found(tcps_names *n, known_process *p, const tcps_process *is) {
    p->is = *is;
    p->checked = n->pass;
    p->was_alive = p->alive = true;
    p->command = is->name_len ? tcps_rows_intern(n->rows, TCPS_F_command, is->name, is->name_len) : NULL;
}

/* Finds out, once a pass, whether it is still alive. Another process that has its pid now is added. */
static bool check(tcps_names *n, uint32_t process) {
    known_process *p = &n->processes[process];
    if (p->checked == n->pass) return p->alive;
    tcps_process is = p->alive ? p->is : (tcps_process){.pid = p->is.pid};
    bool some = n->identify(n->kernel, &is), same = some && (!p->was_alive || (p->alive && is.start == p->is.start));
    n->asked++;
    if (same) {
        found(n, p, &is);
        return true;
    }
    p->checked = n->pass;
    p->alive = false;
    uint32_t successor = some ? add_process(n, &is) : TCPS_NO_INDEX;
    if (successor != TCPS_NO_INDEX) found(n, &n->processes[successor], &is);
    return false;
}

static uint32_t last_with(const tcps_names *n, uint32_t pid) {
    uint32_t last = TCPS_NO_INDEX;
    size_t at = TCPS_TABLE_BEGIN;
    for (uint32_t i; (i = tcps_table_next(&n->by_pid, pid, &at)) != TCPS_NO_INDEX;) last = i;
    return last;
}

uint32_t tcps_names_process(tcps_names *n, uint32_t pid) {
    uint32_t i = last_with(n, pid);
    if (i == TCPS_NO_INDEX && (i = add_process(n, &(tcps_process){.pid = pid})) == TCPS_NO_INDEX) return TCPS_NO_INDEX;
    if (check(n, i)) return i;
    uint32_t successor = last_with(n, pid);
    return successor == i ? TCPS_NO_INDEX : successor;
}

bool tcps_names_is_alive(tcps_names *n, uint32_t process) { return check(n, process); }

uint32_t tcps_names_pid(const tcps_names *n, uint32_t process) { return n->processes[process].is.pid; }
const tcps_text *tcps_names_command(const tcps_names *n, uint32_t process) { return n->processes[process].command; }

void tcps_names_forget_processes(tcps_names *n) {
    n->count = 0;
    tcps_table_free(&n->by_pid);
}

bool tcps_names_are_stale(const tcps_names *n) { return n->count > 2 * n->asked_before + 64; }

/* --- interfaces and control groups */

static tcps_code make_room(name_list *list) {
    if (list->count == MOST_NAMES) clear_list(list);
    name *grown = tcps_grow(list->at, &list->room, list->count + 1, sizeof *grown);
    if (!grown) return TCPS_NOMEM;
    list->at = grown;
    return tcps_table_reserve(&list->by_number, list->count + 1);
}

/* A new element for `number` with what the kernel answers to the call; NULL without memory. */
static name *add_name(tcps_names *n, name_list *list, const char *call, uint64_t number) {
    if (make_room(list) != TCPS_OK) return NULL;
    int error = tcps_ask_all(n->kernel, &(tcps_question){.kind = TCPS_ASK_CALL, .name = call, .number = number}, &n->answer, NULL);
    name new = {.number = number};
    if (!error && n->answer.len) {
        if (!(new.kept = malloc(n->answer.len))) return NULL;
        memcpy(new.kept, n->answer.bytes, new.kept_len = n->answer.len);
    }
    list->at[list->count] = new;
    tcps_table_put(&list->by_number, number, (uint32_t)list->count);
    return &list->at[list->last = list->count++];
}

static name *find_name(tcps_names *n, name_list *list, const char *call, uint64_t number) {
    if (list->count && list->at[list->last].number == number) return &list->at[list->last];
    uint32_t i = tcps_table_get(&list->by_number, number);
    return i == TCPS_NO_INDEX ? add_name(n, list, call, number) : &list->at[list->last = i];
}

static void set_name(tcps_names *n, tcps_record *r, unsigned field, name *found) {
    if (!found || !found->kept) return;
    if (found->pass != n->pass) {
        found->text = tcps_rows_intern(n->rows, field, found->kept, found->kept_len);
        found->pass = n->pass;
    }
    tcps_set_text(r, field, found->text);
}

void tcps_names_set_interface(tcps_names *n, tcps_record *r, uint64_t index) {
    set_name(n, r, TCPS_F_interface, find_name(n, &n->interfaces, TCPS_CALL_INTERFACE_NAME, index));
}

void tcps_names_set_cgroup(tcps_names *n, tcps_record *r) {
    set_name(n, r, TCPS_F_cgroup, find_name(n, &n->groups, TCPS_CALL_CGROUP_PATH, r->value[TCPS_F_cgroup_id]));
}
