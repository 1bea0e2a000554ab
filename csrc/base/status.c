#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(tcps_status *status, tcps_code code, const char *format, va_list args) {
    status->code = code;
    status->sys_errno = 0;
    status->offset = 0;
    vsnprintf(status->what, sizeof status->what, format, args);
}

tcps_code tcps_fail(tcps_status *status, tcps_code code, const char *format, ...) {
    if (status) {
        va_list args;
        va_start(args, format);
        say(status, code, format, args);
        va_end(args);
    }
    return code;
}

tcps_code tcps_fail_errno(tcps_status *status, int sys_errno, const char *format, ...) {
    tcps_code code = sys_errno == EPERM || sys_errno == EACCES ? TCPS_PERMISSION : sys_errno == ENOMEM ? TCPS_NOMEM : TCPS_SYSTEM;
    if (status) {
        va_list args;
        va_start(args, format);
        say(status, code, format, args);
        va_end(args);
        status->sys_errno = sys_errno;
        size_t used = strlen(status->what);
        snprintf(status->what + used, sizeof status->what - used, ": %s", strerror(sys_errno));
    }
    return code;
}

const char *tcps_code_name(tcps_code code) {
    static const char *const names[] = {
        [TCPS_OK] = "OK",
        [TCPS_USAGE] = "EUSAGE",
        [TCPS_SYSTEM] = "ESYSTEM",
        [TCPS_PERMISSION] = "EPERMISSION",
        [TCPS_UNSUPPORTED] = "EUNSUPPORTED",
        [TCPS_FORMAT] = "EFORMAT",
        [TCPS_TRUNCATED] = "ETRUNCATED",
        [TCPS_INCONSISTENT] = "EINCONSISTENT",
        [TCPS_NOMEM] = "ENOMEM",
        [TCPS_END] = "EEND",
        [TCPS_STOPPED] = "ESTOPPED",
    };
    return names[code];
}
