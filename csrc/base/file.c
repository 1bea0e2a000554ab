#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40 /* one after the other, as Linux follows */
#define TEMPORARY ".tmp"

/* Makes `path` absolute or relative to the folder that it was relative to, with the target of the link that it names. */
static int follow(char path[PATH_MAX]) {
    char target[PATH_MAX], whole[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len < 0) return errno;
    target[len] = 0;
    const char *slash = strrchr(path, '/');
    int folder = target[0] == '/' || !slash ? 0 : (int)(slash + 1 - path);
    if ((size_t)snprintf(whole, sizeof whole, "%.*s%s", folder, path, target) >= sizeof whole) return ENAMETOOLONG;
    memcpy(path, whole, sizeof whole);
    return 0;
}

/* The file that `path` means, links followed, and what is known of it; st_nlink is 0 when there is none yet. realpath() wants it to exist. */
static int follow_all(const char *path, char resolved[PATH_MAX], struct stat *st) {
    if ((size_t)snprintf(resolved, PATH_MAX, "%s", path) >= PATH_MAX) return ENAMETOOLONG;
    for (int links = 0; links < MOST_LINKS; links++) {
        memset(st, 0, sizeof *st);
        if (lstat(resolved, st) != 0) return errno == ENOENT ? 0 : errno;
        if (!S_ISLNK(st->st_mode)) return 0;
        int error = follow(resolved);
        if (error) return error;
    }
    return ELOOP;
}

/* The same, and that it is a file: root may as well name a device. `what` is what cannot be done. */
static tcps_code resolve(const char *path, const char *what, char resolved[PATH_MAX], struct stat *st, tcps_status *status) {
    int error = follow_all(path, resolved, st);
    if (error) return tcps_fail_errno(status, error, "cannot %s %s", what, path);
    if (st->st_nlink && !S_ISREG(st->st_mode)) return tcps_fail(status, TCPS_SYSTEM, "cannot %s %s: it is not a file", what, path);
    return TCPS_OK;
}

static int write_all(int fd, const char *bytes, size_t len) {
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Of a file that is not ours the owner stays where we may give files away; permissions come after it, as changing the owner takes set-id bits. */
static int fill(int fd, const struct stat *old, const void *bytes, size_t len) {
    int error = write_all(fd, bytes, len);
    if (!error && old->st_nlink && fchown(fd, old->st_uid, old->st_gid) != 0 && errno != EPERM) error = errno;
    if (!error && fchmod(fd, old->st_nlink ? old->st_mode & 07777 : 0644) != 0) error = errno;
    return error;
}

tcps_code tcps_file_replace(const char *path, const void *bytes, size_t len, tcps_status *status) {
    char target[PATH_MAX], temporary[PATH_MAX + sizeof TEMPORARY];
    struct stat old;
    tcps_code code = resolve(path, "write", target, &old, status);
    if (code != TCPS_OK) return code;
    snprintf(temporary, sizeof temporary, "%s" TEMPORARY, target);
    unlink(temporary); /* of a process that was killed */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : fill(fd, &old, bytes, len);
    if (fd >= 0 && close(fd) != 0 && !error) error = errno;
    if (!error && rename(temporary, target) != 0) error = errno;
    if (!error) return TCPS_OK;
    if (fd >= 0) unlink(temporary);
    return tcps_fail_errno(status, error, "cannot write %s", path);
}

tcps_code tcps_file_remove(const char *path, tcps_status *status) {
    char target[PATH_MAX];
    struct stat old;
    tcps_code code = resolve(path, "remove", target, &old, status);
    if (code != TCPS_OK) return code;
    if (old.st_nlink && unlink(target) != 0 && errno != ENOENT) return tcps_fail_errno(status, errno, "cannot remove %s", path);
    return TCPS_OK;
}
