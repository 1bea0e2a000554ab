/* The value of a directive, by kind: parse_NAME fills a clause whose field is set, or complains. */
#include <inttypes.h>
#include <stdio.h>

#include "filter/parser.h"

/* The next of the values that commas separate; false after the last. */
static bool take_item(word *rest, word *item) {
    if (!rest->at) return false;
    const char *comma = memchr(rest->at, ',', rest->len);
    *item = (word){rest->at, comma ? (size_t)(comma - rest->at) : rest->len};
    *rest = comma ? (word){comma + 1, rest->len - item->len - 1} : (word){NULL, 0};
    return true;
}

static const char repeated[] = "was there before";

/* Decimal digits without a leading zero, up to `most`. */
static bool parse_number(parser *p, word w, uint64_t most, const char *problem, uint64_t *number) {
    uint64_t n = 0;
    if (w.len == 0) return tcps_filter_wrong_value(p, w, NULL, problem);
    for (size_t i = 0; i < w.len; i++) {
        unsigned digit = (unsigned)w.at[i] - '0';
        if (digit > 9 || n > (most - digit) / 10) return tcps_filter_wrong_value(p, w, NULL, problem);
        n = 10 * n + digit;
    }
    if (w.len > 1 && w.at[0] == '0') {
        char hint[24] = "";
        if (n) snprintf(hint, sizeof hint, "%" PRIu64, n);
        return tcps_filter_wrong_value(p, w, hint, "has a leading zero");
    }
    *number = n;
    return true;
}

static bool parse_family(parser *p, const directive *d, word value, tcps_clause *c) {
    (void)p, (void)value;
    c->ip_version = d->value;
    return true;
}

static const choice states[] = {
    {"closed", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSED},
    {"listen", TCPSTATS_READER__TCP_STATE__TCP_STATE_LISTEN},
    {"syn_sent", TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_SENT},
    {"syn_received", TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED},
    {"syn_rcvd", TCPSTATS_READER__TCP_STATE__TCP_STATE_SYN_RECEIVED},
    {"established", TCPSTATS_READER__TCP_STATE__TCP_STATE_ESTABLISHED},
    {"close_wait", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSE_WAIT},
    {"closewait", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSE_WAIT},
    {"fin_wait_1", TCPSTATS_READER__TCP_STATE__TCP_STATE_FIN_WAIT_1},
    {"closing", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSING},
    {"last_ack", TCPSTATS_READER__TCP_STATE__TCP_STATE_LAST_ACK},
    {"fin_wait_2", TCPSTATS_READER__TCP_STATE__TCP_STATE_FIN_WAIT_2},
    {"time_wait", TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT},
    {"timewait", TCPSTATS_READER__TCP_STATE__TCP_STATE_TIME_WAIT},
    {NULL, 0},
};

/* A socket whose state is not known is in none of the excluded ones. */
static bool parse_states(parser *p, const directive *d, word value, tcps_clause *c) {
    uint32_t set = 0;
    for (word item; take_item(&value, &item);) {
        const choice *state = tcps_filter_choose(p, states, item, "is no state");
        if (!state) return false;
        set |= 1u << state->value;
    }
    c->states = d->inverted ? ~set : set;
    c->matches_absent = d->inverted;
    return true;
}

static bool parse_port(parser *p, word w, uint16_t *port) {
    static const char problem[] = "is no port from 1 to 65535";
    uint64_t n;
    if (!parse_number(p, w, UINT16_MAX, problem, &n)) return false;
    if (n == 0) return tcps_filter_wrong_value(p, w, NULL, problem);
    *port = (uint16_t)n;
    return true;
}

static bool parse_range(parser *p, word w, tcps_port_range *r) {
    const char *dash = memchr(w.at, '-', w.len);
    word first = {w.at, dash ? (size_t)(dash - w.at) : w.len};
    if (!parse_port(p, first, &r->first)) return false;
    r->last = r->first;
    if (!dash) return true;
    if (!parse_port(p, (word){dash + 1, w.len - first.len - 1}, &r->last)) return false;
    if (r->first <= r->last) return true;
    char hint[16];
    snprintf(hint, sizeof hint, "%u-%u", r->last, r->first);
    return tcps_filter_wrong_value(p, w, hint, "ends before it begins");
}

static bool parse_ports(parser *p, const directive *d, word value, tcps_clause *c) {
    (void)d;
    tcps_port_set *set = &c->ports;
    for (word item; take_item(&value, &item);) {
        tcps_port_range r;
        if (!parse_range(p, item, &r)) return false;
        for (unsigned i = 0; i < set->count; i++)
            if (r.first <= set->range[i].last && r.last >= set->range[i].first) return tcps_filter_wrong_value(p, item, NULL, repeated);
        if (set->count == TCPS_FILTER_PORTS) return tcps_filter_wrong_value(p, item, NULL, "is one too many: 8 ports or ranges at most");
        set->range[set->count++] = r;
    }
    return true;
}

static bool parse_prefix(parser *p, const directive *d, word value, tcps_clause *c) {
    (void)d;
    char hint[TCPS_ADDRESS_TEXT];
    const char *problem = tcps_prefix_parse(&c->prefix, value.at, value.len, hint);
    return !problem || tcps_filter_wrong_value(p, value, hint, problem);
}

static bool parse_numbers(parser *p, const directive *d, word value, tcps_clause *c) {
    static const uint64_t most[] = {[TCPS_T_U32] = UINT32_MAX, [TCPS_T_I32] = INT32_MAX, [TCPS_T_U64] = UINT64_MAX, [TCPS_T_I64] = INT64_MAX};
    tcps_filter *f = p->f;
    char problem[64];
    snprintf(problem, sizeof problem, "is no %s", d->noun);
    uint64_t *list = f->numbers + f->number_count;
    c->numbers.list = list;
    for (word item; take_item(&value, &item); f->number_count++) {
        uint64_t n;
        if (!parse_number(p, item, most[c->type], problem, &n)) return false;
        for (unsigned i = 0; i < c->numbers.count; i++)
            if (list[i] == n) return tcps_filter_wrong_value(p, item, NULL, repeated);
        list[c->numbers.count++] = n;
    }
    return true;
}

static bool parse_words(parser *p, const directive *d, word value, tcps_clause *c) {
    (void)d;
    tcps_filter *f = p->f;
    tcps_filter_word *list = f->words + f->word_count;
    c->words.list = list;
    for (word item; take_item(&value, &item); f->word_count++) {
        if (item.len == 0) return tcps_filter_wrong_value(p, item, NULL, "");
        for (unsigned i = 0; i < c->words.count; i++)
            if (list[i].len == item.len && memcmp(list[i].at, item.at, item.len) == 0) return tcps_filter_wrong_value(p, item, NULL, repeated);
        list[c->words.count++] = item;
    }
    return true;
}

/* An integer as an unsigned number of the same order: one that may be negative is counted from INT64_MIN. */
static bool parse_operand(parser *p, bool is_signed, word value, uint64_t *number) {
    bool negative = value.len && value.at[0] == '-';
    word digits = {value.at + negative, value.len - negative};
    const char *problem = is_signed ? "is no integer of 64 bits" : "is no integer from 0 to 18446744073709551615";
    if (negative && (!is_signed || digits.len == 0)) return tcps_filter_wrong_value(p, value, NULL, problem);
    uint64_t n;
    if (!parse_number(p, digits, is_signed ? (uint64_t)INT64_MAX + negative : UINT64_MAX, problem, &n)) return false;
    *number = is_signed ? (negative ? 0 - n : n) ^ (uint64_t)INT64_MIN : n;
    return true;
}

static bool parse_comparison(parser *p, const directive *d, word value, tcps_clause *c) {
    bool is_signed = c->type == TCPS_T_I32 || c->type == TCPS_T_I64;
    uint64_t n = 0;
    if (!parse_operand(p, is_signed, value, &n)) return false;
    tcps_comparison *k = &c->comparison;
    k->mask = tcps_value_mask[c->field];
    switch ((tcps_relation)d->value) {
    case TCPS_IS_NE: k->outside = true; /* fall through */
    case TCPS_IS_EQ: k->first = n; break;
    case TCPS_IS_LT: k->outside = true; /* fall through */
    case TCPS_IS_GE: k->first = n, k->span = UINT64_MAX - n; break;
    case TCPS_IS_GT: k->outside = true; /* fall through */
    case TCPS_IS_LE: k->span = n; break;
    }
    /* What the field's number counts from: with 32 bits INT32_MIN, with 64 bits 0 after a flip that the subtraction does as well. */
    if (c->type == TCPS_T_I32) k->flip = (uint32_t)INT32_MIN, k->first -= (uint64_t)INT32_MIN - (uint64_t)INT64_MIN;
    if (c->type == TCPS_T_I64) k->first -= (uint64_t)INT64_MIN;
    return true;
}

bool tcps_filter_parse_value(parser *p, const directive *d, word value, tcps_clause *c) {
    static bool (*const parse[])(parser *, const directive *, word, tcps_clause *) = {
#define PARSE(KIND, name) [TCPS_CLAUSE_##KIND] = parse_##name,
        TCPS_CLAUSE_KINDS(PARSE)
#undef PARSE
    };
    return parse[d->kind](p, d, value, c);
}

bool tcps_filter_check_words(parser *p, const directive *d, word value) {
    char problem[64];
    snprintf(problem, sizeof problem, "is no %s", d->noun);
    if (!d->list) return tcps_filter_choose(p, d->words, value, problem) != NULL;
    for (word item; take_item(&value, &item);)
        if (!tcps_filter_choose(p, d->words, item, problem)) return false;
    return true;
}
