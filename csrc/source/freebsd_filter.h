/* Our filter as the tcpstats module's SET_FILTER argument. */
#ifndef TCPS_FREEBSD_FILTER_H
#define TCPS_FREEBSD_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/freebsd.h"

struct tcps_filter;

/* Builds the argument that asks for every group of fields and for no fewer sockets than `f` (NULL: all) matches: what the module's language
 * cannot say is left to the caller, who applies the whole filter in any case.
 * True when anything was pushed down, so that sockets may be missing from the answer. */
bool tcps_freebsd_filter_build(const struct tcps_filter *f, uint8_t argument[KF_SIZE]);

#endif
