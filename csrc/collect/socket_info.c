#include "collect/socket_info.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int ask(tcps_kernel *k, const char *call, int fd, tcps_buffer *answer) {
    return tcps_ask_all(k, &(tcps_question){.kind = TCPS_ASK_CALL, .name = call, .number = (uint64_t)fd}, answer, NULL);
}

/* One end, of a struct sockaddr of this system. */
static void set_endpoint(tcps_rows *rows, tcps_record *r, const tcps_buffer *name, unsigned address, unsigned port) {
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    sa_family_t family;
    if (name->len < offsetof(struct sockaddr, sa_data)) return;
    memcpy(&family, name->bytes + offsetof(struct sockaddr, sa_family), sizeof family);
    if (family == AF_INET && name->len >= sizeof in) {
        memcpy(&in, name->bytes, sizeof in);
        tcps_set(r, TCPS_F_ip_version, TCPSTATS_READER__IP_VERSION__IP_VERSION_4);
        tcps_set_text(r, address, tcps_rows_text(rows, &in.sin_addr, sizeof in.sin_addr));
        tcps_set_nonzero(r, port, ntohs(in.sin_port));
    } else if (family == AF_INET6 && name->len >= sizeof in6) {
        memcpy(&in6, name->bytes, sizeof in6);
        tcps_set(r, TCPS_F_ip_version, TCPSTATS_READER__IP_VERSION__IP_VERSION_6);
        tcps_set_text(r, address, tcps_rows_text(rows, &in6.sin6_addr, sizeof in6.sin6_addr));
        tcps_set_nonzero(r, port, ntohs(in6.sin6_port));
        if (in6.sin6_scope_id) tcps_set(r, TCPS_F_scope_id, in6.sin6_scope_id);
    }
}

/* A listener has no peer. */
static void set_endpoints(tcps_kernel *k, int fd, tcps_rows *rows, tcps_record *r) {
    tcps_buffer name = {0};
    if (ask(k, TCPS_CALL_GETSOCKNAME, fd, &name) == 0) set_endpoint(rows, r, &name, TCPS_F_local_addr, TCPS_F_local_port);
    if (ask(k, TCPS_CALL_GETPEERNAME, fd, &name) == 0) set_endpoint(rows, r, &name, TCPS_F_remote_addr, TCPS_F_remote_port);
    free(name.bytes);
}

static tcps_code explain(int error, int fd, tcps_status *status) {
    switch (error) {
    case EBADF: return tcps_fail(status, TCPS_USAGE, "descriptor %d is not open", fd);
    case ENOTSOCK: return tcps_fail(status, TCPS_USAGE, "descriptor %d is not a socket", fd);
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EINVAL: return tcps_fail(status, TCPS_USAGE, "descriptor %d is not a TCP socket", fd);
    default: return tcps_fail_errno(status, error, "descriptor %d", fd);
    }
}

tcps_code tcps_socket_info(const tcps_source_class *class, tcps_kernel *k, int fd, tcps_pass **out, tcps_status *status) {
    *out = NULL;
    if (!class->socket_info) return tcps_fail(status, TCPS_UNSUPPORTED, "%s tells nothing of a single socket", class->name);
    tcps_buffer info = {0};
    tcps_pass *pass = tcps_pass_new();
    int error = pass ? ask(k, TCPS_CALL_GETSOCKOPT, fd, &info) : ENOMEM;
    tcps_code code = error ? explain(error, fd, status) : TCPS_OK;
    if (code == TCPS_OK) {
        tcps_record r;
        tcps_record_clear(&r);
        set_endpoints(k, fd, &pass->rows, &r);
        class->socket_info(k, fd, info.bytes, info.len, &pass->rows, &r);
        if (tcps_rows_add(&pass->rows, &r) != TCPS_OK) code = tcps_fail(status, TCPS_NOMEM, "no memory");
    }
    free(info.bytes);
    if (pass) tcps_pass_show(pass);
    if (code == TCPS_OK)
        *out = pass;
    else
        tcps_pass_unref(pass);
    return code;
}
