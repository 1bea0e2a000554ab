/* The running Linux kernel. */
#ifdef __linux__
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <mntent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "kernel/linux_events.h"
#include "kernel/linux_proc_sockets.h"
#include "kernel/own_socket.h"

/* inet_diag never fills more of a datagram (facts: NLMSG_GOODSIZE and the 32 KB limit of netlink_dump). */
#define DATAGRAM_ROOM (64 << 10)

typedef struct live_kernel {
    tcps_kernel base;
    int netlink; /* -1 before the first dump */
    uint32_t sequence;
    uint8_t *datagram; /* DATAGRAM_ROOM */
    tcps_linux_events events;
} live_kernel;

static int ask_clock(tcps_answer *answer, void *context) {
    struct timespec real, mono;
    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    uint64_t monotonic = (uint64_t)mono.tv_sec * 1000000000u + (uint64_t)mono.tv_nsec;
    tcps_clock clock = {
        .realtime_ns = (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec,
        .monotonic_ns = monotonic,
        .uptime_ns = monotonic,
    };
    return answer(context, &clock, sizeof clock) ? ECANCELED : 0;
}

static int open_netlink(live_kernel *live) {
    if (live->netlink >= 0) return 0;
    if (!live->datagram && !(live->datagram = malloc(DATAGRAM_ROOM))) return ENOMEM;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0) return errno;
    live->netlink = fd;
    return 0;
}

/* A socket on which an answer may still be under way is of no use for the next question. */
static void close_netlink(live_kernel *live) {
    if (live->netlink >= 0) close(live->netlink);
    live->netlink = -1;
}

static int ask_netlink(live_kernel *live, const tcps_question *q, tcps_answer *answer, void *context) {
    int failed = open_netlink(live);
    if (failed) return failed;
    struct nlmsghdr request;
    if (q->request_len < sizeof request) return EINVAL;
    memcpy(&request, q->request, sizeof request);
    request.nlmsg_seq = ++live->sequence;
    struct iovec parts[2] = {{&request, sizeof request}, {(char *)q->request + sizeof request, q->request_len - sizeof request}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct msghdr message = {.msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = parts, .msg_iovlen = 2};
    if (sendmsg(live->netlink, &message, 0) < 0) return errno;
    for (;;) {
        ssize_t got = recv(live->netlink, live->datagram, DATAGRAM_ROOM, MSG_TRUNC);
        if (got < 0 && errno == EINTR) continue;
        int error = got < 0 ? errno : got > DATAGRAM_ROOM ? EMSGSIZE : got == 0 ? EPIPE : 0;
        if (!error && answer(context, live->datagram, (size_t)got) != 0) error = ECANCELED;
        if (error) {
            close_netlink(live);
            return error;
        }
        /* The kernel puts NLMSG_DONE, or the error that takes its place, last in a datagram, and may put it after records. */
        const struct nlmsghdr *h = (const struct nlmsghdr *)live->datagram;
        for (size_t left = (size_t)got; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
            if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) return 0;
    }
}

static int ask_folder(const char *path, tcps_answer *answer, void *context) {
    DIR *folder = opendir(path);
    if (!folder) return errno;
    int result = 0;
    for (struct dirent *e; !result && (e = readdir(folder));)
        if (answer(context, e->d_name, strlen(e->d_name) + 1) != 0) result = ECANCELED;
    closedir(folder);
    return result;
}

static int ask_file(const char *path, tcps_answer *answer, void *context) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    char piece[16 << 10];
    int result = 0;
    for (;;) {
        ssize_t got = read(fd, piece, sizeof piece);
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            result = errno;
            break;
        }
        if (answer(context, piece, (size_t)got) != 0) {
            result = ECANCELED;
            break;
        }
    }
    close(fd);
    return result == EISDIR ? ask_folder(path, answer, context) : result;
}

static int ask_link(const char *path, tcps_answer *answer, void *context) {
    char target[256];
    ssize_t len = readlink(path, target, sizeof target);
    if (len < 0) return errno;
    return answer(context, target, (size_t)len) ? ECANCELED : 0;
}

/* Where the cgroup2 file system is mounted; false when it is not. */
static bool find_cgroup_mount(char *path, size_t room) {
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    bool found = false;
    for (struct mntent *m; mounts && !found && (m = getmntent(mounts));)
        found = strcmp(m->mnt_type, "cgroup2") == 0 && (size_t)snprintf(path, room, "%s", m->mnt_dir) < room;
    if (mounts) endmntent(mounts);
    return found;
}

/* The folder below `path` whose inode is `id`; on success `path` names it. Depth first; control groups are seldom nested deeper than ten. */
static bool find_folder(char *path, size_t room, uint64_t id, unsigned depth) {
    DIR *folder = depth < 64 ? opendir(path) : NULL;
    if (!folder) return false;
    size_t len = strlen(path);
    bool found = false;
    for (struct dirent *e; !found && (e = readdir(folder));) {
        if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if ((size_t)snprintf(path + len, room - len, "/%s", e->d_name) >= room - len) continue;
        found = e->d_ino == id || find_folder(path, room, id, depth + 1);
    }
    closedir(folder);
    if (!found) path[len] = 0;
    return found;
}

/* The identifier of a control group is the inode of its folder. With CAP_DAC_READ_SEARCH the kernel opens it by that; without it must be looked for. */
static int ask_cgroup_path(uint64_t id, tcps_answer *answer, void *context) {
    char path[4096], opened[64];
    if (!find_cgroup_mount(path, sizeof path)) return ENOENT;
    size_t root_len = strlen(path);
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + sizeof id];
    } target = {.handle = {.handle_bytes = sizeof id, .handle_type = 0xfe /* FILEID_KERNFS */}};
    memcpy(target.room + sizeof target.handle, &id, sizeof id);
    int mount = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mount < 0) return errno;
    struct stat root;
    bool is_root = fstat(mount, &root) == 0 && root.st_ino == id;
    int folder = is_root ? -1 : open_by_handle_at(mount, &target.handle, O_PATH | O_CLOEXEC);
    int error = folder < 0 ? errno : 0;
    close(mount);
    if (is_root) return answer(context, "/", 1) ? ECANCELED : 0;
    if (folder >= 0) {
        snprintf(opened, sizeof opened, "/proc/self/fd/%d", folder);
        ssize_t len = readlink(opened, path, sizeof path - 1);
        error = len < 0 ? errno : 0;
        close(folder);
        if (error) return error;
        path[len] = 0;
    } else if (error != EPERM || !find_folder(path, sizeof path, id, 0)) {
        return error == EPERM ? ENOENT : error;
    }
    size_t len = strlen(path);
    if (len <= root_len) return ENOENT; /* the folder lies outside what is mounted here */
    return answer(context, path + root_len, len - root_len) ? ECANCELED : 0;
}

static int ask_call(const tcps_question *q, tcps_answer *answer, void *context) {
    if (strcmp(q->name, TCPS_CALL_PROC_SOCKETS) == 0) return tcps_linux_proc_sockets(q, answer, context);
    if (strcmp(q->name, TCPS_CALL_ALL_PROC_SOCKETS) == 0) return tcps_linux_all_proc_sockets(q, answer, context);
    if (strcmp(q->name, TCPS_CALL_CGROUP_PATH) == 0) return ask_cgroup_path(q->number, answer, context);
    char text[2 * sizeof(struct utsname)];
    size_t len = 0;
    if (strcmp(q->name, TCPS_CALL_UNAME) == 0) {
        struct utsname u;
        if (uname(&u) != 0) return errno;
        len = (size_t)snprintf(text, sizeof text, "%s%c%s", u.release, 0, u.nodename) + 1;
    } else if (strcmp(q->name, TCPS_CALL_INTERFACE_NAME) == 0) {
        char name[IF_NAMESIZE];
        if (!if_indextoname((unsigned)q->number, name)) return errno;
        len = strlen(name);
        memcpy(text, name, len);
    } else {
        return tcps_ask_own_socket(q, answer, context);
    }
    return answer(context, text, len) ? ECANCELED : 0;
}

static int ask_events(live_kernel *live, tcps_answer *answer, void *context, size_t *size) {
    int error = tcps_linux_events_open(&live->events);
    if (!error) error = tcps_linux_events_answer(&live->events, answer, context);
    if (size) *size = (size_t)live->events.lost;
    return error;
}

static int live_pump(tcps_kernel *k) {
    tcps_linux_events *e = &((live_kernel *)k)->events;
    tcps_linux_events_pump(e); /* an error comes again with the next question */
    return e->full ? -1 : e->fd;
}

static int live_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (size) *size = 0;
    switch (q->kind) {
    case TCPS_ASK_CLOCK: return ask_clock(answer, context);
    case TCPS_ASK_NETLINK: return ask_netlink((live_kernel *)k, q, answer, context);
    case TCPS_ASK_FILE: return ask_file(q->name, answer, context);
    case TCPS_ASK_LINK: return ask_link(q->name, answer, context);
    case TCPS_ASK_CALL: return ask_call(q, answer, context);
    case TCPS_ASK_EVENTS: return ask_events((live_kernel *)k, answer, context, size);
    default: return EOPNOTSUPP;
    }
}

static void live_close(tcps_kernel *k) {
    live_kernel *live = (live_kernel *)k;
    close_netlink(live);
    tcps_linux_events_close(&live->events);
    free(live->datagram);
    free(live);
}

tcps_kernel *tcps_kernel_live(void) {
    live_kernel *live = calloc(1, sizeof *live);
    if (!live) return NULL;
    live->base = (tcps_kernel){.ask = live_ask, .pump = live_pump, .close = live_close, .live = true};
    live->netlink = live->events.fd = -1;
    return &live->base;
}
#endif
