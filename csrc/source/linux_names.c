#include "source/linux_names.h"

#include <stdlib.h>

#include "base/table.h"

/* Names that are kept. Short-lived control groups come and go without end: beyond this everything is forgotten and asked for again. */
#define MOST_NAMES 4096

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

struct tcps_linux_names {
    tcps_kernel *kernel;
    tcps_rows *rows;
    uint32_t pass;
    name_list interfaces, groups;
    tcps_buffer answer;
};

tcps_linux_names *tcps_linux_names_new(tcps_kernel *k) {
    tcps_linux_names *n = calloc(1, sizeof *n);
    if (n) n->kernel = k;
    return n;
}

static void clear_list(name_list *list) {
    for (size_t i = 0; i < list->count; i++) free(list->at[i].kept);
    free(list->at);
    tcps_table_free(&list->by_number);
    *list = (name_list){0};
}

void tcps_linux_names_free(tcps_linux_names *n) {
    if (!n) return;
    clear_list(&n->interfaces);
    clear_list(&n->groups);
    free(n->answer.bytes);
    free(n);
}

void tcps_linux_names_begin(tcps_linux_names *n, tcps_rows *rows) {
    n->rows = rows;
    n->pass++;
    clear_list(&n->interfaces);
}

static tcps_code make_room(name_list *list) {
    if (list->count == MOST_NAMES) clear_list(list);
    if (list->count < list->room) return TCPS_OK;
    size_t room = list->room ? 2 * list->room : 16;
    name *grown = realloc(list->at, room * sizeof *grown);
    if (!grown) return TCPS_NOMEM;
    list->at = grown;
    if (tcps_table_init(&list->by_number, room) != TCPS_OK) {
        clear_list(list);
        return TCPS_NOMEM;
    }
    list->room = room;
    for (size_t i = 0; i < list->count; i++) tcps_table_put(&list->by_number, list->at[i].number, (uint32_t)i);
    return TCPS_OK;
}

/* A new element for `number` with what the kernel answers to `question`; NULL without memory. */
static name *add_name(tcps_linux_names *n, name_list *list, const char *question, uint64_t number) {
    if (make_room(list) != TCPS_OK) return NULL;
    int error = tcps_ask_all(n->kernel, &(tcps_question){.kind = TCPS_ASK_CALL, .name = question, .number = number}, &n->answer, NULL);
    name new = {.number = number};
    if (!error && n->answer.len) {
        if (!(new.kept = malloc(n->answer.len))) return NULL;
        memcpy(new.kept, n->answer.bytes, new.kept_len = n->answer.len);
    }
    list->at[list->count] = new;
    tcps_table_put(&list->by_number, number, (uint32_t)list->count);
    return &list->at[list->last = list->count++];
}

static name *find_name(tcps_linux_names *n, name_list *list, const char *question, uint64_t number) {
    if (list->count && list->at[list->last].number == number) return &list->at[list->last];
    uint32_t i = tcps_table_get(&list->by_number, number);
    return i == TCPS_NO_INDEX ? add_name(n, list, question, number) : &list->at[list->last = i];
}

static void set_name(tcps_linux_names *n, tcps_record *r, unsigned field, name *found) {
    if (!found || !found->kept) return;
    if (found->pass != n->pass) {
        found->text = tcps_rows_intern(n->rows, field, found->kept, found->kept_len);
        found->pass = n->pass;
    }
    tcps_set_text(r, field, found->text);
}

void tcps_linux_names_set_interface(tcps_linux_names *n, tcps_record *r) {
    uint64_t index = r->value[TCPS_F_interface_index];
    set_name(n, r, TCPS_F_interface, find_name(n, &n->interfaces, TCPS_CALL_INTERFACE_NAME, index));
}

void tcps_linux_names_set_cgroup(tcps_linux_names *n, tcps_record *r) {
    uint64_t id = r->value[TCPS_F_cgroup_id];
    set_name(n, r, TCPS_F_cgroup, find_name(n, &n->groups, TCPS_CALL_CGROUP_PATH, id));
}
