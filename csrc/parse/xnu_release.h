/* What a release of macOS decides for the parser of its dumps. */
#ifndef TCPS_XNU_RELEASE_H
#define TCPS_XNU_RELEASE_H

#include "parse/xnu_pcblist.h"

/* The rule of a product version: "10.14" to "10.16" (what a newer system shows to old programs), "11", "15", "15.3.1" and so on; whatever comes
 * after 15 is read as 15. False for anything that is not a known release of macOS. */
bool tcps_xnu_release_of_product(const char *version, size_t len, tcps_xnu_stats *stats);

/* The same of Darwin's own version: "24.3.0" is macOS 15. */
bool tcps_xnu_release_of_darwin(const char *version, size_t len, tcps_xnu_stats *stats);

#endif
