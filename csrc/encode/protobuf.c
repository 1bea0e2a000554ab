#include "encode/protobuf.h"

#include <stdlib.h>

#include "encode/template.h"
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
    if (type < TCPS_T_SET) return varint_size(varint_of(type, bits));
    if (type == TCPS_T_SET) return 1 + (size_t)tcps_count_bits(bits);
    size_t len = ((const tcps_text *)(uintptr_t)bits)->len;
    return type == TCPS_T_HOLDERS ? len : varint_size(len) + len;
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
