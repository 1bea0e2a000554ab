#include "source/linux_mptcp.h"

#include <string.h>

#include "abi/linux.h"

#define REQUEST_SIZE (NL_HEADER + REQ2_SIZE + 8)

static void build_request(uint8_t request[REQUEST_SIZE], unsigned family) {
    const uint32_t size = REQUEST_SIZE, states = LINUX_ALL_STATES, protocol = LINUX_IPPROTO_MPTCP;
    const uint16_t type = NL_TYPE_SOCK_DIAG, flags = NL_FLAG_REQUEST | NL_FLAG_DUMP, attribute[2] = {8, REQ_ATTR_PROTOCOL};
    uint8_t *body = request + NL_HEADER;
    memset(request, 0, REQUEST_SIZE);
    memcpy(request + NL_LEN, &size, sizeof size);
    memcpy(request + NL_TYPE, &type, sizeof type);
    memcpy(request + NL_FLAGS, &flags, sizeof flags);
    body[REQ2_FAMILY] = (uint8_t)family;
    body[REQ2_PROTOCOL] = LINUX_IPPROTO_TCP;
    body[REQ2_EXT] = 1 << (ATTR_INFO - 1);
    memcpy(body + REQ2_STATES, &states, sizeof states);
    memcpy(body + REQ2_SIZE, attribute, sizeof attribute);
    memcpy(body + REQ2_SIZE + sizeof attribute, &protocol, sizeof protocol);
}

typedef struct reading {
    tcps_mptcp_table *table;
    tcps_code code;
} reading;

static int take(void *context, const void *bytes, size_t len) {
    reading *r = context;
    r->code = tcps_linux_mptcp_parse(r->table, bytes, len);
    return r->code != TCPS_OK;
}

tcps_code tcps_linux_mptcp_read(tcps_kernel *k, tcps_mptcp_table *t) {
    static const unsigned families[] = {LINUX_AF_INET, LINUX_AF_INET6};
    static const char *const names[] = {"sock_diag mptcp", "sock_diag mptcp6"};
    reading r = {.table = t};
    for (unsigned i = 0; i < 2 && r.code == TCPS_OK; i++) {
        uint8_t request[REQUEST_SIZE];
        build_request(request, families[i]);
        k->ask(k, &(tcps_question){.kind = TCPS_ASK_NETLINK, .name = names[i], .request = request, .request_len = sizeof request}, take, &r, NULL);
    }
    return r.code;
}
