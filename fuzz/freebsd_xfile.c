/* The answer to kern.file: any bytes. Every row is counted once, and the first descriptor of a socket is its owner. */
#include <stdbool.h>
#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"
#include "parse/freebsd_xfile.h"

/* The slow way: the rows up to where the parser says that it ended. */
static void compare(const tcps_freebsd_owners *owners, const uint8_t *bytes, size_t end) {
    uint64_t rows = 0, held = 0;
    for (size_t at = 0; at < end; at += (size_t)tcps_load64(bytes + at)) {
        uint64_t socket = tcps_load64(bytes + at + XF_DATA);
        if (tcps_load16(bytes + at + XF_TYPE) != XF_TYPE_SOCKET || !socket) continue;
        const tcps_freebsd_owner *o = tcps_freebsd_owner_of(owners, socket);
        if (!o || o->socket != socket) abort();
        rows++;
        bool first = true;
        for (size_t before = 0; first && before < at; before += (size_t)tcps_load64(bytes + before))
            first = tcps_load16(bytes + before + XF_TYPE) != XF_TYPE_SOCKET || tcps_load64(bytes + before + XF_DATA) != socket;
        if (!first) continue;
        held += 1 + (uint64_t)o->others;
        if (o->pid != (int32_t)tcps_load32(bytes + at + XF_PID) || o->fd != (int32_t)tcps_load32(bytes + at + XF_FD)) abort();
    }
    if (rows != held) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static tcps_freebsd_owners owners; /* as a source has it: used again and again */
    uint8_t *bytes = malloc(size + !size);
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    tcps_status status = {.code = TCPS_OK};
    tcps_code code = tcps_freebsd_xfile_parse(&owners, bytes, size, &status);
    if (code != TCPS_OK && code != TCPS_TRUNCATED && code != TCPS_FORMAT) abort();
    if (code != TCPS_OK && (status.code != code || status.offset >= size)) abort();
    compare(&owners, bytes, code == TCPS_OK ? size : (size_t)status.offset);
    if (tcps_freebsd_owner_of(&owners, 0)) abort();
    free(bytes);
    return 0;
}
