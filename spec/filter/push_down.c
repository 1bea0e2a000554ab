/* What the kernel leaves out on our behalf is what the filter would have left out: proven on live sockets of every state and family.
 *
 * In a network namespace of its own (as root, or where users may have their own) it makes sockets of both families, IPv4-mapped
 * ones, listeners, half-open and half-closed connections and TIME_WAIT, and compares for many filters the dump that the kernel filtered
 * with the whole dump filtered by tcps_filter_matches_endpoints. Sockets change state and end by themselves meanwhile (TIME_WAIT after a minute): a difference
 * counts when a whole dump before and one after show the same sockets.
 *     push_down [SEED]      exit 0: the same; 1: different, with the filter and the first socket on stderr; 77: cannot be run here */
#ifndef __linux__
int main(void) { return 77; }
#else
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "abi/linux.h"
#include "filter/inet_diag.h"
#include "parse/linux_diag.h"

static void need(bool ok, const char *what) {
    if (ok) return;
    perror(what);
    exit(77);
}

/* ---- sockets ---- */

typedef struct end {
    struct sockaddr_storage address;
    socklen_t len;
} end;

static end end_of(const char *text, unsigned port) {
    end e = {.len = 0};
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&e.address;
    struct sockaddr_in *four = (struct sockaddr_in *)&e.address;
    if (strchr(text, ':')) {
        *six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        inet_pton(AF_INET6, text, &six->sin6_addr);
        e.len = sizeof *six;
    } else {
        *four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        inet_pton(AF_INET, text, &four->sin_addr);
        e.len = sizeof *four;
    }
    return e;
}

static int bound(const char *address, unsigned port) {
    end e = end_of(address, port);
    int fd = socket(e.address.ss_family, SOCK_STREAM, 0), one = 1;
    need(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    need(bind(fd, (struct sockaddr *)&e.address, e.len) == 0, address);
    return fd;
}

static int listener(const char *address, unsigned port, bool deferred, int backlog) {
    int fd = bound(address, port), seconds = 60;
    if (deferred) setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
    need(listen(fd, backlog) == 0, "listen");
    return fd;
}

static int connected(const char *from, unsigned from_port, const char *to, unsigned port) {
    int fd = bound(from, from_port);
    end e = end_of(to, port);
    need(connect(fd, (struct sockaddr *)&e.address, e.len) == 0, to);
    return fd;
}

static void make_connections(int server, const char *from, unsigned from_port, const char *to, unsigned port) {
    for (unsigned i = 0; i < 6; i++) {
        int client = connected(from, from_port ? from_port + i : 0, to, port), accepted = accept(server, NULL, NULL);
        need(accepted >= 0, "accept");
        if (i == 1) shutdown(client, SHUT_WR);      /* FIN_WAIT_2 and CLOSE_WAIT */
        if (i == 2) close(client), close(accepted); /* TIME_WAIT of the client */
        if (i == 3) close(accepted), close(client); /* and of the server */
    }
}

static void make_sockets(void) {
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int control = socket(AF_INET, SOCK_DGRAM, 0);
    need(unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0, "unshare");
    close(control);
    control = socket(AF_INET, SOCK_DGRAM, 0);
    need(ioctl(control, SIOCSIFFLAGS, &lo) == 0, "lo");
    close(control);

    int four = listener("0.0.0.0", 80, false, 64), one = listener("127.0.0.1", 443, false, 64), six = listener("::1", 443, false, 64);
    int dual = listener("::", 8080, false, 64);
    make_connections(four, "127.0.0.1", 30000, "127.0.0.1", 80);
    make_connections(four, "127.1.2.3", 0, "127.255.0.9", 80);
    make_connections(one, "127.0.0.2", 40000, "127.0.0.1", 443);
    make_connections(six, "::1", 30000, "::1", 443);
    make_connections(dual, "::1", 0, "::1", 8080);
    make_connections(dual, "127.1.2.3", 50000, "127.0.0.1", 8080);
    make_connections(dual, "::ffff:127.0.0.3", 0, "::ffff:127.0.0.1", 8080);
    make_connections(dual, "::ffff:127.0.0.4", 0, "::ffff:127.0.0.1", 8080);

    bound("127.0.0.1", 443 + 1000); /* and no more */
    bound("::1", 30006);
    listener("127.0.0.1", 81, true, 64); /* its connections stay in SYN_RECV until data comes */
    listener("::", 82, true, 64);
    connected("127.0.0.5", 0, "127.0.0.1", 81);
    connected("127.0.0.5", 0, "127.0.0.1", 82);
    connected("::1", 0, "::1", 82);

    listener("127.0.0.1", 83, false, 0); /* full after the first: the next ones stay in SYN_SENT */
    for (unsigned i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        end e = end_of("127.0.0.1", 83);
        connect(fd, (struct sockaddr *)&e.address, e.len);
    }
}

/* ---- dumps ---- */

#define MOST 1024

typedef struct table {
    tcps_sink sink;
    unsigned count;
    tcps_record record[MOST];
} table;

static tcps_code put(tcps_sink *sink, tcps_record *r) {
    table *t = (table *)sink;
    if (t->count == MOST) return TCPS_NOMEM;
    t->record[t->count++] = *r;
    return TCPS_OK;
}

typedef struct request {
    struct nlmsghdr header;
    union {
        struct inet_diag_req old;
        struct inet_diag_req_v2 v2;
    };
} request;

/* Dumps by TCPDIAG_GETSOCK (family AF_UNSPEC) or SOCK_DIAG_BY_FAMILY, appending to `t`. */
static void dump(table *t, int family, const tcps_inet_diag *program) {
    uint8_t bytes[1024] = {0};
    request *r = (request *)bytes;
    size_t size = family == AF_UNSPEC ? sizeof r->old : sizeof r->v2;
    if (family == AF_UNSPEC) {
        r->header.nlmsg_type = TCPDIAG_GETSOCK;
        r->old.idiag_states = program->states;
    } else {
        r->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
        r->v2.sdiag_family = (uint8_t)family;
        r->v2.sdiag_protocol = IPPROTO_TCP;
        r->v2.idiag_states = program->states;
    }
    r->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    r->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
    if (program->len) {
        struct nlattr *a = (struct nlattr *)(bytes + r->header.nlmsg_len);
        a->nla_type = INET_DIAG_REQ_BYTECODE;
        a->nla_len = (uint16_t)(NLA_HDRLEN + program->len);
        memcpy((uint8_t *)a + NLA_HDRLEN, program->bytecode, program->len);
        r->header.nlmsg_len += a->nla_len;
    }
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    need(fd >= 0 && send(fd, bytes, r->header.nlmsg_len, 0) == (ssize_t)r->header.nlmsg_len, "netlink");
    static uint8_t answer[65536];
    tcps_linux_diag d = {0};
    while (!d.done && !d.error) {
        ssize_t n = recv(fd, answer, sizeof answer, 0);
        tcps_status status;
        need(n > 0, "recv");
        if (tcps_linux_diag_parse(&d, answer, (size_t)n, &t->sink, &status) != TCPS_OK) {
            fprintf(stderr, "%s\n", status.what);
            exit(1);
        }
    }
    close(fd);
    if (d.error) {
        fprintf(stderr, "the kernel refuses the program: %s\n", strerror(d.error));
        exit(1);
    }
}

/* ---- the comparison ---- */

static const tcps_record *find(const table *t, uint64_t id) {
    for (unsigned i = 0; i < t->count; i++)
        if (t->record[i].value[TCPS_F_socket_id] == id) return &t->record[i];
    return NULL;
}

static table tables[3], *whole = &tables[0], *pushed = &tables[1], *later = &tables[2];
static unsigned long compared, kept;

/* Fills `t` with what the kernel gives for `program`. */
static void fill(table *t, const tcps_inet_diag *program, bool by_family) {
    tcps_rows_clear(&t->sink.pass->rows);
    t->count = 0;
    dump(t, by_family ? AF_INET : AF_UNSPEC, program);
    if (by_family) dump(t, AF_INET6, program);
}

/* Whether both hold the same sockets in the same states. */
static bool same(const table *a, const table *b) {
    for (unsigned i = 0; i < a->count; i++) {
        const tcps_record *r = find(b, a->record[i].value[TCPS_F_socket_id]);
        if (!r || r->value[TCPS_F_state] != a->record[i].value[TCPS_F_state]) return false;
    }
    return a->count == b->count;
}

/* Every socket there is, those that are only bound as well. */
static tcps_inet_diag everything(void) {
    tcps_inet_diag all;
    tcps_filter_inet_diag(NULL, &all);
    all.states |= 1u << LINUX_BOUND_INACTIVE;
    return all;
}

/* The first socket that the filter and the kernel disagree on; NULL: none. Sockets that are only bound are there if they are asked for. */
static const tcps_record *difference(const tcps_filter *f, const tcps_inet_diag *program) {
    bool asked = program->states >> LINUX_BOUND_INACTIVE & 1;
    for (unsigned i = 0; i < whole->count; i++) {
        const tcps_record *r = &whole->record[i];
        if (r->value[TCPS_F_state] == TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSED && !asked) continue;
        if (tcps_filter_matches_endpoints(f, r) != !!find(pushed, r->value[TCPS_F_socket_id])) return r;
    }
    for (unsigned i = 0; i < pushed->count; i++)
        if (!find(whole, pushed->record[i].value[TCPS_F_socket_id])) return &pushed->record[i];
    return NULL;
}

/* Sockets of `whole` that the filter admits, and those that the kernel gives: the same? */
static void compare(const char *text, const tcps_filter *f, bool by_family) {
    tcps_inet_diag program, all = everything();
    tcps_filter_inet_diag(f, &program);
    const tcps_record *r;
    for (;;) {
        fill(pushed, &program, by_family);
        r = difference(f, &program);
        if (!r) break;
        fill(later, &all, false);
        if (same(whole, later)) break;
        table *before = whole;
        whole = later, later = before;
    }
    if (r) {
        const tcps_text *local = (const tcps_text *)(uintptr_t)r->value[TCPS_F_local_addr];
        char address[INET6_ADDRSTRLEN];
        inet_ntop(local->len == 4 ? AF_INET : AF_INET6, local->bytes, address, sizeof address);
        fprintf(stderr, "%s\n  only the %s keeps %s port %u state %u\n", text, find(pushed, r->value[TCPS_F_socket_id]) ? "kernel" : "filter",
                address, (unsigned)r->value[TCPS_F_local_port], (unsigned)r->value[TCPS_F_state]);
        exit(1);
    }
    kept += pushed->count;
    compared++;
}

static void try(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    tcps_status status;
    tcps_filter *f = tcps_filter_parse(text, strlen(text), &status);
    if (!f) {
        fprintf(stderr, "%s: %s\n", text, status.what);
        exit(1);
    }
    compare(text, f, false);
    compare(text, f, true);
    tcps_filter_free(f);
}

static const char *pick(const char *const *from) {
    unsigned n = 0;
    while (from[n]) n++;
    return from[(unsigned)rand() % n];
}

static void try_some(unsigned rounds) {
    static const char *const local_ports[] = {"",
                                              "",
                                              " local_port=80",
                                              " local_port=443,8080",
                                              " local_port=1-1023",
                                              " local_port=30000-30005,50000-50010",
                                              " local_port=1,2,3,4,5,6,7-79,80-8080",
                                              " local_port=1-65535",
                                              NULL};
    static const char *const remote_ports[] = {"",
                                               "",
                                               " remote_port=80",
                                               " remote_port=1024-65535",
                                               " remote_port=443,30000-30002,8080",
                                               " remote_port=1-9,10-19,20-29,30-39,40-79,81-8079,8081-49999,50000-65535",
                                               NULL};
    static const char *const local_addrs[] = {"",
                                              "",
                                              " local_addr=127.0.0.1",
                                              " local_addr=127.0.0.0/8",
                                              " local_addr=127.0.0.0/30",
                                              " local_addr=0.0.0.0/0",
                                              " local_addr=0.0.0.0",
                                              " local_addr=::",
                                              " local_addr=::/0",
                                              " local_addr=::1",
                                              " local_addr=::ffff:127.0.0.0/104",
                                              " local_addr=::ffff:0:0/96",
                                              " local_addr=127.1.2.2/31",
                                              NULL};
    static const char *const remote_addrs[] = {"",
                                               "",
                                               " remote_addr=127.0.0.1",
                                               " remote_addr=127.1.0.0/16",
                                               " remote_addr=0.0.0.0/0",
                                               " remote_addr=::/127",
                                               " remote_addr=::",
                                               " remote_addr=0.0.0.0",
                                               " remote_addr=::ffff:127.0.0.3",
                                               NULL};
    static const char *const states[] = {"",
                                         "",
                                         " include_state=established",
                                         " exclude=listen,time_wait",
                                         " include_state=listen",
                                         " include_state=syn_rcvd,syn_sent",
                                         " include_state=time_wait,fin_wait_2,close_wait",
                                         " include_state=closed",
                                         " include_state=bound,listen",
                                         " exclude=closed,listen,syn_sent,syn_received,established,close_wait,fin_wait_1,closing,last_ack,fin_wait_2,"
                                         "time_wait",
                                         NULL};
    static const char *const families[] = {"", "", " ipv4_only", " ipv6_only", NULL};
    for (unsigned i = 0; i < rounds; i++)
        try("%s%s%s%s%s%s", pick(local_ports), pick(remote_ports), pick(local_addrs), pick(remote_addrs), pick(states), pick(families));
}

int main(int argc, char **argv) {
    srand(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
    tcps_schema_init();
    make_sockets();
    for (unsigned i = 0; i < 3; i++) {
        tables[i].sink = (tcps_sink){.pass = tcps_pass_new(), .put = put};
        need(tables[i].sink.pass, "memory");
    }

    tcps_inet_diag all = everything();
    fill(whole, &all, false);
    unsigned states = 0, sockets = whole->count;
    for (unsigned i = 0; i < sockets; i++) states |= 1u << whole->record[i].value[TCPS_F_state];
    try_some(2000);
    printf("%u sockets in states 0x%x, %lu dumps compared, %lu sockets kept\n", sockets, states, compared, kept);
    return 0;
}
#endif
