/* What the rows of a shape have in common, encoded once: the bytes of the shape's own values, member after member, of which an encoder copies
 * the stretches between the members that a row has another value of. */
#ifndef TCPS_TEMPLATE_H
#define TCPS_TEMPLATE_H

#include "record/arena.h"
#include "record/record.h"

#define TCPS_MEMBER_ROOM 256    /* no member of a template is longer */
#define TCPS_STRETCH_MOST 16384 /* nor is a template; what follows is written afresh in every row */
#define TCPS_STRETCH_SLACK 64   /* bytes that tcps_template_copy may touch behind a stretch */

typedef struct tcps_template {
    const tcps_shape *shape;
    uint64_t fresh[TCPS_WORDS]; /* bit n: the member of shape->fields[n] is not in `bytes`, because it may have any length */
    char *bytes;
    uint32_t at[]; /* where the members begin, and where the last one ends: shape->count + 1 */
} tcps_template;

/* Templates of the shapes that one call of an encoder meets. */
#define TCPS_TEMPLATES 64
typedef struct tcps_templates {
    /* Writes the member of `field` with the value `bits` at `at`, at most TCPS_MEMBER_ROOM bytes; gives where it ends, or NULL when it may
     * be longer. */
    char *(*put)(char *at, unsigned field, uint64_t bits, unsigned style);
    unsigned style;
    tcps_arena arena;
    tcps_template *of[TCPS_TEMPLATES];
} tcps_templates;

/* The template of a shape, or NULL when there is no memory. */
const tcps_template *tcps_template_make(tcps_templates *all, const tcps_shape *shape);
static inline const tcps_template *tcps_template_of(tcps_templates *all, const tcps_shape *shape) {
    const tcps_template *t = all->of[(uintptr_t)shape / 64 % TCPS_TEMPLATES];
    return t && t->shape == shape ? t : tcps_template_make(all, shape);
}

void tcps_templates_free(tcps_templates *all);

/* Bytes of the members from `first` up to but not including `last`. */
static inline size_t tcps_template_len(const tcps_template *t, unsigned first, unsigned last) { return t->at[last] - t->at[first]; }

/* Copies the members from `first` up to but not including `last`; gives the end. Whole pieces of TCPS_STRETCH_SLACK bytes are copied, because
 * gcc turns a memcpy of variable length into `rep movs` or a call, which cost more than all the rest. */
static inline char *tcps_template_copy(char *at, const tcps_template *t, unsigned first, unsigned last) {
    const char *from = t->bytes + t->at[first];
    size_t len = tcps_template_len(t, first, last);
    for (size_t done = 0; done < len; done += TCPS_STRETCH_SLACK) memcpy(at + done, from + done, TCPS_STRETCH_SLACK);
    return at + len;
}

#endif
