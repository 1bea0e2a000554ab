/* What FreeBSD's kernel exports, as numbers, so that its answers are read on any platform.
 * struct xinpgen, xtcpcb, xfile, kinfo_proc and tcp_info of FreeBSD 13, 14 and 15 on LP64 machines (amd64 and arm64 are identical), and the
 * records of the tcpstats kernel module. Integers are in the machine's order, which is little-endian on both, unless "BE" is said. */
#ifndef TCPS_ABI_FREEBSD_H
#define TCPS_ABI_FREEBSD_H

enum {
    FREEBSD_AF_INET = 2,
    FREEBSD_AF_INET6 = 28,

    /* TCPS_*: the schema's TcpState is one more */
    FREEBSD_TCPS_LISTEN = 1,
    FREEBSD_TCPS_COUNT = 11,

    /* struct xinpgen (netinet/in_pcb.h): before and after the records of net.inet.tcp.pcblist */
    XIG_LEN = 0,   /* u64 */
    XIG_COUNT = 8, /* u32; not the number of records */
    XIG_GEN = 16,  /* u64 */
    XIG_SIZE = 64,

    /* struct xtcpcb (netinet/tcp_var.h), with its xinpcb and xsocket */
    XT_LEN = 0, /* u64 */
    XT_XI_LEN = 8,
    XT_SO = 24,
    XT_QLEN = 120,
    XT_INCQLEN = 124,
    XT_QLIMIT = 128,
    XT_UID = 136,
    XT_OPTIONS = 174, /* i16 */
    XT_ERROR = 182,   /* u16 */
    XT_RCV_CC = 184,
    XT_RCV_HIWAT = 188,
    XT_SND_CC = 220,
    XT_SND_HIWAT = 224,
    XT_FIB = 258,   /* u16 */
    XT_FPORT = 260, /* BE */
    XT_LPORT = 262, /* BE */
    XT_FADDR = 264, /* 16 bytes; IPv4 is the last 4 */
    XT_LADDR = 280,
    XT_GENCNT = 304, /* u64 */
    XT_FLOWID = 356,
    XT_HOPS = 396,  /* i16: IPv6's hop limit; -1: the system's default */
    XT_TOS = 398,   /* u8 */
    XT_VFLAG = 400, /* u8 */
    XT_TTL = 401,   /* u8 */
    XT_STACK = 408,
    XT_STACK_SIZE = 32,
    XT_LOGID = 440,
    XT_LOGID_SIZE = 64,
    XT_CC = 504,
    XT_CC_SIZE = 16,
    XT_STATE = 568,
    XT_FLAGS = 572,
    XT_SNDZEROWIN = 576,
    XT_SNDREXMITPACK = 580,
    XT_RCVOOPACK = 584,
    XT_RCVTIME = 588,
    XT_TT_REXMT = 592, /* i32, ms; negative: due */
    XT_TT_PERSIST = 596,
    XT_TT_KEEP = 600,
    XT_TT_2MSL = 604,
    XT_TT_DELACK = 608,
    XT_SND_CWND = 616,
    XT_SND_SSTHRESH = 620,
    XT_MAXSEG = 624,
    XT_RCV_WND = 628,
    XT_SND_WND = 632,
    XT_ECN = 636,
    XT_ENCAPS_PORT_13 = 640, /* BE; where 14 has dsack_bytes, in a struct of the same size */
    XT_DSACK_BYTES = 640,    /* 14 and newer, as the next three */
    XT_DSACK_TLP_BYTES = 644,
    XT_DSACK_PACK = 648,
    XT_ENCAPS_PORT = 652, /* BE */

    XT_VFLAG_IPV4 = 1, /* both: a dual-stack listener */
    XT_VFLAG_IPV6 = 2,
    XT_OPTION_ACCEPTCONN = 2, /* SO_ACCEPTCONN: a listener */

    /* struct xfile (sys/file.h): kern.file */
    XF_LEN = 0,   /* u64 */
    XF_PID = 8,   /* i32 */
    XF_FD = 16,   /* i32 */
    XF_TYPE = 32, /* i16 */
    XF_DATA = 56, /* u64: xso_so of a socket */
    XF_TYPE_SOCKET = 2,

    /* struct kinfo_proc (sys/user.h) */
    KI_STRUCTSIZE = 0, /* i32 */
    KI_COMM = 447,
    KI_COMM_SIZE = 20,
    KI_SIZE = 1088,

    /* struct tcpstat (netinet/tcp_var.h): u64 each; sizes tell releases apart */
    TCPSTAT_SIZE_13 = 904,
    TCPSTAT_SIZE_14 = 984,
    TCPSTAT_SIZE_15 = 1000,

    /* struct tcp_info (netinet/tcp.h) */
    TI_STATE = 0,   /* u8 */
    TI_OPTIONS = 5, /* u8 */
    TI_WSCALE = 6,  /* snd in the low 4 bits, rcv in the high */
    TI_RTO = 8,
    TI_SND_MSS = 16,
    TI_LAST_DATA_RECV = 52, /* microseconds, unlike Linux */
    TI_RTT = 68,
    TI_RTTVAR = 72,
    TI_SND_SSTHRESH = 76, /* bytes, unlike Linux */
    TI_SND_CWND = 80,     /* bytes, unlike Linux */
    TI_RCV_SPACE = 96,    /* the receive window that we offer */
    TI_SND_WND = 100,
    TI_SND_NXT = 108,
    TI_RCV_NXT = 112,
    TI_SND_REXMITPACK = 120,
    TI_RCV_OOOPACK = 124,
    TI_SND_ZEROWIN = 128,
    TI_SIZE_13 = 236, /* padding from 132 on */
    TI_DELIVERED_CE = 132,
    TI_RECEIVED_CE = 136,
    TI_TOTAL_TLP = 164,
    TI_TOTAL_TLP_BYTES = 168, /* u64 */
    TI_SND_UNA = 176,
    TI_SND_MAX = 180,
    TI_NUMSACKS = 184,
    TI_RCV_ADV = 188,
    TI_DUPACKS = 192,
    TI_SIZE_14 = 240,

    /* TCPI_OPT_* */
    TI_OPT_TIMESTAMPS = 1,
    TI_OPT_SACK = 2,
    TI_OPT_WSCALE = 4,
    TI_OPT_ECN = 8,
    TI_OPT_TFO = 32,

    /* A record of /dev/tcpstats: packed, ports in host order, IPv4 in the first 4 bytes of its field */
    KLD_VERSION = 0,
    KLD_LEN = 4,
    KLD_FLAGS = 8,
    KLD_AF = 16, /* u8 */
    KLD_LPORT = 20,
    KLD_RPORT = 22,
    KLD_LADDR = 24,
    KLD_RADDR = 40,
    KLD_STATE = 56,
    KLD_TCP_FLAGS = 60,
    KLD_CWND = 64,
    KLD_SSTHRESH = 68,
    KLD_SND_WND = 72,
    KLD_RCV_WND = 76,
    KLD_MAXSEG = 80,
    KLD_CC = 84,
    KLD_STACK = 100,
    KLD_NAME_SIZE = 16,
    KLD_RTT = 116,
    KLD_RTTVAR = 120,
    KLD_RTO = 124,
    KLD_SND_WSCALE = 132, /* u8, as the next two */
    KLD_RCV_WSCALE = 133,
    KLD_OPTIONS = 134,
    KLD_SND_NXT = 136,
    KLD_SND_UNA = 140,
    KLD_SND_MAX = 144,
    KLD_RCV_NXT = 148,
    KLD_RCV_ADV = 152,
    KLD_REXMIT = 156,
    KLD_OOO = 160,
    KLD_ZEROWIN = 164,
    KLD_DUPACKS = 168,
    KLD_NUMSACKS = 172,
    KLD_ECN = 176,
    KLD_DELIVERED_CE = 180,
    KLD_RECEIVED_CE = 184,
    KLD_DSACK_BYTES = 188,
    KLD_DSACK_PACK = 192,
    KLD_TOTAL_TLP = 196,
    KLD_TLP_BYTES = 200, /* u64 */
    KLD_TT_REXMT = 208,  /* i32, ms */
    KLD_TT_PERSIST = 212,
    KLD_TT_KEEP = 216,
    KLD_TT_2MSL = 220,
    KLD_TT_DELACK = 224,
    KLD_RCVTIME = 228, /* the timers' group ends with it */
    KLD_SND_CC = 232,
    KLD_SND_HIWAT = 236,
    KLD_RCV_CC = 240,
    KLD_RCV_HIWAT = 244,
    KLD_SO = 248, /* u64 */
    KLD_UID = 256,
    KLD_GENCNT = 260, /* u64, unaligned */
    KLD_SIZE = 320,

    KLD_PROTOCOL = 1,
    KLD_FLAG_IPV6 = 1,
    KLD_FLAG_LISTEN = 2,
    KLD_FLAG_SYNCACHE = 4,

    /* Groups of fields that SET_FILTER asks for; the rest of a record is always filled */
    KLD_FIELDS_STATE = 0x002,
    KLD_FIELDS_CONGESTION = 0x004,
    KLD_FIELDS_RTT = 0x008,
    KLD_FIELDS_SEQUENCES = 0x010,
    KLD_FIELDS_COUNTERS = 0x020,
    KLD_FIELDS_TIMERS = 0x040,
    KLD_FIELDS_BUFFERS = 0x080,
    KLD_FIELDS_ECN = 0x100,
    KLD_FIELDS_NAMES = 0x200,
    KLD_FIELDS_ALL = 0x3FF,
    KLD_FIELDS_DEFAULT = 0x08F,

    KLD_VERSION_SIZE = 16, /* struct tcpstats_version: u32 protocol, record size, count hint, flags */

    /* struct tcpstats_filter, version 2. Everything is ANDed; an empty part matches all */
    KF_VERSION = 0,
    KF_STATE_MASK = 4, /* u16: 1 << TCPS_*; 0xffff is all */
    KF_FLAGS = 8,
    KF_LOCAL_PORTS = 12, /* u16 BE each, up to 8; 0 ends the list */
    KF_REMOTE_PORTS = 28,
    KF_LOCAL_ADDR4 = 44, /* network order */
    KF_LOCAL_MASK4 = 48,
    KF_REMOTE_ADDR4 = 52,
    KF_REMOTE_MASK4 = 56,
    KF_LOCAL_ADDR6 = 60,
    KF_LOCAL_PREFIX6 = 76, /* u8 */
    KF_REMOTE_ADDR6 = 80,
    KF_REMOTE_PREFIX6 = 96, /* u8 */
    KF_FIELD_MASK = 100,
    KF_FORMAT = 104,
    KF_SIZE = 124,

    KF_VERSION_2 = 2,
    KF_PORTS = 8,
    KF_ALL_STATES = 0xffff,
    KF_FLAG_LOCAL_PORT = 0x00002000,
    KF_FLAG_REMOTE_PORT = 0x00004000,
    KF_FLAG_LOCAL_ADDR = 0x00008000,
    KF_FLAG_REMOTE_ADDR = 0x00010000,
    KF_FLAG_IPV4_ONLY = 0x00020000,
    KF_FLAG_IPV6_ONLY = 0x00040000,
};

/* ioctls of the device, _IOR('T', 1, struct tcpstats_version) and _IOW('T', 2, struct tcpstats_filter) */
#define KLD_IOCTL_VERSION 0x40105401u
#define KLD_IOCTL_SET_FILTER 0x807c5402u

#endif
