/* Files that others read while we write them: they see the old one or the new one, never half of one. */
#ifndef TCPS_FILE_H
#define TCPS_FILE_H

#include <stddef.h>

#include "base/status.h"

/* Replaces the file at `path` by one with these bytes: written beside it as PATH.tmp, and renamed. If `path` is a symbolic link, what it points to is
 * replaced. An old file's permissions and owner stay (the owner as far as we may); a new one has 0644, whatever the umask. TCPS_OK, or TCPS_SYSTEM or
 * TCPS_PERMISSION with the old file as it was. */
tcps_code tcps_file_replace(const char *path, const void *bytes, size_t len, tcps_status *status);

/* Removes the file at `path`, or what the symbolic link there points to. That there is none is TCPS_OK; what is not a file (a device, a folder) is
 * left alone. */
tcps_code tcps_file_remove(const char *path, tcps_status *status);

#endif
