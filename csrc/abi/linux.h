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
    LINUX_ALL_STATES = 0xfff, /* never bit 13, bound-inactive: the kernel would walk another hash for it */

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

    /* struct tcp_diag_md5sig: one key */
    MD5SIG_SIZE = 100,

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

    /* tcpi_options */
    OPT_TIMESTAMPS = 1,
    OPT_SACK = 2,
    OPT_WSCALE = 4,
    OPT_ECN = 8,
    OPT_ECN_SEEN = 16,
    OPT_SYN_DATA = 32,

    CA_RECOVERY = 3, /* tcpi_ca_state; 4 is Loss */
    CA_LAST = 4,
    SSTHRESH_INFINITE = 0x7fffffff,
};

#endif
