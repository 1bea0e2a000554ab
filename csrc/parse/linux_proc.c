#include "parse/linux_proc.h"

#include <string.h>

static bool parse_number(const char *at, const char *end, uint64_t *number) {
    *number = 0;
    const char *digits = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++) *number = 10 * *number + (uint64_t)(*at - '0');
    return at > digits;
}

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

    /* With one blank before each: the state is field 3, the number of threads 20, when it started 22. */
    const char *at = close + 1;
    char state = 0;
    uint64_t threads = 0, start = 0;
    for (unsigned field = 3; field <= 22; field++) {
        at = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
        if (!at || ++at == end) return false;
        if (field == 3) state = *at;
        if (field == 20 && !parse_number(at, end, &threads)) return false;
    }
    if (!parse_number(at, end, &start)) return false;

    /* Z is the main thread's: while others run, so does the process. */
    stat->zombie = state == 'X' || (state == 'Z' && threads <= 1);
    stat->start = start;
    stat->name_len = name_len;
    memcpy(stat->name, open + 1, name_len);
    return true;
}
