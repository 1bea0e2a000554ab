/* /proc/<pid>/stat: any bytes, because a process may call itself anything. What is found lies within them. */
#include <stdlib.h>
#include <string.h>

#include "parse/linux_proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *bytes = malloc(size + !size);
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    tcps_linux_stat stat;
    if (tcps_linux_stat_parse(&stat, bytes, size)) {
        if (stat.name_len > sizeof stat.name || stat.name_len > size) abort();
        bool there = false;
        for (size_t at = 0; !there && at + stat.name_len <= size; at++) there = memcmp(bytes + at, stat.name, stat.name_len) == 0;
        if (!there) abort();
    }
    free(bytes);
    return 0;
}
