#include "input.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/linux.h"
#include "abi/xnu.h"

enum { LINUX_ROOM = 512, MACOS_SOCKET = 616, TCP_INFO_SIZE = 280 };

static uint64_t state;

static uint32_t any(uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

static bench_bytes allocate(size_t size) {
    bench_bytes b = {calloc(1, size), 0};
    if (!b.bytes) {
        fprintf(stderr, "bench: no memory\n");
        exit(1);
    }
    state = 1;
    return b;
}

static void put8(uint8_t *at, size_t offset, unsigned v) { at[offset] = (uint8_t)v; }
static void put16(uint8_t *at, size_t offset, uint16_t v) { memcpy(at + offset, &v, sizeof v); }
static void put32(uint8_t *at, size_t offset, uint32_t v) { memcpy(at + offset, &v, sizeof v); }
static void put64(uint8_t *at, size_t offset, uint64_t v) { memcpy(at + offset, &v, sizeof v); }
static void put_port(uint8_t *at, size_t offset, unsigned port) {
    put8(at, offset, port >> 8);
    put8(at, offset + 1, port & 255);
}

/* Where the attribute's payload goes; `*m` moves behind it. */
static uint8_t *attribute(uint8_t **m, unsigned type, size_t len) {
    put16(*m, 0, (uint16_t)(4 + len));
    put16(*m, 2, (uint16_t)type);
    uint8_t *payload = *m + 4;
    *m += (4 + len + 3) & ~(size_t)3;
    return payload;
}

static void fill_linux_info(uint8_t *info, bool idle) {
    unsigned mss = any(4) ? 1448 : 1460, rtt = 200 + any(80000);
    uint64_t sent = idle ? 0 : any(90000000), received = idle ? 0 : any(20000000);
    unsigned packets = (unsigned)(sent / mss), lost = any(20) ? 0 : any(300);
    put8(info, 0, LINUX_ESTABLISHED);
    put8(info, 5, OPT_TIMESTAMPS | OPT_SACK | OPT_WSCALE);
    put8(info, 6, 7 | 7 << 4);
    put8(info, 7, any(2));
    put32(info, 8, 200000 + 1000 * any(60));
    put32(info, 12, 40000);
    put32(info, 16, mss);
    put32(info, 20, 536 + any(900));
    put32(info, 24, any(4) ? 0 : any(20));
    put32(info, 44, any(60000));
    put32(info, 52, any(60000));
    put32(info, 56, any(60000));
    put32(info, 60, 1500);
    put32(info, 64, 64076 + any(3) * 4096);
    put32(info, 68, rtt);
    put32(info, 72, rtt / 2 - any(90));
    put32(info, 76, any(3) ? SSTHRESH_INFINITE : 10 + any(60));
    put32(info, 80, 10 + any(50));
    put32(info, 84, 1448);
    put32(info, 88, 3);
    put32(info, 92, idle ? 0 : any(90000));
    put32(info, 96, 14480 + any(2) * 40000);
    put32(info, 100, lost);
    put64(info, 104, 1000000 + 1000ull * any(9000000));
    put64(info, 112, UINT64_MAX);
    put64(info, 120, sent + 1);
    put64(info, 128, received);
    put32(info, 136, packets + 3);
    put32(info, 140, packets / 2 + 3);
    put32(info, 148, rtt - any(100));
    put32(info, 152, (uint32_t)(received / mss));
    put32(info, 156, packets);
    put64(info, 160, idle ? 0 : 100000 + any(90000000));
    put64(info, 168, 1000ull * any(90000));
    put32(info, 192, packets + 1);
    put64(info, 200, sent);
    put64(info, 208, (uint64_t)lost * mss);
    put32(info, 224, any(20) ? 0 : any(50));
    put32(info, 228, 64256 + any(7) * 1024);
    put32(info, 232, 65535);
}

static size_t put_linux_socket(uint8_t *begin, size_t i) {
    bool v6 = i % 10 == 3, listens = i % 500 == 7;
    uint8_t *m = begin + NL_HEADER;
    put8(m, MSG_FAMILY, v6 ? LINUX_AF_INET6 : LINUX_AF_INET);
    put8(m, MSG_STATE, listens ? LINUX_LISTEN : LINUX_ESTABLISHED);
    put_port(m, MSG_SPORT, listens ? 1024 + (unsigned)i % 60000 : 443);
    put_port(m, MSG_DPORT, listens ? 0 : 1024 + any(64000));
    for (size_t n = 0; n < (v6 ? 16 : 4) && !listens; n++) {
        put8(m, MSG_SRC + n, v6 ? 0x20 + (unsigned)n : 10);
        put8(m, MSG_DST + n, any(256));
    }
    put64(m, MSG_COOKIE, 0x5000 + i);
    put32(m, MSG_RQUEUE, any(30) ? 0 : any(4000));
    put32(m, MSG_WQUEUE, listens ? 4096 : any(10) ? 0 : any(90000));
    put32(m, MSG_UID, 33);
    put32(m, MSG_INODE, (uint32_t)(100000 + 3 * i));

    m += MSG_SIZE;
    put8(attribute(&m, ATTR_SHUTDOWN, 1), 0, 0);
    put8(attribute(&m, ATTR_TOS, 1), 0, 0);
    if (v6) {
        put8(attribute(&m, ATTR_TCLASS, 1), 0, 0);
        put8(attribute(&m, ATTR_SKV6ONLY, 1), 0, 1);
    }
    put32(attribute(&m, ATTR_MARK, 4), 0, 0);
    put32(attribute(&m, ATTR_CLASS_ID, 4), 0, 0);
    put64(attribute(&m, ATTR_CGROUP_ID, 8), 0, 4711 + any(20));
    put16(attribute(&m, ATTR_SOCKOPT, 2), 0, 0x52);
    uint8_t *memory = attribute(&m, ATTR_SKMEMINFO, 36);
    put32(memory, 4, 131072);
    put32(memory, 12, 87040 + 2304 * any(20));
    uint8_t *info = attribute(&m, ATTR_INFO, TCP_INFO_SIZE);
    if (listens)
        put32(info, 88, 3);
    else
        fill_linux_info(info, i % 8 == 5);
    memcpy(attribute(&m, ATTR_CONG, 6), "cubic", 6);
    put32(begin, NL_LEN, (uint32_t)(m - begin));
    put16(begin, NL_TYPE, NL_TYPE_TCPDIAG);
    put16(begin, NL_FLAGS, 2 /* NLM_F_MULTI */);
    return (size_t)(m - begin);
}

bench_bytes bench_linux_dump(size_t sockets) {
    bench_bytes b = allocate((sockets + 1) * LINUX_ROOM);
    for (size_t i = 0; i < sockets; i++) b.len += put_linux_socket(b.bytes + b.len, i);
    put32(b.bytes + b.len, NL_LEN, NL_HEADER + 4);
    put16(b.bytes + b.len, NL_TYPE, NL_TYPE_DONE);
    b.len += NL_HEADER + 4;
    return b;
}

/* A record of the group, its tag written; `*at` moves behind it. */
static uint8_t *piece(uint8_t **at, unsigned kind, size_t size) {
    uint8_t *p = *at;
    put32(p, XTAG_LEN, (uint32_t)size);
    put32(p, XTAG_KIND, kind);
    *at += (size + 7) & ~(size_t)7;
    return p;
}

static void put_macos_socket(uint8_t *at, size_t i) {
    uint32_t sequence = any(1u << 31), rtt = 32 * (1 + any(80));
    uint8_t *p = piece(&at, XKIND_INPCB, XINPCB_SIZE);
    put64(p, XINPCB_INPP, 0xf0000 + i);
    put_port(p, XINPCB_FPORT, 443);
    put_port(p, XINPCB_LPORT, 49152 + (unsigned)(i % 16000));
    put64(p, XINPCB_GENCNT, 1000 + i);
    put8(p, XINPCB_VFLAG, XVFLAG_IPV4);
    put32(p, XINPCB_FADDR + XADDR_IPV4, any(1u << 31));
    put32(p, XINPCB_LADDR + XADDR_IPV4, 0x0100a8c0);
    p = piece(&at, XKIND_SOCKET, 104);
    put64(p, XSOCKET_SO, 0xa0000 + 8 * i);
    put32(p, XSOCKET_UID, 501);
    put32(p, XSOCKET_LAST_PID, 300 + any(2000));
    p = piece(&at, XKIND_RCVBUF, XSOCKBUF_SIZE);
    put32(p, XSOCKBUF_HIWAT, 131072);
    p = piece(&at, XKIND_SNDBUF, XSOCKBUF_SIZE);
    put32(p, XSOCKBUF_CC, any(10) ? 0 : any(60000));
    put32(p, XSOCKBUF_HIWAT, 132104);
    p = piece(&at, XKIND_STATS, XSOCKSTAT_SIZE);
    put64(p, XSOCKSTAT_DATA + XDATA_TXBYTES, any(90000000));
    p = piece(&at, XKIND_TCPCB, XTCPCB_SIZE);
    put32(p, XTCPCB_TIMER + 4 * XTIMER_KEEP, 1);
    put32(p, XTCPCB_STATE, 4);
    put32(p, XTCPCB_FLAGS, 0x3e0);
    put32(p, XTCPCB_SND_UNA, sequence);
    put32(p, XTCPCB_SND_MAX, sequence + any(2000));
    put32(p, XTCPCB_SND_NXT, sequence + any(2000));
    put32(p, XTCPCB_RCV_NXT, any(1u << 31));
    put32(p, XTCPCB_RCV_ADV, any(1u << 31));
    put32(p, XTCPCB_RCV_WND, 131072);
    put32(p, XTCPCB_SND_WND, 65536 + any(60000));
    put32(p, XTCPCB_SND_CWND, 14480 + any(90000));
    put32(p, XTCPCB_SND_SSTHRESH, 1073725440);
    put32(p, XTCPCB_RCVTIME, 4000000 + any(90000));
    put32(p, XTCPCB_STARTTIME, 1000000 + any(90000));
    put32(p, XTCPCB_RXTCUR, 200 + any(100));
    put32(p, XTCPCB_MAXSEG, 1448);
    put32(p, XTCPCB_SRTT, rtt);
    put32(p, XTCPCB_RTTVAR, rtt / 8);
    put32(p, XTCPCB_RTTMIN, 100);
    put32(p, XTCPCB_RTTUPDATED, any(5000));
    put8(p, XTCPCB_SND_SCALE, 6);
    put8(p, XTCPCB_RCV_SCALE, 6);
}

static void put_generation(bench_bytes *b, size_t sockets) {
    put32(b->bytes + b->len, XIG_LEN, XIG_SIZE);
    put32(b->bytes + b->len, XIG_COUNT, (uint32_t)sockets);
    put64(b->bytes + b->len, XIG_GEN, 4711);
    b->len += XIG_SIZE;
}

bench_bytes bench_macos_dump(size_t sockets) {
    bench_bytes b = allocate(2 * XIG_SIZE + sockets * MACOS_SOCKET);
    put_generation(&b, sockets);
    for (size_t i = 0; i < sockets; i++, b.len += MACOS_SOCKET) put_macos_socket(b.bytes + b.len, i);
    put_generation(&b, sockets);
    return b;
}
