/* Numbers as text against printf: every number of up to seven digits, the neighbours of powers of ten and of two, and a sample of the rest.
 * Prints how many were compared; the status is 1 when one was wrong. */
#include <inttypes.h>
#include <stdio.h>

#include "encode/text.h"

static uint64_t compared;
static int wrong;

static void compare(uint64_t v) {
    char ours[32], theirs[32];
    *tcps_text_u64(ours, v) = 0;
    snprintf(theirs, sizeof theirs, "%" PRIu64, v);
    compared++;
    if (strcmp(ours, theirs) == 0) return;
    if (!wrong) printf("%s is written as %s\n", theirs, ours);
    wrong = 1;
}

int main(void) {
    for (uint64_t v = 0; v < 10000000; v++) compare(v);
    for (uint64_t power = 1;; power *= 10) {
        for (uint64_t v = power - 1; v != power + 1000; v++) compare(v);
        for (uint64_t m = 2; m < 10; m++)
            for (uint64_t v = m * power - 20; v != m * power + 20; v++) compare(v);
        if (power > UINT64_MAX / 10) break;
    }
    uint64_t random = 1;
    for (unsigned n = 0; n < 10000000; n++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        compare(random >> n % 60);
        if (n % 4 == 0) compare((random >> 30 | 1) * 100000000 + (random & 1023)); /* eight digits that begin with zeros */
    }
    printf("%" PRIu64 " numbers\n", compared);
    return wrong;
}
