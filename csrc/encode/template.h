/* What the rows of a shape have in common, encoded once: key and value of each of its members, one after the other, of which an encoder copies
 * the stretches between the values that a row has of its own. */
#ifndef TCPS_TEMPLATE_H
#define TCPS_TEMPLATE_H

#include "base/arena.h"
#include "encode/writer.h"
#include "record/record.h"

#define TCPS_MEMBER_ROOM 256     /* no key with its value is longer in a template */
#define TCPS_TEMPLATE_MOST 16384 /* nor is a template by more than its keys: the values that follow are written afresh in every row */
#define TCPS_PREFIX_ROOM 4096    /* what rows begin with is not longer */
#define TCPS_STRETCH_SLACK 64    /* bytes that tcps_stretch_copy may touch behind a stretch */

/* One member: where its key begins, and its value. The next one's key begins behind it. */
typedef struct tcps_template_member {
    uint32_t key, value;
    uint16_t field;
    uint16_t type; /* tcps_type */
} tcps_template_member;

typedef struct tcps_template {
    const tcps_shape *shape;
    uint64_t fresh[TCPS_MASK_WORDS]; /* bit n: member n has no value in `bytes`, because it may have any length */
    char *bytes;
    tcps_template_member members[]; /* shape->count, and one more that says where the last one ends */
} tcps_template;

/* Templates of the shapes that one call of an encoder meets. A shape has its template in one of TCPS_TEMPLATE_TRIES slots from where its address
 * says. A forged dump can have a different shape in every row: when these slots are taken all templates are forgotten, so that memory stays
 * bounded. */
#define TCPS_TEMPLATES 256
#define TCPS_TEMPLATE_TRIES 16
typedef struct tcps_templates {
    /* Write the key of a field, or its value, at `at`, together at most TCPS_MEMBER_ROOM bytes, and give where it ends; a value that may be
     * longer is NULL. */
    char *(*put_key)(char *at, unsigned field, unsigned style);
    char *(*put_value)(char *at, unsigned field, uint64_t bits, unsigned style);
    unsigned style;
    size_t prefix_len;
    char prefix[TCPS_PREFIX_ROOM]; /* what every row begins with: the same for all, and a part of every template */
    tcps_arena arena;
    tcps_template *of[TCPS_TEMPLATES];
} tcps_templates;

/* The template of a shape, valid until the next one is asked for, or NULL if there is no memory. */
const tcps_template *tcps_template_find(tcps_templates *all, const tcps_shape *shape);
static inline size_t tcps_template_slot(const tcps_shape *shape) { return (uintptr_t)shape / 64 % TCPS_TEMPLATES; }
static inline const tcps_template *tcps_template_of(tcps_templates *all, const tcps_shape *shape) {
    const tcps_template *t = all->of[tcps_template_slot(shape)];
    return t && t->shape == shape ? t : tcps_template_find(all, shape);
}

void tcps_templates_free(tcps_templates *all);

/* The values of a row that its template does not have, in the order of members: those that differ from the shape's, and those that have no fixed
 * text. Two loops, one over the words of the mask, cost what the walk costs by hand; one loop takes 4 instructions a value more:
 *     for (tcps_own own = tcps_own_begin(row, t); tcps_own_word(&own);)
 *         while (tcps_own_next(&own)) ... own.member, own.bits ... */
typedef struct tcps_own {
    const tcps_template_member *member;
    uint64_t bits;                       /* of its value in the row */
    const uint64_t *mask, *fresh, *last; /* words that are still to come, of the row and of its template; where the row's end */
    const uint64_t *value;               /* the row's next */
    uint64_t differs, left;              /* of the words that are under way */
    unsigned first;                      /* member that they begin with */
    const uint64_t *base;
    const tcps_template_member *members;
} tcps_own;

static inline tcps_own tcps_own_begin(const tcps_row *row, const tcps_template *t) {
    const uint64_t *end = row->data + row->shape->mask_words;
    return (tcps_own){.mask = row->data, .fresh = t->fresh, .last = end, .value = end, .base = row->shape->base, .members = t->members};
}

static inline bool tcps_own_word(tcps_own *o) {
    if (o->mask == o->last) return false;
    o->differs = *o->mask++;
    o->left = o->differs | *o->fresh++;
    return true;
}

static inline bool tcps_own_next(tcps_own *o) {
    if (!o->left) {
        o->first += 64;
        return false;
    }
    unsigned n = o->first + (unsigned)__builtin_ctzll(o->left);
    o->bits = o->differs >> (n & 63) & 1 ? *o->value++ : o->base[n];
    o->left &= o->left - 1;
    o->member = &o->members[n];
    return true;
}

/* Copies `len` bytes of a template; gives the end. Whole pieces of TCPS_STRETCH_SLACK bytes are copied, because gcc turns a memcpy of variable
 * length into `rep movs` or a call, which cost more than all the rest. */
static inline char *tcps_stretch_copy(char *at, const char *from, size_t len) {
    for (size_t done = 0; done < len; done += TCPS_STRETCH_SLACK) memcpy(at + done, from + done, TCPS_STRETCH_SLACK);
    return at + len;
}

/* Writes the stretch of a template between two places at `at`, which stands for the writer's own, and leaves `room` bytes behind it for a value. */
static inline char *tcps_stretch_put(tcps_writer *w, char *at, const tcps_template *t, size_t from, size_t to, size_t room) {
    if ((size_t)(w->end - at) < to - from + room) {
        w->at = at;
        tcps_writer_room_slow(w);
        at = w->at;
    }
    return tcps_stretch_copy(at, t->bytes + from, to - from);
}

#endif
