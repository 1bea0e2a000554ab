/* Replaying: a kernel that answers from a capture. */
#include "kernel/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/table.h"
#include "kernel/capture_answer.h"
#include "kernel/zfile.h"

#define NEWEST_FORMAT 1
/* A length beyond this is not a message of ours but damage: a pass over ten million sockets takes less. */
#define LONGEST_MESSAGE ((uint64_t)8 << 30)

/* What a message may take when it is expanded: what repeats an earlier pass is found within the 8 MB of zstd's window, and rows of a dump shrink to a
 * tenth; a hostile file expands to ten thousand times its size. */
#define EXPANDED_AT_ONCE ((uint64_t)16 << 20)
#define EXPANDED_FOR_BYTE 64
/* And what finding its answers may take: 100 bytes for each that has a question of its own, of which a recorded one has 28. */
#define INDEX_AT_ONCE ((size_t)8 << 20)
#define INDEX_FOR_BYTE 4
#define LONGEST_HEADER ((uint64_t)64 << 10)

/* An answer of the pass. */
typedef struct indexed {
    const uint8_t *at; /* its length, in the message */
    uint32_t
        given;     /* of the first to a question: the one that was given last (index + 1, 0: none yet); while the index is built, the last there is */
    uint32_t next; /* the next one to the same question (index + 1) */
} indexed;

typedef struct capture {
    tcps_kernel base;
    tcps_zfile stream;
    char *path;
    size_t most; /* memory that a pass may take; 0: no limit */
    tcps_buffer message;
    bool has_pass;
    tcps_pass_info pass;
    char *schedule_name;
    tcps_hash_key key;
    tcps_table first; /* by a hash of the question the first answer to it */
    indexed *answers;
    size_t count, room;
} capture;

/* 1 read, 0 the end, -1 cut or unreadable (errno, 0 for cut). */
static int read_exactly(capture *c, uint8_t *bytes, size_t len) {
    size_t done = 0;
    while (done < len) {
        ssize_t got = tcps_zfile_read(&c->stream, bytes + done, len - done);
        if (got < 0) return -1;
        if (got == 0) {
            errno = 0;
            return done ? -1 : 0;
        }
        done += (size_t)got;
    }
    return 1;
}

/* The length before a message: 1, 0 or -1 as above, -2 when it is none. */
static int read_length(capture *c, uint64_t *length) {
    *length = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        int got = read_exactly(c, &byte, 1);
        if (got <= 0) {
            if (got == 0 && shift) errno = 0, got = -1;
            return got;
        }
        *length |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return *length <= LONGEST_MESSAGE ? 1 : -2;
    }
    return -2;
}

static void forget_pass(capture *c) {
    tcps_table_free(&c->first);
    free(c->answers);
    free(c->schedule_name);
    c->answers = NULL;
    c->schedule_name = NULL;
    c->count = c->room = 0;
    c->has_pass = false;
    c->pass = (tcps_pass_info){0};
}

static bool is_stopped(const capture *c) { return c->stream.stop && *c->stream.stop; }

/* What the message may take of memory, as much as was read of the file. */
static uint64_t allowance(const capture *c) {
    uint64_t most = c->stream.zstd ? EXPANDED_AT_ONCE + EXPANDED_FOR_BYTE * c->stream.done : UINT64_MAX;
    return c->most && c->most < most ? c->most : most;
}

/* Reads `length` bytes, taking memory only as they come: a length that lies costs nothing. As read_exactly, -3 without memory, and -4 when they are more
 * than we allow. */
static int read_body(capture *c, uint64_t length) {
    c->message.len = 0;
    uint8_t piece[64 << 10];
    while (c->message.len < length) {
        size_t want = length - c->message.len < sizeof piece ? (size_t)(length - c->message.len) : sizeof piece;
        int got = read_exactly(c, piece, want);
        if (got == 0) errno = 0;
        if (got <= 0) return -1;
        if (c->message.len + want > allowance(c)) return -4;
        if (tcps_buffer_append(&c->message, piece, want) != 0) return -3;
    }
    return 1;
}

static tcps_code too_much(const capture *c, uint64_t offset, tcps_status *status) {
    tcps_fail(status, TCPS_FORMAT, "%s: the pass at byte %llu takes more memory than %s", c->path, (unsigned long long)offset,
              c->most ? "--memory allows, or than a recording of its size has" : "a recording of its size has");
    if (status) status->offset = offset;
    return TCPS_FORMAT;
}

/* Reads the next message into c->message, which may have `most` bytes. */
static tcps_code read_message(capture *c, uint64_t most, uint64_t *began, tcps_status *status) {
    forget_pass(c);
    uint64_t offset = *began = c->stream.at, length = 0;
    int got = read_length(c, &length);
    if (got == 0 && c->stream.damaged)
        return tcps_fail(status, TCPS_TRUNCATED, "%s: the compressed file is cut or damaged, what could be read ends at byte %llu", c->path,
                         (unsigned long long)offset);
    if (got == 0) return tcps_fail(status, TCPS_END, "%s: the capture ends", c->path);
    if (got == 1 && length > most) got = -2;
    if (got == 1) got = read_body(c, length);
    if (got == 1) return TCPS_OK;
    if (got == -3) return tcps_fail(status, TCPS_NOMEM, "%s: no memory", c->path);
    if (got == -4) return too_much(c, offset, status);
    if (got == -1 && is_stopped(c)) return tcps_fail(status, TCPS_STOPPED, "%s: the reading was stopped", c->path);
    if (got == -1 && errno) return tcps_fail_errno(status, errno, "cannot read %s", c->path);
    tcps_code code = got == -1 ? TCPS_TRUNCATED : TCPS_FORMAT;
    tcps_fail(status, code, "%s: %s at byte %llu", c->path,
              code == TCPS_TRUNCATED ? "the capture's last message is cut, it begins" : "no message of a capture", (unsigned long long)offset);
    if (status) status->offset = offset;
    return code;
}

static uint64_t hash_of(const capture *c, const tcps_asked *k) {
    uint64_t hash = tcps_hash_bytes(k->kind << 1 | k->probe, k->name, k->name_len, &c->key);
    hash = tcps_hash_bytes(hash, &k->number, sizeof k->number, &c->key);
    return tcps_hash_bytes(hash, k->request, k->request_len, &c->key);
}

/* What an answer of the index says behind its question, which goes to `asked`. */
static tcps_wire answer_at(const capture *c, size_t i, tcps_asked *asked) {
    tcps_wire all = {c->answers[i].at, c->message.bytes + c->message.len}, answer = {0};
    tcps_wire_part(&all, &answer);
    tcps_asked_in(&answer, asked);
    return answer;
}

/* The first answer to a question, or TCPS_NO_INDEX. */
static uint32_t first_answer(const capture *c, const tcps_asked *k, uint64_t hash) {
    uint32_t i;
    for (size_t at = TCPS_TABLE_BEGIN; (i = tcps_table_next(&c->first, hash, &at)) != TCPS_NO_INDEX;) {
        tcps_asked other;
        answer_at(c, i, &other);
        if (tcps_asked_same(&other, k)) break;
    }
    return i;
}

/* Appends an answer, whose length is at `at`, to the chain of those to the same question. */
static tcps_code index_answer(capture *c, const uint8_t *at, const tcps_asked *asked) {
    uint64_t hash = hash_of(c, asked);
    uint32_t first = first_answer(c, asked, hash), i = (uint32_t)c->count;
    indexed *answers = c->count < UINT32_MAX / 4 ? tcps_grow(c->answers, &c->room, c->count + 1, sizeof *answers) : NULL;
    if (!answers) return TCPS_NOMEM;
    c->answers = answers;
    answers[c->count++] = (indexed){.at = at};
    if (first != TCPS_NO_INDEX)
        answers[answers[first].given - 1].next = i + 1;
    else if (tcps_table_add(&c->first, hash, first = i) != TCPS_OK)
        return TCPS_NOMEM;
    answers[first].given = i + 1;
    return TCPS_OK;
}

static size_t index_size(const capture *c) {
    return c->room * sizeof *c->answers + (c->first.slots ? (c->first.mask + 1) * sizeof *c->first.slots : 0);
}

/* TCPS_USAGE: the index takes more than we allow. */
static tcps_code take_answer(capture *c, const uint8_t *at, tcps_wire answer) {
    tcps_asked asked;
    tcps_told told;
    if (is_stopped(c)) return TCPS_STOPPED;
    if (!tcps_asked_in(&answer, &asked) || !tcps_told_in(answer, &told)) return TCPS_FORMAT;
    if (!asked.kind) return TCPS_OK; /* nobody asks for it */
    tcps_clock clock;
    if (!c->pass.at_ns && asked.kind == TCPS_ASK_CLOCK && told.pieces == 1 && tcps_wire_len(&told.first_piece) == sizeof clock) {
        memcpy(&clock, told.first_piece.at, sizeof clock);
        c->pass.at_ns = clock.monotonic_ns;
    }
    tcps_code code = index_answer(c, at, &asked);
    size_t size = index_size(c);
    if (code == TCPS_OK && (size > INDEX_AT_ONCE + INDEX_FOR_BYTE * c->message.len || (c->most && size + c->message.len > c->most)))
        return TCPS_USAGE;
    return code;
}

static tcps_code take_schedule_name(capture *c, const tcps_wire *name) {
    free(c->schedule_name);
    c->schedule_name = strndup((const char *)name->at, tcps_wire_len(name));
    return c->schedule_name ? TCPS_OK : TCPS_NOMEM;
}

/* Indexes the answers of a Pass. */
static tcps_code take_pass(capture *c, tcps_wire pass) {
    enum { SCHEDULE_NAME = 1, INTERVAL_MS = 2, ANSWERS = 3 };
    tcps_code code = TCPS_OK;
    uint64_t number, value;
    unsigned wire;
    tcps_wire part;
    c->has_pass = true;
    while (code == TCPS_OK && pass.at < pass.end) {
        if (!tcps_wire_tag(&pass, &number, &wire)) return TCPS_FORMAT;
        const uint8_t *at = pass.at;
        if (wire == TCPS_WIRE_LENGTH && (number == SCHEDULE_NAME || number == ANSWERS)) {
            if (!tcps_wire_part(&pass, &part)) return TCPS_FORMAT;
            code = number == ANSWERS ? take_answer(c, at, part) : take_schedule_name(c, &part);
        } else if (wire == TCPS_WIRE_VARINT && number == INTERVAL_MS) {
            if (!tcps_wire_varint(&pass, &value)) return TCPS_FORMAT;
            c->pass.interval_ms = (uint32_t)value;
        } else if (!tcps_wire_skip(&pass, wire)) {
            return TCPS_FORMAT;
        }
    }
    return code;
}

enum { MESSAGE_HEADER = 1, MESSAGE_PASS = 2 };

/* The member of a CaptureMessage that has this number: 1, 0 when there is none, -1 when these are no bytes of a message. */
static int member(const capture *c, unsigned wanted, tcps_wire *found) {
    if (!c->message.len) return 0;
    tcps_wire r = {c->message.bytes, c->message.bytes + c->message.len};
    int result = 0;
    uint64_t number;
    unsigned wire;
    while (r.at < r.end) {
        if (!tcps_wire_tag(&r, &number, &wire)) return -1;
        if (number != wanted) {
            if (!tcps_wire_skip(&r, wire)) return -1;
        } else if (result || wire != TCPS_WIRE_LENGTH || !tcps_wire_part(&r, found)) {
            return -1;
        } else {
            result = 1;
        }
    }
    return result;
}

static int give(const capture *c, uint32_t i, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    tcps_asked asked;
    tcps_told told;
    tcps_wire rest = answer_at(c, i, &asked), piece;
    tcps_told_in(rest, &told);
    int error = told.error[0] ? tcps_errno_named(told.error) : 0;
    size_t done = 0;
    bool limited = (q->kind == TCPS_ASK_SYSCTL || q->kind == TCPS_ASK_READ) && q->room;
    while (tcps_told_piece(&rest, &piece)) {
        size_t len = tcps_wire_len(&piece);
        if (limited && len > q->room - done) { /* what the kernel does when the room is too small */
            len = q->room - done;
            if (q->kind == TCPS_ASK_SYSCTL && !error) error = ENOMEM;
        }
        if (answer(context, piece.at, len) != 0) return ECANCELED;
        done += len;
    }
    if (size) *size = told.has_size ? (size_t)told.size : done;
    return error;
}

static int capture_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    capture *c = (capture *)k;
    if (size) *size = 0;
    if (!c->has_pass) return EOPNOTSUPP;
    tcps_asked asked = tcps_asked_by(q);
    uint32_t first = first_answer(c, &asked, hash_of(c, &asked));
    if (first == TCPS_NO_INDEX) return EOPNOTSUPP;
    uint32_t last = c->answers[first].given, now = !last ? first + 1 : c->answers[last - 1].next ? c->answers[last - 1].next : last;
    c->answers[first].given = now;
    return give(c, now - 1, q, answer, context, size);
}

static tcps_code capture_next(tcps_kernel *k, tcps_pass_info *pass, tcps_status *status) {
    capture *c = (capture *)k;
    uint64_t offset;
    tcps_wire found;
    tcps_code code = read_message(c, LONGEST_MESSAGE, &offset, status);
    if (code != TCPS_OK) return code;
    code = member(c, MESSAGE_PASS, &found) == 1 ? take_pass(c, found) : TCPS_FORMAT;
    if (code == TCPS_OK) {
        for (size_t i = 0; i < c->count; i++) c->answers[i].given = 0;
        c->pass.schedule_name = c->schedule_name;
        *pass = c->pass;
        return TCPS_OK;
    }
    forget_pass(c);
    if (code == TCPS_USAGE) return too_much(c, offset, status);
    if (code == TCPS_STOPPED) return tcps_fail(status, code, "%s: the reading was stopped", c->path);
    if (code == TCPS_NOMEM) return tcps_fail(status, code, "%s: no memory", c->path);
    tcps_fail(status, code, "%s: no message of a capture at byte %llu", c->path, (unsigned long long)offset);
    if (status) status->offset = offset;
    return code;
}

static void capture_limit(tcps_kernel *k, size_t bytes, const volatile sig_atomic_t *stop) {
    capture *c = (capture *)k;
    c->most = bytes;
    c->stream.stop = stop;
}

static void capture_progress(tcps_kernel *k, uint64_t *read, uint64_t *total) {
    capture *c = (capture *)k;
    *read = c->stream.done;
    *total = c->stream.size;
}

static void capture_close(tcps_kernel *k) {
    capture *c = (capture *)k;
    forget_pass(c);
    tcps_zfile_close(&c->stream);
    free(c->message.bytes);
    free(c->path);
    free(c);
}

/* The members of a Header that we need. False: it is none. */
static bool parse_header(tcps_wire header, uint64_t *format, tcps_wire *source) {
    enum { FORMAT = 1, SOURCE = 2 };
    uint64_t number;
    unsigned wire;
    *format = 0;
    while (header.at < header.end) {
        if (!tcps_wire_tag(&header, &number, &wire)) return false;
        if (number == FORMAT && wire == TCPS_WIRE_VARINT) {
            if (!tcps_wire_varint(&header, format)) return false;
        } else if (number == SOURCE && wire == TCPS_WIRE_LENGTH) {
            if (!tcps_wire_part(&header, source)) return false;
        } else if (!tcps_wire_skip(&header, wire)) {
            return false;
        }
    }
    return source->at != NULL;
}

static tcps_code read_header(capture *c, char **source, tcps_status *status) {
    uint64_t offset, format;
    tcps_wire header, name = {0};
    tcps_code code = read_message(c, LONGEST_HEADER, &offset, status);
    if (code == TCPS_END) return tcps_fail(status, TCPS_FORMAT, "%s: empty, no capture", c->path);
    if (code != TCPS_OK) return code;
    if (member(c, MESSAGE_HEADER, &header) != 1 || !parse_header(header, &format, &name))
        return tcps_fail(status, TCPS_FORMAT, "%s: no capture, its first message has no header", c->path);
    if (format > NEWEST_FORMAT)
        return tcps_fail(status, TCPS_UNSUPPORTED, "%s: a capture of format %llu, this version reads up to %u", c->path, (unsigned long long)format,
                         NEWEST_FORMAT);
    *source = strndup((const char *)name.at, tcps_wire_len(&name));
    return *source ? TCPS_OK : tcps_fail(status, TCPS_NOMEM, "no memory");
}

tcps_kernel *tcps_kernel_capture(const char *path, char **source, tcps_status *status) {
    capture *c = calloc(1, sizeof *c);
    if (!c || !(c->path = strdup(path))) {
        free(c);
        tcps_fail(status, TCPS_NOMEM, "no memory");
        return NULL;
    }
    c->base = (tcps_kernel){.ask = capture_ask, .next = capture_next, .limit = capture_limit, .progress = capture_progress, .close = capture_close};
    c->stream.fd = -1;
    c->key = tcps_hash_new_key();
    if (tcps_zfile_open(&c->stream, path, false, status) == TCPS_OK && read_header(c, source, status) == TCPS_OK) return &c->base;
    capture_close(&c->base);
    return NULL;
}
