#include "encode/endpoint.h"

#include <string.h>

#include "encode/screen.h"
#include "record/schema.h"

static bool is_zero(const tcps_endpoint *e) {
    static const uint8_t zero[16];
    return e->len == 16 && memcmp(e->address, zero, 16) == 0;
}

static char *put_zone(char *at, const tcps_endpoint *e) {
    if (!e->zone_len && !e->zone_index) return at;
    *at++ = '%';
    if (!e->zone_len) return tcps_text_u32(at, e->zone_index);
    return tcps_screen_clean(at, TCPS_ZONE_MOST, e->zone, e->zone_len, TCPS_UTF8);
}

char *tcps_text_endpoint(char *at, const tcps_endpoint *e) {
    if (e->len == 0 || (e->both_families && is_zero(e))) {
        *at++ = '*';
        at = put_zone(at, e);
    } else {
        if (e->len == 16) *at++ = '[';
        at = put_zone(tcps_text_address(at, e->address, e->len), e);
        if (e->len == 16) *at++ = ']';
    }
    *at++ = ':';
    if (e->port >= 0) return tcps_text_u32(at, (uint32_t)e->port);
    *at++ = '*';
    return at;
}

static bool is_link_local(const tcps_endpoint *e) {
    const uint8_t *a = e->address;
    return e->len == 16 && a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

static uint64_t number(const tcps_row *row, unsigned field, uint64_t absent) { return tcps_row_has(row, field) ? tcps_row_bits(row, field) : absent; }

static tcps_endpoint end_of(const tcps_row *row, unsigned address, unsigned port) {
    tcps_endpoint e = {.port = (int32_t)(uint32_t)number(row, port, UINT32_MAX)};
    if (tcps_row_has(row, address)) {
        const tcps_text *bytes = (const tcps_text *)(uintptr_t)tcps_row_bits(row, address);
        e.address = bytes->bytes;
        e.len = bytes->len;
    }
    e.both_families = !number(row, TCPS_F_v6only, false) && number(row, TCPS_F_dual_stack, true);
    return e;
}

static void set_zone(tcps_endpoint *e, const tcps_row *row, unsigned index) {
    if (tcps_row_has(row, TCPS_F_interface)) {
        const tcps_text *name = (const tcps_text *)(uintptr_t)tcps_row_bits(row, TCPS_F_interface);
        e->zone = name->bytes;
        e->zone_len = name->len;
    }
    e->zone_index = (uint32_t)number(row, index, 0);
}

tcps_endpoint tcps_local_end(const tcps_row *row) {
    tcps_endpoint e = end_of(row, TCPS_F_local_addr, TCPS_F_local_port);
    if (is_link_local(&e) && tcps_row_has(row, TCPS_F_scope_id))
        set_zone(&e, row, TCPS_F_scope_id);
    else if (number(row, TCPS_F_interface_index, 0))
        set_zone(&e, row, TCPS_F_interface_index);
    return e;
}

tcps_endpoint tcps_remote_end(const tcps_row *row) {
    tcps_endpoint e = end_of(row, TCPS_F_remote_addr, TCPS_F_remote_port);
    if (is_link_local(&e)) set_zone(&e, row, tcps_row_has(row, TCPS_F_scope_id) ? TCPS_F_scope_id : TCPS_F_interface_index);
    return e;
}
