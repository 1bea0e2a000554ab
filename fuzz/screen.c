/* Texts for screens: whatever a program calls itself, what comes out is harmless, complete characters, and no wider than it was asked to be. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "encode/screen.h"

static void check_clean(const char *text, size_t len, tcps_charset charset) {
    for (size_t at = 0, n; at < len; at += n) {
        n = tcps_utf8_length(text + at, len - at);
        if (n == 0 || (charset == TCPS_ASCII && n > 1) || tcps_screen_is_harmful(tcps_utf8_decode(text + at, n))) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) return 0;
    tcps_charset charset = data[0] & 1 ? TCPS_ASCII : TCPS_UTF8;
    size_t columns = data[1], keep = data[2], room = data[3] & 1 ? size : data[3];
    const char *text = (const char *)data + 4;
    size_t len = size - 4;

    char *clean = malloc(room + 1); /* of that size, so that a write beyond it is seen */
    if (!clean) abort();
    size_t clean_len = (size_t)(tcps_screen_clean(clean, room, text, len, charset) - clean);
    if (clean_len > room || clean_len > len) abort();
    check_clean(clean, clean_len, charset);

    while (keep < clean_len && keep && ((unsigned char)clean[clean_len - keep] & 0xc0) == 0x80) keep--; /* whole characters */
    char *cut = malloc(clean_len + 4);
    if (!cut) abort();
    tcps_cut how = {.keep = keep, .end_quarters = data[0] >> 1 & 3, .charset = charset};
    size_t cut_len = (size_t)(tcps_screen_cut(cut, clean, clean_len, columns, &how) - cut);
    if (cut_len > clean_len + 4 || tcps_screen_width(cut, cut_len) > columns) abort();
    check_clean(cut, cut_len, charset);
    free(cut);
    free(clean);
    return 0;
}
