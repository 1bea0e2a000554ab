/* A field's value as text, for CSV, tables and people: integers in full, enums by their short words, sets with commas, addresses as text, holders as
 * NAME/PID/FD with commas. */
#ifndef TCPS_VALUE_H
#define TCPS_VALUE_H

#include "record/schema.h"

#define TCPS_VALUE_ROOM ((size_t)64) /* no value but a text, a set or a list is longer */
#define TCPS_SET_ROOM ((size_t)4096) /* no set is longer: 64 words of less than 64 bytes */

/* Any value but a string. `at` has `room` bytes, at least TCPS_VALUE_ROOM; a set or a list of holders ends with the last
 * one that fits. Returns where it ends. */
char *tcps_value_text(char *at, size_t room, const tcps_field *f, uint64_t bits);

#endif
