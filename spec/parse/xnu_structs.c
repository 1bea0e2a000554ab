/* Prints what a struct of XNU stands for, a field or counter a line: xnu_structs tcp_info|tcp_connection_info|tcp_stats FILE [BYTES].
 * xnu_structs added prints the fields that a filter has to wait for on macOS. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitset.h"
#include "parse/xnu_tcpinfo.h"
#include "parse/xnu_tcpstat.h"
#include "record/schema.h"
#include "source/source.h"

static void print_record(const tcps_record *r) {
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++)
        if (tcps_has(r, f)) printf("%s=%" PRIu64 "\n", tcps_fields[f].name, r->value[f]);
}

static void print_counters(const tcps_counters *c) {
    const ProtobufCMessageDescriptor *d = &tcpstats_reader__system_summary__descriptor;
    for (unsigned f = 0; f < TCPS_SUMMARY_LIMIT; f++) {
        uint64_t bit = 1ull << (f & 63);
        if (!(c->has[f >> 6] & bit)) continue;
        printf("%s=%" PRIu64 "%s\n", protobuf_c_message_descriptor_get_field(d, f)->name, c->value[f], c->is_32bit[f >> 6] & bit ? "" : " wide");
    }
}

static int print_added(void) {
    const uint64_t *added = tcps_source_named("macos", 5, NULL)->added_after_parse();
    for (unsigned f = 0; f < TCPS_FIELD_LIMIT; f++)
        if (tcps_bitset_has(added, f)) puts(tcps_fields[f].name);
    return 0;
}

int main(int argc, char **argv) {
    tcps_schema_init();
    if (argc == 2 && strcmp(argv[1], "added") == 0) return print_added();
    static uint8_t room[4096];
    FILE *file = argc > 2 ? fopen(argv[2], "rb") : NULL;
    if (!file) return 2;
    size_t len = fread(room, 1, sizeof room, file);
    fclose(file);
    if (argc > 3) len = strtoul(argv[3], NULL, 10);
    /* Of that size exactly, so that a sanitizer sees a read behind it. */
    uint8_t *bytes = malloc(len + !len);
    if (!bytes) return 2;
    memcpy(bytes, room, len);
    tcps_record r;
    tcps_record_clear(&r);
    tcps_counters c = {0};
    if (strcmp(argv[1], "tcp_info") == 0) tcps_xnu_tcp_info(&r, bytes, len);
    if (strcmp(argv[1], "tcp_connection_info") == 0) tcps_xnu_connection_info(&r, bytes, len);
    if (strcmp(argv[1], "tcp_stats") == 0) tcps_xnu_tcpstat(&c, bytes, len);
    print_record(&r);
    print_counters(&c);
    if (tcps_xnu_tcpstat_hidden(bytes, len)) puts("hidden=1");
    free(bytes);
    return 0;
}
