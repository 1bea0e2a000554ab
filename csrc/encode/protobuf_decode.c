/* BatchMessages to passes. Records go from the wire into rows: protobuf-c's struct of one has 2,216 bytes, and filling and reading it took 2.8 us. */
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/wire.h"
#include "encode/protobuf.h"
#include "record/holder_list.h"
#include "record/schema.h"

enum { BATCH_METADATA = 1, BATCH_RECORDS = 2, BATCH_SUMMARY = 3 }; /* field numbers of BatchMessage */

/* Metadata and summary are read by protobuf-c, which takes some 65 bytes for each of a hostile message. A true one has less than 2 KB. */
#define MOST_OF_MESSAGE ((size_t)64 << 10)

/* What a message may take: a true one takes less than twice its size. A hostile one has a shape of its own in every record. */
#define MEMORY_AT_ONCE ((size_t)8 << 20)
#define MEMORY_FOR_BYTE 32

/* ---- Records ---- */

typedef struct decoder {
    tcps_rows *rows;
    tcps_record record;
    tcps_holder_list holders; /* of the record */
    tcps_code code;           /* of the first failure that is not the bytes' */
} decoder;

static bool no_memory(decoder *d) {
    d->code = TCPS_NOMEM;
    return false;
}

static bool take_holder(decoder *d, tcps_wire r) {
    tcps_named_holder h = {0};
    while (r.at < r.end) {
        uint64_t number, value;
        unsigned wire;
        tcps_wire part;
        if (!tcps_wire_tag(&r, &number, &wire)) return false;
        if (wire == TCPS_WIRE_VARINT && (number == 1 || number == 2)) {
            if (!tcps_wire_varint(&r, &value)) return false;
            *(number == 1 ? &h.pid : &h.fd) = (uint32_t)value;
        } else if (wire == TCPS_WIRE_LENGTH && number == 3) {
            if (!tcps_wire_part(&r, &part) || tcps_wire_len(&part) > UINT16_MAX) return false;
            h.command = (const char *)part.at;
            h.command_len = tcps_wire_len(&part);
        } else if (!tcps_wire_skip(&r, wire)) {
            return false;
        }
    }
    return tcps_holder_list_add(&d->holders, &h) == TCPS_OK || no_memory(d);
}

static bool add_to_set(decoder *d, unsigned field, uint64_t number) {
    uint64_t set = tcps_has(&d->record, field) ? d->record.value[field] : 0;
    if (number < 64) tcps_set(&d->record, field, set | 1ull << number);
    return true;
}

/* A value that is written with its length. */
static bool take_part(decoder *d, const tcps_field *f, tcps_wire part) {
    const tcps_text *text;
    uint64_t number;
    switch (f->type) {
    case TCPS_T_SET:
        while (part.at < part.end)
            if (!tcps_wire_varint(&part, &number) || !add_to_set(d, f->number, number)) return false;
        return true;
    case TCPS_T_HOLDERS: return take_holder(d, part);
    case TCPS_T_STRING: text = tcps_rows_intern(d->rows, f->number, part.at, tcps_wire_len(&part)); break;
    case TCPS_T_BYTES: text = tcps_rows_text(d->rows, part.at, tcps_wire_len(&part)); break;
    default: return true; /* another type than ours: as if it were unknown */
    }
    if (!text) return no_memory(d);
    tcps_set_text(&d->record, f->number, text);
    return true;
}

static inline bool take_varint(decoder *d, const tcps_field *f, uint64_t value) {
    if (f->type == TCPS_T_SET) return add_to_set(d, f->number, value);
    if (f->type == TCPS_T_BOOL) value = value != 0;
    if (f->type < TCPS_T_SET) tcps_set(&d->record, f->number, value & tcps_value_mask[f->number]);
    return true;
}

static bool take_record(decoder *d, tcps_wire r) {
    static const tcps_field unknown = {.type = TCPS_T_NONE};
    tcps_record_clear(&d->record);
    d->holders.len = 0;
    while (r.at < r.end) {
        uint64_t number, value;
        unsigned wire;
        tcps_wire part;
        if (!tcps_wire_tag(&r, &number, &wire)) return false;
        const tcps_field *f = number < TCPS_FIELD_LIMIT ? &tcps_fields[number] : &unknown;
        if (f->type != TCPS_T_NONE && wire == TCPS_WIRE_VARINT) {
            if (!tcps_wire_varint(&r, &value) || !take_varint(d, f, value)) return false;
        } else if (f->type != TCPS_T_NONE && wire == TCPS_WIRE_LENGTH) {
            if (!tcps_wire_part(&r, &part) || !take_part(d, f, part)) return false;
        } else if (!tcps_wire_skip(&r, wire)) {
            return false;
        }
    }
    if (d->holders.len) {
        const tcps_text *text = tcps_rows_text(d->rows, d->holders.bytes, d->holders.len);
        if (!text) return no_memory(d);
        tcps_set_text(&d->record, TCPS_F_holders, text);
    }
    return tcps_rows_add(d->rows, &d->record) == TCPS_OK || no_memory(d);
}

/* ---- The message ---- */

/* A message that may come in pieces, which are one when they follow each other. */
typedef struct pieces {
    uint8_t *bytes;
    size_t len, room;
    bool present;
} pieces;

static tcps_code add_piece(pieces *p, const tcps_wire *part) {
    size_t len = tcps_wire_len(part);
    if (p->len + len > MOST_OF_MESSAGE) return TCPS_FORMAT;
    p->present = true;
    uint8_t *bytes = tcps_grow(p->bytes, &p->room, p->len + len + 1, 1);
    if (!bytes) return TCPS_NOMEM;
    p->bytes = bytes;
    if (len) memcpy(bytes + p->len, part->at, len);
    p->len += len;
    return TCPS_OK;
}

static tcps_code take_metadata(tcps_pass *pass, const pieces *p) {
    if (!p->present) return TCPS_OK;
    TcpstatsReader__CollectionMetadata *m = tcpstats_reader__collection_metadata__unpack(NULL, p->len, p->bytes);
    tcps_code code = m ? tcps_pass_take_metadata(pass, m) : TCPS_FORMAT;
    if (m) tcpstats_reader__collection_metadata__free_unpacked(m, NULL);
    return code;
}

static tcps_code take_summary(tcps_pass *pass, const pieces *p) {
    if (!p->present) return TCPS_OK;
    TcpstatsReader__SystemSummary *m = tcpstats_reader__system_summary__unpack(NULL, p->len, p->bytes);
    tcps_code code = m ? tcps_pass_take_summary(pass, m) : TCPS_FORMAT;
    if (m) tcpstats_reader__system_summary__free_unpacked(m, NULL);
    return code;
}

/* The members of the message in their order; `r` is left at the one that is wrong. */
static tcps_code take_members(decoder *d, tcps_wire *r, pieces *metadata, pieces *summary) {
    size_t most = tcps_arena_in_use() + MEMORY_AT_ONCE + MEMORY_FOR_BYTE * tcps_wire_len(r);
    while (r->at < r->end) {
        tcps_wire member = *r, part;
        uint64_t number;
        unsigned wire;
        if (!tcps_wire_tag(&member, &number, &wire)) return TCPS_FORMAT;
        if (wire != TCPS_WIRE_LENGTH || number > BATCH_SUMMARY) {
            if (!tcps_wire_skip(&member, wire)) return TCPS_FORMAT;
        } else {
            if (!tcps_wire_part(&member, &part)) return TCPS_FORMAT;
            tcps_code code = TCPS_OK;
            if (number == BATCH_RECORDS)
                code = take_record(d, part) ? TCPS_OK : d->code;
            else
                code = add_piece(number == BATCH_METADATA ? metadata : summary, &part);
            if (code != TCPS_OK) return code;
        }
        if (tcps_arena_in_use() > most) return TCPS_FORMAT;
        r->at = member.at;
    }
    return TCPS_OK;
}

static tcps_code take_batch(tcps_pass *pass, tcps_wire *r) {
    decoder d = {.rows = &pass->rows, .code = TCPS_FORMAT};
    pieces metadata = {0}, summary = {0};
    tcps_code code = take_members(&d, r, &metadata, &summary);
    if (code == TCPS_OK) code = take_metadata(pass, &metadata);
    if (code == TCPS_OK) code = take_summary(pass, &summary);
    free(metadata.bytes);
    free(summary.bytes);
    free(d.holders.bytes);
    tcps_pass_show(pass);
    return code;
}

tcps_code tcps_protobuf_decode(const uint8_t *bytes, size_t len, size_t *used, tcps_pass **out, tcps_status *status) {
    tcps_schema_init();
    *out = NULL;
    tcps_wire all = {bytes, bytes + len}, message;
    uint64_t size;
    if (!tcps_wire_varint(&all, &size)) {
        if (len >= 10) return tcps_fail(status, TCPS_FORMAT, "not the length of a message: a varint of more than 10 bytes");
        size = UINT64_MAX;
    }
    if (size > tcps_wire_len(&all)) return tcps_fail(status, TCPS_TRUNCATED, "the message is cut: %llu bytes of it exist", (unsigned long long)len);
    message = (tcps_wire){all.at, all.at + size};
    tcps_pass *pass = tcps_pass_new();
    tcps_code code = pass ? take_batch(pass, &message) : TCPS_NOMEM;
    if (code != TCPS_OK) {
        tcps_pass_unref(pass);
        if (code == TCPS_NOMEM) return tcps_fail(status, code, "not enough memory");
        tcps_fail(status, code, "not a BatchMessage: byte %llu of %llu", (unsigned long long)(message.at - bytes) + 1, (unsigned long long)size);
        if (status) status->offset = (uint64_t)(message.at - bytes);
        return code;
    }
    *used = (size_t)(all.at - bytes) + (size_t)size;
    *out = pass;
    return TCPS_OK;
}
