#include "encode/protobuf.h"

#include <stdlib.h>

#include "encode/template.h"
#include "record/holder_list.h"
#include "record/schema.h"

#define VARINT_ROOM 10
#define TAG_ROOM 4    /* that of a 16-bit field number takes 3 */
#define SHORT_ROOM 65 /* no value but a text is longer: a set has at most 64 numbers and their count */

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2 };
enum { BATCH_METADATA = 1, BATCH_RECORDS = 2, BATCH_SUMMARY = 3 }; /* field numbers of BatchMessage */

static inline size_t varint_size(uint64_t v) { return (9 * (64 - (size_t)__builtin_clzll(v | 1)) + 64) / 64; }

static inline char *put_varint(char *at, uint64_t v) {
    while (v >= 0x80) {
        *at++ = (char)(v | 0x80);
        v >>= 7;
    }
    *at++ = (char)v;
    return at;
}

/* The tag of every field, ready, and whether its value must be looked at before it is a varint. */
typedef struct tag {
    uint8_t bytes[TAG_ROOM];
    uint8_t len;
    uint8_t type; /* tcps_type */
} tag;

static tag tags[TCPS_FIELD_LIMIT];

static void init_tags(void) {
    static bool done;
    if (done) return;
    tcps_schema_init();
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++) {
        tcps_type type = tcps_fields[f].type;
        if (type == TCPS_T_NONE) continue;
        char bytes[VARINT_ROOM];
        /* Holders come with theirs, one for each. */
        size_t len = type == TCPS_T_HOLDERS ? 0 : (size_t)(put_varint(bytes, f << 3 | (type >= TCPS_T_SET ? WIRE_LENGTH : WIRE_VARINT)) - bytes);
        tags[f].len = (uint8_t)len;
        tags[f].type = (uint8_t)type;
        memcpy(tags[f].bytes, bytes, TAG_ROOM);
    }
    done = true;
}

static uint64_t varint_of(unsigned type, uint64_t bits) {
    switch (type) {
    case TCPS_T_I32: return (uint64_t)(int64_t)(int32_t)bits;
    case TCPS_T_U64:
    case TCPS_T_I64: return bits;
    default: return (uint32_t)bits;
    }
}

/* A set's numbers are below 64, one byte each when packed. */
static inline size_t payload_size(unsigned type, uint64_t bits) {
    switch (type) {
    case TCPS_T_STRING:
    case TCPS_T_BYTES: {
        size_t len = ((const tcps_text *)(uintptr_t)bits)->len;
        return varint_size(len) + len;
    }
    case TCPS_T_HOLDERS: return ((const tcps_text *)(uintptr_t)bits)->len;
    case TCPS_T_SET: return 1 + (size_t)tcps_count_bits(bits);
    default: return varint_size(varint_of(type, bits));
    }
}

static char *put_set(char *at, uint64_t set) {
    *at++ = (char)tcps_count_bits(set);
    for (; set; set &= set - 1) *at++ = (char)__builtin_ctzll(set);
    return at;
}

static char *put_template_tag(char *at, unsigned field, unsigned style) {
    (void)style;
    memcpy(at, tags[field].bytes, TAG_ROOM);
    return at + tags[field].len;
}

static char *put_template_value(char *at, unsigned field, uint64_t bits, unsigned style) {
    (void)style;
    const tag *t = &tags[field];
    if (t->type == TCPS_T_SET) return put_set(at, bits);
    if (t->type < TCPS_T_SET) return put_varint(at, varint_of(t->type, bits));
    const tcps_text *text = (const tcps_text *)(uintptr_t)bits;
    if (text->len > TCPS_MEMBER_ROOM / 2) return NULL;
    if (t->type != TCPS_T_HOLDERS) at = put_varint(at, text->len);
    memcpy(at, text->bytes, text->len);
    return at + text->len;
}

/* Bytes of a row: its template's, less the values that the row has of its own, and what those take. */
static size_t row_size(const tcps_row *row, const tcps_template *t) {
    size_t size = t->members[row->shape->count].key;
    for (tcps_own own = tcps_own_begin(row, t); tcps_own_word(&own);)
        while (tcps_own_next(&own)) size += payload_size(own.member->type, own.bits) - (own.member[1].key - own.member->value);
    return size;
}

static void put_fields(tcps_writer *w, const tcps_row *row, const tcps_template *t) {
    size_t from = 0;
    char *at = w->at;
    for (tcps_own own = tcps_own_begin(row, t); tcps_own_word(&own);)
        while (tcps_own_next(&own)) {
            const tcps_template_member *member = own.member;
            at = tcps_stretch_put(w, at, t, from, member->value, SHORT_ROOM);
            from = member[1].key;
            if (member->type < TCPS_T_SET) {
                at = put_varint(at, varint_of(member->type, own.bits));
            } else if (member->type == TCPS_T_SET) {
                at = put_set(at, own.bits);
            } else {
                const tcps_text *text = (const tcps_text *)(uintptr_t)own.bits;
                w->at = member->type == TCPS_T_HOLDERS ? at : put_varint(at, text->len);
                tcps_writer_put(w, text->bytes, text->len);
                at = w->at;
            }
        }
    size_t end = t->members[row->shape->count].key;
    w->at = from < end ? tcps_stretch_put(w, at, t, from, end, SHORT_ROOM) : at;
}

static size_t message_size(const ProtobufCMessage *m) {
    size_t size = protobuf_c_message_get_packed_size(m);
    return 1 + varint_size(size) + size;
}

static void put_length(tcps_writer *w, unsigned field, size_t len) {
    tcps_writer_room(w, 1 + VARINT_ROOM);
    *w->at++ = (char)(field << 3 | WIRE_LENGTH);
    w->at = put_varint(w->at, len);
}

static void put_message(tcps_writer *w, unsigned field, const ProtobufCMessage *m) {
    size_t size = protobuf_c_message_get_packed_size(m);
    uint8_t *packed = malloc(size ? size : 1);
    if (!packed) {
        w->code = TCPS_NOMEM;
        return;
    }
    protobuf_c_message_pack(m, packed);
    put_length(w, field, size);
    tcps_writer_put(w, packed, size);
    free(packed);
}

void tcps_protobuf_templates(tcps_templates *templates) {
    init_tags();
    *templates = (tcps_templates){.put_key = put_template_tag, .put_value = put_template_value};
}

tcps_code tcps_protobuf_measure(tcps_view v, tcps_templates *templates, size_t *sizes) {
    for (size_t i = 0; i < v.count; i++) {
        const tcps_template *t = tcps_template_of(templates, v.rows[i]->shape);
        if (!t) return TCPS_NOMEM;
        sizes[i] = row_size(v.rows[i], t);
    }
    return TCPS_OK;
}

size_t tcps_protobuf_record_size(size_t size) { return 1 + varint_size(size) + size; }

size_t tcps_protobuf_size(const tcps_pass *pass, bool summary) {
    return message_size(&pass->metadata.base) + (summary && pass->has_summary ? message_size(&pass->summary.base) : 0);
}

void tcps_protobuf_begin(tcps_writer *w, const tcps_pass *pass, size_t size) {
    tcps_writer_room(w, VARINT_ROOM);
    w->at = put_varint(w->at, size);
    put_message(w, BATCH_METADATA, &pass->metadata.base);
}

void tcps_protobuf_put_record(tcps_writer *w, const tcps_row *row, size_t size, tcps_templates *templates) {
    const tcps_template *t = tcps_template_of(templates, row->shape);
    put_length(w, BATCH_RECORDS, size);
    if (t)
        put_fields(w, row, t);
    else
        w->code = TCPS_NOMEM;
}

void tcps_protobuf_end(tcps_writer *w, const tcps_pass *pass, bool summary) {
    if (summary && pass->has_summary) put_message(w, BATCH_SUMMARY, &pass->summary.base);
}

void tcps_protobuf_batch(tcps_writer *w, const tcps_pass *pass, tcps_view v) {
    tcps_templates templates;
    tcps_protobuf_templates(&templates);
    size_t *sizes = malloc((v.count + 1) * sizeof *sizes), size = tcps_protobuf_size(pass, true);
    if (!sizes || tcps_protobuf_measure(v, &templates, sizes) != TCPS_OK) {
        w->code = TCPS_NOMEM;
    } else {
        for (size_t i = 0; i < v.count; i++) size += tcps_protobuf_record_size(sizes[i]);
        tcps_protobuf_begin(w, pass, size);
        for (size_t i = 0; i < v.count && w->code == TCPS_OK; i++) tcps_protobuf_put_record(w, v.rows[i], sizes[i], &templates);
        tcps_protobuf_end(w, pass, true);
    }
    free(sizes);
    tcps_templates_free(&templates);
}

static tcps_code take_holders(tcps_rows *rows, tcps_record *r, const TcpstatsReader__TcpSocketRecord *m) {
    tcps_holder_list list = {0};
    tcps_code code = TCPS_OK;
    for (size_t i = 0; code == TCPS_OK && i < m->n_holders; i++) {
        const TcpstatsReader__SocketHolder *h = m->holders[i];
        code = tcps_holder_list_add(&list, &(tcps_named_holder){(uint32_t)h->pid, (uint32_t)h->fd, h->command, h->command ? strlen(h->command) : 0});
    }
    const tcps_text *text = code == TCPS_OK && list.len ? tcps_rows_text(rows, list.bytes, list.len) : NULL;
    if (list.len && !text) code = TCPS_NOMEM;
    tcps_set_text(r, TCPS_F_holders, text);
    free(list.bytes);
    return code;
}

/* protobuf-c's struct of one record -> `r`. */
static tcps_code take_record(tcps_rows *rows, tcps_record *r, const TcpstatsReader__TcpSocketRecord *m) {
    const ProtobufCMessageDescriptor *d = m->base.descriptor;
    tcps_record_clear(r);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        const char *member = (const char *)m + f->offset;
        const void *quantifier = (const char *)m + f->quantifier_offset;
        tcps_type type = tcps_fields[f->id].type;
        if (type == TCPS_T_HOLDERS) {
            if (take_holders(rows, r, m) != TCPS_OK) return TCPS_NOMEM;
        } else if (type == TCPS_T_STRING) {
            const char *s = *(const char *const *)member;
            if (!s) continue;
            const tcps_text *text = tcps_rows_intern(rows, f->id, s, strlen(s));
            if (!text) return TCPS_NOMEM;
            tcps_set_text(r, f->id, text);
        } else if (type == TCPS_T_SET) {
            size_t n = *(const size_t *)quantifier;
            uint64_t set = 0;
            for (size_t j = 0; j < n; j++) {
                int number = (*(int *const *)member)[j];
                if (number >= 0 && number < 64) set |= 1ull << number;
            }
            if (set) tcps_set(r, f->id, set);
        } else if (*(const protobuf_c_boolean *)quantifier) {
            if (type == TCPS_T_BYTES) {
                const ProtobufCBinaryData *data = (const ProtobufCBinaryData *)member;
                const tcps_text *text = tcps_rows_text(rows, data->len ? data->data : (const uint8_t *)"", data->len);
                if (!text) return TCPS_NOMEM;
                tcps_set_text(r, f->id, text);
            } else if (type == TCPS_T_U64 || type == TCPS_T_I64) {
                tcps_set(r, f->id, *(const uint64_t *)member);
            } else {
                tcps_set(r, f->id, *(const uint32_t *)member);
            }
        }
    }
    return TCPS_OK;
}

static tcps_code take_batch(tcps_pass *pass, const TcpstatsReader__BatchMessage *m) {
    tcps_code code = m->metadata ? tcps_pass_take_metadata(pass, m->metadata) : TCPS_OK;
    tcps_record r;
    for (size_t i = 0; code == TCPS_OK && i < m->n_records; i++) {
        code = take_record(&pass->rows, &r, m->records[i]);
        if (code == TCPS_OK) code = tcps_rows_add(&pass->rows, &r);
    }
    if (code == TCPS_OK && m->summary) code = tcps_pass_take_summary(pass, m->summary);
    tcps_pass_show(pass);
    return code;
}

/* The varint at the front: its value and length; TCPS_TRUNCATED when it goes on behind the end. */
static tcps_code read_length(const uint8_t *bytes, size_t len, uint64_t *value, size_t *used) {
    *value = 0;
    for (size_t i = 0; i < VARINT_ROOM; i++) {
        if (i == len) return TCPS_TRUNCATED;
        *value |= (uint64_t)(bytes[i] & 0x7f) << 7 * i;
        if (!(bytes[i] & 0x80)) {
            *used = i + 1;
            return TCPS_OK;
        }
    }
    return TCPS_FORMAT;
}

tcps_code tcps_protobuf_decode(const uint8_t *bytes, size_t len, size_t *used, tcps_pass **out, tcps_status *status) {
    tcps_schema_init();
    *out = NULL;
    uint64_t size;
    size_t prefix;
    tcps_code code = read_length(bytes, len, &size, &prefix);
    if (code == TCPS_FORMAT) return tcps_fail(status, code, "no length of a message: a varint of more than 10 bytes");
    if (code != TCPS_OK || size > len - prefix)
        return tcps_fail(status, TCPS_TRUNCATED, "the message is cut: %llu bytes of it are there", (unsigned long long)len);
    TcpstatsReader__BatchMessage *m = tcpstats_reader__batch_message__unpack(NULL, (size_t)size, bytes + prefix);
    if (!m) return tcps_fail(status, TCPS_FORMAT, "no BatchMessage in these %llu bytes", (unsigned long long)size);
    tcps_pass *pass = tcps_pass_new();
    code = pass ? take_batch(pass, m) : TCPS_NOMEM;
    tcpstats_reader__batch_message__free_unpacked(m, NULL);
    if (code != TCPS_OK) {
        tcps_pass_unref(pass);
        return tcps_fail(status, code, "no memory");
    }
    *used = prefix + (size_t)size;
    *out = pass;
    return TCPS_OK;
}
