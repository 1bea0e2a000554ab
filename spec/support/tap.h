/* TAP for the C programs of the specs: `support.tap` in spec/support.lua reads it.
 *
 *   scenario = "a port that is taken";  what the next tests have in common; optional
 *   check(result == 0, "is reported");  one test; a failure names its line
 *   return tap_end();                   the plan; 0 when every test was right */
#ifndef SPEC_SUPPORT_TAP_H
#define SPEC_SUPPORT_TAP_H

#include <stdbool.h>
#include <stdio.h>

static const char *scenario = NULL;
static unsigned tap_count, tap_failures;

static inline void tap_line(bool good, const char *what, const char *file, int line) {
    printf("%sok %u - %s%s%s\n", good ? "" : "not ", ++tap_count, scenario ? scenario : "", scenario ? ": " : "", what);
    if (good) return;
    printf("# %s:%d\n", file, line);
    tap_failures++;
}
#define check(good, what) tap_line(good, what, __FILE__, __LINE__)

static inline int tap_end(void) {
    printf("1..%u\n", tap_count);
    return tap_failures != 0;
}

#endif
