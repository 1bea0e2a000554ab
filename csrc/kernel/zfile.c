#include "kernel/zfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int ends_in_zst(const char *path) {
    size_t len = strlen(path);
    return len > 4 && strcmp(path + len - 4, ".zst") == 0;
}

/* Puts a zstd between `file` and us: our end of the pipe comes back in *ours. In a process group of its own, so that the terminal's
 * interrupt ends only us and what we have written is compressed to the end. 0 or an errno. */
static int spawn_zstd(tcps_zfile *s, int file, int writing, int *ours) {
    int ends[2];
    if (pipe(ends) != 0) return errno;
    int theirs = writing ? ends[0] : ends[1];
    *ours = writing ? ends[1] : ends[0];
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, writing ? theirs : file, 0);
    posix_spawn_file_actions_adddup2(&actions, writing ? file : theirs, 1);
    if (!writing) posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0); /* what it complains of is told by us, once */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    char *const compress[] = {"zstd", "-q", "-c", NULL}, *const expand[] = {"zstd", "-q", "-d", "-c", NULL};
    int error = posix_spawnp(&s->zstd, "zstd", &actions, &attributes, writing ? compress : expand, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(theirs);
    if (error) close(*ours);
    return error;
}

tcps_code tcps_zfile_open(tcps_zfile *s, const char *path, int writing, tcps_status *status) {
    *s = (tcps_zfile){.fd = -1};
    int fd = open(path, writing ? O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0644);
    if (fd < 0) return tcps_fail_errno(status, errno, "cannot %s %s", writing ? "write" : "read", path);
    if (!ends_in_zst(path)) {
        struct stat st;
        if (!writing && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) s->size = (uint64_t)st.st_size;
        s->fd = fd;
        return TCPS_OK;
    }
    int error = spawn_zstd(s, fd, writing, &s->fd);
    close(fd);
    if (!error) return TCPS_OK;
    s->fd = -1;
    s->zstd = 0;
    if (error == ENOENT) return tcps_fail(status, TCPS_UNSUPPORTED, "%s: the program zstd is missing; install the package zstd", path);
    return tcps_fail_errno(status, error, "%s: cannot run zstd", path);
}

/* Waits for zstd, whose pipe has ended or is closed. 0, or EIO when it failed. */
static int reap_zstd(tcps_zfile *s) {
    int how = 0;
    pid_t got;
    do got = waitpid(s->zstd, &how, 0);
    while (got < 0 && errno == EINTR);
    s->zstd = 0;
    return got > 0 && !(WIFEXITED(how) && WEXITSTATUS(how) == 0) ? EIO : 0;
}

ssize_t tcps_zfile_read(tcps_zfile *s, void *bytes, size_t len) {
    ssize_t got;
    do got = read(s->fd, bytes, len);
    while (got < 0 && errno == EINTR);
    if (got > 0) s->at += (uint64_t)got;
    if (got == 0 && s->zstd > 0 && reap_zstd(s) != 0) s->damaged = true;
    return got;
}

int tcps_zfile_write(tcps_zfile *s, const void *bytes, size_t len) {
    const char *p = bytes;
    while (len) {
        ssize_t n = write(s->fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        p += n;
        len -= (size_t)n;
        s->at += (uint64_t)n;
    }
    return 0;
}

int tcps_zfile_close(tcps_zfile *s) {
    int error = 0;
    if (s->fd >= 0 && close(s->fd) != 0) error = errno;
    s->fd = -1;
    if (s->zstd > 0) {
        /* A reader that has enough closes its end first: zstd's complaint about that is none of ours. */
        int failed = reap_zstd(s);
        if (!error) error = failed;
    }
    return error;
}
