#include "encode/value.h"

#include <string.h>

#include "encode/text.h"
#include "record/holder_list.h"

static char *put_text(char *at, const char *text) {
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}

static char *put_word(char *at, const ProtobufCEnumDescriptor *e, int number) {
    const char *word = tcps_enum_word(e, number);
    return word ? put_text(at, word) : tcps_text_i64(at, number);
}

static char *put_set(char *at, size_t room, const ProtobufCEnumDescriptor *e, uint64_t set) {
    const char *end = at + room;
    for (bool first = true; set && (size_t)(end - at) >= TCPS_VALUE_ROOM; set &= set - 1, first = false) {
        if (!first) *at++ = ',';
        at = put_word(at, e, __builtin_ctzll(set));
    }
    return at;
}

/* NAME/PID/FD of each. */
static char *put_holders(char *at, size_t room, const tcps_text *holders) {
    const char *begin = at, *end = at + room;
    tcps_named_holder h;
    for (size_t from = 0; tcps_holder_list_next(holders, &from, &h) && (size_t)(end - at) >= TCPS_VALUE_ROOM + h.command_len;) {
        if (at > begin) *at++ = ',';
        if (h.command_len) memcpy(at, h.command, h.command_len);
        at += h.command_len;
        *at++ = '/';
        at = tcps_text_i64(at, (int32_t)h.pid);
        *at++ = '/';
        at = tcps_text_i64(at, (int32_t)h.fd);
    }
    return at;
}

char *tcps_value_text(char *at, size_t room, const tcps_field *f, uint64_t bits) {
    const tcps_text *bytes = (const tcps_text *)(uintptr_t)bits;
    switch (f->type) {
    case TCPS_T_U32: return tcps_text_u64(at, (uint32_t)bits);
    case TCPS_T_U64: return tcps_text_u64(at, bits);
    case TCPS_T_I32: return tcps_text_i64(at, (int32_t)bits);
    case TCPS_T_I64: return tcps_text_i64(at, (int64_t)bits);
    case TCPS_T_BOOL: return put_text(at, bits ? "true" : "false");
    case TCPS_T_ENUM: return put_word(at, f->enum_values, (int)bits);
    case TCPS_T_SET: return put_set(at, room, f->enum_values, bits);
    case TCPS_T_BYTES: return tcps_text_address(at, bytes->bytes, bytes->len);
    case TCPS_T_HOLDERS: return put_holders(at, room, bytes);
    default: return at;
    }
}
