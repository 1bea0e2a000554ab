/* The one seam between tcpstats and a kernel: a question and its answer.
 *
 * Everything that a source wants from outside goes through tcps_kernel.ask: a sysctl, a netlink dump, a file under /proc, a device, a clock.
 * Three kernels answer: the running one (live_linux.c, live_macos.c, live_freebsd.c), one that answers from memory, which is what a
 * file holds that the user names (fixed.c), and one that answers from a capture (capture.c). Recording a capture is a fourth that passes
 * questions on and writes down what came back (recording.c). So what runs in a test, on a recording and on a live system is the same code, its
 * retries and its errors included. */
#ifndef TCPS_KERNEL_H
#define TCPS_KERNEL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum tcps_ask {
    TCPS_ASK_CLOCK = 1, /* answer: a tcps_clock */
    TCPS_ASK_SYSCTL,    /* name: a sysctl's name, or numbers with dots ("1.14.1.4711"); request: the new value */
    TCPS_ASK_NETLINK, /* name "sock_diag", or what else is asked of it ("sock_diag mptcp", for captures); request: one netlink message; answer: datagram by datagram, up to NLMSG_DONE or NLMSG_ERROR */
    TCPS_ASK_FILE,    /* name: a path; answer: what is in it (a folder: its names, each ended by NUL); see also TCPS_ASK_LINK */
    TCPS_ASK_LINK,    /* name: a path; answer: where the symbolic link points */
    TCPS_ASK_OPEN,    /* name: a device's path; it stays open for IOCTL and READ of the same name */
    TCPS_ASK_IOCTL,   /* number: the ioctl; request: the argument going in; answer: the argument coming back */
    TCPS_ASK_READ,    /* answer: one read of at most `room` bytes from the open device */
    TCPS_ASK_CLOSE,
    TCPS_ASK_CALL,   /* name: one of TCPS_CALL_*, any other call */
    TCPS_ASK_EVENTS, /* name "sock_destroy"; answer: netlink messages, one for each TCP socket that was destroyed since the last such question (the
                      * first one subscribes and has none); `*size`: how many the kernel dropped in all since then. Linux */
} tcps_ask;

/* The calls of TCPS_ASK_CALL: what each takes, and its answer. Captures keep these names, so a name never changes its meaning. */
#define TCPS_CALL_UNAME "uname"                     /* -> release, NUL, name of the host, NUL. Linux, FreeBSD */
#define TCPS_CALL_EUID "euid"                       /* -> u32. macOS, FreeBSD */
#define TCPS_CALL_INTERFACE_NAME "if_indextoname"   /* number: index of an interface -> its name. ENXIO: there is none */
#define TCPS_CALL_PROCESS_NAME "proc_comm"          /* number: pid -> its command. macOS */
#define TCPS_CALL_PROCESS_START "proc_start"        /* number: pid -> u64, the same for as long as the process lives. macOS */
#define TCPS_CALL_CGROUP_PATH "cgroup_path"         /* number: id of a control group -> its path below the cgroup2 mount. Linux */
#define TCPS_CALL_TCPSTATS_FIELDS "tcpstats_fields" /* -> the groups of fields that a recorded read of FreeBSD's device was asked for */

/* Of a descriptor of our own (number), on any system. */
#define TCPS_CALL_GETSOCKNAME "getsockname" /* -> struct sockaddr of this system */
#define TCPS_CALL_GETPEERNAME "getpeername" /* the same */
#define TCPS_CALL_GETSOCKOPT "getsockopt"   /* request: name of the option ("SO_COOKIE"); none: TCP_INFO or TCP_CONNECTION_INFO */

/* Linux: which descriptors of processes are sockets, one question where reading /proc/<pid>/fd would be one for each descriptor. The answer to
 * both, in pieces, is an array of tcps_proc_socket.
 * PROC_SOCKETS: number: pid; request: a bit for each descriptor from 0, bit 0 of the first byte. Looks at descriptors whose bit is clear, and at
 * none beyond the request. ENOENT, ESRCH: the process is gone; EACCES: we may not look at its descriptors.
 * ALL_PROC_SOCKETS: request: pids, an array of u32. Looks at all descriptors of these processes. What belongs to one process comes together, the
 * processes come in any order. EACCES with an answer: we may not look at some of them. */
#define TCPS_CALL_PROC_SOCKETS "proc_sockets"
#define TCPS_CALL_ALL_PROC_SOCKETS "all_proc_sockets"
typedef struct tcps_proc_socket {
    uint64_t inode;
    uint32_t fd;
    uint32_t pid;
} tcps_proc_socket;

typedef struct tcps_question {
    tcps_ask kind;
    const char *name;
    uint64_t number;
    const void *request; /* request_len bytes; NULL: none */
    size_t request_len;
    size_t room; /* SYSCTL and READ: bytes the answer may have. SYSCTL with 0 asks for the size only (tcps_kernel.size) */
} tcps_question;

/* The answer to TCPS_ASK_CLOCK: three clocks read together, in nanoseconds. */
typedef struct tcps_clock {
    uint64_t realtime_ns;  /* since the epoch; steps when somebody sets it */
    uint64_t monotonic_ns; /* never steps; stands still while the machine sleeps */
    uint64_t uptime_ns;    /* the kernel's clock for TCP's ages: CLOCK_UPTIME_RAW on macOS, as monotonic_ns elsewhere */
} tcps_clock;

/* Takes the next piece of an answer. The bytes are valid during the call. Non-zero: no more, please; ask then returns ECANCELED. */
typedef int tcps_answer(void *context, const void *bytes, size_t len);

/* What a capture knows of a pass besides its answers. Strings live until the next pass. */
typedef struct tcps_pass_info {
    const char *schedule_name; /* NULL: none */
    uint32_t interval_ms;
    uint64_t at_ns; /* when it was, by a clock that is one throughout the capture and never steps; 0: nobody knows */
} tcps_pass_info;

typedef struct tcps_kernel tcps_kernel;
struct tcps_kernel {
    /* Asks. 0, or an errno of the system that was asked, translated to this system's (a capture keeps them by name).
     * An answer may come with an errno: a sysctl with ENOMEM gives what it copied. EOPNOTSUPP: this kernel does not know such questions.
     * With SYSCTL and room 0 `*size` is the size that the kernel names; otherwise the bytes that were handed out. `size` may be NULL. */
    int (*ask)(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size);
    /* Begins the next pass. A recording sets `pass` to what was recorded, and gives TCPS_END when there is no further one.
     * NULL: there is always a next one, and nothing to say of it. */
    tcps_code (*next)(tcps_kernel *k, tcps_pass_info *pass, tcps_status *status);
    /* The pass is over and nothing more will be asked in it. NULL: nothing to do. */
    tcps_code (*done)(tcps_kernel *k, tcps_status *status);
    /* Nothing more will be asked: what is kept of the answers is written to the end. Fails when any of it could not be. NULL: nothing is kept. */
    tcps_code (*finish)(tcps_kernel *k, tcps_status *status);
    /* Between passes: takes the events that wait in the kernel's buffer, so that it does not overflow, and keeps them for the next TCPS_ASK_EVENTS.
     * The descriptor that becomes readable when there are more, -1 when there is nothing to wait for. NULL: this kernel has no events. */
    int (*pump)(tcps_kernel *k);
    /* How far a recording is read, in bytes; `total` 0 when that is not known. NULL: not a recording. */
    void (*progress)(tcps_kernel *k, uint64_t *read, uint64_t *total);
    /* From here on a pass may take that many bytes of memory while it is read, 0: any; a longer one is TCPS_FORMAT. Reading ends with TCPS_STOPPED soon
     * after *stop, which must outlive the kernel, is not 0; NULL: nothing stops it. limit is NULL where nothing is read that could be too long. */
    void (*limit)(tcps_kernel *k, size_t bytes, const volatile sig_atomic_t *stop);
    void (*close)(tcps_kernel *k); /* frees k */
    bool live;                     /* the running system, so that names and owners of now may be asked */
    bool fixed;                    /* the same question has the same answer for ever: asking again is of no use */
};

/* Asks and collects the whole answer. `buffer` grows as needed and is reused from call to call; free(buffer->bytes) at the end.
 * With `room` > 0 no more than that is taken. 0 or an errno. */
typedef struct tcps_buffer {
    uint8_t *bytes;
    size_t len, room;
} tcps_buffer;
int tcps_ask_all(tcps_kernel *k, const tcps_question *q, tcps_buffer *buffer, size_t *size);

/* Appends to a buffer: 0 or ENOMEM. Fits tcps_answer (context: the buffer). */
int tcps_buffer_append(void *buffer, const void *bytes, size_t len);

/* The clocks, by TCPS_ASK_CLOCK; all zero when the kernel has none. */
tcps_clock tcps_ask_clock(tcps_kernel *k);

/* The running kernel, or NULL when there is no memory. */
tcps_kernel *tcps_kernel_live(void);

/* A kernel that answers from memory. Each answer is for one question (kind and name); `bytes` must outlive the kernel.
 * It has one pass. A question that is not among them is EOPNOTSUPP. NULL when there is no memory. */
typedef struct tcps_fixed_answer {
    tcps_ask kind;
    const char *name;
    const void *bytes;
    size_t len;
} tcps_fixed_answer;
tcps_kernel *tcps_kernel_fixed(const tcps_fixed_answer *answers, size_t count);

#endif
