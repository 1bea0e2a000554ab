/* What the files that parse a filter share: the text and its words, what is said of a mistake (complaint.c), values (values.c) and the rows of the
 * language (parse.c). */
#ifndef TCPS_FILTER_PARSER_H
#define TCPS_FILTER_PARSER_H

#include "base/nearest.h"
#include "filter/clause.h"

/* A piece of the text. */
typedef struct tcps_filter_word word;

/* A word that a value may be, and what it stands for. Lists end with a NULL name. */
typedef struct choice {
    const char *name;
    uint8_t value;
} choice;

/* A row of the language: all that there is to say of a directive whose kind exists. Two rows of one kind and field cannot be combined. */
typedef struct directive {
    const char *name;
    tcps_clause_kind kind;
    uint16_t field;
    uint8_t value;       /* FAMILY: the ip_version; COMPARISON: the tcps_relation */
    bool inverted;       /* STATES: those that are not wanted */
    bool repeats;        /* it may appear again, and all of them hold */
    bool no_value;       /* the name is all, and to repeat it says nothing new */
    const char *noun;    /* NUMBERS, `words`: what a value is, "process id" */
    const choice *words; /* the value must be one of these and has no effect: there is no clause, and `kind` and `field` are not used */
    bool list;           /* `words`: several of them, separated by commas */
} directive;

typedef struct parser {
    tcps_filter *f;
    const char *text; /* what is parsed, `len` bytes: in lower case */
    size_t len;
    const char *typed; /* the same as it was typed, for messages */
    tcps_status *status;
    word directive; /* the one that is being parsed, whole */
    const directive *seen[TCPS_FILTER_DIRECTIVES];
    unsigned seen_count;
} parser;

/* Each fails with "WORD: what is wrong, did you mean HINT? (column N)" and returns false. `hint` may be NULL or empty.
 * `w` is shown, `at` says where; the whole of `w` is wrong; a piece of the directive's value is ("X is not a state"; an empty one is missing). */
bool tcps_filter_wrong_at(parser *p, word shown, const char *at, const char *hint, const char *problem);
bool tcps_filter_wrong(parser *p, word w, const char *hint, const char *problem);
bool tcps_filter_wrong_value(parser *p, word piece, const char *hint, const char *problem);

/* Whether `w` is `name`. */
static inline bool tcps_filter_is(word w, const char *name) { return strlen(name) == w.len && memcmp(name, w.at, w.len) == 0; }

/* The choice that `w` names, or NULL with the complaint that it `problem`s ("is not a state"). */
const choice *tcps_filter_choose(parser *p, const choice *from, word w, const char *problem);

/* The same with advice (advice.c): a key that is neither a directive nor an integer field; a key before an operator that is not an integer field; an
 * integer field that no operator follows but `rest`; a directive that lacks its value. */
bool tcps_filter_wrong_key(parser *p, word key);
bool tcps_filter_wrong_field(parser *p, word key);
bool tcps_filter_wrong_assignment(parser *p, word key, word rest);
bool tcps_filter_missing_value(parser *p, const directive *d, word key);

/* The row of that name, or NULL; all of them, and all states, as what a word may have meant. */
const directive *tcps_filter_directive(word key);
void tcps_filter_consider_directives(tcps_nearest *n);
void tcps_filter_consider_states(tcps_nearest *n);

/* Checks that every value is one of the directive's words. */
bool tcps_filter_check_words(parser *p, const directive *d, word value);

/* Parses the value of a directive into `c`, whose kind, field and type are set; the rest is zero. */
bool tcps_filter_parse_value(parser *p, const directive *d, word value, tcps_clause *c);

/* FIELD op N, the value of a COMPARISON's directive. */
typedef enum tcps_relation { TCPS_IS_EQ, TCPS_IS_NE, TCPS_IS_GE, TCPS_IS_LE, TCPS_IS_GT, TCPS_IS_LT } tcps_relation;

#endif
