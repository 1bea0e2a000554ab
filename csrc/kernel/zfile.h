/* A file that is read or written from front to back, compressed with zstd when its name ends in .zst. */
#ifndef TCPS_ZFILE_H
#define TCPS_ZFILE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

struct tcps_zstd;

typedef struct tcps_zfile {
    int fd;
    struct tcps_zstd *zstd;            /* NULL: not compressed */
    uint64_t at;                       /* bytes read or written, as the caller sees them */
    uint64_t done, size;               /* of the file itself: bytes read or written, and how many there are; size 0: not known */
    const volatile sig_atomic_t *stop; /* reading ends with EINTR when it is not 0; NULL: never. The caller's */
    bool damaged;                      /* reading, at the end: what is compressed ends in the middle or is not zstd's, so there may have been more */
} tcps_zfile;

/* Opens `path`. TCPS_OK, or `status` says what is wrong; TCPS_UNSUPPORTED: a name in .zst in a build without libzstd. */
tcps_code tcps_zfile_open(tcps_zfile *s, const char *path, bool writing, tcps_status *status);

/* Reads up to `len` bytes: how many were read, 0 at the end, -1 with errno. */
ssize_t tcps_zfile_read(tcps_zfile *s, void *bytes, size_t len);

/* Writes all. 0 or an errno. */
int tcps_zfile_write(tcps_zfile *s, const void *bytes, size_t len);

/* Hands everything so far to the system, in a form that can be read to this point whatever becomes of the rest. 0 or an errno. */
int tcps_zfile_flush(tcps_zfile *s);

/* Ends and closes the file; 0 or an errno. A file that was never opened (fd -1) is left alone. */
int tcps_zfile_close(tcps_zfile *s);

#endif
