/* Releases of macOS and Darwin, as a user or a capture names them: any bytes. */
#include <stdlib.h>
#include <string.h>

#include "parse/xnu_release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *version = malloc(size + !size);
    if (!version) abort();
    if (size) memcpy(version, data, size);
    tcps_xnu_stats stats;
    bool product = tcps_xnu_release_of_product(version, size, &stats), darwin = tcps_xnu_release_of_darwin(version, size, &stats);
    /* Every release that has been looked at begins with its number. */
    if ((product || darwin) && (size == 0 || version[0] < '0' || version[0] > '9')) abort();
    free(version);
    return 0;
}
