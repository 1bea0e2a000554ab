#include "parse/linux_mptcp.h"

#include <stdlib.h>

#include "base/grow.h"
#include "parse/linux_attributes.h"

void tcps_mptcp_table_free(tcps_mptcp_table *t) {
    free(t->at);
    tcps_table_free(&t->by_token);
    *t = (tcps_mptcp_table){0};
}

static tcps_code add(tcps_mptcp_table *t, const tcps_mptcp_connection *c) {
    tcps_mptcp_connection *grown = t->count < TCPS_NO_INDEX ? tcps_grow(t->at, &t->room, t->count + 1, sizeof *grown) : NULL;
    if (!grown) return TCPS_NOMEM;
    t->at = grown;
    if (tcps_table_reserve(&t->by_token, t->count + 1) != TCPS_OK) return TCPS_NOMEM;
    if (tcps_table_put(&t->by_token, c->token, (uint32_t)t->count) == t->count) grown[t->count++] = *c;
    return TCPS_OK;
}

static tcps_code add_socket(tcps_mptcp_table *t, const uint8_t *m, size_t len) {
    const uint8_t *at = m + MSG_SIZE, *end = m + len;
    tcps_mptcp_connection c = {.unread = tcps_load32(m + MSG_RQUEUE), .unsent = tcps_load32(m + MSG_WQUEUE)};
    for (tcps_attribute a; tcps_next_attribute(&at, end, &a);)
        if (a.type == ATTR_INFO && tcps_holds(&a.payload, MPTCPI_TOKEN, 4)) c.token = tcps_load32(a.payload.at + MPTCPI_TOKEN);
    return c.token ? add(t, &c) : TCPS_OK;
}

tcps_code tcps_linux_mptcp_parse(tcps_mptcp_table *t, const uint8_t *bytes, size_t len) {
    const uint8_t *at = bytes, *end = bytes + len;
    tcps_code code = TCPS_OK;
    while (code == TCPS_OK && end - at >= NL_HEADER) {
        size_t size = tcps_load32(at + NL_LEN);
        if (size < NL_HEADER || size > (size_t)(end - at)) break;
        if (tcps_load16(at + NL_TYPE) == NL_TYPE_SOCK_DIAG && size >= NL_HEADER + MSG_SIZE) code = add_socket(t, at + NL_HEADER, size - NL_HEADER);
        size_t step = (size + 3) & ~(size_t)3;
        at += step < (size_t)(end - at) ? step : (size_t)(end - at);
    }
    return code;
}

const tcps_mptcp_connection *tcps_mptcp_find(const tcps_mptcp_table *t, uint32_t token) {
    uint32_t i = tcps_table_get(&t->by_token, token);
    return i == TCPS_NO_INDEX ? NULL : &t->at[i];
}
