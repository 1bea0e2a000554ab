#include "kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tcps_buffer_append(void *buffer, const void *bytes, size_t len) {
    tcps_buffer *b = buffer;
    if (b->room - b->len < len) {
        size_t room = b->room ? b->room : 4096;
        while (room - b->len < len) {
            if (room > SIZE_MAX / 2) return ENOMEM;
            room *= 2;
        }
        uint8_t *grown = realloc(b->bytes, room);
        if (!grown) return ENOMEM;
        b->bytes = grown;
        b->room = room;
    }
    if (len) memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
    return 0;
}

int tcps_ask_all(tcps_kernel *k, const tcps_question *q, tcps_buffer *buffer, size_t *size) {
    buffer->len = 0;
    return k->ask(k, q, tcps_buffer_append, buffer, size);
}

static int take_clock(void *context, const void *bytes, size_t len) {
    if (len == sizeof(tcps_clock)) memcpy(context, bytes, len);
    return 0;
}

tcps_clock tcps_ask_clock(tcps_kernel *k) {
    tcps_clock clock = {0};
    k->ask(k, &(tcps_question){.kind = TCPS_ASK_CLOCK, .name = "clock"}, take_clock, &clock, NULL);
    return clock;
}
