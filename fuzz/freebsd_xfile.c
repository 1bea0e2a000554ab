/* The answer to kern.file: any bytes. Every row is a holder once, and holders are in order. */
#include <stdbool.h>
#include <stdlib.h>

#include "abi/freebsd.h"
#include "abi/load.h"
#include "parse/freebsd_xfile.h"

/* The slow way: the rows up to where the parser says that it ended. */
static void compare(const tcps_holders *holders, const uint8_t *bytes, size_t end) {
    size_t rows = 0, held = 0;
    for (size_t at = 0; at < end; at += (size_t)tcps_load64(bytes + at)) {
        uint64_t socket = tcps_load64(bytes + at + XF_DATA);
        if (tcps_load16(bytes + at + XF_TYPE) != XF_TYPE_SOCKET || !socket) continue;
        size_t count;
        const tcps_holder *all = tcps_holders_of(holders, socket, &count);
        bool found = false, first = true;
        for (size_t i = 0; i < count; i++) {
            found |= all[i].pid == tcps_load32(bytes + at + XF_PID) && all[i].fd == tcps_load32(bytes + at + XF_FD);
            if (i && (all[i - 1].pid > all[i].pid || (all[i - 1].pid == all[i].pid && all[i - 1].fd > all[i].fd))) abort();
        }
        if (!found) abort();
        rows++;
        for (size_t before = 0; first && before < at; before += (size_t)tcps_load64(bytes + before))
            first = tcps_load16(bytes + before + XF_TYPE) != XF_TYPE_SOCKET || tcps_load64(bytes + before + XF_DATA) != socket;
        held += first ? count : 0;
    }
    if (rows != held) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static tcps_holders holders; /* as a source has it: used again and again */
    uint8_t *bytes = malloc(size + !size);
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    tcps_status status = {.code = TCPS_OK};
    tcps_code code = tcps_freebsd_xfile_parse(&holders, bytes, size, &status);
    if (code != TCPS_OK && code != TCPS_TRUNCATED && code != TCPS_FORMAT) abort();
    if (code != TCPS_OK && (status.code != code || status.offset >= size)) abort();
    compare(&holders, bytes, code == TCPS_OK ? size : (size_t)status.offset);
    free(bytes);
    return 0;
}
