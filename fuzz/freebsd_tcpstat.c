/* The answers to net.inet.tcp.stats and net.inet.tcp.states: any bytes, and every prefix of them. Nothing outside them is read. */
#include <stdlib.h>

#include "parse/freebsd_tcpstat.h"

typedef tcps_code parse(const uint8_t *bytes, size_t len, tcps_counters *counters, tcps_status *status);

/* `otherwise`: how the parser refuses. */
static void check(parse *parse, tcps_code otherwise, const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size + !size);
    if (!bytes) abort();
    if (size) memcpy(bytes, data, size);
    tcps_counters counters = {.has = {0}};
    tcps_status status = {.code = TCPS_OK};
    tcps_code code = parse(bytes, size, &counters, &status);
    if (code != TCPS_OK && (code != otherwise || status.code != code || !status.what[0])) abort();
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check(tcps_freebsd_tcpstat_parse, TCPS_UNSUPPORTED, data, size);
    check(tcps_freebsd_states_parse, TCPS_FORMAT, data, size);
    /* The lengths that releases have, which a fuzzer seldom hits. */
    static const size_t known[] = {904, 984, 1000, 88};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (size < known[i]) continue;
        check(tcps_freebsd_tcpstat_parse, TCPS_UNSUPPORTED, data, known[i]);
        check(tcps_freebsd_states_parse, TCPS_FORMAT, data, known[i]);
    }
    return 0;
}
