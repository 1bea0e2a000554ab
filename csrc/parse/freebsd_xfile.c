#include "parse/freebsd_xfile.h"

#include "abi/freebsd.h"
#include "abi/load.h"

static tcps_code add(tcps_holders *holders, const uint8_t *row) {
    uint64_t socket = tcps_load64(row + XF_DATA);
    if (tcps_load16(row + XF_TYPE) != XF_TYPE_SOCKET || !socket) return TCPS_OK;
    return tcps_holders_add(holders, socket, tcps_load32(row + XF_PID), tcps_load32(row + XF_FD));
}

static tcps_code add_all(tcps_holders *holders, const uint8_t *bytes, size_t len, tcps_status *status) {
    tcps_code code = TCPS_OK;
    uint64_t size;
    for (size_t offset = 0; offset < len; offset += (size_t)size) {
        size_t left = len - offset;
        size = left >= 8 ? tcps_load64(bytes + offset + XF_LEN) : 0;
        if (left < 8 || size > left)
            code = tcps_fail(status, TCPS_TRUNCATED, "kern.file: cut at byte %zu (length %llu)", offset, (unsigned long long)size);
        else if (size < XF_DATA + 8)
            code = tcps_fail(status, TCPS_FORMAT, "kern.file: no row at byte %zu (length %llu)", offset, (unsigned long long)size);
        if (code != TCPS_OK) {
            if (status) status->offset = offset;
            return code;
        }
        if (add(holders, bytes + offset) != TCPS_OK) return tcps_fail(status, TCPS_NOMEM, "kern.file: no memory");
    }
    return TCPS_OK;
}

tcps_code tcps_freebsd_xfile_parse(tcps_holders *holders, const uint8_t *bytes, size_t len, tcps_status *status) {
    tcps_holders_clear(holders);
    tcps_code code = add_all(holders, bytes, len, status);
    if (tcps_holders_sort(holders) != TCPS_OK) return tcps_fail(status, TCPS_NOMEM, "kern.file: no memory");
    return code;
}
