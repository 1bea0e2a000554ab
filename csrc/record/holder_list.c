#include "record/holder_list.h"

#include <stdlib.h>

#include "base/grow.h"

enum {
    WIRE_VARINT = 0,
    WIRE_LENGTH = 2,
    PID = 1, /* fields of SocketHolder */
    FD = 2,
    COMMAND = 3,
    MOST_BESIDE_COMMAND = 3 + 3 + 2 * (1 + 5) + 1 + 3, /* tag and length of the message, two numbers, tag and length of the command */
    LONGEST_COMMAND = 64 << 10,
};

static uint8_t *put_varint(uint8_t *at, uint32_t v) {
    for (; v >= 0x80; v >>= 7) *at++ = (uint8_t)(v | 0x80);
    *at++ = (uint8_t)v;
    return at;
}

static size_t varint_size(uint32_t v) { return v < 1u << 7 ? 1 : v < 1u << 14 ? 2 : v < 1u << 21 ? 3 : v < 1u << 28 ? 4 : 5; }

tcps_code tcps_holder_list_add(tcps_holder_list *list, const tcps_named_holder *h) {
    uint32_t command_len = (uint32_t)(h->command_len < LONGEST_COMMAND ? h->command_len : LONGEST_COMMAND);
    uint8_t *grown = tcps_grow(list->bytes, &list->room, list->len + MOST_BESIDE_COMMAND + command_len, 1);
    if (!grown) return TCPS_NOMEM;
    list->bytes = grown;
    uint32_t size = (uint32_t)(2 + varint_size(h->pid) + varint_size(h->fd));
    if (h->command) size += (uint32_t)(1 + varint_size(command_len) + command_len);
    uint8_t *at = put_varint(grown + list->len, TCPS_F_holders << 3 | WIRE_LENGTH);
    at = put_varint(at, size);
    *at++ = PID << 3 | WIRE_VARINT;
    at = put_varint(at, h->pid);
    *at++ = FD << 3 | WIRE_VARINT;
    at = put_varint(at, h->fd);
    if (h->command) {
        *at++ = COMMAND << 3 | WIRE_LENGTH;
        at = put_varint(at, command_len);
        memcpy(at, h->command, command_len);
        at += command_len;
    }
    list->len = (size_t)(at - grown);
    return TCPS_OK;
}

/* What tcps_holder_list_add wrote, so nothing else can be there. */
static uint32_t take_varint(const uint8_t **at) {
    uint32_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        v |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return v;
    }
}

bool tcps_holder_list_next(const tcps_text *text, size_t *at, tcps_named_holder *h) {
    if (*at >= text->len) return false;
    const uint8_t *p = (const uint8_t *)text->bytes + *at;
    take_varint(&p);
    uint32_t size = take_varint(&p);
    const uint8_t *end = p + size;
    p++;
    h->pid = take_varint(&p);
    p++;
    h->fd = take_varint(&p);
    h->command = NULL;
    h->command_len = 0;
    if (p < end) {
        p++;
        h->command_len = take_varint(&p);
        h->command = (const char *)p;
    }
    *at = (size_t)((const char *)end - text->bytes);
    return true;
}
