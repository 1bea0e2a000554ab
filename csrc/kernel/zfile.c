#include "kernel/zfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/open.h"
#include "kernel/zstd_stream.h"

static bool ends_in_zst(const char *path) {
    size_t len = strlen(path);
    return len > 4 && strcmp(path + len - 4, ".zst") == 0;
}

tcps_code tcps_zfile_open(tcps_zfile *s, const char *path, bool writing, tcps_status *status) {
    *s = (tcps_zfile){.fd = -1};
    if (ends_in_zst(path)) {
        s->zstd = tcps_zstd_new(writing);
        if (!s->zstd && errno == EOPNOTSUPP)
            return tcps_fail(status, TCPS_UNSUPPORTED,
                             "%s: this build has no zstd; install libzstd's headers and build again, or use a name without .zst", path);
        if (!s->zstd) return tcps_fail(status, TCPS_NOMEM, "%s: no memory", path);
    }
    s->fd = writing ? tcps_open_to_write(path, O_TRUNC, TCPS_FILE_MODE) : open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0) {
        int error = errno;
        tcps_zstd_free(s->zstd);
        s->zstd = NULL;
        return tcps_fail_errno(status, error, "cannot %s %s", writing ? "write" : "read", path);
    }
    struct stat st;
    if (!writing && fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode)) s->size = (uint64_t)st.st_size;
    return TCPS_OK;
}

static ssize_t read_file(void *context, void *bytes, size_t len) {
    tcps_zfile *s = context;
    ssize_t got;
    do {
        errno = EINTR;
        got = s->stop && *s->stop ? -1 : read(s->fd, bytes, len);
    } while (got < 0 && errno == EINTR && !(s->stop && *s->stop));
    if (got > 0) s->done += (uint64_t)got;
    return got;
}

static int write_file(void *context, const void *bytes, size_t len) {
    tcps_zfile *s = context;
    const char *p = bytes;
    while (len) {
        ssize_t n = write(s->fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        p += n;
        len -= (size_t)n;
        s->done += (uint64_t)n;
    }
    return 0;
}

ssize_t tcps_zfile_read(tcps_zfile *s, void *bytes, size_t len) {
    ssize_t got = s->zstd ? tcps_zstd_read(s->zstd, bytes, len, read_file, s) : read_file(s, bytes, len);
    if (got > 0) s->at += (uint64_t)got;
    if (got == 0 && s->zstd) s->damaged = !tcps_zstd_is_whole(s->zstd);
    return got;
}

int tcps_zfile_write(tcps_zfile *s, const void *bytes, size_t len) {
    int error = s->zstd ? tcps_zstd_write(s->zstd, bytes, len, write_file, s) : write_file(s, bytes, len);
    if (!error) s->at += len;
    return error;
}

int tcps_zfile_flush(tcps_zfile *s) { return s->zstd ? tcps_zstd_flush(s->zstd, write_file, s) : 0; }

int tcps_zfile_close(tcps_zfile *s) {
    if (s->fd < 0) return 0;
    int error = s->zstd ? tcps_zstd_end(s->zstd, write_file, s) : 0;
    tcps_zstd_free(s->zstd);
    if (close(s->fd) != 0 && !error) error = errno;
    *s = (tcps_zfile){.fd = -1};
    return error;
}
