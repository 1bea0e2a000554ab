/* Opening files to write, inline: the core and the runtime are two modules. */
#ifndef TCPS_OPEN_H
#define TCPS_OPEN_H

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What new files of ours may be read by: their owner and group. Rows and captures name who talks to whom. */
#define TCPS_FILE_MODE 0640

/* Whether everybody may put a symbolic link beside `path`: its folder is sticky and writable for all, as /tmp. */
static inline bool tcps_is_in_open_folder(const char *path) {
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash && (size_t)snprintf(folder, sizeof folder, "%.*s", (int)(slash + 1 - path), path) >= sizeof folder) return false;
    struct stat st;
    return stat(folder, &st) == 0 && st.st_mode & S_ISVTX && st.st_mode & S_IWOTH;
}

/* Opens `path` for writing, with `flags` of open(2) beside O_WRONLY | O_CREAT | O_CLOEXEC; a new file gets `mode` less the umask. A symbolic link is not
 * followed where everybody may put one: -1 with ELOOP. A descriptor, or -1 with errno. */
static inline int tcps_open_to_write(const char *path, int flags, mode_t mode) {
    return open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC | (tcps_is_in_open_folder(path) ? O_NOFOLLOW : 0), mode);
}

#endif
