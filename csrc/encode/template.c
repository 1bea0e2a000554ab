#include "encode/template.h"

#include "base/bitset.h"
#include "record/schema.h"

static tcps_template *make(tcps_templates *all, const tcps_shape *shape) {
    size_t count = shape->count, size = sizeof(tcps_template) + (count + 1) * sizeof(tcps_template_member);
    tcps_template *t = tcps_arena_take(&all->arena, size);
    char *bytes = tcps_arena_take(&all->arena, all->prefix_len + (count + 1) * TCPS_MEMBER_ROOM);
    if (!t || !bytes) return NULL;
    memset(t, 0, size);
    t->shape = shape;
    t->bytes = bytes;
    memcpy(bytes, all->prefix, all->prefix_len);
    char *at = bytes + all->prefix_len;
    for (unsigned n = 0; n < count; n++) {
        unsigned field = shape->fields[n];
        uint32_t key = (uint32_t)(at - bytes);
        at = all->put_key(at, field, all->style);
        t->members[n] = (tcps_template_member){key, (uint32_t)(at - bytes), (uint16_t)field, (uint16_t)tcps_fields[field].type};
        char *end = key < all->prefix_len + TCPS_TEMPLATE_MOST ? all->put_value(at, field, shape->base[n], all->style) : NULL;
        if (end)
            at = end;
        else
            tcps_bitset_add(t->fresh, n);
    }
    t->members[count].key = (uint32_t)(at - bytes);
    tcps_arena_shrink(&all->arena, bytes, (size_t)(at - bytes) + TCPS_STRETCH_SLACK);
    return t;
}

const tcps_template *tcps_template_find(tcps_templates *all, const tcps_shape *shape) {
    for (size_t i = 0; i < TCPS_TEMPLATE_TRIES; i++) {
        tcps_template **slot = &all->of[(tcps_template_slot(shape) + i) % TCPS_TEMPLATES];
        if (!*slot) return *slot = make(all, shape);
        if ((*slot)->shape == shape) return *slot;
    }
    tcps_templates_free(all);
    return all->of[tcps_template_slot(shape)] = make(all, shape);
}

void tcps_templates_free(tcps_templates *all) {
    tcps_arena_free(&all->arena);
    memset(all->of, 0, sizeof all->of);
}
