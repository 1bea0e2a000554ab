/* TCP_INFO, and what else getsockopt says of an own socket. */
#include <stdlib.h>

#include "abi/linux.h"
#include "abi/load.h"
#include "parse/linux_tcpinfo.h"
#include "source/linux_socket_info.h"

static bool ask_option(tcps_kernel *k, int fd, const char *option, tcps_buffer *value) {
    tcps_question q = {.kind = TCPS_ASK_CALL, .name = TCPS_CALL_GETSOCKOPT, .number = (uint64_t)fd, .request = option, .request_len = strlen(option)};
    return tcps_ask_all(k, &q, value, NULL) == 0;
}

static int take_release(void *context, const void *bytes, size_t len) {
    if (len && ((const char *)bytes)[len - 1] == 0) *(unsigned *)context = tcps_linux_release(bytes);
    return 0;
}

void tcps_linux_socket_info(tcps_kernel *k, int fd, const uint8_t *info, size_t len, tcps_rows *rows, tcps_record *r) {
    unsigned state = len ? info[0] : 0;
    tcps_set_nonzero(r, TCPS_F_state, tcps_linux_state(state));
    unsigned release = 0;
    k->ask(k, &(tcps_question){.kind = TCPS_ASK_CALL, .name = TCPS_CALL_UNAME}, take_release, &release, NULL);
    tcps_linux_tcp_info(r, info, len, state, release);
    if (state == LINUX_LISTEN && len >= TCPI_LOST) { /* tcpi_unacked and tcpi_sacked stand for them */
        tcps_set(r, TCPS_F_accept_queue, tcps_load32(info + TCPI_UNACKED));
        tcps_set(r, TCPS_F_accept_backlog, tcps_load32(info + TCPI_SACKED));
    }
    tcps_buffer value = {0};
    if (ask_option(k, fd, "TCP_CONGESTION", &value)) {
        size_t name_len = strnlen((const char *)value.bytes, value.len);
        if (name_len) tcps_set_text(r, TCPS_F_cc_algo, tcps_rows_intern(rows, TCPS_F_cc_algo, value.bytes, name_len));
    }
    if (ask_option(k, fd, "SO_COOKIE", &value) && value.len == 8) tcps_set(r, TCPS_F_socket_id, tcps_load64(value.bytes));
    if (ask_option(k, fd, "SO_MEMINFO", &value)) tcps_linux_meminfo(r, value.bytes, value.len);
    free(value.bytes);
    tcps_set(r, TCPS_F_fd, (uint64_t)fd);
    tcps_add_source(r, TCPSTATS_READER__DATA_SOURCE__DATA_SOURCE_LINUX_TCP_INFO);
}
