/* The running kernel of FreeBSD. */
#include "kernel/kernel.h"
#include "kernel/own_socket.h"
#ifdef __FreeBSD__
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define DEVICE_NAME 64  /* bytes of a device's path */
#define MOST_NUMBERS 24 /* CTL_MAXNAME: parts of a sysctl's number */
#define SMALL_ROOM 4096 /* answers up to this need no memory */

typedef struct live_kernel {
    tcps_kernel base;
    tcps_buffer table; /* kept, so that a pass after the first touches no new page */
    int device;        /* the one that is open, -1 for none */
    char device_name[DEVICE_NAME];
} live_kernel;

static uint64_t nanoseconds(clockid_t id) {
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int ask_clock(tcps_answer *answer, void *context) {
    uint64_t monotonic = nanoseconds(CLOCK_MONOTONIC);
    tcps_clock clock = {.realtime_ns = nanoseconds(CLOCK_REALTIME), .monotonic_ns = monotonic, .uptime_ns = monotonic};
    return answer(context, &clock, sizeof clock) ? ECANCELED : 0;
}

/* Room for an answer that is kept until the next question. NULL without memory. */
static uint8_t *table_room(live_kernel *live, size_t room) {
    if (live->table.room < room) {
        uint8_t *grown = realloc(live->table.bytes, room);
        if (!grown) return NULL;
        live->table.bytes = grown;
        live->table.room = room;
    }
    return live->table.bytes;
}

/* "1.14.1.4711" to numbers; how many, 0 when it is a name. */
static unsigned parse_numbers(const char *name, int numbers[MOST_NUMBERS]) {
    unsigned count = 0;
    for (const char *at = name; count < MOST_NUMBERS; at++) {
        char *end;
        if (*at < '0' || *at > '9') return 0;
        numbers[count++] = (int)strtol(at, &end, 10);
        if (!*end) return count;
        if (*end != '.') return 0;
        at = end;
    }
    return 0;
}

static int call_sysctl(const tcps_question *q, void *bytes, size_t *len) {
    int numbers[MOST_NUMBERS];
    unsigned count = parse_numbers(q->name, numbers);
    int failed =
        count ? sysctl(numbers, count, bytes, len, q->request, q->request_len) : sysctlbyname(q->name, bytes, len, q->request, q->request_len);
    return failed ? errno : 0;
}

/* What came with ENOMEM is handed out too: the part of a table that has outgrown its buffer. */
static int ask_sysctl(live_kernel *live, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    size_t len = q->room;
    if (!q->room) {
        int error = call_sysctl(q, NULL, &len);
        if (!error && size) *size = len;
        return error;
    }
    uint8_t small[SMALL_ROOM], *bytes = q->room <= sizeof small ? small : table_room(live, q->room);
    if (!bytes) return ENOMEM;
    int error = call_sysctl(q, bytes, &len);
    if (error && error != ENOMEM) return error;
    if (len > q->room) len = q->room;
    if (size) *size = len;
    return answer(context, bytes, len) ? ECANCELED : error;
}

static void close_device(live_kernel *live) {
    if (live->device >= 0) close(live->device);
    live->device = -1;
}

static int open_device(live_kernel *live, const tcps_question *q) {
    close_device(live);
    size_t len = strlen(q->name);
    if (len >= sizeof live->device_name) return ENAMETOOLONG;
    live->device = open(q->name, O_RDONLY | O_CLOEXEC);
    if (live->device < 0) return errno;
    memcpy(live->device_name, q->name, len + 1);
    return 0;
}

static bool is_open(const live_kernel *live, const tcps_question *q) { return live->device >= 0 && strcmp(live->device_name, q->name) == 0; }

/* The argument's size is in the number of the ioctl, so that the kernel cannot write beyond it. */
static int ask_ioctl(live_kernel *live, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    uint8_t argument[IOCPARM_MAX];
    size_t len = IOCPARM_LEN(q->number);
    if (!is_open(live, q)) return EBADF;
    if (q->request_len > len || len > sizeof argument) return EINVAL;
    memset(argument, 0, len);
    if (q->request_len) memcpy(argument, q->request, q->request_len);
    if (ioctl(live->device, (unsigned long)q->number, argument) != 0) return errno;
    if (size) *size = len;
    return answer(context, argument, len) ? ECANCELED : 0;
}

static int ask_read(live_kernel *live, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    if (!is_open(live, q)) return EBADF;
    uint8_t *bytes = table_room(live, q->room ? q->room : 1);
    if (!bytes) return ENOMEM;
    ssize_t got = read(live->device, bytes, q->room);
    if (got < 0) return errno;
    if (size) *size = (size_t)got;
    return answer(context, bytes, (size_t)got) ? ECANCELED : 0;
}

static int ask_call(const tcps_question *q, tcps_answer *answer, void *context) {
    uint8_t bytes[2 * sizeof(struct utsname)];
    size_t len = 0;
    if (strcmp(q->name, TCPS_CALL_UNAME) == 0) {
        struct utsname u;
        if (uname(&u) != 0) return errno;
        len = (size_t)snprintf((char *)bytes, sizeof bytes, "%s%c%s", u.release, 0, u.nodename) + 1;
    } else if (strcmp(q->name, TCPS_CALL_INTERFACE_NAME) == 0) {
        char name[IF_NAMESIZE];
        if (!if_indextoname((unsigned)q->number, name)) return errno;
        memcpy(bytes, name, len = strlen(name));
    } else if (strcmp(q->name, TCPS_CALL_EUID) == 0) {
        uint32_t euid = geteuid();
        memcpy(bytes, &euid, len = sizeof euid);
    } else {
        return tcps_ask_own_socket(q, answer, context);
    }
    return answer(context, bytes, len) ? ECANCELED : 0;
}

static int live_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    live_kernel *live = (live_kernel *)k;
    if (size) *size = 0;
    switch (q->kind) {
    case TCPS_ASK_CLOCK: return ask_clock(answer, context);
    case TCPS_ASK_SYSCTL: return ask_sysctl(live, q, answer, context, size);
    case TCPS_ASK_OPEN: return open_device(live, q);
    case TCPS_ASK_IOCTL: return ask_ioctl(live, q, answer, context, size);
    case TCPS_ASK_READ: return ask_read(live, q, answer, context, size);
    case TCPS_ASK_CLOSE: close_device(live); return 0;
    case TCPS_ASK_CALL: return ask_call(q, answer, context);
    default: return EOPNOTSUPP;
    }
}

static void live_close(tcps_kernel *k) {
    live_kernel *live = (live_kernel *)k;
    close_device(live);
    free(live->table.bytes);
    free(live);
}

tcps_kernel *tcps_kernel_live(void) {
    live_kernel *live = calloc(1, sizeof *live);
    if (!live) return NULL;
    live->base = (tcps_kernel){.ask = live_ask, .close = live_close, .live = true};
    live->device = -1;
    return &live->base;
}
#endif
