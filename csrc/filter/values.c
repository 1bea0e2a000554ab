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

static const char repeated[] = "is listed twice";

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
    {"bound", TCPSTATS_READER__TCP_STATE__TCP_STATE_CLOSED}, /* what a closed socket that anybody sees is */
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

void tcps_filter_consider_states(tcps_nearest *n) {
    for (const choice *c = states; c->name; c++) tcps_nearest_consider(n, c->name);
}

/* A socket whose state is not known is in none of the excluded ones. */
static bool parse_states(parser *p, const directive *d, word value, tcps_clause *c) {
    uint32_t set = 0;
    for (word item; take_item(&value, &item);) {
        const choice *state = tcps_filter_choose(p, states, item, "is not a state");
        if (!state) return false;
        set |= 1u << state->value;
    }
    c->states = d->inverted ? ~set : set;
    c->matches_absent = d->inverted;
    return true;
}

static bool parse_port(parser *p, word w, uint16_t *port) {
    static const char problem[] = "is not a port number (1 to 65535)";
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
        if (set->count == TCPS_FILTER_PORTS) return tcps_filter_wrong_value(p, item, NULL, "is one too many: at most 8 ports or ranges");
        set->range[set->count++] = r;
    }
    return true;
}

static bool parse_prefix(parser *p, const directive *d, word value, tcps_clause *c) {
    char hint[TCPS_ADDRESS_TEXT], problem[128];
    word first;
    for (word rest = value; take_item(&rest, &first) && first.len < value.len;) {
        if (tcps_prefix_parse(&c->prefix, first.at, first.len, hint)) break;
        snprintf(problem, sizeof problem, "takes one address or network; for several, use --where 'cidr(%s, \"%.*s\") or ...'", d->name,
                 (int)first.len, first.at);
        return tcps_filter_wrong_at(p, p->directive, first.at + first.len, NULL, problem);
    }
    const char *wrong = tcps_prefix_parse(&c->prefix, value.at, value.len, hint);
    return !wrong || tcps_filter_wrong_value(p, value, hint, wrong);
}

static bool parse_numbers(parser *p, const directive *d, word value, tcps_clause *c) {
    static const uint64_t most[] = {[TCPS_T_U32] = UINT32_MAX, [TCPS_T_I32] = INT32_MAX, [TCPS_T_U64] = UINT64_MAX, [TCPS_T_I64] = INT64_MAX};
    tcps_filter *f = p->f;
    char problem[64];
    snprintf(problem, sizeof problem, "is not %s", d->noun);
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

/* The next of the names that commas separate, without its quotes: between two of " or ' a name may have spaces and commas. Complains of a quote that
 * is not closed, or that does not close the name. */
static bool take_name(parser *p, word *rest, word *name) {
    char quote = rest->len && (rest->at[0] == '"' || rest->at[0] == '\'') ? rest->at[0] : 0;
    if (!quote) return take_item(rest, name);
    const char *close = memchr(rest->at + 1, quote, rest->len - 1), *end = rest->at + rest->len;
    if (!close) return tcps_filter_wrong_at(p, p->directive, rest->at, NULL, "a closing quote is missing");
    if (close + 1 < end && close[1] != ',')
        return tcps_filter_wrong_at(p, p->directive, close + 1, NULL, "a comma or a space must follow a closing quote");
    *name = (word){rest->at + 1, (size_t)(close - rest->at) - 1};
    *rest = close + 1 < end ? (word){close + 2, (size_t)(end - close) - 2} : (word){NULL, 0};
    return true;
}

static bool parse_words(parser *p, const directive *d, word value, tcps_clause *c) {
    (void)d;
    tcps_filter *f = p->f;
    tcps_filter_word *list = f->words + f->word_count, item;
    c->words.list = list;
    for (; value.at; f->word_count++) {
        if (!take_name(p, &value, &item)) return false;
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
    const char *problem = is_signed ? "is not a 64-bit integer" : "is not an integer from 0 to 18446744073709551615";
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
    snprintf(problem, sizeof problem, "is not %s", d->noun);
    if (!d->list) return tcps_filter_choose(p, d->words, value, problem) != NULL;
    for (word item; take_item(&value, &item);)
        if (!tcps_filter_choose(p, d->words, item, problem)) return false;
    return true;
}
