/* A capture of any bytes, replayed to its end through the source that it names: the reader, the seam and every collector behind it. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int fd = memfd_create("capture", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) return 0;
    char spec[64];
    snprintf(spec, sizeof spec, "capture:/proc/self/fd/%d", fd);
    tcps_session opened;
    tcps_status status;
    tcps_tracker *tracker = tcps_tracker_new();
    if (tracker && tcps_source_open(spec, NULL, &opened, &status) == TCPS_OK) {
        tcps_pass_options pass = {.wants = {.processes = true, .tcp_info = true}, .tracker = tracker};
        tcps_pass *batch;
        for (int i = 0; i < 16 && tcps_collect(&opened, &pass, &batch, &status) == TCPS_OK; i++) tcps_pass_unref(batch);
        tcps_source_close(&opened);
    }
    if (tracker) tcps_tracker_free(tracker);
    close(fd);
    return 0;
}
