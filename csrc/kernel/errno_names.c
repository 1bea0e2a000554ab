/* Errno numbers differ from system to system; a capture keeps names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/capture.h"

/* What the calls that answer tcps_kernel.ask can return. */
#define E(name)                                                                                                                                      \
    { name, #name }
static const struct {
    int number;
    const char *name;
} names[] = {
    E(EPERM),   E(ENOENT), E(ESRCH),     E(EINTR),    E(EIO),        E(ENXIO),       E(E2BIG),    E(EBADF),     E(EAGAIN),       E(ENOMEM),
    E(EACCES),  E(EFAULT), E(EBUSY),     E(EEXIST),   E(ENODEV),     E(ENOTDIR),     E(EISDIR),   E(EINVAL),    E(ENFILE),       E(EMFILE),
    E(ENOTTY),  E(EFBIG),  E(ENOSPC),    E(EPIPE),    E(ERANGE),     E(ENOBUFS),     E(EMSGSIZE), E(ETIMEDOUT), E(ECONNREFUSED), E(EOVERFLOW),
    E(ENOSYS),  E(ELOOP),  E(ECANCELED), E(ENOTCONN), E(EOPNOTSUPP), E(ENOPROTOOPT), E(EPROTO),
#ifdef ENODATA /* FreeBSD has none */
    E(ENODATA),
#endif
};

const char *tcps_errno_name(int error, char *room) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == error) return names[i].name;
    snprintf(room, 16, "%d", error);
    return room;
}

int tcps_errno_named(const char *name) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) return names[i].number;
    return EIO;
}
