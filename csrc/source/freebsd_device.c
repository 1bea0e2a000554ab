#include "source/freebsd_device.h"

#include <errno.h>
#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"
#include "source/freebsd_filter.h"
#include "source/sysctl.h"

#define DEVICE "/dev/tcpstats"

/* A busy device, a buffer that was too small, a read that a signal cut: how often it is tried again before something else is done. */
#define RETRIES 3

/* Room for the sockets that open between the hint and the read, on top of an eighth. */
#define HEADROOM 64

/* A hint above this is not believed: 1.3 GB of records. */
#define MOST_RECORDS (1u << 22)

/* The module ends a read after dev.tcpstats.max_read_duration_ms without saying so; only reads that took this long are looked at. */
#define LONG_READ_NS 1000000000u
#define DEFAULT_LIMIT_MS 5000

typedef struct attempt {
    tcps_kernel *kernel;
    tcps_buffer *buffer;
    const char *step; /* what failed */
    uint64_t records; /* hint of the module, or 0 when nothing was said */
    size_t room;
    uint32_t protocol, record_size;
    uint64_t took_ns;
    uint32_t fields; /* as in tcps_freebsd_dump */
    bool foreign;    /* the protocol or record is not ours */
    bool filtered;   /* something was pushed down: fewer records than the hint are to be expected */
} attempt;

static int ask(tcps_kernel *k, tcps_buffer *buffer, tcps_question q) {
    q.name = DEVICE;
    return tcps_ask_all(k, &q, buffer, NULL);
}

/* A file in place of the device has no ioctls. */
static bool is_recording(const attempt *a, int error) { return error == EOPNOTSUPP && !a->kernel->live; }

static int shake_hands(attempt *a) {
    static const uint8_t nothing[KLD_VERSION_SIZE];
    int error = ask(a->kernel, a->buffer,
                    (tcps_question){.kind = TCPS_ASK_IOCTL, .number = KLD_IOCTL_VERSION, .request = nothing, .request_len = sizeof nothing});
    if (error) return error;
    if (a->buffer->len != KLD_VERSION_SIZE) return EPROTO;
    a->protocol = tcps_load32(a->buffer->bytes);
    a->record_size = tcps_load32(a->buffer->bytes + 4);
    a->records = tcps_load32(a->buffer->bytes + 8);
    a->foreign = a->protocol != KLD_PROTOCOL || a->record_size != KLD_SIZE;
    return 0;
}

/* A module that refuses the filter (another version of it) still gives the groups that it fills by itself. A recording answers the question that
 * was asked when it was made, most likely the one without a filter; when it is another one, its records have to say what they have. */
static void set_filter(attempt *a, const tcps_wants *wants) {
    uint8_t filter[KF_SIZE];
    bool push = a->kernel->live && !wants->whole_table;
    a->filtered = tcps_freebsd_filter_build(push ? wants->filter : NULL, filter);
    int error = ask(a->kernel, a->buffer,
                    (tcps_question){.kind = TCPS_ASK_IOCTL, .number = KLD_IOCTL_SET_FILTER, .request = filter, .request_len = sizeof filter});
    a->fields = !error ? KLD_FIELDS_ALL : is_recording(a, error) ? 0 : KLD_FIELDS_DEFAULT;
    a->filtered = error ? is_recording(a, error) : a->filtered;
}

static int read_records(attempt *a) {
    uint64_t records = a->records < MOST_RECORDS ? a->records : MOST_RECORDS;
    size_t room = (size_t)(records + records / 8 + HEADROOM) * KLD_SIZE;
    if (room > a->room) a->room = room;
    uint64_t began = tcps_ask_clock(a->kernel).monotonic_ns;
    int error = ask(a->kernel, a->buffer, (tcps_question){.kind = TCPS_ASK_READ, .room = a->room});
    a->took_ns = tcps_ask_clock(a->kernel).monotonic_ns - began;
    return error;
}

static int read_recording(attempt *a) {
    size_t size = 0;
    tcps_question q = {.kind = TCPS_ASK_READ, .name = DEVICE};
    int error = tcps_ask_all(a->kernel, &q, a->buffer, &size);
    if (error) return error;
    q.room = size ? size : 1;
    return tcps_ask_all(a->kernel, &q, a->buffer, NULL);
}

static int use_open_device(attempt *a, const tcps_wants *wants, bool *recording) {
    a->step = "ioctl TCPSTATS_VERSION";
    int error = shake_hands(a);
    *recording = is_recording(a, error);
    if (*recording) return read_recording(a);
    if (error || a->foreign) return error;
    set_filter(a, wants);
    a->step = "read";
    return read_records(a);
}

static int attempt_once(attempt *a, const tcps_wants *wants, bool *recording) {
    a->foreign = a->filtered = *recording = false;
    a->fields = 0;
    a->step = "open";
    int error = ask(a->kernel, a->buffer, (tcps_question){.kind = TCPS_ASK_OPEN});
    if (error) return error;
    error = use_open_device(a, wants, recording);
    tcps_buffer none = {0}; /* the answer stays in a->buffer */
    ask(a->kernel, &none, (tcps_question){.kind = TCPS_ASK_CLOSE});
    free(none.bytes);
    return error;
}

static bool is_absent(int error) { return error == ENOENT || error == ENXIO || error == ENODEV || error == EOPNOTSUPP; }
static bool is_busy(int error) { return error == EBUSY || error == EMFILE || error == EINTR; }

/* Reports why the device is not used; what will be the same in the next pass is reported once. */
static void warn_unusable(tcps_freebsd_device *d, const attempt *a, int error, tcps_pass *pass) {
    tcps_status status;
    bool refused = error == EPERM || error == EACCES;
    if (is_absent(error) || (refused && d->warned_refused)) return;
    d->warned_refused |= refused;
    tcps_fail_errno(&status, error, DEVICE ": %s, net.inet.tcp.pcblist is read instead", a->step);
    tcps_pass_warn(pass, &status);
}

static void warn_once(bool *warned, tcps_pass *pass, const tcps_status *status) {
    if (!*warned) tcps_pass_warn(pass, status);
    *warned = true;
}

static bool ran_into_limit(const attempt *a) {
    uint32_t limit_ms = DEFAULT_LIMIT_MS;
    if (a->took_ns < LONG_READ_NS) return false;
    if (tcps_sysctl_u32(a->kernel, "dev.tcpstats.max_read_duration_ms", &limit_ms) != 0) limit_ms = DEFAULT_LIMIT_MS;
    return limit_ms && a->took_ns >= limit_ms * 1000000ull;
}

/* So many sockets may come and go between the hint and the read without a word. */
static uint64_t slack(uint64_t records) { return records / 16 + 16; }

/* Fewer records than the module counts are normal where jails or other users hide theirs; what is hidden stays about the same, though, and a read
 * that a signal cut does not. So a shortfall is believed when a second read has it too, and is expected from then on. */
static bool falls_short(tcps_freebsd_device *d, const attempt *a, uint64_t seen, uint64_t *seen_before) {
    if (a->filtered) return false;
    uint64_t apart = seen > *seen_before ? seen - *seen_before : *seen_before - seen;
    bool twice = *seen_before != UINT64_MAX && apart <= slack(seen);
    *seen_before = seen;
    if (seen + d->hidden + slack(a->records) < a->records && !twice) return true;
    d->hidden = a->records > seen ? a->records - seen : 0;
    return false;
}

bool tcps_freebsd_device_read(tcps_freebsd_device *d, tcps_kernel *k, const tcps_wants *wants, tcps_pass *pass, tcps_buffer *buffer,
                              tcps_freebsd_dump *stream) {
    attempt a = {.kernel = k, .buffer = buffer};
    tcps_status status;
    uint64_t seen_before = UINT64_MAX;
    *stream = (tcps_freebsd_dump){0};
    for (;; stream->retries++) {
        bool last = stream->retries == RETRIES, recording;
        int error = attempt_once(&a, wants, &recording);
        if (is_busy(error) && !last) continue;
        if (error) {
            warn_unusable(d, &a, error, pass);
            return false;
        }
        if (recording) return true;
        if (a.foreign) {
            tcps_fail(&status, TCPS_UNSUPPORTED, DEVICE ": protocol %u with records of %u bytes is not known, net.inet.tcp.pcblist is read instead",
                      a.protocol, a.record_size);
            warn_once(&d->warned_version, pass, &status);
            return false;
        }
        if (ran_into_limit(&a)) { /* trying again would take as long */
            stream->partial = true;
            break;
        }
        bool full = buffer->len + KLD_SIZE > a.room; /* what did not fit is lost */
        if (!full && !falls_short(d, &a, buffer->len / KLD_SIZE, &seen_before)) break;
        if (full) a.room *= 2;
        if (last) {
            stream->partial = true;
            break;
        }
    }
    if (stream->partial) {
        tcps_fail(&status, TCPS_TRUNCATED, DEVICE ": the read gave %zu of about %llu records", buffer->len / KLD_SIZE, (unsigned long long)a.records);
        status.offset = buffer->len;
        tcps_pass_warn_partial(pass, &status);
    }
    if (a.fields == KLD_FIELDS_DEFAULT) {
        tcps_fail(&status, TCPS_UNSUPPORTED, DEVICE ": SET_FILTER was refused: counters, timers, sequences, ECN and names are absent");
        warn_once(&d->warned_unfiltered, pass, &status);
    }
    stream->fields = a.fields;
    return true;
}
