/* Our encoders for bench/encoders.cc, which knows protobuf's C++ classes and so cannot know protobuf-c's of the same name. */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ours ours;

/* Records of made-up Linux connections, with 45 fields each. */
ours *ours_new(size_t records);

typedef enum ours_format { OURS_JSON, OURS_FLAT, OURS_PROTOBUF } ours_format;

/* Encodes all of them; the bytes are kept until the next call. */
void ours_encode(ours *o, ours_format format);
const char *ours_bytes(const ours *o, size_t *len);

/* What protobuf-c's own structs would cost: filling one for each record, and asking for the size of each and packing it. `fill` comes first. */
void ours_structs_fill(ours *o);
void ours_structs_pack(ours *o);
size_t ours_struct_size(void);

#ifdef __cplusplus
}
#endif

#endif
