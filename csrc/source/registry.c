/* The sources that exist, and which one a name means. */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "source/source.h"

extern const tcps_source_class tcps_source_linux, tcps_source_macos, tcps_source_freebsd;

static const tcps_spec_key capture_keys[] = {
    {NULL, false, TCPS_ASK_FILE, "capture", "a capture that --record wrote"},
    {0},
};

/* In the array for its name and help only: the source that reads a capture is the one that recorded it. */
static const tcps_source_class capture = {
    .name = "capture",
    .help = "what --record kept, through the source that recorded it",
    .keys = capture_keys,
};

const tcps_source_class *const tcps_sources[] = {&tcps_source_linux, &tcps_source_macos, &tcps_source_freebsd, &capture, NULL};

static void fail_with_names(const char *name, size_t len, tcps_status *status) {
    char all[128] = "auto";
    for (const tcps_source_class *const *c = tcps_sources; *c; c++) snprintf(all + strlen(all), sizeof all - strlen(all), ", %s", (*c)->name);
    tcps_fail(status, TCPS_USAGE, "unknown source '%.*s', there are: %s", (int)len, name, all);
}

const tcps_source_class *tcps_source_named(const char *name, size_t len, tcps_status *status) {
    bool automatic = len == 4 && memcmp(name, "auto", 4) == 0;
    tcps_nearest near = tcps_nearest_to(name, len);
    for (const tcps_source_class *const *c = tcps_sources; *c; c++) {
        if (automatic ? (*c)->live : strlen((*c)->name) == len && memcmp((*c)->name, name, len) == 0) return *c;
        tcps_nearest_consider(&near, (*c)->name);
    }
    if (automatic) {
        tcps_fail(status, TCPS_UNSUPPORTED, "no source can read this system's kernel; name a file, as in macos:dump.bin,release=15");
        return NULL;
    }
    if (near.name)
        tcps_fail(status, TCPS_USAGE, "unknown source '%.*s', did you mean %s?", (int)len, name, near.name);
    else
        fail_with_names(name, len, status);
    return NULL;
}
