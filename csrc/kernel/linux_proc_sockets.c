#include "kernel/linux_proc_sockets.h"
#ifdef __linux__
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Looking at a descriptor takes the kernel more than a microsecond, most of it in locks of its process: several processes are looked at at a time. */
#define MOST_WORKERS 4
#define PIDS_PER_WORKER 16 /* with fewer a thread is not worth its start */

/* A socket's link reads socket:[INODE]. One that cannot be read is gone, or was never there: no error. readlink asks nothing of the file
 * itself; stat would wait for a file server that does not answer. */
static int look_at_descriptor(int folder, uint32_t pid, const char *number, tcps_buffer *found) {
    static const char prefix[] = "socket:[";
    char target[64];
    ssize_t len = readlinkat(folder, number, target, sizeof target - 1);
    if (len < 0) return errno == EACCES ? EACCES : 0;
    if ((size_t)len < sizeof prefix || memcmp(target, prefix, sizeof prefix - 1) != 0) return 0;
    target[len] = 0;
    tcps_proc_socket s = {
        .inode = strtoull(target + sizeof prefix - 1, NULL, 10),
        .fd = (uint32_t)strtoul(number, NULL, 10),
        .pid = pid,
    };
    return tcps_buffer_append(found, &s, sizeof s);
}

static int open_folder(uint32_t pid) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%u/fd", (unsigned)pid);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* When the main thread has ended and others go on, /proc/<pid>/fd is empty, and each of them still has the descriptors: those of the first other
 * thread. -1 when there is none; /proc/<pid>/task has one link for each thread, and two. */
static int open_thread_folder(uint32_t pid) {
    char path[64];
    struct stat threads;
    snprintf(path, sizeof path, "/proc/%u/task", (unsigned)pid);
    if (stat(path, &threads) != 0 || threads.st_nlink <= 3) return -1;
    DIR *tasks = opendir(path);
    if (!tasks) return -1;
    int folder = -1;
    for (struct dirent *e; folder < 0 && (e = readdir(tasks));) {
        unsigned long tid = strtoul(e->d_name, NULL, 10);
        if (!tid || tid == pid) continue;
        snprintf(path, sizeof path, "/proc/%u/task/%lu/fd", (unsigned)pid, tid);
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    closedir(tasks);
    return folder;
}

/* All descriptors in the folder, which is closed. *entries counts them. */
static int look_at_folder(int folder, uint32_t pid, tcps_buffer *found, size_t *entries) {
    DIR *list = fdopendir(folder);
    int error = list ? 0 : errno;
    if (!list) close(folder);
    for (struct dirent *e; !error && (e = readdir(list));) {
        if (e->d_name[0] == '.') continue;
        ++*entries;
        error = look_at_descriptor(folder, pid, e->d_name, found);
    }
    if (list) closedir(list);
    return error;
}

static int look_at_process(uint32_t pid, tcps_buffer *found) {
    size_t entries = 0;
    int folder = open_folder(pid);
    if (folder < 0) return errno;
    int error = look_at_folder(folder, pid, found, &entries);
    if (!error && !entries && (folder = open_thread_folder(pid)) >= 0) error = look_at_folder(folder, pid, found, &entries);
    return error;
}

/* The descriptors whose bits are clear; closes the folder. */
static int look_at_some(int folder, const tcps_question *q, tcps_buffer *found) {
    const uint8_t *skip = q->request;
    char number[16];
    int error = 0;
    for (size_t fd = 0; !error && fd < 8 * q->request_len; fd++) {
        if (skip[fd / 8] >> (fd % 8) & 1) continue;
        snprintf(number, sizeof number, "%u", (unsigned)fd);
        error = look_at_descriptor(folder, (uint32_t)q->number, number, found);
    }
    close(folder);
    return error;
}

static int hand_out(tcps_buffer *found, int error, tcps_answer *answer, void *context) {
    if (found->len && answer(context, found->bytes, found->len)) error = ECANCELED;
    free(found->bytes);
    return error;
}

int tcps_linux_proc_sockets(const tcps_question *q, tcps_answer *answer, void *context) {
    tcps_buffer found = {0};
    int folder = open_folder((uint32_t)q->number);
    if (folder < 0) return errno;
    int error = look_at_some(folder, q, &found);
    if (!error && !found.len && (folder = open_thread_folder((uint32_t)q->number)) >= 0) error = look_at_some(folder, q, &found);
    return hand_out(&found, error, answer, context);
}

/* --- all descriptors of many processes */

typedef struct crew {
    const uint8_t *pids;
    size_t count;
    atomic_size_t next;
} crew;

typedef struct worker {
    crew *crew;
    pthread_t thread;
    bool started;
    bool refused;
    int error; /* ENOMEM, which ends the work */
    tcps_buffer found;
} worker;

static void *work(void *context) {
    worker *w = context;
    for (size_t i; !w->error && (i = atomic_fetch_add(&w->crew->next, 1)) < w->crew->count;) {
        uint32_t pid;
        memcpy(&pid, w->crew->pids + i * sizeof pid, sizeof pid);
        int error = look_at_process(pid, &w->found);
        if (error == ENOMEM || error == EMFILE || error == ENFILE) w->error = error;
        w->refused |= error == EACCES || error == EPERM;
    }
    return NULL;
}

static unsigned count_workers(size_t pids) {
    cpu_set_t cpus;
    size_t most = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (size_t)CPU_COUNT(&cpus) : 1;
    if (most > MOST_WORKERS) most = MOST_WORKERS;
    size_t useful = 1 + pids / PIDS_PER_WORKER;
    return (unsigned)(useful < most ? useful : most);
}

/* Signals are for the thread that asks: whoever it belongs to expects its handlers to run there. */
static void start(worker *w) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->started = pthread_create(&w->thread, NULL, work, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int tcps_linux_all_proc_sockets(const tcps_question *q, tcps_answer *answer, void *context) {
    crew all = {.pids = q->request, .count = q->request_len / sizeof(uint32_t)};
    worker workers[MOST_WORKERS] = {0};
    unsigned count = count_workers(all.count);
    for (unsigned i = 0; i < count; i++) workers[i].crew = &all;
    for (unsigned i = 1; i < count; i++) start(&workers[i]);
    work(&workers[0]);
    int result = 0;
    bool refused = false;
    for (unsigned i = 0; i < count; i++) {
        worker *w = &workers[i];
        if (w->started) pthread_join(w->thread, NULL);
        refused |= w->refused;
        if (w->error) result = w->error;
        if (result) free(w->found.bytes);
        if (!result) result = hand_out(&w->found, 0, answer, context);
    }
    return result ? result : refused ? EACCES : 0;
}
#endif
