/* A network namespace with some hundred TCP sockets of every kind that one process can make, at rest; then a command runs in it.
 *
 *   world [-s] COMMAND...    exit status: the command's; 77 when there may be no namespace here; -s: a small one
 *
 * IPv4, IPv6, mapped and link-local; every state but CLOSING and CLOSED; listeners with connections that nobody accepts; unread data, full
 * buffers, closed windows; unanswered retransmissions; congestion control, marks, priorities and whatever else setsockopt changes in a dump. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
enum { CANNOT_RUN = 77 };

typedef struct address {
    struct sockaddr_storage storage;
    socklen_t len;
} address;

typedef struct pair {
    int client, server;
} pair;

static void must(bool fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "world: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Port 0. A scope is an interface's name. */
static address make_address(const char *text, const char *scope) {
    address a = {.len = sizeof(struct sockaddr_in)};
    struct sockaddr_in *in = (struct sockaddr_in *)&a.storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.storage;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
    } else {
        a.len = sizeof *in6;
        in6->sin6_family = AF_INET6;
        must(inet_pton(AF_INET6, text, &in6->sin6_addr) == 1, text);
        in6->sin6_scope_id = scope ? if_nametoindex(scope) : 0;
    }
    return a;
}

static void set_number(int fd, int level, int option, int value) {
    if (setsockopt(fd, level, option, &value, sizeof value) != 0) fprintf(stderr, "world: option %d/%d: %s\n", level, option, strerror(errno));
}

static int make_socket(const address *a, int protocol) {
    int fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
    must(fd >= 0, "socket");
    return fd;
}

static void bind_and_listen(int fd, address *a, int backlog) {
    must(bind(fd, (struct sockaddr *)&a->storage, a->len) == 0, "bind");
    must(listen(fd, backlog) == 0, "listen");
    a->len = sizeof a->storage;
    must(getsockname(fd, (struct sockaddr *)&a->storage, &a->len) == 0, "getsockname");
}

static int listen_at(const char *text, const char *scope, int backlog, address *bound) {
    *bound = make_address(text, scope);
    int fd = make_socket(bound, 0);
    bind_and_listen(fd, bound, backlog);
    return fd;
}

/* connect. The routes of interfaces that have just come up appear a moment later. */
static int reach(int fd, const struct sockaddr *to, socklen_t len) {
    int result;
    for (int tries = 0; (result = connect(fd, to, len)) != 0 && errno == ENETUNREACH && tries < 200; tries++) usleep(10000);
    return result;
}

static pair connect_pair(int client, const address *to, int listener) {
    must(reach(client, (const struct sockaddr *)&to->storage, to->len) == 0, "connect");
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    must(server >= 0, "accept");
    return (pair){client, server};
}

static pair make_pair(const address *to, int listener) { return connect_pair(make_socket(to, 0), to, listener); }

static void send_bytes(int fd, size_t count) {
    static const char bytes[64 << 10];
    for (size_t piece; count; count -= piece) {
        piece = count < sizeof bytes ? count : sizeof bytes;
        must(send(fd, bytes, piece, MSG_NOSIGNAL) == (ssize_t)piece, "send");
    }
}

static void read_bytes(int fd, size_t count) {
    static char bytes[64 << 10];
    while (count) {
        ssize_t got = recv(fd, bytes, count < sizeof bytes ? count : sizeof bytes, 0);
        must(got > 0, "recv");
        count -= (size_t)got;
    }
}

/* Sends until nothing fits any more. */
static void fill(int fd) {
    static const char bytes[16 << 10];
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    for (int idle = 0; idle < 5;)
        if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0) usleep(1000), idle++;
    fcntl(fd, F_SETFL, flags);
}

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) fprintf(stderr, "world: %s: %s\n", path, strerror(errno));
    if (fd >= 0) close(fd);
}

static void run(const char *command) {
    if (system(command) != 0) fprintf(stderr, "world: %s failed\n", command);
}

/* --- parts of the world */

static bool small;

static void conversations(const char *text, const char *scope, int count) {
    static const char *const algorithms[] = {"cubic", "reno", "bbr"};
    address at;
    int listener = listen_at(text, scope, 128, &at);
    for (int i = 0; i < (small ? (count + 3) / 4 : count); i++) {
        int client = make_socket(&at, 0);
        const char *algorithm = algorithms[i % 3];
        setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, algorithm, (socklen_t)strlen(algorithm));
        pair p = connect_pair(client, &at, listener);
        for (int round = 0; round < i % 5; round++) {
            send_bytes(p.client, (size_t)(100 + 1009 * i));
            read_bytes(p.server, (size_t)(100 + 1009 * i));
            send_bytes(p.server, (size_t)(7 + 311 * i));
            read_bytes(p.client, (size_t)(7 + 311 * i));
        }
        if (i % 7 == 1) send_bytes(p.client, (size_t)(1 + 97 * i)); /* stays unread */
        if (i % 11 == 3) set_number(p.server, SOL_SOCKET, SO_KEEPALIVE, 1);
    }
}

static void queues(const char *text) {
    address at;
    listen_at(text, NULL, 7, &at);
    for (int i = 0; i < 3; i++) {
        int client = make_socket(&at, 0);
        must(reach(client, (struct sockaddr *)&at.storage, at.len) == 0, "connect");
        if (i == 1) send_bytes(client, 5000);
    }
}

/* A full accept queue drops SYNs. */
static void unanswered(const char *text) {
    address at;
    listen_at(text, NULL, 0, &at);
    for (int i = 0; i < 4; i++) {
        int client = make_socket(&at, 0);
        fcntl(client, F_SETFL, O_NONBLOCK);
        connect(client, (struct sockaddr *)&at.storage, at.len);
        usleep(1000);
    }
}

/* With TCP_DEFER_ACCEPT the connection stays half-open until the client says something. */
static void half_open(const char *text) {
    address at;
    int listener = listen_at(text, NULL, 16, &at);
    set_number(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 60);
    for (int i = 0; i < 3; i++) {
        int client = make_socket(&at, 0);
        must(reach(client, (struct sockaddr *)&at.storage, at.len) == 0, "connect");
    }
}

static void closing(const char *text) {
    address at;
    int listener = listen_at(text, NULL, 128, &at);
    for (int i = 0; i < 10; i++) { /* TIME_WAIT */
        pair p = make_pair(&at, listener);
        send_bytes(p.client, 1000);
        read_bytes(p.server, 1000);
        shutdown(p.client, SHUT_WR);
        char end;
        recv(p.server, &end, 1, 0);
        close(p.server);
        recv(p.client, &end, 1, 0);
        close(p.client);
    }
    for (int i = 0; i < 4; i++) shutdown(make_pair(&at, listener).client, SHUT_WR); /* FIN_WAIT_2 and CLOSE_WAIT */
    for (int i = 0; i < 4; i++) close(make_pair(&at, listener).client);             /* the same, and nobody's */
    shutdown(make_pair(&at, listener).client, SHUT_RD);

    pair p = make_pair(&at, listener); /* FIN_WAIT_1: the FIN waits behind data that nobody reads */
    fill(p.client);
    shutdown(p.client, SHUT_WR);
    p = make_pair(&at, listener); /* the same, and nobody's */
    fill(p.client);
    close(p.client);
    p = make_pair(&at, listener); /* LAST_ACK */
    shutdown(p.client, SHUT_WR);
    usleep(1000);
    fill(p.server);
    shutdown(p.server, SHUT_WR);
    p = make_pair(&at, listener); /* a closed window */
    fill(p.client);
}

static void options(void) {
    address at;
    int listener = listen_at("127.0.0.1", NULL, 128, &at);
    for (int i = 0; i < 8; i++) {
        int client = make_socket(&at, 0);
        if (i == 0) set_number(client, IPPROTO_IP, IP_TOS, 0x28);
        if (i == 0) set_number(client, IPPROTO_IP, IP_TTL, 33);
        if (i == 1) set_number(client, SOL_SOCKET, SO_MARK, 0x1234);
        if (i == 2) set_number(client, SOL_SOCKET, SO_PRIORITY, 5);
        if (i == 3) setsockopt(client, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);
        if (i == 4) set_number(client, SOL_SOCKET, SO_MAX_PACING_RATE, 1000000);
        if (i == 5) set_number(client, IPPROTO_TCP, TCP_MAXSEG, 800);
        if (i == 6) set_number(client, SOL_SOCKET, SO_RCVBUF, 8192), set_number(client, SOL_SOCKET, SO_SNDBUF, 9000);
        if (i == 7) set_number(client, IPPROTO_TCP, TCP_WINDOW_CLAMP, 5000);
        pair p = connect_pair(client, &at, listener);
        send_bytes(p.client, 3000);
        read_bytes(p.server, 3000);
        send_bytes(p.server, 100);
    }
    address six;
    listener = listen_at("::1", NULL, 4, &six);
    int client = make_socket(&six, 0);
    set_number(client, IPPROTO_IPV6, IPV6_TCLASS, 0x48);
    connect_pair(client, &six, listener);

    address any = make_address("::", NULL);
    int only = make_socket(&any, 0);
    set_number(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    bind_and_listen(only, &any, 3);
    listen_at("::", NULL, 4, &any); /* dual stack */
    any = make_address("0.0.0.0", NULL);
    int bound = make_socket(&any, 0);
    setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);
    bind_and_listen(bound, &any, 5);
}

static void mapped(void) {
    address any, to = make_address("::ffff:127.0.0.1", NULL);
    int listener = listen_at("::", NULL, 128, &any);
    ((struct sockaddr_in6 *)&to.storage)->sin6_port = ((struct sockaddr_in6 *)&any.storage)->sin6_port;
    for (int i = 0; i < (small ? 4 : 15); i++) {
        pair p = make_pair(&to, listener);
        send_bytes(p.client, (size_t)(1 + i * 500));
    }
}

static void fast_open(void) {
    address at;
    int listener = listen_at("127.0.0.1", NULL, 16, &at);
    set_number(listener, IPPROTO_TCP, TCP_FASTOPEN, 16);
    for (int i = 0; i < 3; i++) { /* the first fetches the cookie */
        int client = make_socket(&at, 0);
        must(sendto(client, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&at.storage, at.len) == 5, "sendto");
        read_bytes(accept4(listener, NULL, NULL, SOCK_CLOEXEC), 5);
    }
}

static void explicit_congestion(void) {
    write_file("/proc/sys/net/ipv4/tcp_ecn", "1");
    conversations("127.0.0.1", NULL, 4);
    write_file("/proc/sys/net/ipv4/tcp_ecn", "2");
}

static void multipath(void) {
    address at = make_address("127.0.0.1", NULL);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
    if (listener < 0) return;
    bind_and_listen(listener, &at, 8);
    for (int i = 0; i < 2; i++) {
        pair p = connect_pair(make_socket(&at, IPPROTO_MPTCP), &at, listener);
        send_bytes(p.client, 4000);
        read_bytes(p.server, 4000);
    }
}

/* The peers' address goes away while their packets go on to a place that drops them. */
static void cut_off(void) {
    run("ip address add 10.9.8.6/32 dev lo && ip address add 10.9.8.7/32 dev lo");
    address at, from = make_address("10.9.8.6", NULL);
    int listener = listen_at("10.9.8.7", NULL, 8, &at);
    pair p[3];
    for (int i = 0; i < 3; i++) {
        int client = make_socket(&at, 0);
        must(bind(client, (struct sockaddr *)&from.storage, from.len) == 0, "bind");
        const char *algorithm = i ? "cubic" : "reno"; /* bbr knows no threshold */
        setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, algorithm, (socklen_t)strlen(algorithm));
        p[i] = connect_pair(client, &at, listener);
    }
    run("ip address del 10.9.8.7/32 dev lo && ip route add 10.9.8.7/32 dev lo");
    for (int i = 0; i < 3; i++) send_bytes(p[i].client, 100000);
}

/* Descriptors of a socket in two processes, one of which calls itself something else. */
static pid_t sharer(void) {
    address at;
    int listener = listen_at("127.0.0.1", NULL, 8, &at);
    pair p = make_pair(&at, listener);
    int twice = fcntl(p.client, F_DUPFD_CLOEXEC, 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "a b) c");
        for (int fd = 3; fd < 1024; fd++)
            if (fd != p.server && fd != twice) close(fd);
        pause();
    }
    return child;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "-s") == 0) small = true, argc--, argv++;
    if (argc < 2) return 2;
    if (unshare(CLONE_NEWNET) != 0) {
        fprintf(stderr, "world: no network namespace: %s\n", strerror(errno));
        return CANNOT_RUN;
    }
    signal(SIGPIPE, SIG_IGN);
    run("ip link set lo up && ip address add fe80::1/64 dev lo nodad");
    write_file("/proc/sys/net/ipv4/tcp_fastopen", "3");

    conversations("127.0.0.1", NULL, 60);
    conversations("::1", NULL, 40);
    conversations("fe80::1", "lo", 6);
    mapped();
    queues("127.0.0.1");
    queues("::1");
    unanswered("127.0.0.1");
    half_open("127.0.0.1");
    half_open("::1");
    closing("127.0.0.1");
    closing("::1");
    options();
    fast_open();
    explicit_congestion();
    multipath();
    cut_off();
    pid_t child = sharer();
    usleep(700 * 1000); /* delayed acknowledgements and the first retransmissions are over */

    pid_t command = fork();
    if (command == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    int status = 0;
    waitpid(command, &status, 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
