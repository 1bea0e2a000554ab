/* The layouts of Linux's NETLINK_SOCK_DIAG as numbers, so that a recorded answer is read on any platform.
 * From <linux/netlink.h>, <linux/sock_diag.h>, <linux/inet_diag.h>, <linux/tcp.h>, <linux/tls.h> and <linux/mptcp.h>; they only ever grow at the end. */
#ifndef TCPS_ABI_LINUX_H
#define TCPS_ABI_LINUX_H

enum {
    /* struct nlmsghdr */
    NL_LEN = 0,
    NL_TYPE = 4,
    NL_FLAGS = 6,
    NL_HEADER = 16,
    NL_TYPE_NOOP = 1,
    NL_TYPE_ERROR = 2, /* followed by a negative errno */
    NL_TYPE_DONE = 3,  /* the same, 0 when all is well */
    NL_TYPE_TCPDIAG = 18,
    NL_TYPE_SOCK_DIAG = 20,
    NL_FLAG_REQUEST = 0x1,
    NL_FLAG_DUMP_INTR = 0x10,
    NL_FLAG_DUMP = 0x300,

    /* struct inet_diag_req, what TCPDIAG_GETSOCK takes: one dump for both families */
    REQ_EXT = 3,
    REQ_STATES = 52,
    REQ_SIZE = 60,
    REQ_ATTR_BYTECODE = 1,

    /* struct inet_diag_req_v2, for a protocol that the old request cannot name */
    REQ2_FAMILY = 0,
    REQ2_PROTOCOL = 1,
    REQ2_EXT = 2,
    REQ2_STATES = 4,
    REQ2_SIZE = 56,
    REQ_ATTR_PROTOCOL = 3, /* u32: the protocol, in place of the byte of the request */
    LINUX_IPPROTO_TCP = 6,
    LINUX_IPPROTO_MPTCP = 262,

    /* struct inet_diag_msg */
    MSG_FAMILY = 0,
    MSG_STATE = 1,
    MSG_TIMER = 2,
    MSG_RETRANS = 3,
    MSG_SPORT = 4,
    MSG_DPORT = 6,
    MSG_SRC = 8,
    MSG_DST = 24,
    MSG_IF = 40,
    MSG_COOKIE = 44,
    MSG_EXPIRES = 52,
    MSG_RQUEUE = 56,
    MSG_WQUEUE = 60,
    MSG_UID = 64,
    MSG_INODE = 68,
    MSG_SIZE = 72,

    LINUX_AF_INET = 2,
    LINUX_AF_INET6 = 10,

    /* idiag_state */
    LINUX_ESTABLISHED = 1,
    LINUX_SYN_SENT,
    LINUX_SYN_RECV,
    LINUX_FIN_WAIT1,
    LINUX_FIN_WAIT2,
    LINUX_TIME_WAIT,
    LINUX_CLOSE,
    LINUX_CLOSE_WAIT,
    LINUX_LAST_ACK,
    LINUX_LISTEN,
    LINUX_CLOSING,
    LINUX_NEW_SYN_RECV,
    LINUX_BOUND_INACTIVE,     /* from 6.8: bound, and neither listening nor connecting; in the kernel its state is CLOSE */
    LINUX_ALL_STATES = 0xfff, /* without LINUX_BOUND_INACTIVE, for which the kernel walks another hash: 15 % of a dump of 100,000 sockets */

    /* idiag_timer */
    TIMER_REXMT = 1,
    TIMER_KEEP = 2,
    TIMER_2MSL = 3,
    TIMER_PERSIST = 4,

    /* attributes of an answer; bit (n - 1) of idiag_ext asks for one */
    ATTR_MEMINFO = 1,
    ATTR_INFO = 2,
    ATTR_VEGASINFO = 3,
    ATTR_CONG = 4,
    ATTR_TOS = 5,
    ATTR_TCLASS = 6,
    ATTR_SKMEMINFO = 7,
    ATTR_SHUTDOWN = 8,
    ATTR_DCTCPINFO = 9,
    ATTR_SKV6ONLY = 11,
    ATTR_MARK = 15,
    ATTR_BBRINFO = 16,
    ATTR_CLASS_ID = 17,
    ATTR_MD5SIG = 18,
    ATTR_ULP_INFO = 19,
    ATTR_CGROUP_ID = 21,
    ATTR_SOCKOPT = 22,
    ATTR_TYPE_MASK = 0x3fff, /* less NLA_F_NESTED and NLA_F_NET_BYTEORDER */

    /* struct inet_diag_sockopt, a bit field: a connect() that waits for the first data (TCP_FASTOPEN_CONNECT) */
    SOCKOPT_DEFER_CONNECT = 1 << 10,

    /* struct tcp_diag_md5sig: one key */
    MD5SIG_SIZE = 100,

    /* INET_DIAG_SKMEMINFO, SK_MEMINFO_*: an array of u32 */
    SKMEM_RMEM_ALLOC = 0,
    SKMEM_RCVBUF = 4,
    SKMEM_WMEM_ALLOC = 8,
    SKMEM_SNDBUF = 12,
    SKMEM_FWD_ALLOC = 16,
    SKMEM_WMEM_QUEUED = 20,
    SKMEM_OPTMEM = 24,
    SKMEM_BACKLOG = 28,
    SKMEM_DROPS = 32,

    /* struct inet_diag_meminfo */
    MEMINFO_RMEM = 0,
    MEMINFO_WMEM = 4,
    MEMINFO_FMEM = 8,
    MEMINFO_TMEM = 12,

    /* struct tcpvegas_info */
    VEGAS_ENABLED = 0,
    VEGAS_RTTCNT = 4,
    VEGAS_RTT = 8,
    VEGAS_MINRTT = 12,
    VEGAS_SIZE = 16,

    /* struct tcp_dctcp_info */
    DCTCP_ENABLED = 0, /* u16, as CE_STATE */
    DCTCP_CE_STATE = 2,
    DCTCP_ALPHA = 4,
    DCTCP_AB_ECN = 8,
    DCTCP_AB_TOT = 12,
    DCTCP_SIZE = 16,

    /* struct tcp_bbr_info */
    BBR_BW_LO = 0,
    BBR_BW_HI = 4,
    BBR_MIN_RTT = 8,
    BBR_PACING_GAIN = 12,
    BBR_CWND_GAIN = 16,
    BBR_SIZE = 20,

    /* INET_DIAG_ULP_INFO, nested, and in it TLS_INFO_* */
    ULP_NAME = 1,
    ULP_TLS = 2,
    ULP_MPTCP = 3,
    TLS_VERSION = 1,
    TLS_CIPHER = 2,
    TLS_TXCONF = 3,
    TLS_RXCONF = 4,
    TLS_ZC_RO_TX = 5, /* a flag: no payload */

    /* MPTCP_SUBFLOW_ATTR_*, nested in INET_DIAG_ULP_INFO */
    SUBFLOW_TOKEN_REM = 1,
    SUBFLOW_TOKEN_LOC = 2,
    SUBFLOW_MAP_SEQ = 4,
    SUBFLOW_MAP_SFSEQ = 5,
    SUBFLOW_SSN_OFFSET = 6,
    SUBFLOW_MAP_DATALEN = 7,
    SUBFLOW_FLAGS = 8,
    SUBFLOW_ID_REM = 9,
    SUBFLOW_ID_LOC = 10,

    /* struct tcp_info. One byte each up to TCPI_RTO; windows in segments of TCPI_SND_MSS; times in us, the ages from LAST_DATA_SENT to
     * LAST_ACK_RECV in ms; rates in bytes a second. */
    TCPI_STATE = 0,
    TCPI_CA_STATE = 1,
    TCPI_RETRANSMITS = 2,
    TCPI_PROBES = 3,
    TCPI_BACKOFF = 4,
    TCPI_OPTIONS = 5,
    TCPI_WSCALE = 6,      /* send scale in the low half, receive scale in the high one */
    TCPI_APP_LIMITED = 7, /* bit 0; bits 1 and 2: tcpi_fastopen_client_fail */
    TCPI_RTO = 8,
    TCPI_ATO = 12,
    TCPI_SND_MSS = 16,
    TCPI_RCV_MSS = 20,
    TCPI_UNACKED = 24,
    TCPI_SACKED = 28,
    TCPI_LOST = 32,
    TCPI_RETRANS = 36,
    TCPI_FACKETS = 40,
    TCPI_LAST_DATA_SENT = 44,
    TCPI_LAST_ACK_SENT = 48,
    TCPI_LAST_DATA_RECV = 52,
    TCPI_LAST_ACK_RECV = 56,
    TCPI_PMTU = 60,
    TCPI_RCV_SSTHRESH = 64,
    TCPI_RTT = 68,
    TCPI_RTTVAR = 72,
    TCPI_SND_SSTHRESH = 76,
    TCPI_SND_CWND = 80,
    TCPI_ADVMSS = 84,
    TCPI_REORDERING = 88,
    TCPI_RCV_RTT = 92,
    TCPI_RCV_SPACE = 96,
    TCPI_TOTAL_RETRANS = 100,
    TCPI_PACING_RATE = 104, /* u64, as MAX_PACING_RATE, BYTES_ACKED and BYTES_RECEIVED */
    TCPI_MAX_PACING_RATE = 112,
    TCPI_BYTES_ACKED = 120,
    TCPI_BYTES_RECEIVED = 128,
    TCPI_SEGS_OUT = 136,
    TCPI_SEGS_IN = 140,
    TCPI_NOTSENT_BYTES = 144,
    TCPI_MIN_RTT = 148,
    TCPI_DATA_SEGS_IN = 152,
    TCPI_DATA_SEGS_OUT = 156,
    TCPI_DELIVERY_RATE = 160, /* u64, as BUSY_TIME, RWND_LIMITED and SNDBUF_LIMITED */
    TCPI_BUSY_TIME = 168,
    TCPI_RWND_LIMITED = 176,
    TCPI_SNDBUF_LIMITED = 184,
    TCPI_DELIVERED = 192,
    TCPI_DELIVERED_CE = 196,
    TCPI_BYTES_SENT = 200, /* u64, as BYTES_RETRANS */
    TCPI_BYTES_RETRANS = 208,
    TCPI_DSACK_DUPS = 216,
    TCPI_REORD_SEEN = 220,
    TCPI_RCV_OOOPACK = 224,
    TCPI_SND_WND = 228,
    TCPI_RCV_WND = 232,
    TCPI_REHASH = 236,
    TCPI_TOTAL_RTO = 240,            /* u16 */
    TCPI_TOTAL_RTO_RECOVERIES = 242, /* u16 */
    TCPI_TOTAL_RTO_TIME = 244,       /* ms */
    TCPI_RECEIVED_CE = 248,
    TCPI_DELIVERED_E1_BYTES = 252,
    TCPI_DELIVERED_E0_BYTES = 256,
    TCPI_DELIVERED_CE_BYTES = 260,
    TCPI_RECEIVED_E1_BYTES = 264,
    TCPI_RECEIVED_E0_BYTES = 268,
    TCPI_RECEIVED_CE_BYTES = 272,
    TCPI_ECN_BITS =
        276, /* from 7.0: bits 0-1 ecn_mode, 2-3 accecn_opt_seen, 4-7 accecn_fail_mode; 6.18 and 6.19 have fail_mode and opt_seen, u16 each */
    TCPI_ECN_BITS_SINCE = 7 << 8,

    /* struct mptcp_info, the INFO of an MPTCP connection */
    MPTCPI_TOKEN = 12,

    /* tcpi_options */
    OPT_TIMESTAMPS = 1,
    OPT_SACK = 2,
    OPT_WSCALE = 4,
    OPT_ECN = 8,
    OPT_ECN_SEEN = 16,
    OPT_SYN_DATA = 32,
    OPT_USEC_TS = 64,
    OPT_TFO_CHILD = 128,

    CA_RECOVERY = 3, /* tcpi_ca_state; 4 is Loss */
    CA_LAST = 4,
    SSTHRESH_INFINITE = 0x7fffffff,
};

#endif
