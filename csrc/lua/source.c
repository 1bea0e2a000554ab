/* Sources: opening them and running passes. */
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bitset.h"
#include "collect/collect.h"
#include "lua/outside.h"
#include "lua/tcpsl.h"

static tcps_session *check_source(lua_State *L) {
    tcps_session *o = luaL_checkudata(L, 1, TCPSL_SOURCE);
    if (!o->source) luaL_error(L, "the source is closed");
    return o;
}

/* [-0, +1] A source that is closed yet, so that nothing is lost when Lua raises. */
static tcps_session *push_source(lua_State *L) {
    tcps_session *o = lua_newuserdatauv(L, sizeof *o, 0);
    *o = (tcps_session){0};
    luaL_setmetatable(L, TCPSL_SOURCE);
    return o;
}

/* core.open(spec [, record]) -> source, or nil, text, code. `record` names the capture that keeps every answer of the kernel. */
static int l_open(lua_State *L) {
    const char *spec = luaL_checkstring(L, 1), *record = luaL_optstring(L, 2, NULL);
    tcps_status status = {0};
    tcps_session *o = push_source(L);
    return tcps_source_open(spec, record, o, &status) == TCPS_OK ? 1 : tcpsL_fail(L, &status);
}

#define MOST_OPTIONS 16

/* core.open_bytes(name, bytes [, options]) -> source, or nil, text, code. The options are the source's keys, with bytes in place of files. */
static int l_open_bytes(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    tcps_spec_value options[MOST_OPTIONS] = {{0}};
    options[0].bytes = luaL_checklstring(L, 2, &options[0].len);
    size_t count = 1;
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        lua_newtable(L); /* 4: keeps the texts that numbers are made into */
        for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
            luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, 3, "keys are strings");
            luaL_argcheck(L, count < MOST_OPTIONS, 3, "too many keys");
            if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) continue;
            tcps_spec_value *option = &options[count++];
            option->key = lua_tostring(L, -2);
            if (lua_isboolean(L, -1)) continue; /* a flag */
            option->bytes = luaL_tolstring(L, -1, &option->len);
            lua_rawseti(L, 4, (lua_Integer)count);
        }
    }
    tcps_status status = {0};
    tcps_session *o = push_source(L);
    return tcps_source_open_bytes(name, options, count, o, &status) == TCPS_OK ? 1 : tcpsL_fail(L, &status);
}

static bool get_flag(lua_State *L, int options, const char *name) {
    lua_getfield(L, options, name);
    bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

/* The fields whose names are keys of the table `name` of the options. */
static void get_fields(lua_State *L, int options, const char *name, uint64_t fields[TCPS_MASK_WORDS]) {
    memset(fields, 0, TCPS_MASK_WORDS * sizeof *fields);
    if (lua_getfield(L, options, name) == LUA_TTABLE)
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) tcps_bitset_add(fields, tcpsL_checkfield(L, -2));
    lua_pop(L, 1);
}

static lua_Integer get_integer(lua_State *L, int options, const char *name) {
    lua_getfield(L, options, name);
    lua_Integer n = luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    return n;
}

/* A userdata in the options, NULL when there is none; it stays in the table, so it stays alive. */
static void *get_object(lua_State *L, int options, const char *name, const char *metatable) {
    lua_getfield(L, options, name);
    void *object = lua_isnil(L, -1) ? NULL : luaL_checkudata(L, -1, metatable);
    lua_pop(L, 1);
    return object;
}

/* [-0, +0 or +1] The trackers in options.hearers, NULL when there is no such list. They stay in the list; the array of them lies on the stack. */
static tcps_tracker *const *get_hearers(lua_State *L, int options, size_t *count) {
    if (lua_getfield(L, options, "hearers") == LUA_TNIL) {
        lua_pop(L, 1);
        return NULL;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    *count = (size_t)luaL_len(L, -1);
    tcps_tracker **hearers = lua_newuserdatauv(L, (*count + 1) * sizeof *hearers, 0);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        tcps_tracker **tracker = luaL_checkudata(L, -1, TCPSL_TRACKER);
        hearers[i] = *tracker;
        lua_pop(L, 1);
    }
    lua_remove(L, -2);
    return hearers;
}

/* The pass that the table at `options` asks for. Its name stays in the table, which must not change meanwhile. */
static tcps_pass_options get_options(lua_State *L, int options) {
    luaL_checktype(L, options, LUA_TTABLE);
    tcps_filter **filter = get_object(L, options, "filter", TCPSL_FILTER);
    tcps_tracker **tracker = get_object(L, options, "tracker", TCPSL_TRACKER);
    lua_getfield(L, options, "schedule_name");
    const char *schedule_name = lua_type(L, -1) == LUA_TNIL ? NULL : luaL_checkstring(L, -1);
    lua_pop(L, 1);
    size_t count = 0;
    tcps_tracker *const *hearers = get_hearers(L, options, &count);
    tcps_pass_options pass = {
        .wants = {.processes = get_flag(L, options, "processes"),
                  .tcp_info = get_flag(L, options, "tcp_info"),
                  .tcp_info_limit = (uint32_t)get_integer(L, options, "tcp_info_limit"),
                  .filter = filter ? *filter : NULL,
                  .whole_table = get_flag(L, options, "whole_table")},
        .tracker = tracker ? *tracker : NULL,
        .schedule_name = schedule_name,
        .interval_ms = (uint32_t)get_integer(L, options, "interval_ms"),
        .sequence = (uint64_t)get_integer(L, options, "sequence"),
        .summary_only = get_flag(L, options, "summary_only"),
        .hearers = hearers,
        .hearers_count = count,
    };
    get_fields(L, options, "fields", pass.wants.fields);
    return pass;
}

/* source:pass{processes=, fields=, tcp_info=, tcp_info_limit=, filter=, whole_table=, tracker=, schedule_name=, interval_ms=, sequence=, summary_only=,
 * hearers=} -> batch, or nil, text, code. Reads every socket once. The keys of `fields` are fields that are read: what has to be looked up for
 * them (owners) is.
 * The filter is compiled. The code is "EEND" when a recording has no further pass.
 * With several tables one dump serves all: a batch for each. What they want of the source must be the same; the first one's is taken. */
static int l_pass(lua_State *L) {
    tcps_session *o = check_source(L);
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        lua_newtable(L);
    }
    int count = lua_gettop(L) - 1;
    luaL_argcheck(L, count <= TCPS_PASSES_MOST, TCPS_PASSES_MOST + 2, "too many passes");
    tcps_pass_options options[TCPS_PASSES_MOST];
    tcps_pass *made[TCPS_PASSES_MOST];
    for (int i = 0; i < count; i++) options[i] = get_options(L, 2 + i);
    tcpsL_freebatches(L);
    tcps_status status = {0};
    if (tcps_collect_all(o, options, (size_t)count, made, &status) != TCPS_OK) return tcpsL_fail(L, &status);
    for (int i = 0; i < count; i++) {
        tcpsL_pushbatch(L, made[i], NULL, 0);
        tcps_pass_unref(made[i]);
    }
    return count;
}

/* source:close() -> true, or nil, text, code. Gives back what the source holds; the second when what was recorded is not whole. A closed source
 * raises; closing it again does nothing. */
static int l_close(lua_State *L) {
    tcps_session *o = luaL_checkudata(L, 1, TCPSL_SOURCE);
    tcps_status status = {0};
    tcps_code code = tcps_source_finish(o, &status);
    tcps_source_close(o);
    if (code != TCPS_OK) return tcpsL_fail(L, &status);
    lua_pushboolean(L, 1);
    return 1;
}

/* source:upcoming() -> {schedule_name=, interval_ms=, at_ns=}, or nil, text, code. What a recording says of its next pass, `at_ns` being when it was
 * by one clock throughout; of a live source an empty table. */
static int l_upcoming(lua_State *L) {
    tcps_session *o = check_source(L);
    tcps_status status = {0};
    if (tcps_source_next(o, &status) != TCPS_OK) return tcpsL_fail(L, &status);
    lua_createtable(L, 0, 2);
    if (o->upcoming.schedule_name) {
        lua_pushstring(L, o->upcoming.schedule_name);
        lua_setfield(L, -2, "schedule_name");
    }
    if (o->upcoming.at_ns) {
        lua_pushinteger(L, (lua_Integer)o->upcoming.at_ns);
        lua_setfield(L, -2, "at_ns");
    }
    if (o->upcoming.interval_ms) {
        lua_pushinteger(L, o->upcoming.interval_ms);
        lua_setfield(L, -2, "interval_ms");
    }
    return 1;
}

/* source:pump() -> (integer?): between passes, takes what the kernel has said of connections that ended, so that its buffer does not overflow. The descriptor
 * that becomes readable when there is more; nothing where there is nothing to wait for. */
static int l_pump(lua_State *L) {
    tcps_kernel *k = check_source(L)->kernel;
    int fd = k->pump ? k->pump(k) : -1;
    if (fd < 0) return 0;
    lua_pushinteger(L, fd);
    return 1;
}

/* source:wait(until_ns): sleeps until the monotonic clock shows that, and pumps meanwhile. A signal does not end it. */
static int l_wait(lua_State *L) {
    tcps_kernel *k = check_source(L)->kernel;
    lua_Integer until = luaL_checkinteger(L, 2);
    for (;;) {
        struct pollfd wanted = {.fd = k->pump ? k->pump(k) : -1, .events = POLLIN}; /* -1 is passed over */
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        lua_Integer left = until - ((lua_Integer)now.tv_sec * 1000000000 + now.tv_nsec);
        if (left <= 0) return 0;
        lua_Integer ms = (left + 999999) / 1000000;
        poll(&wanted, 1, ms < INT_MAX ? (int)ms : INT_MAX);
    }
}

/* source:progress() -> (integer?), (integer?): bytes read and bytes in all (0: not known) of a capture; nothing of anything else. */
static int l_progress(lua_State *L) {
    tcps_kernel *k = check_source(L)->kernel;
    if (!k->progress) return 0;
    uint64_t read, total;
    k->progress(k, &read, &total);
    lua_pushinteger(L, (lua_Integer)read);
    lua_pushinteger(L, (lua_Integer)total);
    return 2;
}

/* source:limit(bytes [, stop]): a pass of a recording may take that much memory while it is read, 0: any. `stop` is what runtime.stop_flag gives: a read
 * that is under way ends soon after it is set. */
static int l_limit(lua_State *L) {
    tcps_kernel *k = check_source(L)->kernel;
    lua_Integer bytes = luaL_checkinteger(L, 2);
    luaL_argcheck(L, bytes >= 0, 2, "negative");
    if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TLIGHTUSERDATA);
    if (k->limit) k->limit(k, (size_t)bytes, lua_touserdata(L, 3));
    return 0;
}

/* source:name() -> string: "linux", "macos", "freebsd" or what a capture was made with. */
static int l_name(lua_State *L) {
    lua_pushstring(L, check_source(L)->class->name);
    return 1;
}

/* source:fields(tracked) -> (table<tcpstats.FieldName, true>): the fields that its sockets can ever have, on some release of the system and with
 * everything asked for; without `tracked` (boolean), less those that take a second pass to know. */
static int l_possible(lua_State *L) {
    uint64_t fields[TCPS_MASK_WORDS];
    tcps_source_fields(check_source(L)->class, lua_toboolean(L, 2), fields);
    tcpsL_pushfields(L, fields);
    return 1;
}

/* source:live() -> boolean: whether it asks the running kernel. */
static int l_live(lua_State *L) {
    lua_pushboolean(L, check_source(L)->kernel->live);
    return 1;
}

/* core.sources() -> list of {name=, help=, live=, keys={{key=string, help=}}}: where sockets can be read from. */
static int l_sources(lua_State *L) {
    lua_newtable(L);
    for (int i = 0; tcps_sources[i]; i++) {
        const tcps_source_class *c = tcps_sources[i];
        lua_createtable(L, 0, 4);
        lua_pushstring(L, c->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, c->help);
        lua_setfield(L, -2, "help");
        lua_pushboolean(L, c->live);
        lua_setfield(L, -2, "live");
        lua_newtable(L);
        lua_Integer n = 0;
        for (const tcps_spec_key *k = c->keys; k->help; k++) {
            lua_createtable(L, 0, 2);
            lua_pushstring(L, k->key ? k->key : "FILE");
            lua_setfield(L, -2, "key");
            lua_pushstring(L, k->help);
            lua_setfield(L, -2, "help");
            lua_rawseti(L, -2, ++n);
        }
        lua_setfield(L, -2, "keys");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

void tcpsL_opensource(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_close}, {"__close", l_close}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"pass", l_pass},         {"upcoming", l_upcoming}, {"pump", l_pump},   {"wait", l_wait},
                                       {"progress", l_progress}, {"limit", l_limit},       {"close", l_close}, {"name", l_name},
                                       {"live", l_live},         {"fields", l_possible},   {NULL, NULL}};
    static const luaL_Reg functions[] = {{"open", l_open}, {"open_bytes", l_open_bytes}, {"sources", l_sources}, {NULL, NULL}};
    luaL_newmetatable(L, TCPSL_SOURCE);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
