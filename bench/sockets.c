/* Sockets to measure on: `bench/sockets PAIRS COMMAND...` makes PAIRS loopback connections in namespaces of their own, a tenth of them IPv6, runs
 * COMMAND there and ends with it. Each connection has carried a request and its answer, and a hundredth goes on with it meanwhile. The sockets
 * belong to several processes with a listener for each family, as on a host with several services; no other processes are seen. Needs root or
 * user namespaces. */
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 40, PORT = 8080, BUSY_MS = 50 };

static int fail(const char *what) {
    fprintf(stderr, "bench/sockets: ");
    perror(what);
    exit(1);
}

/* Goes on in a child, process 1 of namespaces for network and processes; when that ends, all in them end. Without root it takes a user namespace
 * around them. */
static void enter_namespaces(void) {
    int flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS;
    if (unshare(flags) != 0 && unshare(CLONE_NEWUSER | flags) != 0) fail("unshare");
    pid_t first = fork();
    if (first < 0) fail("fork");
    if (first > 0) {
        int status = 0;
        signal(SIGINT, SIG_IGN);
        waitpid(first, &status, 0);
        exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("proc", "/proc", "proc", 0, NULL) != 0) fail("mount /proc");
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0) fail("lo up");
    close(fd);
}

static void raise_limit(void) {
    struct rlimit files = {1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_NOFILE, &files) == 0 || getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* Where worker `n` listens: every one has an IPv4 address of its own, and all have ::1, on ports of their own. */
static socklen_t make_address(struct sockaddr_storage *a, int family, unsigned n) {
    memset(a, 0, sizeof *a);
    if (family == AF_INET) {
        *(struct sockaddr_in *)a =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(0x7f010001 + (n << 8))};
        return sizeof(struct sockaddr_in);
    }
    *(struct sockaddr_in6 *)a =
        (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)(PORT + n)), .sin6_addr = in6addr_loopback};
    return sizeof(struct sockaddr_in6);
}

static void pass_on(int from, int to, size_t len) {
    char said[16 << 10] = "";
    if (send(from, said, len, 0) != (ssize_t)len || recv(to, said, len, MSG_WAITALL) != (ssize_t)len) fail("traffic");
}

/* A request and its answer: every connection has counters and a round trip time, and not all the same. */
static void exchange(int client, int server, size_t request, size_t answer) {
    pass_on(client, server, request);
    pass_on(server, client, answer);
}

/* Connects `pairs` times to a listener of its own; both ends of the busy ones go to `busy`. */
static unsigned make_pairs(int family, unsigned n, unsigned pairs, int *busy, unsigned busy_room) {
    struct sockaddr_storage address;
    socklen_t len = make_address(&address, family, n);
    int listener = socket(family, SOCK_STREAM, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 128) != 0) fail("listen");
    unsigned n_busy = 0;
    for (unsigned i = 0; i < pairs; i++) {
        int client = socket(family, SOCK_STREAM, 0);
        if (client < 0 || connect(client, (struct sockaddr *)&address, len) != 0) fail("connect");
        int server = accept(listener, NULL, NULL);
        if (server < 0) fail("accept");
        if (i % 100 == 0 && n_busy + 2 <= busy_room) {
            busy[n_busy++] = client;
            busy[n_busy++] = server;
        }
        exchange(client, server, 256 + 16 * (i % 64), 1024 + 512 * (i % 16));
    }
    return n_busy;
}

static void work(unsigned n, unsigned pairs, int ready) {
    int busy[2048];
    unsigned v6 = pairs / 10;
    unsigned n_busy = make_pairs(AF_INET, n, pairs - v6, busy, 1536);
    n_busy += make_pairs(AF_INET6, n, v6, busy + n_busy, 512);
    if (write(ready, "", 1) != 1) exit(1);
    char said[1024] = "";
    for (;;) {
        nanosleep(&(struct timespec){.tv_nsec = BUSY_MS * 1000000L}, NULL);
        for (unsigned i = 0; i < n_busy; i += 2) {
            send(busy[i], said, sizeof said, MSG_DONTWAIT);
            recv(busy[i + 1], said, sizeof said, MSG_DONTWAIT);
        }
    }
}

int main(int argc, char **argv) {
    unsigned pairs = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (!pairs) {
        fprintf(stderr, "usage: bench/sockets PAIRS COMMAND...\n");
        return 2;
    }
    raise_limit();
    enter_namespaces();
    int ready[2];
    if (pipe(ready) != 0) fail("pipe");
    unsigned workers = pairs < 100 ? 1 : WORKERS;
    for (unsigned n = 0; n < workers; n++) {
        if (fork() != 0) continue;
        close(ready[0]);
        work(n, pairs / workers + (n < pairs % workers), ready[1]);
    }
    close(ready[1]);
    for (unsigned n = 0; n < workers; n++) {
        char byte;
        if (read(ready[0], &byte, 1) != 1) fail("a worker");
    }
    close(ready[0]);
    pid_t command = fork();
    if (command == 0) {
        execvp(argv[2], argv + 2);
        fail(argv[2]);
    }
    int status = 0;
    if (command < 0 || waitpid(command, &status, 0) != command) fail("fork");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
