/* Compressing and expanding a stream with libzstd; a build without it has none (TCPS_ZSTD). */
#ifndef TCPS_ZSTD_STREAM_H
#define TCPS_ZSTD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct tcps_zstd tcps_zstd;

/* Where the compressed bytes come from, as read(2), or go to: 0 or an errno. */
typedef ssize_t tcps_zstd_source(void *context, void *bytes, size_t len);
typedef int tcps_zstd_target(void *context, const void *bytes, size_t len);

/* NULL with errno: EOPNOTSUPP where the build has no libzstd, ENOMEM. Free with tcps_zstd_free, which takes NULL. */
tcps_zstd *tcps_zstd_new(bool writing);
void tcps_zstd_free(tcps_zstd *z);

/* Expands into `bytes`: how many there are, 0 at the end, -1 with the source's errno. */
ssize_t tcps_zstd_read(tcps_zstd *z, void *bytes, size_t len, tcps_zstd_source *source, void *context);

/* After the end: whether it came between two frames. */
bool tcps_zstd_is_whole(const tcps_zstd *z);

/* Compresses all of `bytes`; what is written so far can be expanded; nothing more comes. 0, the target's errno, or ENOMEM. After an error nothing more is written. */
int tcps_zstd_write(tcps_zstd *z, const void *bytes, size_t len, tcps_zstd_target *target, void *context);
int tcps_zstd_flush(tcps_zstd *z, tcps_zstd_target *target, void *context);
int tcps_zstd_end(tcps_zstd *z, tcps_zstd_target *target, void *context);

#endif
