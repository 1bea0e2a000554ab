#include "kernel/capture_answer.h"

#include <string.h>

/* Field numbers of Answer. */
enum { KIND = 1, NAME = 2, NUMBER = 3, REQUEST = 4, PROBE = 5, ERROR = 6, SIZE = 7, PIECES = 8 };

tcps_asked tcps_asked_by(const tcps_question *q) {
    bool asked_with = q->kind != TCPS_ASK_NETLINK;
    return (tcps_asked){.kind = q->kind,
                        .number = q->number,
                        .name = (const uint8_t *)q->name,
                        .name_len = strlen(q->name),
                        .request = asked_with && q->request ? q->request : (const uint8_t *)"",
                        .request_len = asked_with ? q->request_len : 0,
                        .probe = q->kind == TCPS_ASK_SYSCTL && q->room == 0};
}

static bool take_text(tcps_wire *r, const uint8_t **text, size_t *len) {
    tcps_wire part;
    if (!tcps_wire_part(r, &part)) return false;
    *text = part.at;
    *len = tcps_wire_len(&part);
    return true;
}

static bool take_member(tcps_wire *r, uint64_t number, tcps_asked *asked) {
    uint64_t value = 0;
    if (number == NAME) return take_text(r, &asked->name, &asked->name_len);
    if (number == REQUEST) return take_text(r, &asked->request, &asked->request_len);
    if (!tcps_wire_varint(r, &value)) return false;
    if (number == KIND) asked->kind = (uint32_t)value;
    if (number == NUMBER) asked->number = value;
    if (number == PROBE) asked->probe = value != 0;
    return true;
}

bool tcps_asked_in(tcps_wire *answer, tcps_asked *asked) {
    *asked = (tcps_asked){.name = (const uint8_t *)"", .request = (const uint8_t *)""};
    uint64_t number, last = 0;
    unsigned wire;
    for (tcps_wire r = *answer; r.at < r.end; *answer = r, last = number) {
        if (!tcps_wire_tag(&r, &number, &wire)) return false;
        if (number <= last || number > PROBE) break;
        if (wire != (number == NAME || number == REQUEST ? TCPS_WIRE_LENGTH : TCPS_WIRE_VARINT)) return false;
        if (!take_member(&r, number, asked)) return false;
    }
    if (asked->kind == TCPS_ASK_NETLINK) asked->request_len = 0; /* a program of ours may look different in the next version */
    return true;
}

static bool same_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
    return a_len == b_len && (!a_len || memcmp(a, b, a_len) == 0);
}

bool tcps_asked_same(const tcps_asked *a, const tcps_asked *b) {
    return a->kind == b->kind && a->number == b->number && a->probe == b->probe && same_bytes(a->name, a->name_len, b->name, b->name_len) &&
           same_bytes(a->request, a->request_len, b->request, b->request_len);
}

bool tcps_told_in(tcps_wire answer, tcps_told *told) {
    *told = (tcps_told){0};
    tcps_wire part;
    uint64_t number;
    unsigned wire;
    while (answer.at < answer.end) {
        if (!tcps_wire_tag(&answer, &number, &wire)) return false;
        if (number == SIZE && wire == TCPS_WIRE_VARINT) {
            if (!tcps_wire_varint(&answer, &told->size)) return false;
            told->has_size = true;
        } else if ((number == ERROR || number == PIECES) && wire == TCPS_WIRE_LENGTH) {
            if (!tcps_wire_part(&answer, &part)) return false;
            size_t len = tcps_wire_len(&part);
            if (number == PIECES && told->pieces++ == 0) told->first_piece = part;
            if (number == ERROR) {
                if (len >= sizeof told->error) return false;
                memset(told->error, 0, sizeof told->error);
                memcpy(told->error, part.at, len);
            }
        } else if (number <= PROBE || !tcps_wire_skip(&answer, wire)) {
            return false;
        }
    }
    return true;
}

bool tcps_told_piece(tcps_wire *answer, tcps_wire *piece) {
    uint64_t number;
    unsigned wire;
    while (answer->at < answer->end && tcps_wire_tag(answer, &number, &wire)) {
        if (number == PIECES && wire == TCPS_WIRE_LENGTH) return tcps_wire_part(answer, piece);
        if (!tcps_wire_skip(answer, wire)) break;
    }
    return false;
}
