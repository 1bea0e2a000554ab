#include "kernel/own_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/xnu.h"

typedef struct option {
    const char *name;
    int level, number;
} option;

/* The first is what a question without a request asks for: the state of the connection. */
static const option options[] = {
#ifdef __APPLE__
    {"TCP_CONNECTION_INFO", IPPROTO_TCP, TCI_OPTNAME},
#else
    {"TCP_INFO", IPPROTO_TCP, TCP_INFO},
    {"TCP_CONGESTION", IPPROTO_TCP, TCP_CONGESTION},
#endif
#ifdef SO_COOKIE
    {"SO_COOKIE", SOL_SOCKET, SO_COOKIE},
#endif
#ifdef SO_MEMINFO
    {"SO_MEMINFO", SOL_SOCKET, SO_MEMINFO},
#endif
};

static const option *find_option(const char *name, size_t len) {
    if (!name) return &options[0];
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0) return &options[i];
    return NULL;
}

int tcps_ask_own_socket(const tcps_question *q, tcps_answer *answer, void *context) {
    char bytes[1024];
    socklen_t len = sizeof bytes;
    int fd = (int)q->number, failed;
    if (strcmp(q->name, TCPS_CALL_GETSOCKOPT) == 0) {
        const option *o = find_option(q->request, q->request_len);
        if (!o) return EOPNOTSUPP;
        failed = getsockopt(fd, o->level, o->number, bytes, &len);
    } else if (strcmp(q->name, TCPS_CALL_GETSOCKNAME) == 0) {
        failed = getsockname(fd, (struct sockaddr *)bytes, &len);
    } else if (strcmp(q->name, TCPS_CALL_GETPEERNAME) == 0) {
        failed = getpeername(fd, (struct sockaddr *)bytes, &len);
    } else {
        return EOPNOTSUPP;
    }
    if (failed) return errno;
    return answer(context, bytes, len < sizeof bytes ? len : sizeof bytes) ? ECANCELED : 0;
}
