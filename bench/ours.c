#include "ours.h"

#include <stdio.h>
#include <stdlib.h>

#include "encode/json.h"
#include "encode/protobuf.h"
#include "input.h"
#include "parse/linux_diag.h"
#include "record/schema.h"

enum { FIELDS = 45 };

typedef TcpstatsReader__TcpSocketRecord message;

struct ours {
    tcps_pass *parsed, *pass; /* as the kernel gave it, and with fewer fields */
    tcps_record *records;
    message *messages;
    uint8_t *packed; /* of one message */
    char *bytes;
    size_t len, room;
};

typedef struct collector {
    tcps_writer base;
    ours *to;
} collector;

static void *need(void *p) {
    if (p) return p;
    fprintf(stderr, "bench/encoders: no memory\n");
    exit(1);
}

static tcps_code add(tcps_sink *sink, tcps_record *r) { return tcps_rows_add(&sink->pass->rows, r); }

/* Takes all but FIELDS from a record: the addresses stay, and of the others some everywhere. False if it has fewer (a listener). */
static bool keep_some(tcps_record *r) {
    unsigned present = 0, kept = 0;
    for (unsigned w = 0; w < TCPS_MASK_WORDS; w++) present += tcps_count_bits(r->has[w]);
    for (unsigned f = 0, seen = 0; f < TCPS_FIELD_LIMIT; f++) {
        if (!tcps_has(r, f)) continue;
        seen++;
        if (kept < FIELDS && (f < 3 || kept * present <= seen * FIELDS - FIELDS))
            kept++;
        else
            tcps_unset(r, f);
    }
    return kept == FIELDS;
}

ours *ours_new(size_t records) {
    ours *o = need(calloc(1, sizeof *o));
    tcps_schema_init();
    o->parsed = need(tcps_pass_new());
    o->pass = need(tcps_pass_new());
    o->records = need(calloc(records, sizeof *o->records));
    o->messages = need(calloc(records, sizeof *o->messages));
    o->packed = need(malloc(1 << 16));
    bench_bytes dump = bench_linux_dump(records + records / 100 + 1); /* one in 500 is a listener */
    tcps_sink sink = {.pass = o->parsed, .put = add};
    tcps_linux_diag diag = {0};
    tcps_linux_diag_parse(&diag, dump.bytes, dump.len, &sink, NULL);
    for (size_t i = 0; o->pass->rows.count < records; i++) {
        tcps_record *r = &o->records[o->pass->rows.count];
        tcps_row_unpack(r, o->parsed->rows.rows[i]);
        if (keep_some(r) && tcps_rows_add(&o->pass->rows, r) != TCPS_OK) need(NULL);
    }
    tcps_pass_show(o->pass);
    return o;
}

static tcps_code collect(tcps_writer *w, const char *bytes, size_t len) {
    ours *o = ((collector *)w)->to;
    if (o->room - o->len < len) o->bytes = need(realloc(o->bytes, o->room = 2 * (o->room + len)));
    memcpy(o->bytes + o->len, bytes, len);
    o->len += len;
    return TCPS_OK;
}

void ours_encode(ours *o, ours_format format) {
    collector c = {.to = o};
    o->len = 0;
    if (tcps_writer_init(&c.base, collect) != TCPS_OK) need(NULL);
    switch (format) {
    case OURS_JSON: tcps_json_batch(&c.base, o->pass, o->pass->all, TCPS_JSON_CANONICAL, false); break;
    case OURS_FLAT: tcps_json_lines(&c.base, o->pass, o->pass->all, TCPS_JSON_FLAT); break;
    case OURS_PROTOBUF: tcps_protobuf_batch(&c.base, o->pass, o->pass->all); break;
    }
    if (tcps_writer_fini(&c.base) != TCPS_OK) need(NULL);
}

const char *ours_bytes(const ours *o, size_t *len) {
    *len = o->len;
    return o->bytes;
}

/* The fields of a record by the descriptor, as a generic program would. */
static void fill(message *m, const tcps_record *r) {
    static TcpstatsReader__DataSource sources[1] = {TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_INET_DIAG};
    const ProtobufCMessageDescriptor *d = &tcpstats_reader__tcp_socket_record__descriptor;
    tcpstats_reader__tcp_socket_record__init(m);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        if (!tcps_has(r, f->id)) continue;
        char *member = (char *)m + f->offset;
        uint64_t bits = r->value[f->id];
        const tcps_text *text = (const tcps_text *)(uintptr_t)bits;
        switch (tcps_fields[f->id].type) {
        case TCPS_T_SET:
            m->n_sources = 1;
            m->sources = sources;
            continue;
        case TCPS_T_STRING: *(const char **)member = text->bytes; continue;
        case TCPS_T_BYTES: *(ProtobufCBinaryData *)member = (ProtobufCBinaryData){text->len, (uint8_t *)(uintptr_t)text->bytes}; break;
        case TCPS_T_U64:
        case TCPS_T_I64: memcpy(member, &bits, 8); break;
        default: memcpy(member, &bits, 4); break;
        }
        *(protobuf_c_boolean *)((char *)m + f->quantifier_offset) = 1;
    }
}

void ours_structs_fill(ours *o) {
    for (size_t i = 0; i < o->pass->rows.count; i++) fill(&o->messages[i], &o->records[i]);
}

void ours_structs_pack(ours *o) {
    for (size_t i = 0; i < o->pass->rows.count; i++)
        if (tcpstats_reader__tcp_socket_record__get_packed_size(&o->messages[i]) <= 1 << 16)
            tcpstats_reader__tcp_socket_record__pack(&o->messages[i], o->packed);
}

size_t ours_struct_size(void) { return sizeof(message); }
