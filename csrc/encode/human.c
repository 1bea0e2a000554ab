#include "encode/human.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "encode/text.h"

#define MOST 1e15 /* of a number that is written with all its digits */

static char *put_text(char *at, const char *text) {
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}

/* `n` with so many decimals: 0, 1 or 2. */
static char *put_decimal(char *at, double n, unsigned decimals) {
    static const unsigned scales[] = {1, 10, 100};
    unsigned scale = scales[decimals];
    if (fabs(n) >= MOST) return at + snprintf(at, TCPS_HUMAN_ROOM, "%.0e", n);
    int64_t scaled = llrint(n * scale);
    if (scaled < 0) *at++ = '-';
    uint64_t whole = (uint64_t)(scaled < 0 ? -scaled : scaled);
    at = tcps_text_u64(at, whole / scale);
    if (!decimals) return at;
    *at++ = '.';
    if (decimals == 2) *at++ = (char)('0' + whole % scale / 10);
    *at++ = (char)('0' + whole % 10);
    return at;
}

static bool put_not_finite(char **at, double n) {
    if (isfinite(n)) return false;
    *at = put_text(*at, isnan(n) ? "nan" : n < 0 ? "-inf" : "inf");
    return true;
}

static char *put_scaled(char *at, double n, double base, const char *units) {
    if (put_not_finite(&at, n)) return at;
    if (n < 0) {
        *at++ = '-';
        n = -n;
    }
    unsigned unit = 0;
    /* 999.5 would be written as 1000 */
    for (; units[unit + 1] && n >= base * (unit ? 0.9995 : 1); unit++) n /= base;
    at = put_decimal(at, n, unit && n < 9.95);
    if (unit) *at++ = units[unit];
    return at;
}

char *tcps_human_bytes(char *at, double n) { return put_scaled(at, n, 1024, " KMGTPE"); }

char *tcps_human_count(char *at, double n) { return put_scaled(at, n, 1000, " kMGTPE"); }

char *tcps_human_number(char *at, double n) {
    if (put_not_finite(&at, n)) return at;
    if (n == 0 || fabs(n) >= 100) return tcps_human_count(at, n);
    return put_decimal(at, n, fabs(n) < 1 ? 2 : fabs(n) < 9.95);
}

char *tcps_human_microseconds(char *at, double us) {
    if (put_not_finite(&at, us)) return at;
    if (us < 999.5) return put_text(put_decimal(at, us, 0), "us");
    if (us < 999500) return put_text(put_decimal(at, us / 1000, us < 9950), "ms");
    return tcps_human_milliseconds(at, us / 1000);
}

/* 3m20s, 5h07m: the second of two units with two digits. */
static char *put_units(char *at, uint64_t large, char large_unit, uint64_t small, char small_unit) {
    at = tcps_text_u64(at, large);
    *at++ = large_unit;
    *at++ = (char)('0' + small / 10);
    *at++ = (char)('0' + small % 10);
    *at++ = small_unit;
    return at;
}

char *tcps_human_milliseconds(char *at, double ms) {
    if (put_not_finite(&at, ms)) return at;
    if (ms < 999.5) return put_text(put_decimal(at, ms, 0), "ms");
    if (ms < 9950) return put_text(put_decimal(at, ms / 1000, 1), "s");
    if (ms >= MOST) return put_text(put_decimal(at, ms / 86400000, 0), "d");
    uint64_t s = (uint64_t)llrint(ms / 1000);
    if (s < 60) return put_text(tcps_text_u64(at, s), "s");
    if (s < 3600) return put_units(at, s / 60, 'm', s % 60, 's');
    if (s < 86400) return put_units(at, s / 3600, 'h', s % 3600 / 60, 'm');
    return put_units(at, s / 86400, 'd', s % 86400 / 3600, 'h');
}
