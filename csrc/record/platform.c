#include "record/platform.h"

#include <string.h>

/* Whether a field's comment has "NAME: kernel field" or, more exactly, "NAME 14 and older: kernel field". */
static bool is_fed_by(const char *help, const char *name) {
    size_t len = strlen(name);
    for (const char *at = help; (at = strstr(at, name)); at += len) {
        const char *end = at + len;
        if ((at == help || at[-1] == ' ') && end[strspn(end, " abcdefghijklmnopqrstuvwxyz0123456789_")] == ':') return true;
    }
    return false;
}

bool tcps_is_fed_by(const char *help, TcpstatsReader__Platform platform) {
    switch (platform) {
    case TCPSTATS_READER__PLATFORM__PLATFORM_LINUX: return is_fed_by(help, "Linux");
    case TCPSTATS_READER__PLATFORM__PLATFORM_MACOS: return is_fed_by(help, "macOS");
    case TCPSTATS_READER__PLATFORM__PLATFORM_FREEBSD: return is_fed_by(help, "FreeBSD") || is_fed_by(help, "kld");
    default: return true;
    }
}

bool tcps_is_fed_by_any(const char *help) {
    return is_fed_by(help, "Linux") || is_fed_by(help, "macOS") || is_fed_by(help, "FreeBSD") || is_fed_by(help, "kld") || is_fed_by(help, "Never");
}
