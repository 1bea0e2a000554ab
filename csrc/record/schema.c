#define TCPS_FIELD_HELP
#include "record/schema.h"

#include <ctype.h>

#include "base/bitset.h"
#include "base/nearest.h"
#include "tcp_stats.pb-c.h"

tcps_field tcps_fields[TCPS_FIELD_LIMIT];
uint64_t tcps_text_mask[TCPS_MASK_WORDS];
uint64_t tcps_number_mask[TCPS_MASK_WORDS];

static tcps_type type_of(const ProtobufCFieldDescriptor *f) {
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) return TCPS_T_HOLDERS; /* a record has no other message */
    if (f->label == PROTOBUF_C_LABEL_REPEATED) return TCPS_T_SET;
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT32: return TCPS_T_U32;
    case PROTOBUF_C_TYPE_INT32: return TCPS_T_I32;
    case PROTOBUF_C_TYPE_UINT64: return TCPS_T_U64;
    case PROTOBUF_C_TYPE_INT64: return TCPS_T_I64;
    case PROTOBUF_C_TYPE_BOOL: return TCPS_T_BOOL;
    case PROTOBUF_C_TYPE_ENUM: return TCPS_T_ENUM;
    case PROTOBUF_C_TYPE_STRING: return TCPS_T_STRING;
    case PROTOBUF_C_TYPE_BYTES: return TCPS_T_BYTES;
    default: return TCPS_T_NONE; /* a record has no other; a spec looks */
    }
}

void tcps_schema_init(void) {
    static bool done;
    if (done) return;
    const ProtobufCMessageDescriptor *d = &tcpstats_reader__tcp_socket_record__descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        tcps_field *field = &tcps_fields[f->id];
        *field = (tcps_field){
            .name = f->name, .number = (uint16_t)f->id, .type = type_of(f), .enum_values = f->type == PROTOBUF_C_TYPE_ENUM ? f->descriptor : NULL};
        if (field->type >= TCPS_T_STRING) tcps_bitset_add(tcps_text_mask, f->id);
        if (field->type >= TCPS_T_U32 && field->type <= TCPS_T_I64) tcps_bitset_add(tcps_number_mask, f->id);
    }
    done = true;
}

const tcps_field *tcps_field_named(const char *name, size_t len) {
    tcps_schema_init();
    char key[64];
    if (len >= sizeof key) return NULL;
    memcpy(key, name, len);
    key[len] = 0;
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(&tcpstats_reader__tcp_socket_record__descriptor, key);
    return f ? &tcps_fields[f->id] : NULL;
}

const tcps_field *tcps_field_nearest(const char *name, size_t len) {
    tcps_schema_init();
    tcps_nearest n = tcps_nearest_to(name, len);
    for (unsigned i = 0; i < TCPS_FIELD_LIMIT; i++)
        if (tcps_fields[i].type != TCPS_T_NONE) tcps_nearest_consider(&n, tcps_fields[i].name);
    return n.name ? tcps_field_named(n.name, strlen(n.name)) : NULL;
}

const char *tcps_enum_word(const ProtobufCEnumDescriptor *e, int number) {
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(e, number);
    if (!v) return NULL;
    /* TcpState -> TCP_STATE_: every capital of the enum's name begins a word. */
    size_t prefix = 0;
    for (const char *p = e->short_name; *p; p++) prefix += 1 + (isupper((unsigned char)*p) != 0);
    return v->name + prefix;
}

const char *tcps_help(const char *message, const char *field) {
    for (size_t i = 0; i < sizeof tcps_field_helps / sizeof *tcps_field_helps; i++)
        if (strcmp(tcps_field_helps[i].message, message) == 0 && strcmp(tcps_field_helps[i].field, field) == 0) return tcps_field_helps[i].help;
    return "";
}
