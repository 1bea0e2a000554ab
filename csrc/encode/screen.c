#include "encode/screen.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "encode/screen_width.h"

#define ELLIPSIS "\xe2\x80\xa6"

static bool in_ranges(const struct range *ranges, size_t n, uint32_t c) {
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (ranges[middle].last < c)
            low = middle + 1;
        else
            n = middle;
    }
    return ranges[low].first <= c && c <= ranges[low].last;
}

#define IN(ranges, c) ((c) <= (ranges)[sizeof(ranges) / sizeof *(ranges)-1].last && in_ranges(ranges, sizeof(ranges) / sizeof *(ranges), c))

static unsigned width_of(uint32_t c) {
    if (c < 0x300) return 1;
    if (IN(no_columns, c)) return 0;
    return IN(two_columns, c) ? 2 : 1;
}

bool tcps_screen_is_harmful(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

char *tcps_screen_clean(char *at, size_t room, const char *text, size_t len, tcps_charset charset) {
    for (const char *end = text + len; text < end;) {
        size_t n = tcps_utf8_length(text, (size_t)(end - text));
        bool shown = n == 1 ? *text >= 0x20 && *text < 0x7f : n && charset == TCPS_UTF8 && !tcps_screen_is_harmful(tcps_utf8_decode(text, n));
        size_t written = shown ? n : 1;
        if (room < written) break;
        if (shown)
            memcpy(at, text, n);
        else
            *at = '?';
        at += written;
        room -= written;
        text += n ? n : 1;
    }
    return at;
}

/* Bytes of the character at `text`; its width goes to `*width`. */
static size_t step(const char *text, const char *end, unsigned *width) {
    size_t n = tcps_utf8_length(text, (size_t)(end - text));
    *width = n > 1 ? width_of(tcps_utf8_decode(text, n)) : 1;
    return n ? n : 1;
}

size_t tcps_screen_width(const char *text, size_t len) {
    size_t columns = 0;
    unsigned width;
    for (const char *end = text + len; text < end; columns += width) text += step(text, end, &width);
    return columns;
}

/* Where the text has to end so that it takes at most `columns`. What combines with the last character stays with it. */
static const char *head_of(const char *text, const char *end, size_t columns) {
    unsigned width;
    while (text < end) {
        size_t n = step(text, end, &width);
        if (width > columns) break;
        columns -= width;
        text += n;
    }
    return text;
}

/* Where the text has to begin: at a character that has a column, for what combines would combine with something else. */
static const char *tail_of(const char *text, const char *end, size_t columns) {
    size_t whole = tcps_screen_width(text, (size_t)(end - text));
    unsigned width;
    while (text < end) {
        size_t n = step(text, end, &width);
        if (whole <= columns && width) break;
        whole -= width;
        text += n;
    }
    return text;
}

static char *put(char *at, const char *from, const char *to) {
    memcpy(at, from, (size_t)(to - from));
    return at + (to - from);
}

char *tcps_screen_cut(char *at, const char *text, size_t len, size_t columns, const tcps_cut *cut) {
    const char *end = text + len, *ellipsis = cut->charset == TCPS_ASCII ? "..." : ELLIPSIS;
    size_t ellipsis_columns = cut->charset == TCPS_ASCII ? 3 : 1;
    if (tcps_screen_width(text, len) <= columns) return put(at, text, end);
    const char *kept = end - (cut->keep < len ? cut->keep : 0);
    size_t kept_columns = tcps_screen_width(kept, (size_t)(end - kept));
    if (columns < kept_columns + ellipsis_columns) { /* no room for more than an end */
        kept = end;
        kept_columns = 0;
    }
    if (columns < ellipsis_columns + 1) return put(at, text, head_of(text, end, columns));
    size_t room = columns - kept_columns - ellipsis_columns, tail = room * cut->end_quarters / 4;
    at = put(at, text, head_of(text, kept, room - tail));
    at = put(at, ellipsis, ellipsis + strlen(ellipsis));
    at = put(at, tail_of(text, kept, tail), kept);
    return put(at, kept, end);
}
