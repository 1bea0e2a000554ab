/* A file that is read or written from front to back, through zstd when its name ends in .zst. */
#ifndef TCPS_STREAM_H
#define TCPS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

typedef struct tcps_zfile {
    int fd;
    pid_t zstd;        /* 0: no program between us and the file */
    uint64_t at, size; /* bytes done; the file's size where that says something, else 0 */
    bool damaged;      /* reading, at the end: zstd failed, so there may have been more */
} tcps_zfile;

/* Opens `path`. TCPS_OK, or `status` says what is wrong; a missing zstd is TCPS_UNSUPPORTED and names the package. */
tcps_code tcps_zfile_open(tcps_zfile *s, const char *path, int writing, tcps_status *status);

/* Reads up to `len` bytes: what was read, 0 at the end, -1 with errno. */
ssize_t tcps_zfile_read(tcps_zfile *s, void *bytes, size_t len);

/* Writes all. 0 or an errno. */
int tcps_zfile_write(tcps_zfile *s, const void *bytes, size_t len);

/* Closes; 0 or an errno (EIO: zstd failed). A stream that was never opened (fd -1) is left alone. */
int tcps_zfile_close(tcps_zfile *s);

#endif
