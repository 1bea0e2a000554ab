/* The filter language: which sockets are wanted, as data that C evaluates and a kernel can be told.
 *
 *   local_port= remote_port=  p{,p}        ports, ranges a-b
 *   local_addr= remote_addr=  a[/n]        IPv4 or IPv6, CIDR
 *   include_state= | exclude= s{,s}
 *   ipv4_only | ipv6_only
 *   pid= uid= command=        v{,v}
 *   FIELD>N  >=  <  <=  ==  !=             any integer field of the schema; a socket that lacks the field does not match
 *
 * All directives must hold. The grammar in full, with what is wrong and how it is told, stands in doc/scripting.md. */
#ifndef TCPS_FILTER_H
#define TCPS_FILTER_H

#include "record/record.h"
#include "record/schema.h"
#include "record/status.h"

typedef struct tcps_filter tcps_filter;

/* Parses `len` bytes of `text`. NULL and TCPS_USAGE when it is wrong: status->what names the word and its column, status->offset is the
 * column less one. An empty text is right and matches everything. Free with tcps_filter_free. */
tcps_filter *tcps_filter_parse(const char *text, size_t len, tcps_status *status);
void tcps_filter_free(tcps_filter *f);

/* Whether the record or row matches. */
bool tcps_filter_match(const tcps_filter *f, const tcps_record *r);
bool tcps_filter_match_row(const tcps_filter *f, const tcps_row *row);

/* Whether `r` may still match when the fields in `late` become known: false only when a directive on other fields refuses it. */
bool tcps_filter_may_match(const tcps_filter *f, const tcps_record *r, const uint64_t late[TCPS_WORDS]);

/* The part that says which connections there are for the one who asks (ports, addresses, families, states): what a tracker sees.
 * Everything in it can be pushed down to a kernel. */
bool tcps_filter_admits(const tcps_filter *f, const tcps_record *r);

/* The fields that any directive looks at, as a presence bitmap: whether owners have to be looked up at all, for instance. */
void tcps_filter_fields(const tcps_filter *f, uint64_t fields[TCPS_WORDS]);

#endif
