#include "kernel/zstd_stream.h"

#include <errno.h>
#include <stdlib.h>

#ifdef TCPS_ZSTD
#include <stdint.h>
#include <zstd.h>

/* What a window of 8 MB or less expands to is all that we ever write; a file that asks for more is refused instead of taking the memory. */
enum { WINDOW_LOG_MOST = 23, CHUNK = 128 << 10 };

/* A frame this long is ended at the next flush: what comes after a damaged one can be read by others. */
static const uint64_t FRAME_ENOUGH = 4 << 20;

struct tcps_zstd {
    ZSTD_CCtx *compress; /* one of the two */
    ZSTD_DCtx *expand;
    uint64_t in_frame;  /* writing: bytes compressed since the frame began */
    ZSTD_inBuffer left; /* reading: of `chunk`, not expanded yet */
    bool in_the_middle; /* reading: a frame has begun and not ended */
    bool broken;        /* what was read is not zstd's; what was to be written could not be */
    char chunk[CHUNK];
};

tcps_zstd *tcps_zstd_new(bool writing) {
    tcps_zstd *z = calloc(1, sizeof *z);
    if (!z) return NULL;
    if (writing)
        z->compress = ZSTD_createCCtx();
    else if ((z->expand = ZSTD_createDCtx()))
        ZSTD_DCtx_setParameter(z->expand, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
    if (z->compress || z->expand) return z;
    free(z);
    errno = ENOMEM;
    return NULL;
}

void tcps_zstd_free(tcps_zstd *z) {
    if (!z) return;
    ZSTD_freeCCtx(z->compress);
    ZSTD_freeDCtx(z->expand);
    free(z);
}

ssize_t tcps_zstd_read(tcps_zstd *z, void *bytes, size_t len, tcps_zstd_source *source, void *context) {
    ZSTD_outBuffer out = {bytes, len, 0};
    while (!z->broken && out.pos == 0) {
        if (z->left.pos == z->left.size) {
            ssize_t got = source(context, z->chunk, CHUNK);
            if (got < 0) return -1;
            z->left = (ZSTD_inBuffer){z->chunk, (size_t)got, 0};
            /* Even at the end there may be something in the decoder that had no room before. */
            if (got == 0 && !z->in_the_middle) return 0;
        }
        size_t before = z->left.pos, more = ZSTD_decompressStream(z->expand, &out, &z->left);
        if (ZSTD_isError(more)) z->broken = true;
        z->in_the_middle = more != 0;
        if (z->left.size == 0 && before == z->left.pos && out.pos == 0) break; /* the end, in the middle of a frame */
    }
    return (ssize_t)out.pos;
}

bool tcps_zstd_is_whole(const tcps_zstd *z) { return !z->in_the_middle && !z->broken; }

/* Compresses `in` as far as `how` says and writes what comes of it. */
static int drive(tcps_zstd *z, ZSTD_inBuffer in, ZSTD_EndDirective how, tcps_zstd_target *target, void *context) {
    size_t left = 1;
    while (!z->broken && (in.pos < in.size || (how != ZSTD_e_continue && left))) {
        ZSTD_outBuffer out = {z->chunk, CHUNK, 0};
        left = ZSTD_compressStream2(z->compress, &out, &in, how);
        int error = ZSTD_isError(left) ? ENOMEM : out.pos ? target(context, z->chunk, out.pos) : 0;
        if (error) return z->broken = true, error;
    }
    return 0;
}

int tcps_zstd_write(tcps_zstd *z, const void *bytes, size_t len, tcps_zstd_target *target, void *context) {
    z->in_frame += len;
    return drive(z, (ZSTD_inBuffer){bytes, len, 0}, ZSTD_e_continue, target, context);
}

int tcps_zstd_flush(tcps_zstd *z, tcps_zstd_target *target, void *context) {
    return z->in_frame < FRAME_ENOUGH ? drive(z, (ZSTD_inBuffer){NULL, 0, 0}, ZSTD_e_flush, target, context) : tcps_zstd_end(z, target, context);
}

int tcps_zstd_end(tcps_zstd *z, tcps_zstd_target *target, void *context) {
    if (!z->compress || !z->in_frame) return 0;
    z->in_frame = 0;
    return drive(z, (ZSTD_inBuffer){NULL, 0, 0}, ZSTD_e_end, target, context);
}

#else

tcps_zstd *tcps_zstd_new(bool writing) {
    (void)writing;
    errno = EOPNOTSUPP;
    return NULL;
}

void tcps_zstd_free(tcps_zstd *z) { (void)z; }

ssize_t tcps_zstd_read(tcps_zstd *z, void *bytes, size_t len, tcps_zstd_source *source, void *context) {
    (void)z, (void)bytes, (void)len, (void)source, (void)context;
    return 0;
}

bool tcps_zstd_is_whole(const tcps_zstd *z) { return (void)z, true; }

int tcps_zstd_write(tcps_zstd *z, const void *bytes, size_t len, tcps_zstd_target *target, void *context) {
    (void)z, (void)bytes, (void)len, (void)target, (void)context;
    return EOPNOTSUPP;
}

int tcps_zstd_flush(tcps_zstd *z, tcps_zstd_target *target, void *context) { return (void)z, (void)target, (void)context, EOPNOTSUPP; }

int tcps_zstd_end(tcps_zstd *z, tcps_zstd_target *target, void *context) { return (void)z, (void)target, (void)context, EOPNOTSUPP; }

#endif
