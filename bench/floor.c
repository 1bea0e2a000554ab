/* The least that a pass can cost: makes the kernel dump every TCP socket and discards the bytes. The request is the one of
 * csrc/source/linux.c: both families and all states in one dump, with tcp_info, the congestion algorithm and what it says of itself,
 * socket memory, TOS, TCLASS and SHUTDOWN. Prints how many sockets there were on stderr with any argument. */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>

#define ASK(attribute) (1 << ((attribute)-1))

int main(int argc, char **argv) {
    (void)argv;
    static char datagram[64 << 10];
    struct {
        struct nlmsghdr header;
        struct inet_diag_req body;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = TCPDIAG_GETSOCK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.idiag_ext = ASK(INET_DIAG_INFO) | ASK(INET_DIAG_VEGASINFO) | ASK(INET_DIAG_CONG) | ASK(INET_DIAG_TOS) | ASK(INET_DIAG_TCLASS) |
                              ASK(INET_DIAG_SKMEMINFO) | ASK(INET_DIAG_SHUTDOWN),
                 .idiag_states = 0xfff},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (fd < 0 || sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) {
        perror("bench/floor");
        return 1;
    }
    unsigned long sockets = 0;
    for (;;) {
        ssize_t got = recv(fd, datagram, sizeof datagram, MSG_TRUNC);
        if (got <= 0 || got > (ssize_t)sizeof datagram) {
            perror("bench/floor");
            return 1;
        }
        const struct nlmsghdr *h = (const struct nlmsghdr *)datagram;
        for (size_t left = (size_t)got; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
                if (argc > 1) fprintf(stderr, "%lu sockets\n", sockets);
                return h->nlmsg_type == NLMSG_ERROR;
            }
            sockets++;
        }
    }
}
