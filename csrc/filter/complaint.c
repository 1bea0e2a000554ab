#include <stdio.h>

#include "filter/parser.h"

#define SHOWN 48 /* bytes, so that two words and a hint fit into tcps_status.what */

/* `w` as it was typed, with bytes that are not printable escaped; cut with "..." when it is long. */
static const char *show(const parser *p, word w, char shown[SHOWN]) {
    const char *typed = p->typed + (w.at - p->text);
    size_t n = 0;
    for (size_t i = 0; i < w.len; i++) {
        unsigned char c = (unsigned char)typed[i];
        bool printable = c >= 0x20 && c <= 0x7e;
        if (n + (printable ? 1 : 4) + sizeof "..." > SHOWN) {
            memcpy(shown + n, "...", sizeof "...");
            return shown;
        }
        if (printable)
            shown[n++] = (char)c;
        else
            n += (size_t)snprintf(shown + n, 5, "\\x%02x", c);
    }
    shown[n] = 0;
    return shown;
}

bool tcps_filter_wrong_at(parser *p, word shown, const char *at, const char *hint, const char *problem) {
    char text[SHOWN];
    bool hinted = hint && *hint;
    size_t offset = (size_t)(at - p->text);
    tcps_fail(p->status, TCPS_USAGE, "%s: %s%s%s%s (column %zu)", show(p, shown, text), problem, hinted ? ", did you mean " : "", hinted ? hint : "",
              hinted ? "?" : "", offset + 1);
    if (p->status) p->status->offset = offset;
    return false;
}

bool tcps_filter_wrong(parser *p, word w, const char *hint, const char *problem) { return tcps_filter_wrong_at(p, w, w.at, hint, problem); }

bool tcps_filter_wrong_value(parser *p, word piece, const char *hint, const char *problem) {
    char text[SHOWN], line[128];
    if (piece.len == 0) return tcps_filter_wrong_at(p, p->directive, piece.at, hint, "a value is missing");
    snprintf(line, sizeof line, "%s %s", show(p, piece, text), problem);
    return tcps_filter_wrong_at(p, p->directive, piece.at, hint, line);
}

const choice *tcps_filter_choose(parser *p, const choice *from, word w, const char *problem) {
    tcps_nearest n = tcps_nearest_to(w.at, w.len);
    for (const choice *c = from; c->name; c++) {
        if (tcps_filter_is(w, c->name)) return c;
        tcps_nearest_consider(&n, c->name);
    }
    tcps_filter_wrong_value(p, w, n.name, problem);
    return NULL;
}
