/* Other programs' text on a screen: a program may call itself anything, even a terminal's escape sequence. */
#ifndef TCPS_SCREEN_H
#define TCPS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a screen shows. ASCII: nothing else, for terminals and readers whose locale has nothing else. */
typedef enum tcps_charset { TCPS_UTF8, TCPS_ASCII } tcps_charset;

/* Whether a character drives a screen: controls (C0, DEL, C1), marks and embeddings of a direction, which reorder the line around them (U+202E), and
 * separators of lines (U+2028). None is above U+FFFF. */
bool tcps_screen_is_harmful(uint32_t c);

/* Copies the text with '?' for every such character and for every byte that is not UTF-8; with TCPS_ASCII, for every character beyond ASCII, too. `at`
 * has `room` bytes; the text ends at the last character that fits. Returns where it ends. */
char *tcps_screen_clean(char *at, size_t room, const char *text, size_t len, tcps_charset charset);

/* Columns that the text takes: none for a combining character, two for a wide one (East Asian, emoji). A byte that is not UTF-8 takes one. */
size_t tcps_screen_width(const char *text, size_t len);

/* How a text that is too wide is cut: `keep` bytes of its end stay whole (the port of an address), of the rest the beginning and the end, of which the
 * end gets `end_quarters` of four parts. In the middle comes an ellipsis, "..." in ASCII. */
typedef struct tcps_cut {
    size_t keep;
    unsigned end_quarters;
    tcps_charset charset;
} tcps_cut;

/* Cuts a clean text to at most `columns`. `at` has room for len + 4 bytes and does not overlap. Returns where it ends. */
char *tcps_screen_cut(char *at, const char *text, size_t len, size_t columns, const tcps_cut *cut);

#endif
