/* Replaying: a kernel that answers from a capture. */
#include "kernel/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "kernel/zfile.h"
#include "tcp_capture.pb-c.h"

#define NEWEST_FORMAT 1
/* A length beyond this is not a message of ours but damage: a pass over ten million sockets takes less. */
#define LONGEST_MESSAGE ((uint64_t)8 << 30)

typedef TcpstatsCapture__Answer answer_message;

typedef struct capture {
    tcps_kernel base;
    tcps_zfile stream;
    char *path;
    tcps_buffer message;
    TcpstatsCapture__CaptureMessage *current;
    /* Answers of the pass: by a hash of the question the first one to it; by that the one that was given last (index + 1, 0: none yet), and by each
     * answer the next one to the same question (index + 1). */
    tcps_hash_key key;
    tcps_table first;
    uint32_t *given, *next;
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
    if (c->current) tcpstats_capture__capture_message__free_unpacked(c->current, NULL);
    c->current = NULL;
    tcps_table_free(&c->first);
    free(c->next);
    free(c->given);
    c->next = c->given = NULL;
}

/* Reads `length` bytes, taking memory only as they come: a length that lies costs nothing. As read_exactly, and -3 without memory. */
static int read_body(capture *c, uint64_t length) {
    c->message.len = 0;
    uint8_t piece[64 << 10];
    while (c->message.len < length) {
        size_t want = length - c->message.len < sizeof piece ? (size_t)(length - c->message.len) : sizeof piece;
        int got = read_exactly(c, piece, want);
        if (got == 0) errno = 0;
        if (got <= 0) return -1;
        if (tcps_buffer_append(&c->message, piece, want) != 0) return -3;
    }
    return 1;
}

/* Reads the next message into c->current. */
static tcps_code read_message(capture *c, tcps_status *status) {
    forget_pass(c);
    uint64_t offset = c->stream.at, length = 0;
    int got = read_length(c, &length);
    if (got == 0 && c->stream.damaged)
        return tcps_fail(status, TCPS_TRUNCATED, "%s: the compressed file is cut or damaged, what could be read ends at byte %llu", c->path,
                         (unsigned long long)offset);
    if (got == 0) return tcps_fail(status, TCPS_END, "%s: the capture ends", c->path);
    if (got == 1) got = read_body(c, length);
    if (got == -3) return tcps_fail(status, TCPS_NOMEM, "%s: no memory", c->path);
    if (got == -1 && errno) return tcps_fail_errno(status, errno, "cannot read %s", c->path);
    if (got == 1) c->current = tcpstats_capture__capture_message__unpack(NULL, c->message.len, c->message.bytes);
    if (c->current) return TCPS_OK;
    tcps_code code = got == -1 ? TCPS_TRUNCATED : TCPS_FORMAT;
    tcps_fail(status, code, "%s: %s at byte %llu", c->path,
              code == TCPS_TRUNCATED ? "the capture's last message is cut, it begins" : "no message of a capture", (unsigned long long)offset);
    if (status) status->offset = offset;
    return code;
}

/* What makes two questions the same. */
typedef struct question_key {
    uint32_t kind;
    const char *name;
    uint64_t number;
    const uint8_t *request;
    size_t request_len;
    bool probe;
} question_key;

static question_key key_of_question(const tcps_question *q) {
    bool asked_with = q->kind != TCPS_ASK_NETLINK;
    return (question_key){
        q->kind, q->name, q->number, asked_with ? q->request : NULL, asked_with ? q->request_len : 0, q->kind == TCPS_ASK_SYSCTL && q->room == 0};
}

static question_key key_of_answer(const answer_message *a) {
    bool asked_with = a->kind != TCPS_ASK_NETLINK && a->has_request;
    return (question_key){
        a->kind, a->name ? a->name : "", a->number, asked_with ? a->request.data : NULL, asked_with ? a->request.len : 0, a->has_probe && a->probe};
}

static bool same_question(const question_key *a, const question_key *b) {
    return a->kind == b->kind && a->number == b->number && a->probe == b->probe && a->request_len == b->request_len &&
           strcmp(a->name, b->name) == 0 && (!a->request_len || memcmp(a->request, b->request, a->request_len) == 0);
}

static uint64_t hash_of(const capture *c, const question_key *k) {
    uint64_t hash = tcps_hash_bytes((uint64_t)k->kind << 1 | k->probe, k->name, strlen(k->name), &c->key);
    hash = tcps_hash_bytes(hash, &k->number, sizeof k->number, &c->key);
    return tcps_hash_bytes(hash, k->request, k->request_len, &c->key);
}

/* The first answer to a question, or TCPS_NO_INDEX. */
static uint32_t first_answer(const capture *c, const question_key *k, uint64_t hash) {
    uint32_t i;
    for (size_t at = TCPS_TABLE_BEGIN; (i = tcps_table_next(&c->first, hash, &at)) != TCPS_NO_INDEX;) {
        question_key other = key_of_answer(c->current->pass->answers[i]);
        if (same_question(&other, k)) break;
    }
    return i;
}

/* Chains the answers of the pass by their question. */
static tcps_code index_answers(capture *c) {
    const TcpstatsCapture__Pass *p = c->current->pass;
    if (p->n_answers > UINT32_MAX / 4) return TCPS_FORMAT;
    c->given = calloc(p->n_answers + 1, sizeof *c->given); /* while it is built: the chain's last */
    c->next = calloc(p->n_answers + 1, sizeof *c->next);
    if (!c->given || !c->next || tcps_table_init(&c->first, p->n_answers) != TCPS_OK) return TCPS_NOMEM;
    for (uint32_t i = 0; i < p->n_answers; i++) {
        question_key k = key_of_answer(p->answers[i]);
        uint64_t hash = hash_of(c, &k);
        uint32_t first = first_answer(c, &k, hash);
        if (first != TCPS_NO_INDEX)
            c->next[c->given[first] - 1] = i + 1;
        else if (tcps_table_add(&c->first, hash, first = i) != TCPS_OK)
            return TCPS_NOMEM;
        c->given[first] = i + 1;
    }
    memset(c->given, 0, p->n_answers * sizeof *c->given);
    return TCPS_OK;
}

static int give(const answer_message *a, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    int error = a->error ? tcps_errno_named(a->error) : 0;
    size_t done = 0, total = a->has_size ? (size_t)a->size : 0;
    bool limited = (q->kind == TCPS_ASK_SYSCTL || q->kind == TCPS_ASK_READ) && q->room;
    for (size_t i = 0; i < a->n_pieces; i++) {
        size_t len = a->pieces[i].len;
        if (limited && len > q->room - done) { /* what the kernel does when the room is too small */
            len = q->room - done;
            if (q->kind == TCPS_ASK_SYSCTL && !error) error = ENOMEM;
        }
        if (answer(context, len ? a->pieces[i].data : (const uint8_t *)"", len) != 0) return ECANCELED;
        done += len;
    }
    if (size) *size = a->has_size ? total : done;
    return error;
}

static int capture_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    capture *c = (capture *)k;
    if (size) *size = 0;
    if (!c->given) return EOPNOTSUPP;
    question_key key = key_of_question(q);
    uint32_t first = first_answer(c, &key, hash_of(c, &key));
    if (first == TCPS_NO_INDEX) return EOPNOTSUPP;
    uint32_t last = c->given[first], now = !last ? first + 1 : c->next[last - 1] ? c->next[last - 1] : last;
    c->given[first] = now;
    return give(c->current->pass->answers[now - 1], q, answer, context, size);
}

/* By the first clock that was asked for. */
static uint64_t time_of(const TcpstatsCapture__Pass *pass) {
    tcps_clock clock;
    for (size_t i = 0; i < pass->n_answers; i++) {
        const answer_message *a = pass->answers[i];
        if (a->kind != TCPS_ASK_CLOCK || a->n_pieces != 1 || a->pieces[0].len != sizeof clock) continue;
        memcpy(&clock, a->pieces[0].data, sizeof clock);
        return clock.monotonic_ns;
    }
    return 0;
}

static tcps_code capture_next(tcps_kernel *k, tcps_pass_info *pass, tcps_status *status) {
    capture *c = (capture *)k;
    tcps_code code;
    do code = read_message(c, status);
    while (code == TCPS_OK && !c->current->pass);
    if (code == TCPS_OK && (code = index_answers(c)) != TCPS_OK) tcps_fail(status, code, "%s: cannot take a pass of so many answers", c->path);
    if (code != TCPS_OK) {
        tcps_status kept = status ? *status : (tcps_status){0};
        forget_pass(c);
        if (status) *status = kept;
        return code;
    }
    pass->schedule_name = c->current->pass->schedule_name;
    pass->interval_ms = c->current->pass->interval_ms;
    pass->at_ns = time_of(c->current->pass);
    return TCPS_OK;
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

static tcps_code read_header(capture *c, char **source, tcps_status *status) {
    tcps_code code = read_message(c, status);
    if (code == TCPS_END) return tcps_fail(status, TCPS_FORMAT, "%s: empty, no capture", c->path);
    if (code != TCPS_OK) return code;
    const TcpstatsCapture__Header *h = c->current->header;
    if (!h || !h->source) return tcps_fail(status, TCPS_FORMAT, "%s: no capture, its first message has no header", c->path);
    if (h->format > NEWEST_FORMAT)
        return tcps_fail(status, TCPS_UNSUPPORTED, "%s: a capture of format %u, this version reads up to %u", c->path, h->format, NEWEST_FORMAT);
    *source = strdup(h->source);
    return *source ? TCPS_OK : tcps_fail(status, TCPS_NOMEM, "no memory");
}

tcps_kernel *tcps_kernel_capture(const char *path, char **source, tcps_status *status) {
    capture *c = calloc(1, sizeof *c);
    if (!c || !(c->path = strdup(path))) {
        free(c);
        tcps_fail(status, TCPS_NOMEM, "no memory");
        return NULL;
    }
    c->base = (tcps_kernel){.ask = capture_ask, .next = capture_next, .progress = capture_progress, .close = capture_close};
    c->stream.fd = -1;
    c->key = tcps_hash_new_key();
    if (tcps_zfile_open(&c->stream, path, false, status) == TCPS_OK && read_header(c, source, status) == TCPS_OK) return &c->base;
    capture_close(&c->base);
    return NULL;
}
