/* Pieces that FreeBSD's record formats have in common. */
#ifndef TCPS_FREEBSD_PIECES_H
#define TCPS_FREEBSD_PIECES_H

#include "abi/freebsd.h"
#include "parse/struct.h"
#include "record/rows.h"

/* TCPS_* to TcpState; a state that FreeBSD does not have leaves the field absent. */
static inline void tcps_freebsd_set_state(tcps_record *r, uint32_t state) {
    if (state < FREEBSD_TCPS_COUNT) tcps_set(r, TCPS_F_state, state + 1);
}

/* A name in `size` bytes, ended by a NUL or by their end; an empty one is absent. */
static inline void tcps_freebsd_read_name(tcps_rows *rows, tcps_record *r, unsigned field, const tcps_struct *s, size_t offset, size_t size) {
    if (!tcps_holds(s, offset, size)) return;
    const uint8_t *name = s->at + offset;
    size_t len = strnlen((const char *)name, size);
    if (len) tcps_set_text(r, field, tcps_rows_intern(rows, field, name, len));
}

/* A timer in ms: a negative one is due and has not been served yet. */
static inline void tcps_freebsd_read_timer(tcps_record *r, unsigned field, const tcps_struct *s, size_t offset) {
    if (!tcps_holds(s, offset, 4)) return;
    uint32_t ms = tcps_load32(s->at + offset);
    tcps_set(r, field, ms > INT32_MAX ? 0 : ms);
}

#endif
