#include "parse/linux_proc.h"

#include <string.h>

/* "4711 (name) S 1 ...": the name may hold anything, parentheses and blanks too, so it ends at the last parenthesis (fs/proc/array.c). */
bool tcps_linux_stat_parse(tcps_linux_stat *stat, const void *bytes, size_t len) {
    const char *text = bytes, *end = text + len;
    const char *open = len ? memchr(text, '(', len) : NULL;
    if (!open) return false;
    const char *close = end;
    while (close > open && close[-1] != ')') close--;
    if (close == open) return false;
    close--;
    size_t name_len = (size_t)(close - open - 1);
    if (name_len > sizeof stat->name) name_len = sizeof stat->name;

    /* The state is field 3, starttime field 22, with one blank before each. */
    const char *at = close + 1;
    for (unsigned field = 3; field <= 22; field++) {
        at = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
        if (!at) return false;
        at++;
    }
    uint64_t start = 0;
    const char *digits = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++) start = 10 * start + (uint64_t)(*at - '0');
    if (at == digits) return false;

    stat->start = start;
    stat->name_len = name_len;
    memcpy(stat->name, open + 1, name_len);
    return true;
}
