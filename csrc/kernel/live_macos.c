/* The running kernel of a Mac. */
#include "kernel/kernel.h"
#ifdef __APPLE__
#include <errno.h>
#include <libproc.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <time.h>
#include <unistd.h>

#include "kernel/own_socket.h"

/* Questions of one number or one connection need no memory. */
#define SMALL_ROOM 4096

typedef struct live_kernel {
    tcps_kernel base;
    tcps_buffer table; /* kept, so that a pass after the first touches no new page */
} live_kernel;

static int ask_clock(tcps_answer *answer, void *context) {
    tcps_clock clock = {
        .realtime_ns = clock_gettime_nsec_np(CLOCK_REALTIME),
        .monotonic_ns = clock_gettime_nsec_np(CLOCK_UPTIME_RAW),
        .uptime_ns = clock_gettime_nsec_np(CLOCK_UPTIME_RAW),
    };
    return answer(context, &clock, sizeof clock) ? ECANCELED : 0;
}

/* What came with ENOMEM is handed out too: whole sockets of a table that has outgrown its buffer. */
static int ask_sysctl(live_kernel *live, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    void *request = (void *)(uintptr_t)q->request;
    size_t len = q->room;
    if (!q->room) {
        int error = sysctlbyname(q->name, NULL, &len, request, q->request_len) ? errno : 0;
        if (!error && size) *size = len;
        return error;
    }
    uint8_t small[SMALL_ROOM], *bytes = small;
    if (q->room > sizeof small) {
        if (live->table.room < q->room) {
            uint8_t *grown = realloc(live->table.bytes, q->room);
            if (!grown) return ENOMEM;
            live->table.bytes = grown;
            live->table.room = q->room;
        }
        bytes = live->table.bytes;
    }
    int error = sysctlbyname(q->name, bytes, &len, request, q->request_len) ? errno : 0;
    if (error && error != ENOMEM) return error;
    if (len > q->room) len = q->room;
    if (size) *size = len;
    return answer(context, bytes, len) ? ECANCELED : error;
}

/* kinfo_proc by KERN_PROC_PID is open to everybody, as PROC_PIDT_SHORTBSDINFO is; the long PROC_PIDTBSDINFO is not. */
static int process_start(uint64_t pid, uint64_t *start_us) {
    struct kinfo_proc info;
    size_t len = sizeof info;
    int mib[4] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, (int)pid};
    if (sysctl(mib, 4, &info, &len, NULL, 0) != 0) return errno;
    if (len < sizeof info) return ESRCH;
    *start_us = (uint64_t)info.kp_proc.p_starttime.tv_sec * 1000000 + (uint64_t)info.kp_proc.p_starttime.tv_usec;
    return 0;
}

static int ask_call(const tcps_question *q, tcps_answer *answer, void *context) {
    struct proc_bsdshortinfo process;
    char name[IF_NAMESIZE];
    uint64_t start;
    const void *bytes = NULL;
    size_t len = 0;
    if (strcmp(q->name, TCPS_CALL_PROCESS_NAME) == 0) {
        errno = ESRCH;
        if (proc_pidinfo((int)q->number, PROC_PIDT_SHORTBSDINFO, 0, &process, sizeof process) != (int)sizeof process) return errno;
        bytes = process.pbsi_comm;
        len = strnlen(process.pbsi_comm, sizeof process.pbsi_comm);
    } else if (strcmp(q->name, TCPS_CALL_PROCESS_START) == 0) {
        int error = process_start(q->number, &start);
        if (error) return error;
        bytes = &start;
        len = sizeof start;
    } else if (strcmp(q->name, TCPS_CALL_INTERFACE_NAME) == 0) {
        if (!if_indextoname((unsigned)q->number, name)) return errno;
        bytes = name;
        len = strlen(name);
    } else if (strcmp(q->name, TCPS_CALL_EUID) == 0) {
        uint32_t euid = geteuid();
        return answer(context, &euid, sizeof euid) ? ECANCELED : 0;
    } else {
        return tcps_ask_own_socket(q, answer, context);
    }
    return answer(context, bytes, len) ? ECANCELED : 0;
}

static int live_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (size) *size = 0;
    switch (q->kind) {
    case TCPS_ASK_CLOCK: return ask_clock(answer, context);
    case TCPS_ASK_SYSCTL: return ask_sysctl((live_kernel *)k, q, answer, context, size);
    case TCPS_ASK_CALL: return ask_call(q, answer, context);
    default: return EOPNOTSUPP;
    }
}

static void live_close(tcps_kernel *k) {
    live_kernel *live = (live_kernel *)k;
    free(live->table.bytes);
    free(live);
}

tcps_kernel *tcps_kernel_live(void) {
    live_kernel *live = calloc(1, sizeof *live);
    if (!live) return NULL;
    live->base = (tcps_kernel){.ask = live_ask, .close = live_close, .live = true};
    return &live->base;
}
#endif
