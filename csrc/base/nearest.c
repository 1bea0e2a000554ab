#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum {
    LONGEST = 63, /* longer words are near nothing */
    GOES_ON = 0,
    HOLDS = LONGEST,
    FAR,
};

static int fold(char c) { return tolower((unsigned char)c); }

/* How many letters are changed, added, left out, or exchanged with their neighbour ("upd" is one from "udp"). */
static unsigned edits(const char *a, size_t a_len, const char *b, size_t b_len) {
    unsigned rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_len; j++) rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = above[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            bool exchanged = i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]);
            if (exchanged && two_above[j - 2] + 1 < best) best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_len % 3][b_len];
}

static bool begins_with(const char *text, const char *word, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (fold(text[i]) != fold(word[i])) return false;
    return true;
}

static bool holds(const char *text, size_t text_len, const char *word, size_t len) {
    for (size_t at = 0; len >= 3 && at + len <= text_len; at++)
        if (begins_with(text + at, word, len)) return true;
    return false;
}

static unsigned distance(const char *word, size_t len, const char *name, size_t name_len) {
    if (len == 0 || len > LONGEST || name_len > LONGEST) return FAR;
    if (name_len > len && name[len] == '_' && begins_with(name, word, len)) return GOES_ON;
    unsigned n = edits(word, len, name, name_len), most = len < 4 ? 1 : len < 9 ? 2 : (unsigned)len / 3;
    if (n <= most) return n;
    return holds(name, name_len, word, len) || holds(word, len, name, name_len) ? HOLDS : FAR;
}

tcps_nearest tcps_nearest_to(const char *word, size_t len) { return (tcps_nearest){word, len, FAR, NULL}; }

void tcps_nearest_consider(tcps_nearest *n, const char *name) {
    unsigned d = distance(n->word, n->len, name, strlen(name));
    if (d >= n->distance) return;
    n->distance = d;
    n->name = name;
}
