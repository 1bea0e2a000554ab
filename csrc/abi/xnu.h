/* The layouts of XNU's TCP exports as numbers, so that a dump is read on any platform. Offsets count from the start of the record, its
 * {u32 length, u32 kind} tag included; integers are little-endian, ports and addresses in network order; records are packed to 4 bytes and
 * the same on x86_64 and arm64. From bsd/netinet/in_pcb.h, tcp_var.h, tcp.h, tcp_private.h and bsd/sys/socketvar.h, macOS 10.14 to 15:
 * what is named here has not moved between them; structures only grow at their end. */
#ifndef TCPS_ABI_XNU_H
#define TCPS_ABI_XNU_H

enum {
    /* struct xinpgen: before and after the records of net.inet.tcp.pcblist_n */
    XIG_LEN = 0,
    XIG_COUNT = 4, /* how many connections there were, user-space flows included; not how many follow */
    XIG_GEN = 8,
    XIG_SIZE = 24,

    /* the tag of every record */
    XTAG_LEN = 0, /* the tag included; the next record begins at the next multiple of 8 */
    XTAG_KIND = 4,
    XTAG_SIZE = 8,

    /* kinds: XSO_* of socketvar.h. One socket has one record of each, XINPCB first and XTCPCB last */
    XKIND_NONE = 0, /* a buffer of a socket that is gone */
    XKIND_SOCKET = 0x01,
    XKIND_RCVBUF = 0x02,
    XKIND_SNDBUF = 0x04,
    XKIND_STATS = 0x08,
    XKIND_INPCB = 0x10,
    XKIND_TCPCB = 0x20,

    /* struct xinpcb_n */
    XINPCB_INPP = 8, /* 0: a flow of the user-space stack */
    XINPCB_FPORT = 16,
    XINPCB_LPORT = 18,
    XINPCB_GENCNT = 28,
    XINPCB_VFLAG = 44,
    XINPCB_FADDR = 48, /* 16 bytes; an IPv4 address is their last 4 */
    XINPCB_LADDR = 64,
    XINPCB_TOS = 80,
    XINPCB_SIZE = 104,
    XVFLAG_IPV4 = 1,
    XVFLAG_IPV6 = 2,
    XADDR_IPV4 = 12, /* where the IPv4 address lies in the 16 bytes */

    /* struct xsocket_n: 76 bytes up to macOS 12, 104 from 13 on */
    XSOCKET_SO = 8, /* the socket's address, hashed; 0: none */
    XSOCKET_QLEN = 44,
    XSOCKET_INCQLEN = 46,
    XSOCKET_QLIMIT = 48,
    XSOCKET_ERROR = 52,
    XSOCKET_UID = 64,
    XSOCKET_LAST_PID = 68,
    XSOCKET_E_PID = 72, /* 0: not delegated */
    XSOCKET_SIZE = 76,  /* what every release has */

    /* struct xsockbuf_n */
    XSOCKBUF_CC = 8,
    XSOCKBUF_HIWAT = 12,
    XSOCKBUF_SIZE = 32,

    /* struct xsockstat_n: four struct data_stats, whose meaning macOS 15 changed */
    XSOCKSTAT_DATA = 8,
    XSOCKSTAT_SIZE = 136,
    XDATA_RXPACKETS = 0,
    XDATA_RXBYTES = 8,
    XDATA_TXPACKETS = 16,
    XDATA_TXBYTES = 24,
    XDATA_SIZE = 32,
    XDATA_COUNT = 4,

    /* struct xtcpcb_n; times are milliseconds of TCP's own clock */
    XTCPCB_DUPACKS = 16,
    XTCPCB_TIMER = 20, /* four u32, non-zero: armed */
    XTCPCB_STATE = 36,
    XTCPCB_FLAGS = 40,
    XTCPCB_SND_UNA = 48,
    XTCPCB_SND_MAX = 52,
    XTCPCB_SND_NXT = 56,
    XTCPCB_RCV_NXT = 80,
    XTCPCB_RCV_ADV = 84,
    XTCPCB_RCV_WND = 88,
    XTCPCB_SND_WND = 96,
    XTCPCB_SND_CWND = 100,
    XTCPCB_SND_SSTHRESH = 104,
    XTCPCB_RCVTIME = 112,
    XTCPCB_STARTTIME = 116, /* 0: never established */
    XTCPCB_RXTCUR = 128,
    XTCPCB_MAXSEG = 132,
    XTCPCB_SRTT = 136,   /* in 1/32 ms; 0: no sample yet */
    XTCPCB_RTTVAR = 140, /* in 1/16 ms */
    XTCPCB_RXTSHIFT = 144,
    XTCPCB_RTTMIN = 148,
    XTCPCB_RTTUPDATED = 152,
    XTCPCB_SND_SCALE = 166,
    XTCPCB_RCV_SCALE = 167,
    XTCPCB_SIZE = 204,
    XTIMER_REXMT = 0,
    XTIMER_PERSIST = 1,
    XTIMER_KEEP = 2,
    XTIMER_2MSL = 3,
    XTIMER_COUNT = 4,
    XTF_REQ_SCALE = 0x20,
    XTF_RCVD_SCALE = 0x40,

    /* TCPS_* of tcp_fsm.h; the schema's TcpState is one more */
    XSTATE_LISTEN = 1,
    XSTATE_TIME_WAIT = 10,

    /* struct info_tuple: what net.inet.tcp.info takes as its new value */
    ITPL_PROTO = 0,
    ITPL_LOCAL = 4,
    ITPL_REMOTE = 32,
    ITPL_SIZE = 60,
    XIPPROTO_TCP = 6,

    /* struct sockaddr_in and sockaddr_in6 */
    XSA_LEN = 0,
    XSA_FAMILY = 1,
    XSA_PORT = 2, /* network order */
    XSIN_ADDR = 4,
    XSIN_SIZE = 16,
    XSIN6_ADDR = 8,
    XSIN6_SCOPE = 24,
    XSIN6_SIZE = 28,
    XAF_INET = 2,
    XAF_INET6 = 30,

    /* struct tcp_info, what it gives: 292 bytes (10.14) to 408 (15). Times in ms unless named otherwise */
    TI_STATE = 0,
    TI_OPTIONS = 1, /* the schema's negotiated_options, bit for bit */
    TI_SND_WSCALE = 2,
    TI_RCV_WSCALE = 3,
    TI_FLAGS = 4,
    TI_RTO = 8, /* 0 unless the timer runs */
    TI_SND_MSS = 12,
    TI_RTTCUR = 20,
    TI_SRTT = 24,
    TI_RTTVAR = 28,
    TI_RTTBEST = 32,
    TI_SND_SSTHRESH = 36,
    TI_SND_CWND = 40,
    TI_RCV_SPACE = 44,
    TI_SND_WND = 48,
    TI_SND_NXT = 52,
    TI_RCV_NXT = 56,
    TI_LAST_OUTIF = 60,
    TI_SND_SBBYTES = 64,
    TI_TXPACKETS = 68, /* u64 from here */
    TI_TXBYTES = 76,
    TI_TXRETRANSMITBYTES = 84,
    TI_TXUNACKED = 92,
    TI_RXPACKETS = 100,
    TI_RXBYTES = 108,
    TI_RXDUPLICATEBYTES = 116,
    TI_RXOUTOFORDERBYTES = 124,
    TI_SND_BW = 132,
    TI_SYNREXMITS = 140, /* u8 */
    TI_CELL_RXBYTES = 152,
    TI_CELL_TXBYTES = 168,
    TI_WIFI_RXBYTES = 184,
    TI_WIFI_TXBYTES = 200,
    TI_WIRED_RXBYTES = 216,
    TI_WIRED_TXBYTES = 232,
    TI_BITS = 244, /* bits 0-14 fast open, then TIBIT_* */
    TI_ECN_RECV_CE = 248,
    TI_ECN_RECV_CWR = 252,
    TI_RCVOOPACK = 256,
    TI_PAWSDROP = 260,
    TI_SACK_RECOVERY_EPISODE = 264,
    TI_REORDERED_PKTS = 268,
    TI_DSACK_SENT = 272,
    TI_DSACK_RECVD = 276,
    TI_TXRETRANSMITPACKETS = 284, /* u64 */
    TI_RCV_SRTT = 292,            /* macOS 12 */
    TI_CLIENT_ACCECN_STATE = 296, /* macOS 14 */
    TI_SERVER_ACCECN_STATE = 300,
    TI_ECN_SENT = 304,
    TI_ECN_ACKED = 312,
    TI_ECN_MARKED = 320,
    TI_ECN_LOST = 328,
    TI_FLOW_CONTROL_TIME_14 = 336, /* us; macOS 14 alone has the two here and ends after them */
    TI_RCVWND_LIMITED_TIME_14 = 344,
    TI_SIZE_14 = 352,
    TI_RECEIVED_CE_PACKETS = 336, /* macOS 15 */
    TI_RECEIVED_ECT0_BYTES = 344,
    TI_RECEIVED_ECT1_BYTES = 352,
    TI_RECEIVED_CE_BYTES = 360,
    TI_DELIVERED_ECT0_BYTES = 368,
    TI_DELIVERED_ECT1_BYTES = 376,
    TI_DELIVERED_CE_BYTES = 384,
    TI_FLOW_CONTROL_TIME = 392, /* us */
    TI_RCVWND_LIMITED_TIME = 400,
    TI_SIZE_15 = 408,
    TIFLAG_LOSSRECOVERY = 1,
    TIBITS_TFO = 0x7fff, /* the order of tcp_connection_info's */
    TITFO_SYN_DATA_ACKED = 0x10,
    TITFO_SYN_DATA_RCV = 0x20,
    TIBIT_ECN_SETUP = 15, /* 5 bits: client, server, success, lost SYN, lost SYN-ACK */
    TIBIT_LOCAL_PEER = 20,
    TIBIT_INTERFACE = 21,  /* 5 bits: cellular, Wi-Fi, wired, Wi-Fi infrastructure, AWDL */
    TIBIT_BACKGROUND = 26, /* 2 bits: sending, receiving */
    TIBIT_L4S = 28,        /* macOS 15 */

    /* struct tcp_connection_info: getsockopt(IPPROTO_TCP, TCP_CONNECTION_INFO) of an own descriptor; ms */
    TCI_OPTNAME = 0x106,
    TCI_STATE = 0,
    TCI_SND_WSCALE = 1,
    TCI_RCV_WSCALE = 2,
    TCI_OPTIONS = 4,
    TCI_FLAGS = 8,
    TCI_RTO = 12,
    TCI_MAXSEG = 16,
    TCI_SND_SSTHRESH = 20,
    TCI_SND_CWND = 24,
    TCI_SND_WND = 28,
    TCI_SND_SBBYTES = 32,
    TCI_RCV_WND = 36,
    TCI_RTTCUR = 40,
    TCI_SRTT = 44,
    TCI_RTTVAR = 48,
    TCI_TFO = 52,
    TCI_TXPACKETS = 56, /* u64 from here */
    TCI_TXBYTES = 64,
    TCI_TXRETRANSMITBYTES = 72,
    TCI_RXPACKETS = 80,
    TCI_RXBYTES = 88,
    TCI_RXOUTOFORDERBYTES = 96,
    TCI_TXRETRANSMITPACKETS = 104,
    TCI_SIZE = 112,
    TCIFLAG_LOSSRECOVERY = 1,
    TCIFLAG_REORDERING_DETECTED = 2,

    /* struct tcpstat of net.inet.tcp.stats: u32 counters; up to 352 the same in every release */
    TCPSTAT_CONNATTEMPT = 0,
    TCPSTAT_ACCEPTS = 4,
    TCPSTAT_CONNECTS = 8,
    TCPSTAT_DROPS = 12,
    TCPSTAT_CONNDROPS = 16,
    TCPSTAT_TIMEOUTDROP = 36,
    TCPSTAT_REXMTTIMEO = 40,
    TCPSTAT_KEEPPROBE = 52,
    TCPSTAT_KEEPDROPS = 56,
    TCPSTAT_SNDTOTAL = 60,
    TCPSTAT_SNDPACK = 64,
    TCPSTAT_SNDBYTE = 68,
    TCPSTAT_SNDREXMITPACK = 72,
    TCPSTAT_SNDREXMITBYTE = 76,
    TCPSTAT_SNDPROBE = 84,
    TCPSTAT_RCVTOTAL = 100,
    TCPSTAT_RCVBYTE = 108,
    TCPSTAT_RCVBADSUM = 112,
    TCPSTAT_RCVBADOFF = 116,
    TCPSTAT_RCVMEMDROP = 120,
    TCPSTAT_RCVSHORT = 124,
    TCPSTAT_RCVDUPPACK = 128,
    TCPSTAT_RCVOOPACK = 144,
    TCPSTAT_RCVOOBYTE = 148,
    TCPSTAT_PAWSDROP = 188,
    TCPSTAT_PERSISTDROP = 228,
    TCPSTAT_LISTENDROP = 240,
    TCPSTAT_SYNCHALLENGE = 244,
    TCPSTAT_RSTCHALLENGE = 248,
    TCPSTAT_SNDREXMITBAD = 256,
};

#endif
