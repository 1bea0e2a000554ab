/* The running Linux kernel. */
#ifdef __linux__
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
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

/* inet_diag never fills more of a datagram (facts: NLMSG_GOODSIZE and the 32 KB limit of netlink_dump). */
#define DATAGRAM_ROOM (64 << 10)

typedef struct live_kernel {
    tcps_kernel base;
    int netlink; /* -1 before the first dump */
    uint32_t sequence;
    uint8_t *datagram; /* DATAGRAM_ROOM */
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

static int ask_call(const tcps_question *q, tcps_answer *answer, void *context) {
    char text[2 * sizeof(struct utsname)];
    size_t len = 0;
    if (strcmp(q->name, "uname") == 0) {
        struct utsname u;
        if (uname(&u) != 0) return errno;
        len = (size_t)snprintf(text, sizeof text, "%s%c%s", u.release, 0, u.nodename) + 1;
    } else if (strcmp(q->name, "if_indextoname") == 0) {
        char name[IF_NAMESIZE];
        if (!if_indextoname((unsigned)q->number, name)) return errno;
        len = strlen(name);
        memcpy(text, name, len);
    } else if (strcmp(q->name, "getsockopt") == 0) {
        socklen_t room = sizeof text;
        if (getsockopt((int)q->number, 6 /* IPPROTO_TCP */, 11 /* TCP_INFO */, text, &room) != 0) return errno;
        len = room;
    } else if (strcmp(q->name, "inode") == 0) {
        struct stat st;
        if (stat(q->request, &st) != 0) return errno;
        uint64_t inode = st.st_ino;
        memcpy(text, &inode, len = sizeof inode);
    } else {
        return EOPNOTSUPP;
    }
    return answer(context, text, len) ? ECANCELED : 0;
}

static int live_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (size) *size = 0;
    switch (q->kind) {
    case TCPS_ASK_CLOCK: return ask_clock(answer, context);
    case TCPS_ASK_NETLINK: return ask_netlink((live_kernel *)k, q, answer, context);
    case TCPS_ASK_FILE: return ask_file(q->name, answer, context);
    case TCPS_ASK_LINK: return ask_link(q->name, answer, context);
    case TCPS_ASK_CALL: return ask_call(q, answer, context);
    default: return EOPNOTSUPP;
    }
}

static void live_close(tcps_kernel *k) {
    live_kernel *live = (live_kernel *)k;
    close_netlink(live);
    free(live->datagram);
    free(live);
}

tcps_kernel *tcps_kernel_live(void) {
    live_kernel *live = calloc(1, sizeof *live);
    if (!live) return NULL;
    live->base = (tcps_kernel){.ask = live_ask, .close = live_close, .live = true};
    live->netlink = -1;
    return &live->base;
}
#endif
