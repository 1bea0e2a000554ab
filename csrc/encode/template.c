#include "encode/template.h"

const tcps_template *tcps_template_make(tcps_templates *all, const tcps_shape *shape) {
    size_t count = shape->count, size = sizeof(tcps_template) + (count + 1) * sizeof(uint32_t);
    tcps_template *t = tcps_arena_take(&all->arena, size);
    size_t room = (count + 1) * TCPS_MEMBER_ROOM;
    char *bytes = tcps_arena_take(&all->arena, room);
    if (!t || !bytes) return NULL;
    memset(t, 0, size);
    t->shape = shape;
    t->bytes = bytes;
    char *at = bytes;
    for (unsigned n = 0; n < count; n++) {
        char *end = at - bytes < TCPS_STRETCH_MOST - TCPS_MEMBER_ROOM ? all->put(at, shape->fields[n], shape->base[n], all->style) : NULL;
        if (!end) t->fresh[n >> 6] |= 1ull << (n & 63);
        if (end) at = end;
        t->at[n + 1] = (uint32_t)(at - bytes);
    }
    tcps_arena_shrink(&all->arena, bytes, (size_t)(at - bytes) + TCPS_STRETCH_SLACK);
    all->of[(uintptr_t)shape / 64 % TCPS_TEMPLATES] = t;
    return t;
}

void tcps_templates_free(tcps_templates *all) { tcps_arena_free(&all->arena); }
