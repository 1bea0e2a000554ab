/* The filter language: a line of text that selects sockets, as data that C evaluates and that can be passed to a kernel.
 *
 *     filter     := {" "} [directive {" " {" "} directive} {" "}]     at most 511 bytes 0x20-0x7E and 16 directives, which must all hold
 *     directive  := ("local_port=" | "remote_port=") range {"," range}                 at most 8; once each
 *                 | ("local_addr=" | "remote_addr=") address ["/" number]              once each
 *                 | "include_state=" state {"," state}                                 once; not together with exclude=
 *                 | "exclude=" state {"," state}                                       may repeat, cumulative
 *                 | "ipv4_only" | "ipv6_only"                                          not together
 *                 | ("pid=" | "uid=") number {"," number} | "command=" name {"," name} once each
 *                 | "format=" ("compact" | "full") | "fields=" group {"," group}       checked, and of no effect here
 *                 | field (">" | ">=" | "<" | "<=" | "==" | "!=") ["-"] number         any integer field of the schema
 *     range      := port ["-" port]                                                    1 to 65535; no port twice
 *     number, port: decimal, no leading zero
 *     address    := IPv4 or IPv6 as inet_pton takes it; host bits 0, no zone
 *     state      := closed|bound listen syn_sent syn_received|syn_rcvd established close_wait|closewait fin_wait_1 closing last_ack fin_wait_2
 *                   time_wait|timewait
 *     name       := bytes other than space and comma, or any bytes between two of " or of '
 *     group      := identity state congestion rtt sequences counters timers buffers ecn names all default
 *
 * Case does not matter, in values either. Without pid=, uid=, command=, comparisons and ranges it is the language of FreeBSD's tcpstats module,
 * limits included: what is right or wrong there is right or wrong here.
 *
 * `bound` is CLOSED: a closed socket that can be seen is bound, and neither listens nor connects. Linux (from 6.8) shows these only where the filter
 * includes them.
 *
 * pid= and command= match when any holder of the socket does; comparisons look at the first.
 *
 * A directive on a field that a socket lacks does not match the socket, except exclude=: nothing says that it is in an excluded state. An IPv4
 * address or network also holds IPv4-mapped IPv6 addresses, which is how Linux shows the IPv4 connections of a dual-stack socket; ipv4_only
 * goes by the record's ip_version, which counts those as IPv6. doc/filter.md has examples and every error. */
#ifndef TCPS_FILTER_H
#define TCPS_FILTER_H

#include "base/status.h"
#include "record/record.h"
#include "record/schema.h"

typedef struct tcps_filter tcps_filter;

/* Parses `len` bytes of `text`. Returns NULL, with TCPS_USAGE or TCPS_NOMEM in `status` (which may be NULL), if that fails: status->what names the
 * word and its column, status->offset is the column less one. An empty text matches everything. Free with tcps_filter_free; NULL is ignored. */
tcps_filter *tcps_filter_parse(const char *text, size_t len, tcps_status *status);
void tcps_filter_free(tcps_filter *f);
/* Bytes that a filter holds. */
size_t tcps_filter_size(void);

/* Whether the record or row matches. */
bool tcps_filter_match(const tcps_filter *f, const tcps_record *r);
bool tcps_filter_match_row(const tcps_filter *f, const tcps_row *row);

/* Whether `r` may still match when the `unknown` fields become known: false only when a directive on other fields refuses it. */
bool tcps_filter_may_match(const tcps_filter *f, const tcps_record *r, const uint64_t unknown[TCPS_MASK_WORDS]);

/* Whether the directives about ports, addresses, families and states match. They decide which connections a tracker sees, and all of
 * them can be passed to a kernel. */
bool tcps_filter_matches_endpoints(const tcps_filter *f, const tcps_record *r);

/* Sets `fields` to the fields that any directive looks at: they say, for instance, whether owners have to be looked up. */
void tcps_filter_fields(const tcps_filter *f, uint64_t fields[TCPS_MASK_WORDS]);

/* Whether a connection whose endpoints match does so from its first packet on: of states, none is left out but LISTEN and TIME_WAIT, and what is not
 * connected yet. Then a connection that matches for the first time has just begun. */
bool tcps_filter_admits_from_birth(const tcps_filter *f);

/* Whether the filter's answer for a connection stays the same as long as the connection lives: it names ports, addresses and families only, and of
 * states at most LISTEN. Then it makes no difference whether one filters before or after following connections. */
bool tcps_filter_is_stable(const tcps_filter *f);

#endif
