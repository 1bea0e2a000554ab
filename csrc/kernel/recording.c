/* Recording: a kernel that passes questions on and writes down what came back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "kernel/capture.h"
#include "kernel/zfile.h"
#include "tcp_capture.pb-c.h"
#include "version.h"

typedef struct recording {
    tcps_kernel base;
    tcps_kernel *under;
    tcps_zfile stream;
    char *path;
    tcps_buffer pass; /* the body of the pass under way: packed answers */
    tcps_pass_info info;
    int error; /* errno of the first failure: nothing is written after that */
} recording;

enum { WIRE_LENGTH = 2, VARINT_ROOM = 10 };

static size_t put_varint(uint8_t *at, uint64_t v) {
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) at[n++] = (uint8_t)(v | 0x80);
    at[n++] = (uint8_t)v;
    return n;
}

/* `m` as field `number` of the message that grows in `buffer`. 0 or ENOMEM. */
static int append_message(tcps_buffer *buffer, unsigned number, const ProtobufCMessage *m) {
    uint8_t prefix[2 * VARINT_ROOM];
    size_t size = protobuf_c_message_get_packed_size(m);
    size_t n = put_varint(prefix, number << 3 | WIRE_LENGTH);
    n += put_varint(prefix + n, size);
    uint8_t *packed = malloc(size ? size : 1);
    if (!packed) return ENOMEM;
    protobuf_c_message_pack(m, packed);
    int error = tcps_buffer_append(buffer, prefix, n);
    if (!error) error = tcps_buffer_append(buffer, packed, size);
    free(packed);
    return error;
}

/* A CaptureMessage with one field, `number`, whose bytes are `body`, after its length. */
static int write_message(recording *r, unsigned number, const void *body, size_t len) {
    uint8_t inner[2 * VARINT_ROOM], outer[VARINT_ROOM];
    size_t inner_len = put_varint(inner, number << 3 | WIRE_LENGTH);
    inner_len += put_varint(inner + inner_len, len);
    size_t outer_len = put_varint(outer, inner_len + len);
    int error = tcps_zfile_write(&r->stream, outer, outer_len);
    if (!error) error = tcps_zfile_write(&r->stream, inner, inner_len);
    return error ? error : tcps_zfile_write(&r->stream, body, len);
}

/* An answer on its way through. */
typedef struct tee {
    tcps_answer *answer;
    void *context;
    ProtobufCBinaryData *pieces;
    size_t count, room;
    int error;
} tee;

static int take_piece(void *context, const void *bytes, size_t len) {
    tee *t = context;
    if (!t->error) {
        ProtobufCBinaryData *pieces = tcps_grow(t->pieces, &t->room, t->count + 1, sizeof *pieces);
        if (pieces)
            t->pieces = pieces;
        else
            t->error = ENOMEM;
    }
    if (!t->error) {
        uint8_t *copy = malloc(len ? len : 1);
        if (copy) {
            if (len) memcpy(copy, bytes, len);
            t->pieces[t->count++] = (ProtobufCBinaryData){len, copy};
        } else {
            t->error = ENOMEM;
        }
    }
    return t->answer(t->context, bytes, len);
}

static int write_down(recording *r, const tcps_question *q, const tee *t, int error, size_t size) {
    char room[16];
    TcpstatsCapture__Answer a = TCPSTATS_CAPTURE__ANSWER__INIT;
    a.has_kind = 1;
    a.kind = q->kind;
    a.name = (char *)(uintptr_t)q->name;
    a.has_number = q->number != 0;
    a.number = q->number;
    /* A dump's request says how it was asked for, not what for: a replay may ask otherwise. */
    if (q->request_len && q->kind != TCPS_ASK_NETLINK) {
        a.has_request = 1;
        a.request = (ProtobufCBinaryData){q->request_len, (uint8_t *)(uintptr_t)q->request};
    }
    if (q->kind == TCPS_ASK_SYSCTL && q->room == 0) {
        a.has_probe = a.probe = 1;
    }
    if (a.has_probe || q->kind == TCPS_ASK_EVENTS) {
        a.has_size = 1;
        a.size = size;
    }
    if (error) a.error = (char *)(uintptr_t)tcps_errno_name(error, room);
    a.n_pieces = t->count;
    a.pieces = t->pieces;
    return append_message(&r->pass, 3 /* Pass.answers */, &a.base);
}

static int recording_ask(tcps_kernel *k, const tcps_question *q, tcps_answer *answer, void *context, size_t *size) {
    recording *r = (recording *)k;
    tee t = {.answer = answer, .context = context};
    size_t own_size = 0;
    int error = r->under->ask(r->under, q, take_piece, &t, size ? size : &own_size);
    if (!r->error) r->error = t.error ? t.error : write_down(r, q, &t, error, size ? *size : own_size);
    for (size_t i = 0; i < t.count; i++) free(t.pieces[i].data);
    free(t.pieces);
    return error;
}

static tcps_code recording_next(tcps_kernel *k, tcps_pass_info *pass, tcps_status *status) {
    recording *r = (recording *)k;
    r->pass.len = 0;
    tcps_code code = r->under->next ? r->under->next(r->under, pass, status) : TCPS_OK;
    r->info = *pass;
    return code;
}

/* Writes the pass, so that a crash later costs no more than what is under way then. */
static tcps_code recording_done(tcps_kernel *k, tcps_status *status) {
    recording *r = (recording *)k;
    tcps_code code = r->under->done ? r->under->done(r->under, status) : TCPS_OK;
    if (!r->error) {
        TcpstatsCapture__Pass p = TCPSTATS_CAPTURE__PASS__INIT;
        p.schedule_name = (char *)(uintptr_t)r->info.schedule_name;
        p.has_interval_ms = r->info.interval_ms != 0;
        p.interval_ms = r->info.interval_ms;
        /* The fields of Pass may come in any order: its answers are packed already, the rest follows them. */
        uint8_t rest[512];
        size_t len = protobuf_c_message_get_packed_size(&p.base);
        if (len <= sizeof rest) {
            protobuf_c_message_pack(&p.base, rest);
            r->error = tcps_buffer_append(&r->pass, rest, len);
        }
        if (!r->error) r->error = write_message(r, 2 /* CaptureMessage.pass */, r->pass.bytes, r->pass.len);
        if (!r->error) r->error = tcps_zfile_flush(&r->stream);
    }
    r->pass.len = 0;
    return r->error ? tcps_fail_errno(status, r->error, "cannot write the capture %s", r->path) : code;
}

static int recording_pump(tcps_kernel *k) {
    recording *r = (recording *)k;
    return r->under->pump(r->under);
}

static tcps_code recording_finish(tcps_kernel *k, tcps_status *status) {
    recording *r = (recording *)k;
    int error = tcps_zfile_close(&r->stream);
    if (!r->error) r->error = error;
    return r->error ? tcps_fail_errno(status, r->error, "cannot write the capture %s", r->path) : TCPS_OK;
}

static void recording_close(tcps_kernel *k) {
    recording *r = (recording *)k;
    r->under->close(r->under);
    tcps_zfile_close(&r->stream);
    free(r->pass.bytes);
    free(r->path);
    free(r);
}

static int write_header(recording *r, const char *source) {
    TcpstatsCapture__Header h = TCPSTATS_CAPTURE__HEADER__INIT;
    h.has_format = 1;
    h.format = 1;
    h.source = (char *)(uintptr_t)source;
    h.tool_version = (char *)(uintptr_t)TCPS_VERSION;
    uint8_t packed[128];
    if (protobuf_c_message_get_packed_size(&h.base) > sizeof packed) return EINVAL;
    return write_message(r, 1 /* CaptureMessage.header */, packed, protobuf_c_message_pack(&h.base, packed));
}

tcps_kernel *tcps_kernel_recording(tcps_kernel *under, const char *path, const char *source, tcps_status *status) {
    recording *r = calloc(1, sizeof *r);
    char *copy = strdup(path);
    if (!r || !copy) {
        free(r);
        free(copy);
        under->close(under);
        tcps_fail(status, TCPS_NOMEM, "no memory");
        return NULL;
    }
    r->base = (tcps_kernel){.ask = recording_ask,
                            .next = recording_next,
                            .done = recording_done,
                            .finish = recording_finish,
                            .pump = under->pump ? recording_pump : NULL,
                            .close = recording_close,
                            .live = under->live};
    r->under = under;
    r->path = copy;
    r->stream.fd = -1;
    if (tcps_zfile_open(&r->stream, path, true, status) == TCPS_OK) {
        int error = write_header(r, source);
        if (!error) return &r->base;
        tcps_fail_errno(status, error, "cannot write the capture %s", path);
    }
    recording_close(&r->base);
    return NULL;
}
