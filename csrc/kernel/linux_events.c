#ifdef __linux__
#include "kernel/linux_events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    AT_ONCE = 64,           /* datagrams of one recvmmsg: 1.3 us each instead of 1.8 by recv */
    DATAGRAM_ROOM = 1024,   /* a message takes 380 bytes on 6.18: inet_diag_msg, tcp_info, two bytes; room for what a later kernel adds */
    MOST_HELD = 64 << 20,   /* some 170,000 events; a pass that comes late must not take the machine's memory */
    BUFFER_WANTED = 8 << 20 /* of the kernel: nothing lost of 40,000 destroyed in a burst while the reader slept for a second */
};

/* As much of the kernel's buffer as we may have. The default of 208 KB loses half of a burst of 40,000. */
static void enlarge_buffer(int fd) {
    int size = BUFFER_WANTED;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

int tcps_linux_events_open(tcps_linux_events *e) {
    if (e->fd >= 0) return 0;
    if (!e->receive && !(e->receive = malloc(AT_ONCE * DATAGRAM_ROOM))) return ENOMEM;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    if (fd < 0) return errno;
    struct sockaddr_nl self = {.nl_family = AF_NETLINK};
    int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};
    int failed = bind(fd, (struct sockaddr *)&self, sizeof self);
    enlarge_buffer(fd);
    for (size_t i = 0; !failed && i < sizeof groups / sizeof *groups; i++)
        failed = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]);
    if (failed) {
        int error = errno;
        close(fd);
        return error;
    }
    e->fd = fd;
    return 0;
}

/* The socket's own count of what did not fit; the number of ENOBUFS says nothing, as one stands for any number of messages. */
static void count_lost(tcps_linux_events *e) {
    uint32_t memory[16] = {0};
    socklen_t len = sizeof memory;
    enum { DROPS = 8 }; /* SK_MEMINFO_DROPS */
    if (getsockopt(e->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0 && len > DROPS * sizeof *memory)
        e->lost += (uint32_t)(memory[DROPS] - (uint32_t)e->lost); /* the kernel's counter has 32 bits */
}

/* Keeps the whole messages of a datagram. EMSGSIZE: it was cut, a kernel whose messages outgrew our room. */
static int keep(tcps_linux_events *e, const uint8_t *bytes, size_t len, bool cut) {
    static const uint8_t padding[NLMSG_ALIGNTO];
    if (cut) return EMSGSIZE;
    int error = tcps_buffer_append(&e->held, bytes, len);
    return error ? error : tcps_buffer_append(&e->held, padding, -len & (NLMSG_ALIGNTO - 1));
}

int tcps_linux_events_pump(tcps_linux_events *e) {
    struct mmsghdr messages[AT_ONCE];
    struct iovec pieces[AT_ONCE];
    if (e->fd < 0) return 0;
    for (;;) {
        e->full = e->held.len >= MOST_HELD;
        if (e->full) return 0;
        for (size_t i = 0; i < AT_ONCE; i++) {
            pieces[i] = (struct iovec){e->receive + i * DATAGRAM_ROOM, DATAGRAM_ROOM};
            messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
        }
        int got = recvmmsg(e->fd, messages, AT_ONCE, MSG_DONTWAIT, NULL);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == ENOBUFS) {
            count_lost(e);
            continue;
        }
        if (got < 0) return errno == EAGAIN ? 0 : errno;
        for (int i = 0; i < got; i++) {
            int error = keep(e, pieces[i].iov_base, messages[i].msg_len, messages[i].msg_hdr.msg_flags & MSG_TRUNC);
            if (error) return error;
        }
        if (got < AT_ONCE) return 0;
    }
}

int tcps_linux_events_answer(tcps_linux_events *e, tcps_answer *answer, void *context) {
    int error = tcps_linux_events_pump(e);
    int refused = e->held.len && answer(context, e->held.bytes, e->held.len) != 0;
    e->held.len = 0;
    e->full = false;
    if (e->held.room > MOST_HELD / 4) { /* a burst's memory does not stay */
        free(e->held.bytes);
        e->held = (tcps_buffer){0};
    }
    return refused ? ECANCELED : error;
}

void tcps_linux_events_close(tcps_linux_events *e) {
    if (e->fd >= 0) close(e->fd);
    free(e->held.bytes);
    free(e->receive);
    *e = (tcps_linux_events){.fd = -1};
}
#endif
