#include "source/linux_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitset.h"
#include "base/groups.h"
#include "base/grow.h"

#define LATELY 8            /* searches for which a process counts as one that shows new sockets */
#define PROBED_BEYOND 16    /* descriptors that are tried above the highest known one; a process gets the lowest free number */
#define PROBED_BELOW 100000 /* a process with higher numbers is left to the last step */

/* A process that showed a socket that was looked for. */
typedef struct giver {
    uint32_t pid, round;
} giver;

struct tcps_linux_search {
    tcps_kernel *kernel;
    uint32_t round; /* counts searches */
    uint32_t *pids; /* ascending: those that existed when /proc was listed last */
    size_t pid_count;
    giver *givers; /* of the last LATELY rounds */
    size_t giver_count, giver_room;
    tcps_linux_obstacles obstacles;
    uint8_t *skip; /* PROBED_BELOW bits and some */
    tcps_buffer answer;
};

/* One search for some inodes. */
typedef struct quest {
    tcps_linux_search *search;
    tcps_holders *found;
    tcps_table wanted; /* inode -> a bit of `seen`; empty: everything is wanted */
    uint64_t *seen;
    size_t missing;
    const tcps_holding *known; /* those of process p of by_pid are known[order[first[p]]] up to first[p + 1] */
    tcps_table by_pid;
    uint32_t *order, *first;
    size_t processes;
} quest;

tcps_linux_search *tcps_linux_search_new(tcps_kernel *k) {
    tcps_linux_search *s = calloc(1, sizeof *s);
    if (s) s->kernel = k;
    return s;
}

void tcps_linux_search_free(tcps_linux_search *s) {
    if (!s) return;
    free(s->pids);
    free(s->givers);
    free(s->skip);
    free(s->answer.bytes);
    free(s);
}

tcps_linux_obstacles tcps_linux_search_obstacles(const tcps_linux_search *s) { return s->obstacles; }

/* --- who showed new sockets lately */

static bool gave_lately(const tcps_linux_search *s, uint32_t pid) {
    for (size_t i = 0; i < s->giver_count; i++)
        if (s->givers[i].pid == pid) return true;
    return false;
}

/* What one process holds comes together, so it is the last one most often. Without memory the process is asked later than it might be. */
static void note_giver(tcps_linux_search *s, uint32_t pid) {
    for (size_t i = s->giver_count; i-- > 0;) {
        if (s->givers[i].pid != pid) continue;
        s->givers[i].round = s->round;
        return;
    }
    giver *grown = tcps_grow(s->givers, &s->giver_room, s->giver_count + 1, sizeof *grown);
    if (!grown) return;
    s->givers = grown;
    grown[s->giver_count++] = (giver){pid, s->round};
}

static void forget_old_givers(tcps_linux_search *s) {
    size_t kept = 0;
    for (size_t i = 0; i < s->giver_count; i++)
        if (s->round - s->givers[i].round <= LATELY) s->givers[kept++] = s->givers[i];
    s->giver_count = kept;
}

/* --- looking at descriptors */

typedef struct take {
    quest *quest;
    tcps_code code;
} take;

static bool is_wanted(quest *q, const tcps_proc_socket *held) {
    uint32_t i = tcps_table_get(&q->wanted, held->inode);
    if (i == TCPS_NO_INDEX) return false;
    if (tcps_bitset_has(q->seen, i)) return true;
    tcps_bitset_add(q->seen, i);
    q->missing--;
    note_giver(q->search, held->pid);
    return true;
}

static int take_sockets(void *context, const void *bytes, size_t len) {
    take *t = context;
    tcps_proc_socket held;
    for (const uint8_t *at = bytes; t->code == TCPS_OK && len >= sizeof held; at += sizeof held, len -= sizeof held) {
        memcpy(&held, at, sizeof held);
        if (!t->quest->wanted.count || is_wanted(t->quest, &held)) t->code = tcps_holders_add(t->quest->found, held.inode, held.pid, held.fd);
    }
    return t->code != TCPS_OK;
}

/* Looks at all descriptors of processes. Those that are gone, or never were ours to look at, have none. */
static tcps_code look_at(quest *q, const uint32_t *pids, size_t count) {
    take t = {.quest = q};
    tcps_kernel *k = q->search->kernel;
    if (!count) return TCPS_OK;
    tcps_question question = {.kind = TCPS_ASK_CALL, .name = TCPS_CALL_ALL_PROC_SOCKETS, .request = pids, .request_len = count * sizeof *pids};
    int error = k->ask(k, &question, take_sockets, &t, NULL);
    if (error == ENOMEM) return TCPS_NOMEM;
    if (error == EACCES) q->search->obstacles.refused = true;
    return t.code;
}

/* Room for the bits of descriptors up to PROBED_BELOW + PROBED_BEYOND. */
static uint8_t *skip_bits(tcps_linux_search *s) {
    if (!s->skip) s->skip = malloc((PROBED_BELOW + PROBED_BEYOND) / 8 + 8);
    return s->skip;
}

/* --- the processes there are */

static int compare_pids(const void *a, const void *b) {
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* The pid that a name in /proc is; 0: none. */
static uint32_t pid_of(const char *name) {
    uint32_t pid = 0;
    for (; *name >= '0' && *name <= '9' && pid < 400000000; name++) pid = 10 * pid + (uint32_t)(*name - '0');
    return *name ? 0 : pid;
}

/* The processes there are, ascending; malloc'ed. */
static tcps_code list_pids(tcps_linux_search *s, uint32_t **pids, size_t *count) {
    tcps_buffer *names = &s->answer;
    *pids = NULL;
    *count = 0;
    int error = tcps_ask_all(s->kernel, &(tcps_question){.kind = TCPS_ASK_FILE, .name = "/proc"}, names, NULL);
    if (error == ENOMEM || tcps_buffer_append(names, "", 1) != 0) return TCPS_NOMEM;
    s->obstacles.listing = error;
    if (error) return TCPS_OK;
    uint32_t *all = malloc((names->len / 2 + 1) * sizeof *all); /* a name takes two bytes or more */
    if (!all) return TCPS_NOMEM;
    const char *end = (const char *)names->bytes + names->len - 1;
    for (const char *name = (const char *)names->bytes; name < end; name += strlen(name) + 1)
        if ((all[*count] = pid_of(name)) != 0) ++*count;
    s->obstacles.nothing = !*count;
    qsort(all, *count, sizeof *all, compare_pids);
    *pids = all;
    return TCPS_OK;
}

static void keep_pids(tcps_linux_search *s, uint32_t *pids, size_t count) {
    free(s->pids);
    s->pids = pids;
    s->pid_count = count;
}

static tcps_code search_new_processes(quest *q) {
    tcps_linux_search *s = q->search;
    uint32_t *pids, *new;
    size_t count, known = 0, new_count = 0;
    tcps_code code = list_pids(s, &pids, &count);
    if (code != TCPS_OK) return code;
    new = malloc((count + 1) * sizeof *new);
    for (size_t i = 0; new &&i < count; i++) {
        while (known < s->pid_count && s->pids[known] < pids[i]) known++;
        if (known == s->pid_count || s->pids[known] != pids[i]) new[new_count++] = pids[i];
    }
    code = new ? look_at(q, new, new_count) : TCPS_NOMEM;
    free(new);
    keep_pids(s, pids, count);
    return code;
}

static tcps_code search_everything(quest *q) {
    uint32_t *pids;
    size_t count;
    tcps_holders_clear(q->found);
    tcps_table_free(&q->wanted);
    tcps_code code = list_pids(q->search, &pids, &count);
    if (code == TCPS_OK) code = look_at(q, pids, count);
    keep_pids(q->search, pids, count);
    return code;
}

/* --- descriptors of known holders that are not known */

static tcps_code group_by_process(quest *q, size_t count) {
    if (q->first || !count) return TCPS_OK;
    q->first = calloc(count + 2, sizeof *q->first);
    q->order = malloc(count * sizeof *q->order);
    if (!q->first || !q->order || tcps_table_init(&q->by_pid, count) != TCPS_OK) return TCPS_NOMEM;
    uint32_t *next = q->first + 1;
    for (size_t i = 0; i < count; i++) tcps_groups_count(&q->by_pid, q->known[i].by.pid, next, &q->processes);
    tcps_groups_place(next, q->processes);
    for (size_t i = 0; i < count; i++) q->order[next[tcps_table_get(&q->by_pid, q->known[i].by.pid)]++] = (uint32_t)i;
    return TCPS_OK;
}

static tcps_code search_gaps(quest *q, size_t p) {
    tcps_linux_search *s = q->search;
    const uint32_t *at = q->order + q->first[p], *end = q->order + q->first[p + 1];
    uint32_t highest = 0;
    for (const uint32_t *i = at; i < end; i++)
        if (q->known[*i].by.fd > highest) highest = q->known[*i].by.fd;
    if (highest >= PROBED_BELOW) return TCPS_OK;
    uint8_t *skip = skip_bits(s);
    if (!skip) return TCPS_NOMEM;
    size_t len = (highest + 1 + PROBED_BEYOND + 7) / 8;
    memset(skip, 0, len);
    for (const uint32_t *i = at; i < end; i++) skip[q->known[*i].by.fd / 8] |= (uint8_t)(1u << (q->known[*i].by.fd % 8));
    take t = {.quest = q};
    tcps_question question = {
        .kind = TCPS_ASK_CALL, .name = TCPS_CALL_PROC_SOCKETS, .number = q->known[*at].by.pid, .request = skip, .request_len = len};
    s->kernel->ask(s->kernel, &question, take_sockets, &t, NULL);
    return t.code;
}

/* Of those that showed new sockets lately, or of the others. */
static tcps_code search_holders(quest *q, size_t known_count, bool lately) {
    tcps_code code = group_by_process(q, known_count);
    for (size_t p = 0; code == TCPS_OK && q->missing && p < q->processes; p++)
        if (gave_lately(q->search, q->known[q->order[q->first[p]]].by.pid) == lately) code = search_gaps(q, p);
    return code;
}

/* --- the searches */

tcps_code tcps_linux_search_all(tcps_linux_search *s, tcps_holders *found) {
    quest q = {.search = s, .found = found};
    tcps_code code = search_everything(&q);
    return code == TCPS_OK ? tcps_holders_sort(found) : code;
}

static tcps_code want(quest *q, const uint64_t *inodes, size_t count) {
    q->seen = calloc(count / 64 + 1, sizeof *q->seen);
    if (!q->seen || tcps_table_init(&q->wanted, count) != TCPS_OK) return TCPS_NOMEM;
    for (size_t i = 0; i < count; i++) q->missing += tcps_table_put(&q->wanted, inodes[i], (uint32_t)i) == i;
    return TCPS_OK;
}

tcps_code tcps_linux_search_for(tcps_linux_search *s, const uint64_t *inodes, size_t count, const tcps_holding *known, size_t known_count,
                                tcps_holders *found, bool *all) {
    quest q = {.search = s, .found = found, .known = known};
    tcps_holders_clear(found);
    s->round++;
    forget_old_givers(s);
    tcps_code code = want(&q, inodes, count);
    if (code == TCPS_OK) code = search_holders(&q, known_count, true);
    if (code == TCPS_OK && q.missing) code = search_new_processes(&q);
    if (code == TCPS_OK && q.missing) code = search_holders(&q, known_count, false);
    *all = code == TCPS_OK && q.missing;
    if (*all) code = search_everything(&q);
    if (code == TCPS_OK) code = tcps_holders_sort(found);
    tcps_table_free(&q.wanted);
    tcps_table_free(&q.by_pid);
    free(q.seen);
    free(q.first);
    free(q.order);
    return code;
}

/* --- whether known holders still hold */

typedef struct check {
    const tcps_holding *known; /* of one process, ascending by descriptor */
    size_t count;
    bool *held;
} check;

static int take_held(void *context, const void *bytes, size_t len) {
    const check *c = context;
    tcps_proc_socket now;
    for (const uint8_t *at = bytes; len >= sizeof now; at += sizeof now, len -= sizeof now) {
        memcpy(&now, at, sizeof now);
        size_t low = 0;
        for (size_t high = c->count; low < high;) {
            size_t middle = low + (high - low) / 2;
            if (c->known[middle].by.fd < now.fd)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < c->count && c->known[low].by.fd == now.fd; low++) c->held[low] = c->known[low].socket == now.inode;
    }
    return 0;
}

static tcps_code check_process(tcps_linux_search *s, check *c) {
    uint32_t highest = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->known[i].by.fd > highest) highest = c->known[i].by.fd;
    size_t len = highest / 8 + 1;
    uint8_t *skip = malloc(len);
    if (!skip) return TCPS_NOMEM;
    memset(skip, 0xff, len);
    for (size_t i = 0; i < c->count; i++) skip[c->known[i].by.fd / 8] &= (uint8_t) ~(1u << (c->known[i].by.fd % 8));
    memset(c->held, 0, c->count * sizeof *c->held);
    tcps_question question = {.kind = TCPS_ASK_CALL, .name = TCPS_CALL_PROC_SOCKETS, .number = c->known->by.pid, .request = skip, .request_len = len};
    int error = s->kernel->ask(s->kernel, &question, take_held, c, NULL);
    if (error && error != ENOENT && error != ESRCH) memset(c->held, 1, c->count * sizeof *c->held);
    free(skip);
    return TCPS_OK;
}

tcps_code tcps_linux_search_check(tcps_linux_search *s, const tcps_holding *known, size_t count, bool *held) {
    tcps_code code = TCPS_OK;
    for (size_t i = 0, n; code == TCPS_OK && i < count; i += n) {
        for (n = 1; i + n < count && known[i + n].by.pid == known[i].by.pid;) n++;
        code = check_process(s, &(check){known + i, n, held + i});
    }
    return code;
}
