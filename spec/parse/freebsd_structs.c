/* Prints what FreeBSD's structs say, NAME=VALUE line by line, for freebsd_structs_spec.lua:
 *   freebsd_structs tcp_stats FILE     the counters, by the summary's field, and `code=N`
 *   freebsd_structs tcp_info FILE      the fields of the socket */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parse/freebsd_tcpinfo.h"
#include "parse/freebsd_tcpstat.h"
#include "record/schema.h"

static void print_stats(const uint8_t *bytes, size_t len) {
    tcps_counters counters = {.has = {0}};
    tcps_status status;
    printf("code=%d\n", tcps_freebsd_tcpstat_parse(bytes, len, &counters, &status));
    const ProtobufCMessageDescriptor *d = &tcpstats_reader__system_summary__descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        unsigned n = d->fields[i].id;
        if (counters.has[n >> 6] >> (n & 63) & 1) printf("%s=%" PRIu64 "\n", d->fields[i].name, counters.value[n]);
    }
}

static void print_info(const uint8_t *bytes, size_t len) {
    tcps_record r = {.has = {0}};
    tcps_schema_init();
    tcps_freebsd_tcp_info(&r, bytes, len);
    for (unsigned n = 0; n < TCPS_FIELD_LIMIT; n++)
        if (tcps_has(&r, n)) printf("%s=%" PRIu64 "\n", tcps_fields[n].name, r.value[n]);
}

int main(int argc, char **argv) {
    static uint8_t bytes[4096];
    if (argc != 3) return 2;
    FILE *file = fopen(argv[2], "rb");
    if (!file) return 2;
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    (strcmp(argv[1], "tcp_stats") == 0 ? print_stats : print_info)(bytes, len);
    return 0;
}
