#include "encode/json.h"

#include "base/utf8.h"
#include "encode/indent.h"
#include "encode/screen.h"
#include "encode/template.h"
#include "encode/text.h"
#include "record/holder_list.h"
#include "record/schema.h"

#define KEY_ROOM 48   /* `"rttUs":` of the longest name; fields.awk refuses longer ones */
#define VALUE_ROOM 64 /* no value but a text or a set is longer */

/* `"rttUs":` of `rtt_us`, at most KEY_ROOM bytes. */
static char *put_key(char *at, const char *name, bool camel) {
    *at++ = '"';
    if (camel) {
        at = tcps_text_camel(at, name);
    } else {
        size_t n = strlen(name);
        memcpy(at, name, n);
        at += n;
    }
    *at++ = '"';
    *at++ = ':';
    return at;
}

/* "\u009b": six bytes. */
static char *put_escape(char *at, uint32_t c) {
    static const char hex[] = "0123456789abcdef";
    memcpy(at, "\\u", 2);
    for (unsigned i = 0; i < 4; i++) at[2 + i] = hex[c >> (12 - 4 * i) & 15];
    return at + 6;
}

void tcps_json_string(tcps_writer *w, const char *text, size_t len) {
    tcps_writer_byte(w, '"');
    for (const char *end = text + len; text < end;) {
        unsigned char c = (unsigned char)*text;
        tcps_writer_room(w, 8);
        if (c == '"' || c == '\\') {
            *w->at++ = '\\';
            *w->at++ = (char)c;
            text++;
        } else if (c < 0x20 || c == 0x7f) {
            w->at = put_escape(w->at, c);
            text++;
        } else if (c < 0x80) {
            *w->at++ = (char)c;
            text++;
        } else {
            size_t n = tcps_utf8_length(text, (size_t)(end - text));
            uint32_t wide = n ? tcps_utf8_decode(text, n) : 0;
            if (n && tcps_screen_is_harmful(wide)) {
                w->at = put_escape(w->at, wide);
            } else {
                memcpy(w->at, n ? text : "\xef\xbf\xbd", n ? n : 3);
                w->at += n ? n : 3;
            }
            text += n ? n : 1;
        }
    }
    tcps_writer_byte(w, '"');
}

/* Bytes of a common length: an address. At most 2 + TCPS_ADDRESS_ROOM bytes. */
static char *put_address(char *at, const void *bytes, size_t len, tcps_json_style style) {
    *at++ = '"';
    at = style == TCPS_JSON_CANONICAL ? tcps_text_base64(at, bytes, len) : tcps_text_address(at, bytes, len);
    *at++ = '"';
    return at;
}

static inline bool is_address(size_t len) { return len == 4 || len == 16; }

static void put_bytes(tcps_writer *w, const uint8_t *bytes, size_t len, tcps_json_style style) {
    if (is_address(len)) {
        tcps_writer_room(w, 2 + TCPS_ADDRESS_ROOM);
        w->at = put_address(w->at, bytes, len, style);
        return;
    }
    tcps_writer_byte(w, '"');
    for (size_t done = 0; done < len;) { /* pieces of a multiple of 3 join without padding */
        size_t piece = len - done > 3072 ? 3072 : len - done;
        tcps_writer_room(w, 4 * (piece + 2) / 3 + 4);
        w->at = tcps_text_base64(w->at, bytes + done, piece);
        done += piece;
    }
    tcps_writer_byte(w, '"');
}

static char *put_enum(char *at, const ProtobufCEnumDescriptor *e, int number, tcps_json_style style) {
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(e, number);
    if (!v) return tcps_text_i64(at, number); /* canonical JSON writes a number that it has no name for */
    const char *name = style == TCPS_JSON_FLAT ? tcps_enum_word(e, number) : v->name;
    bool quoted = name[0] > '9'; /* the 4 of IP_VERSION_4 is a number */
    size_t len = strlen(name);
    *at = '"';
    memcpy(at + quoted, name, len);
    at += quoted + len;
    *at = '"';
    return at + quoted;
}

/* Readers that keep numbers as doubles (jq 1.6, JavaScript) round what is larger. */
static const uint64_t LARGEST_EXACT = 1ull << 53;

/* Canonical JSON quotes every 64-bit integer, flat JSON those that would be rounded. */
static char *put_u64(char *at, uint64_t v, tcps_json_style style) {
    bool quoted = style != TCPS_JSON_FLAT || v > LARGEST_EXACT;
    *at = '"';
    at = tcps_text_u64(at + quoted, v);
    *at = '"';
    return at + quoted;
}

static char *put_i64(char *at, int64_t v, tcps_json_style style) {
    bool quoted = style != TCPS_JSON_FLAT || v > (int64_t)LARGEST_EXACT || v < -(int64_t)LARGEST_EXACT;
    *at = '"';
    at = tcps_text_i64(at + quoted, v);
    *at = '"';
    return at + quoted;
}

static void put_set(tcps_writer *w, const tcps_field *f, uint64_t set, tcps_json_style style) {
    for (char before = '['; set; set &= set - 1, before = ',') {
        tcps_writer_room(w, VALUE_ROOM);
        *w->at++ = before;
        w->at = put_enum(w->at, f->enum_values, __builtin_ctzll(set), style);
    }
    tcps_writer_byte(w, ']');
}

/* A value that is neither a text nor a set, at most VALUE_ROOM bytes. */
static inline __attribute__((always_inline)) char *put_short(char *at, unsigned field, tcps_type type, uint64_t bits, tcps_json_style style) {
    switch (type) {
    case TCPS_T_U32: return tcps_text_u32(at, (uint32_t)bits);
    case TCPS_T_I32: return tcps_text_i64(at, (int32_t)bits);
    case TCPS_T_U64: return put_u64(at, bits, style);
    case TCPS_T_I64: return put_i64(at, (int64_t)bits, style);
    case TCPS_T_BOOL: memcpy(at, bits ? "true\0" : "false", 5); return at + (bits ? 4 : 5);
    case TCPS_T_ENUM: return put_enum(at, tcps_fields[field].enum_values, (int)bits, style);
    default: return at;
    }
}

static void put_number_member(tcps_writer *w, const char *key, uint32_t number) {
    tcps_writer_put(w, key, strlen(key));
    tcps_writer_room(w, VALUE_ROOM);
    w->at = tcps_text_i64(w->at, (int32_t)number);
}

static void put_holders(tcps_writer *w, const tcps_text *holders) {
    tcps_named_holder h;
    char before = '[';
    for (size_t at = 0; tcps_holder_list_next(holders, &at, &h); before = ',') {
        tcps_writer_byte(w, before);
        put_number_member(w, "{\"pid\":", h.pid);
        put_number_member(w, ",\"fd\":", h.fd);
        if (h.command) {
            tcps_writer_put(w, ",\"command\":", strlen(",\"command\":"));
            tcps_json_string(w, h.command, h.command_len);
        }
        tcps_writer_byte(w, '}');
    }
    tcps_writer_byte(w, ']');
}

/* What may have any length. */
static void put_long(tcps_writer *w, const tcps_field *f, uint64_t bits, tcps_json_style style) {
    const tcps_text *t = (const tcps_text *)(uintptr_t)bits;
    if (f->type == TCPS_T_HOLDERS)
        put_holders(w, t);
    else if (f->type == TCPS_T_SET)
        put_set(w, f, bits, style);
    else if (f->type == TCPS_T_STRING)
        tcps_json_string(w, t->bytes, t->len);
    else
        put_bytes(w, (const uint8_t *)t->bytes, t->len, style);
}

static tcps_code nowhere(tcps_writer *w, const char *bytes, size_t len) {
    (void)w, (void)bytes, (void)len;
    return TCPS_OK;
}

/* The keys of a style, made at first use. */
static struct key {
    char text[KEY_ROOM];
    uint8_t len;
} keys[TCPS_JSON_STYLES][TCPS_FIELD_LIMIT];

static void init_keys(tcps_json_style style) {
    struct key *all = keys[style];
    if (all[TCPS_F_local_addr].len) return;
    tcps_schema_init();
    for (unsigned f = TCPS_FIELD_LIMIT - 1; f > 0; f--) /* local_addr comes last */
        if (tcps_fields[f].type != TCPS_T_NONE)
            all[f].len = (uint8_t)(put_key(all[f].text, tcps_fields[f].name, style != TCPS_JSON_FLAT) - all[f].text);
}

static char *put_template_key(char *at, unsigned field, unsigned style) {
    const struct key *k = &keys[style][field];
    memcpy(at, k->text, KEY_ROOM);
    return at + k->len;
}

/* The value and its comma, for a template. */
static char *put_template_value(char *at, unsigned field, uint64_t bits, unsigned style) {
    const tcps_field *f = &tcps_fields[field];
    if (f->type < TCPS_T_SET) {
        at = put_short(at, field, f->type, bits, style);
    } else if (f->type == TCPS_T_SET ? tcps_count_bits(bits) > 3 : ((const tcps_text *)(uintptr_t)bits)->len > 24) {
        return NULL;
    } else {
        tcps_writer over = {.begin = at, .at = at, .end = at + TCPS_MEMBER_ROOM, .flush = nowhere};
        put_long(&over, f, bits, style);
        at = over.at;
    }
    *at++ = ',';
    return at;
}

/* Stretches of the shape's template, and between them what the row has of its own. Every member ends in a comma, and the last one's becomes the
 * closing brace. */
void tcps_json_put_row(tcps_writer *w, const tcps_row *row, tcps_templates *templates) {
    const tcps_shape *shape = row->shape;
    const tcps_template *t = tcps_template_of(templates, shape);
    if (!t) {
        w->code = TCPS_NOMEM;
        return;
    }
    tcps_json_style style = (tcps_json_style)templates->style;
    size_t from = 0;
    char *at = w->at;
    for (tcps_own own = tcps_own_begin(row, t); tcps_own_word(&own);)
        while (tcps_own_next(&own)) {
            const tcps_template_member *member = own.member;
            at = tcps_stretch_put(w, at, t, from, member->value, VALUE_ROOM);
            from = member[1].key;
            if (member->type < TCPS_T_SET) {
                at = put_short(at, member->field, (tcps_type)member->type, own.bits, style);
            } else {
                w->at = at;
                put_long(w, &tcps_fields[member->field], own.bits, style);
                tcps_writer_room(w, 1); /* before the comma, which may become the brace */
                at = w->at;
            }
            *at++ = ',';
        }
    size_t end = t->members[shape->count].key;
    if (from < end) at = tcps_stretch_put(w, at, t, from, end, VALUE_ROOM);
    if (at[-1] == ',')
        at[-1] = '}';
    else
        *at++ = '}';
    w->at = at;
}

/* A template would be of no use to one row. */
void tcps_json_row(tcps_writer *w, const tcps_row *row, tcps_json_style style) {
    const tcps_shape *shape = row->shape;
    init_keys(style);
    char before = '{';
    for (unsigned n = 0; n < shape->count; n++, before = ',') {
        const tcps_field *f = &tcps_fields[shape->fields[n]];
        uint64_t bits = tcps_row_bits(row, f->number);
        tcps_writer_room(w, 1 + KEY_ROOM + VALUE_ROOM);
        *w->at++ = before;
        w->at = put_template_key(w->at, f->number, style);
        if (f->type < TCPS_T_SET)
            w->at = put_short(w->at, f->number, f->type, bits, style);
        else
            put_long(w, f, bits, style);
    }
    if (before == '{') tcps_writer_byte(w, before);
    tcps_writer_byte(w, '}');
}

/* Any message as one object: metadata, summary. */
static void put_message(tcps_writer *w, const ProtobufCMessage *m, tcps_json_style style);

/* One value of a message that protobuf-c holds, `p` pointing at it. */
static void put_member(tcps_writer *w, const ProtobufCFieldDescriptor *f, const void *p, tcps_json_style style) {
    tcps_writer_room(w, VALUE_ROOM);
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT32: w->at = tcps_text_u64(w->at, *(const uint32_t *)p); break;
    case PROTOBUF_C_TYPE_INT32: w->at = tcps_text_i64(w->at, *(const int32_t *)p); break;
    case PROTOBUF_C_TYPE_UINT64: w->at = put_u64(w->at, *(const uint64_t *)p, style); break;
    case PROTOBUF_C_TYPE_INT64: w->at = put_i64(w->at, *(const int64_t *)p, style); break;
    case PROTOBUF_C_TYPE_DOUBLE: w->at = tcps_text_double(w->at, *(const double *)p); break;
    case PROTOBUF_C_TYPE_BOOL: tcps_writer_put(w, *(const protobuf_c_boolean *)p ? "true" : "false", *(const protobuf_c_boolean *)p ? 4 : 5); break;
    case PROTOBUF_C_TYPE_ENUM: w->at = put_enum(w->at, f->descriptor, *(const int *)p, style); break;
    case PROTOBUF_C_TYPE_STRING: tcps_json_string(w, *(char *const *)p, strlen(*(char *const *)p)); break;
    case PROTOBUF_C_TYPE_BYTES: put_bytes(w, ((const ProtobufCBinaryData *)p)->data, ((const ProtobufCBinaryData *)p)->len, style); break;
    case PROTOBUF_C_TYPE_MESSAGE: put_message(w, *(ProtobufCMessage *const *)p, style); break;
    default: break; /* the proto has no other; a spec looks */
    }
}

static size_t element_size(const ProtobufCFieldDescriptor *f) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING: return sizeof(void *);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    default: return 4;
    }
}

static bool member_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f) {
    const char *base = (const char *)m;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) return *(const size_t *)(base + f->quantifier_offset) != 0;
    if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE) {
        const void *p = *(const void *const *)(base + f->offset);
        return p && p != f->default_value;
    }
    return *(const protobuf_c_boolean *)(base + f->quantifier_offset) != 0;
}

static void put_message(tcps_writer *w, const ProtobufCMessage *m, tcps_json_style style) {
    const ProtobufCMessageDescriptor *d = m->descriptor;
    char before = '{';
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (!member_present(m, f)) continue;
        tcps_writer_byte(w, before);
        before = ',';
        tcps_writer_room(w, KEY_ROOM);
        w->at = put_key(w->at, f->name, style != TCPS_JSON_FLAT);
        const char *p = (const char *)m + f->offset;
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            put_member(w, f, p, style);
            continue;
        }
        size_t n = *(const size_t *)((const char *)m + f->quantifier_offset);
        const char *elements = *(const char *const *)p;
        for (size_t j = 0; j < n; j++) {
            tcps_writer_byte(w, j ? ',' : '[');
            put_member(w, f, elements + j * element_size(f), style);
        }
        tcps_writer_byte(w, ']');
    }
    if (before == '{') tcps_writer_byte(w, before);
    tcps_writer_byte(w, '}');
}

const char *const tcps_row_metadata[] = {"timestamp_ns", "hostname", "schedule_name", "batch_sequence", NULL};

/* Each with its comma. */
static void put_metadata(tcps_writer *w, const tcps_pass *pass, tcps_json_style style) {
    const ProtobufCMessage *m = &pass->metadata.base;
    for (const char *const *name = tcps_row_metadata; *name; name++) {
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, *name);
        const void *value = (const char *)m + f->offset;
        if (!member_present(m, f) || (f->type == PROTOBUF_C_TYPE_STRING && strlen(*(char *const *)value) > 255)) continue;
        w->at = put_key(w->at, f->name, style != TCPS_JSON_FLAT);
        put_member(w, f, value, style);
        tcps_writer_byte(w, ',');
    }
}

void tcps_json_templates(tcps_templates *templates, tcps_json_style style, const tcps_pass *pass) {
    init_keys(style);
    *templates = (tcps_templates){.put_key = put_template_key, .put_value = put_template_value, .style = style, .prefix = "{"};
    tcps_writer w = {.begin = templates->prefix, .at = templates->prefix + 1, .end = templates->prefix + sizeof templates->prefix, .flush = nowhere};
    if (pass) put_metadata(&w, pass, style);
    templates->prefix_len = (size_t)(w.at - templates->prefix);
}

void tcps_json_lines(tcps_writer *w, const tcps_pass *pass, tcps_view v, tcps_json_style style) {
    tcps_templates templates;
    tcps_json_templates(&templates, style, pass);
    for (size_t i = 0; i < v.count && w->code == TCPS_OK; i++) {
        tcps_json_put_row(w, v.rows[i], &templates);
        tcps_writer_byte(w, '\n');
    }
    tcps_templates_free(&templates);
}

void tcps_json_begin(tcps_writer *w, const tcps_pass *pass, tcps_json_style style) {
    init_keys(style);
    tcps_writer_put(w, "{\"metadata\":", 12);
    put_message(w, &pass->metadata.base, style);
}

void tcps_json_put_record(tcps_writer *w, const tcps_row *row, bool first, tcps_templates *templates) {
    if (first)
        tcps_writer_put(w, ",\"records\":[", 12);
    else
        tcps_writer_byte(w, ',');
    tcps_json_put_row(w, row, templates);
}

void tcps_json_end(tcps_writer *w, const tcps_pass *pass, bool records, bool summary, tcps_json_style style) {
    if (records) tcps_writer_byte(w, ']');
    if (summary && pass->has_summary) {
        tcps_writer_put(w, ",\"summary\":", 11);
        put_message(w, &pass->summary.base, style);
    }
    tcps_writer_put(w, "}\n", 2);
}

static void put_batch(tcps_writer *w, const tcps_pass *pass, tcps_view v, tcps_json_style style) {
    tcps_templates templates;
    tcps_json_templates(&templates, style, NULL);
    tcps_json_begin(w, pass, style);
    for (size_t i = 0; i < v.count && w->code == TCPS_OK; i++) tcps_json_put_record(w, v.rows[i], i == 0, &templates);
    tcps_json_end(w, pass, v.count > 0, true, style);
    tcps_templates_free(&templates);
}

void tcps_json_batch(tcps_writer *w, const tcps_pass *pass, tcps_view v, tcps_json_style style, bool indented) {
    if (!indented) {
        put_batch(w, pass, v, style);
        return;
    }
    tcps_indenter in;
    if (tcps_indenter_init(&in, w) == TCPS_OK) put_batch(&in.base, pass, v, style);
    tcps_code code = tcps_writer_fini(&in.base);
    if (w->code == TCPS_OK) w->code = code;
}
