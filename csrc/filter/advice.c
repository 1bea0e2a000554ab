/* What to write instead: of words of other programs, of misspelt words of our own, and of a value after a space. */
#include <stdio.h>

#include "base/bitset.h"
#include "filter/parser.h"

#define ADVICE 96

/* What ss, lsof, netstat and psutil call it. */
static const struct {
    const char *word, *directive;
} foreign[] = {
    {"sport", "local_port"}, {"dport", "remote_port"}, {"src", "local_addr"},   {"dst", "remote_addr"},   {"state", "include_state"},
    {"lport", "local_port"}, {"rport", "remote_port"}, {"laddr", "local_addr"}, {"raddr", "remote_addr"}, {"states", "include_state"},
    {"user", "uid"},         {"comm", "command"},      {"process", "command"},  {"not_state", "exclude"},
};

/* What follows `key` as its value, in this word or, after a space, in the next: "=80", "= 80", " 80". Empty when there is none. */
static word value_after(const parser *p, word key) {
    const char *at = key.at + key.len, *end = p->text + p->len;
    while (at < end && (*at == ' ' || *at == '=')) at++;
    word value = {at, 0};
    while (at + value.len < end && at[value.len] != ' ') value.len++;
    return value;
}

/* Parses `text`, which may ask for advice in turn; that ends, because a directive without a value is not tried. */
static bool is_right(const char *text) {
    tcps_filter *f = tcps_filter_parse(text, strlen(text), NULL);
    bool right = f != NULL;
    tcps_filter_free(f);
    return right;
}

/* "DIRECTIVE=VALUE" with the value that follows `key`, if that is right; "DIRECTIVE=" if it is not; "DIRECTIVE" if it takes none. */
static void advise(const parser *p, const char *name, word key, char hint[ADVICE]) {
    const directive *d = tcps_filter_directive((word){name, strlen(name)});
    word value = value_after(p, key);
    if (d->no_value) {
        snprintf(hint, ADVICE, "%s", name);
        return;
    }
    if (d->kind == TCPS_CLAUSE_PORTS && value.len && value.at[0] == ':') value.at++, value.len--; /* ss writes ":443" */
    snprintf(hint, ADVICE, "%s=%.*s", name, value.len < ADVICE / 2 ? (int)value.len : 0, p->typed + (value.at - p->text));
    if (value.len == 0 || is_right(hint)) return;
    tcps_nearest n = tcps_nearest_to(value.at, value.len);
    if (d->kind == TCPS_CLAUSE_STATES && !d->words) tcps_filter_consider_states(&n);
    snprintf(hint, ADVICE, "%s=%s", name, n.name ? n.name : "");
}

static bool is_state(word w) {
    tcps_nearest n = tcps_nearest_to(w.at, w.len);
    tcps_filter_consider_states(&n);
    return n.name && tcps_filter_is(w, n.name);
}

static const char *ours(word key) {
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (tcps_filter_is(key, foreign[i].word)) return foreign[i].directive;
    return NULL;
}

/* Whether `w` continues the name that an earlier directive begins: command=tmux: server. */
static bool is_rest_of_name(const parser *p, word w) {
    const directive *last = p->seen_count ? p->seen[p->seen_count - 1] : NULL;
    return last && last->kind == TCPS_CLAUSE_WORDS && !last->words && !memchr(w.at, '=', w.len);
}

/* `key` is a field that no directive is about: text, a flag, an enum. */
static bool for_where(parser *p, word key, const char *problem) {
    char line[2 * ADVICE];
    snprintf(line, sizeof line, "%s; use --where '%.*s == ...'", problem, (int)key.len, key.at);
    return tcps_filter_wrong(p, key, NULL, line);
}

static void consider_number_fields(tcps_nearest *n) {
    for (unsigned field = 0; field < TCPS_FIELD_LIMIT; field++)
        if (tcps_bitset_has(tcps_number_mask, field)) tcps_nearest_consider(n, tcps_fields[field].name);
}

bool tcps_filter_wrong_key(parser *p, word key) {
    char hint[ADVICE], problem[ADVICE];
    const char *name = ours(key);
    if (!name && is_state(key)) {
        snprintf(hint, sizeof hint, "include_state=%.*s", (int)key.len, key.at);
        return tcps_filter_wrong(p, key, hint, "unknown directive");
    }
    if (!name && is_rest_of_name(p, p->directive)) {
        const char *before = p->seen[p->seen_count - 1]->name;
        snprintf(problem, sizeof problem, "unknown directive; a name with a space needs quotes: %s=\"a b\" (or --where)", before);
        return tcps_filter_wrong(p, key, NULL, problem);
    }
    tcps_nearest n = tcps_nearest_to(key.at, key.len);
    if (!name) tcps_filter_consider_directives(&n), name = n.name;
    if (name) {
        advise(p, name, key, hint);
        return tcps_filter_wrong(p, key, hint, "unknown directive");
    }
    if (tcps_field_named(key.at, key.len)) return for_where(p, key, "unknown directive");
    consider_number_fields(&n);
    return tcps_filter_wrong(p, key, n.name, "unknown directive");
}

bool tcps_filter_wrong_field(parser *p, word key) {
    char hint[ADVICE];
    tcps_nearest n = tcps_nearest_to(key.at, key.len);
    const directive *d = tcps_filter_directive(key);
    const char *name = d ? (d->no_value ? NULL : d->name) : ours(key);
    bool other_field = tcps_field_named(key.at, key.len) != NULL; /* text, a flag, an enum: not another field is meant */
    if (!name && other_field && d == NULL) tcps_filter_consider_directives(&n), name = n.name;
    if (name) {
        advise(p, name, key, hint);
        return tcps_filter_wrong(p, key, hint, "not an integer field");
    }
    if (other_field) return for_where(p, key, "not an integer field");
    consider_number_fields(&n);
    return tcps_filter_wrong(p, key, n.name, "not an integer field");
}

bool tcps_filter_wrong_assignment(parser *p, word key, word rest) {
    char hint[ADVICE] = "";
    word value = value_after(p, key);
    if (rest.len == 0 || rest.at[0] == '=')
        snprintf(hint, sizeof hint, "%.*s==%.*s", (int)key.len, key.at, value.len < ADVICE / 4 ? (int)value.len : 0, value.at);
    return tcps_filter_wrong(p, key, is_right(hint) ? hint : NULL, "a field is compared with one of > >= < <= == !=");
}

bool tcps_filter_missing_value(parser *p, const directive *d, word key) {
    char hint[ADVICE];
    advise(p, d->name, key, hint);
    return tcps_filter_wrong(p, key, hint[strlen(d->name) + 1] ? hint : NULL, "a value is missing");
}
