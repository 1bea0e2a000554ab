/* What can be said of the fields of TcpSocketRecord: name, type, values of an enum. Derived from protobuf-c's descriptor at first use. */
#ifndef TCPS_SCHEMA_H
#define TCPS_SCHEMA_H

#include <protobuf-c/protobuf-c.h>

#include "record/record.h"

typedef enum tcps_type {
    TCPS_T_NONE = 0, /* no field has this number */
    TCPS_T_U32,
    TCPS_T_I32,
    TCPS_T_U64,
    TCPS_T_I64,
    TCPS_T_BOOL,
    TCPS_T_ENUM,
    TCPS_T_SET, /* a repeated enum; its numbers are below 64 */
    TCPS_T_STRING,
    TCPS_T_BYTES,
    TCPS_T_HOLDERS, /* a tcps_text, see record/holder_list.h */
} tcps_type;

typedef struct tcps_field {
    const char *name; /* as in the proto */
    uint16_t number;
    tcps_type type;
    const ProtobufCEnumDescriptor *enum_values; /* of TCPS_T_ENUM and TCPS_T_SET */
} tcps_field;

/* By number; type TCPS_T_NONE where there is none. Fill with tcps_schema_init (idempotent, and called by every module that needs it). */
extern tcps_field tcps_fields[TCPS_FIELD_LIMIT];
extern uint64_t tcps_text_mask[TCPS_MASK_WORDS];   /* what is a tcps_text */
extern uint64_t tcps_number_mask[TCPS_MASK_WORDS]; /* integers: what can be compared and summed; no bool, no enum */
void tcps_schema_init(void);

/* The field called `name` (`len` bytes), or NULL. */
const tcps_field *tcps_field_named(const char *name, size_t len);

/* The field whose name is nearest to `name` (base/nearest.h); NULL when nothing is near. */
const tcps_field *tcps_field_nearest(const char *name, size_t len);

/* The short word of an enum's number ("ESTABLISHED" of TCP_STATE_ESTABLISHED), NULL for a number that it has not. Static.
 * A short word is the proto's name less the enum's own name in capitals. */
const char *tcps_enum_word(const ProtobufCEnumDescriptor *e, int number);

/* The comment of any message's field in the proto, "" where there is none. Static. */
const char *tcps_help(const char *message, const char *field);

#endif
