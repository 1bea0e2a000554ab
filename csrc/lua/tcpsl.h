/* What the bindings share. Each file binds one thing; none holds policy. Misuse raises; failure of the world returns nil, text, code. */
#ifndef TCPSL_H
#define TCPSL_H

#include <lauxlib.h>
#include <lua.h>

#include "encode/format.h"
#include "encode/protobuf.h"
#include "record/pass.h"
#include "record/schema.h"

#define TCPSL_BATCH "tcpstats.batch"
#define TCPSL_SOCKET "tcpstats.socket"
#define TCPSL_SOURCE "tcpstats.source"
#define TCPSL_FILTER "tcpstats.filter"
#define TCPSL_TRACKER "tcpstats.tracker"

/* A batch as Lua holds it: a view and what keeps its rows alive. */
typedef struct tcpsL_batch {
    tcps_view view;
    tcps_pass *pass;       /* whose rows they are; one reference */
    const tcps_row **rows; /* malloc'ed when the view is not the whole pass; else NULL */
    size_t charged;        /* bytes of `rows` */
} tcpsL_batch;

#define TCPSL_SOCKET_FIELDS 32 /* values that come along with a socket at most */

/* A socket as Lua holds it: a row, or nothing any more. */
typedef struct tcpsL_socket {
    const void *kind;          /* says that this is one: see socket.c */
    struct tcpsL_names *names; /* of the fields */
    const tcps_row *row;       /* NULL: stale */
    /* While it iterates: */
    tcps_view view;
    size_t next;
    unsigned n_fields; /* values that come along */
    uint16_t fields[TCPSL_SOCKET_FIELDS];
} tcpsL_socket;

/* tcpstats.core, the module's only exported symbol. */
__attribute__((visibility("default"))) int luaopen_tcpstats_core(lua_State *L);

/* [-0, +3] nil, status->what, code's name; returns 3. */
int tcpsL_fail(lua_State *L, const tcps_status *status);

/* Raises "not enough memory", as Lua does. For a function that cannot fail otherwise: one that can returns it as it does the rest. */
int tcpsL_nomemory(lua_State *L);

/* [-0, +1] A userdata for a new reference to `pass`; `rows` (malloc'ed, taken; NULL: the whole pass) are what it shows. Raises without memory. */
void tcpsL_pushbatch(lua_State *L, tcps_pass *pass, const tcps_row **rows, size_t count);
/* [-0, +1] A view of the batch at index `batch` that shows `rows` (as above); what it has of opened and closed sockets is what the batch has. */
void tcpsL_pushview(lua_State *L, int batch, const tcps_row **rows, size_t count);
tcpsL_batch *tcpsL_checkbatch(lua_State *L, int arg);
/* [-0, +0; CSV: +3] The format named by the string at `name` (nil: JSON), as the table at `options` wants it for a view of the pass. The upper two of what
 * stays on the stack keep the columns of CSV. */
tcps_format tcpsL_checkformat(lua_State *L, const tcps_pass *pass, int name, int options);

/* [-0, +1] A proxy that shows the rows of the batch at index `batch`, none yet. */
tcpsL_socket *tcpsL_pushsocket(lua_State *L, int batch);
/* The socket at `arg`; raises when it is stale or something else. */
tcpsL_socket *tcpsL_checksocket(lua_State *L, int arg);

/* [-0, +1] The value of `row`'s field as scripts see it, nil when it is absent. `enums` is the index of the table of enum words. */
void tcpsL_pushfield(lua_State *L, const tcps_row *row, unsigned field, int enums);
static inline lua_Integer tcpsL_enumkey(unsigned field, uint32_t number) { return (lua_Integer)((uint64_t)field << 32 | number); }
/* [-0, +1] The table of enum words that tcpsL_pushfield wants; the same one at every call. */
void tcpsL_pushenums(lua_State *L);

/* The number of the field named by the string at `arg`; raises, with the nearest right name, when there is none. */
unsigned tcpsL_checkfield(lua_State *L, int arg);
/* The same for a field whose values a script wants, which core.missed tells. */
unsigned tcpsL_askfield(lua_State *L, int arg);
/* Raises: no field is called `name`, with the nearest right name. */
int tcpsL_nofield(lua_State *L, const char *name, size_t len);

/* [-0, +1] A set of fields as a table whose keys are their names. */
void tcpsL_pushfields(lua_State *L, const uint64_t fields[TCPS_MASK_WORDS]);

/* [-0, +1] A message (metadata, summary) as a table: field names as in the proto, enums by their short word. */
void tcpsL_pushmessage(lua_State *L, const ProtobufCMessage *m);

/* Each registers its metatable, and adds its functions to the module table on top of the stack. [-0, +0] */
void tcpsL_openbatch(lua_State *L);
void tcpsL_openencode(lua_State *L);
void tcpsL_openchunks(lua_State *L);
void tcpsL_opensocket(lua_State *L);
void tcpsL_opensource(lua_State *L);
void tcpsL_openfilter(lua_State *L);
void tcpsL_opentracker(lua_State *L);
void tcpsL_openschema(lua_State *L);
void tcpsL_openclock(lua_State *L);
void tcpsL_opensocketinfo(lua_State *L);
void tcpsL_openaggregate(lua_State *L);
void tcpsL_openfile(lua_State *L);
void tcpsL_openorder(lua_State *L);
void tcpsL_openvaluejson(lua_State *L);
void tcpsL_openscreen(lua_State *L);
void tcpsL_opentable(lua_State *L);

#endif
