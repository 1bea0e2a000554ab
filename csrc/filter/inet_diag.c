#include "filter/inet_diag.h"

#include "abi/linux.h"
#include "filter/clause.h"

/* The byte code of <linux/inet_diag.h>, as numbers so that it is compiled and tested on any platform. The kernel runs it in inet_diag_bc_run
 * (net/ipv4/inet_diag.c): an operation is 4 bytes, a code and how far to go on yes and on no, and its operand follows. Landing on the end
 * accepts the socket, landing 4 bytes beyond it refuses it. inet_diag_bc_audit takes a program only if following every `yes` walks from the
 * first operation to the very end and every `no` lands on that walk or 4 beyond the end. Hence the shape here: `yes` is always the next
 * operation, and a jump, which always takes its `no`, is what skips any. */
enum {
    BC_JMP = 1,
    BC_S_GE = 2,
    BC_S_LE = 3,
    BC_D_GE = 4,
    BC_D_LE = 5,
    BC_S_COND = 7,
    BC_D_COND = 8,

    ANY_FAMILY = 0, /* AF_UNSPEC */
    ANY_PORT = -1,

    OP_SIZE = 4,
    PORT_SIZE = 2 * OP_SIZE, /* a comparison: the port is the `no` of a second operation */
    COND_SIZE = OP_SIZE + 8, /* struct inet_diag_hostcond: family, prefix length, 2 bytes of padding, port; then the address of the family */
    RANGE_SIZE = 2 * PORT_SIZE,

    /* A `no` that refuses; only the finished program knows how far that is. */
    REFUSE = 0xffff,
};

/* A kind other than STATES and a field go into a filter once: two ends with ports and addresses, and one family. */
_Static_assert(2 * TCPS_FILTER_PORTS * (RANGE_SIZE + OP_SIZE) + 3 * (COND_SIZE + 16) + OP_SIZE <= TCPS_INET_DIAG_ROOM, "the longest program fits");

/* The codes that look at one end of a connection. */
typedef struct end_codes {
    uint8_t ge, le, cond;
} end_codes;

static const end_codes *codes_of(const tcps_clause *c) {
    static const end_codes local = {BC_S_GE, BC_S_LE, BC_S_COND}, remote = {BC_D_GE, BC_D_LE, BC_D_COND};
    return c->field == TCPS_F_local_port || c->field == TCPS_F_local_addr ? &local : &remote;
}

static void put_op(tcps_inet_diag *p, unsigned code, unsigned yes, unsigned no) {
    uint8_t *op = p->bytecode + p->len;
    uint16_t far = (uint16_t)no;
    op[0] = (uint8_t)code;
    op[1] = (uint8_t)yes;
    memcpy(op + 2, &far, sizeof far);
    p->len += OP_SIZE;
}

static void put_port(tcps_inet_diag *p, unsigned code, unsigned port, unsigned no) {
    put_op(p, code, PORT_SIZE, no);
    put_op(p, 0, 0, port);
}

/* `bytes` has what the family's addresses have; the kernel wants them also for a prefix of 0 bits. */
static void put_cond(tcps_inet_diag *p, unsigned code, unsigned family, unsigned bits, int32_t port, const uint8_t *bytes, unsigned no) {
    unsigned size = family == LINUX_AF_INET6 ? 16 : family == LINUX_AF_INET ? 4 : 0;
    put_op(p, code, COND_SIZE + size, no);
    uint8_t *cond = p->bytecode + p->len;
    memset(cond, 0, COND_SIZE - OP_SIZE);
    cond[0] = (uint8_t)family;
    cond[1] = (uint8_t)bits;
    memcpy(cond + 4, &port, sizeof port);
    if (size) memcpy(cond + 8, bytes, size);
    p->len += COND_SIZE - OP_SIZE + size;
}

static bool is_single(const tcps_port_range *r) { return r->first == r->last; }
static unsigned range_size(const tcps_port_range *r) { return is_single(r) ? (unsigned)COND_SIZE : (unsigned)RANGE_SIZE; }

/* "This range, or the next, or ...": every range but the last is followed by a jump to the end, which its own tests skip on no. */
static void put_ports(tcps_inet_diag *p, const tcps_clause *c) {
    const end_codes *code = codes_of(c);
    const tcps_port_set *set = &c->ports;
    unsigned end = p->len;
    for (unsigned i = 0; i < set->count; i++) end += range_size(&set->range[i]) + (i + 1 < set->count ? (unsigned)OP_SIZE : 0);
    for (unsigned i = 0; i < set->count; i++) {
        const tcps_port_range *r = &set->range[i];
        bool last = i + 1 == set->count;
        unsigned next = range_size(r) + OP_SIZE;
        if (is_single(r)) {
            put_cond(p, code->cond, ANY_FAMILY, 0, r->first, NULL, last ? (unsigned)REFUSE : next);
        } else {
            put_port(p, code->ge, r->first, last ? (unsigned)REFUSE : next);
            put_port(p, code->le, r->last, last ? (unsigned)REFUSE : next - PORT_SIZE);
        }
        if (!last) put_op(p, BC_JMP, OP_SIZE, end - p->len);
    }
}

/* The kernel compares an IPv4 prefix with IPv4-mapped addresses of IPv6 sockets too, as tcps_prefix_contains does. */
static void put_prefix(tcps_inet_diag *p, const tcps_clause *c) {
    const tcps_prefix *prefix = &c->prefix;
    put_cond(p, codes_of(c)->cond, prefix->size == 4 ? LINUX_AF_INET : LINUX_AF_INET6, prefix->bits, ANY_PORT, prefix->bytes, REFUSE);
}

/* "Not IPv6" instead of "IPv4", for which the kernel would also take IPv4-mapped sockets. */
static void put_family(tcps_inet_diag *p, const tcps_clause *c) {
    static const uint8_t none[16];
    bool want6 = c->ip_version == TCPSTATS_READER__IP_VERSION__IP_VERSION_6;
    put_cond(p, BC_S_COND, LINUX_AF_INET6, 0, ANY_PORT, none, want6 ? REFUSE : COND_SIZE + sizeof none + OP_SIZE);
    if (!want6) put_op(p, BC_JMP, OP_SIZE, REFUSE);
}

/* idiag_states; the kernel takes NEW_SYN_RECV with SYN_RECV. Sockets that are only bound cost the kernel a walk of their own, so they are asked for
 * where CLOSED is named, not where it is what exclude= leaves. */
static void put_states(tcps_inet_diag *p, const tcps_clause *c) {
    static const uint8_t number[] = {
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED] = LINUX_ESTABLISHED,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT] = LINUX_SYN_SENT,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED] = LINUX_SYN_RECV,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_FIN_WAIT_1] = LINUX_FIN_WAIT1,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_FIN_WAIT_2] = LINUX_FIN_WAIT2,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT] = LINUX_TIME_WAIT,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSED] = LINUX_CLOSE,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSE_WAIT] = LINUX_CLOSE_WAIT,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_LAST_ACK] = LINUX_LAST_ACK,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_LISTEN] = LINUX_LISTEN,
        [TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSING] = LINUX_CLOSING,
    };
    uint32_t mask = 0;
    for (unsigned state = 1; state < sizeof number; state++) mask |= (c->states >> state & 1) << number[state];
    bool bound = mask >> LINUX_CLOSE & 1 && !(c->states >> TCPS_STATE_OTHER & 1);
    p->states = (p->states & mask) | (uint32_t)bound << LINUX_BOUND_INACTIVE;
}

static void resolve_refusals(tcps_inet_diag *p) {
    uint16_t no;
    for (unsigned at = 0; at < p->len; at += p->bytecode[at + 1]) {
        memcpy(&no, p->bytecode + at + 2, sizeof no);
        if (no != REFUSE) continue;
        no = (uint16_t)(p->len - at + OP_SIZE);
        memcpy(p->bytecode + at + 2, &no, sizeof no);
    }
}

void tcps_filter_inet_diag(const tcps_filter *f, tcps_inet_diag *program) {
    program->len = 0;
    program->states = LINUX_ALL_STATES;
    for (unsigned i = 0; f && i < f->count; i++) {
        const tcps_clause *c = &f->clause[i];
        if (!c->endpoint) continue;
        switch (c->kind) {
#define PUT(KIND, name)                                                                                                                              \
    case TCPS_CLAUSE_##KIND: put_##name(program, c); break;
            TCPS_ENDPOINT_KINDS(PUT)
#undef PUT
        }
    }
    resolve_refusals(program);
}
