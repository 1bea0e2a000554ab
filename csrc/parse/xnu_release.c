#include "parse/xnu_release.h"

/* N, N.N or N.N.N, each of at most three digits; what is left out is 0. */
static bool read_version(const char *s, size_t len, unsigned version[3]) {
    size_t at = 0;
    for (unsigned part = 0; part < 3; part++) {
        size_t first = at;
        version[part] = 0;
        for (; at < len && s[at] >= '0' && s[at] <= '9'; at++) version[part] = 10 * version[part] + (unsigned)(s[at] - '0');
        if (at == first || at - first > 3) return false;
        if (at == len) {
            while (++part < 3) version[part] = 0;
            return true;
        }
        if (s[at++] != '.') return false;
    }
    return false;
}

bool tcps_xnu_release_of_product(const char *version, size_t len, tcps_xnu_stats *stats) {
    unsigned v[3];
    if (!read_version(version, len, v)) return false;
    if (v[0] == 10 ? v[1] < 14 || v[1] > 16 : v[0] < 11 || v[0] > 99) return false;
    *stats = v[0] >= 15 ? TCPS_XNU_STATS_DATA : TCPS_XNU_STATS_CLASSES;
    return true;
}

bool tcps_xnu_release_of_darwin(const char *version, size_t len, tcps_xnu_stats *stats) {
    unsigned v[3];
    if (!read_version(version, len, v) || v[0] < 18) return false; /* 18 is 10.14 */
    *stats = v[0] >= 24 ? TCPS_XNU_STATS_DATA : TCPS_XNU_STATS_CLASSES;
    return true;
}
