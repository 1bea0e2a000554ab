/* The filter language. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "encode/text.h"
#include "filter/address.h"
#include "filter/filter.h"

#include "lua/outside.h"
#include "lua/tcpsl.h"

static tcps_filter **check_filter(lua_State *L, int arg) { return luaL_checkudata(L, arg, TCPSL_FILTER); }

/* core.filter(text) -> filter, or nil, text, code. The text names word and column, the code is "EUSAGE". */
static int l_filter(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    tcps_filter **f = lua_newuserdatauv(L, sizeof *f, 1);
    *f = NULL;
    luaL_setmetatable(L, TCPSL_FILTER);
    tcps_status status = {0};
    *f = tcps_filter_parse(text, len, &status);
    if (!*f) return tcpsL_fail(L, &status);
    tcpsL_charge(L, tcps_filter_size());
    lua_pushvalue(L, 1); /* for tostring */
    lua_setiuservalue(L, -2, 1);
    return 1;
}

static int l_gc(lua_State *L) {
    tcps_filter **f = check_filter(L, 1);
    if (*f) tcpsL_discharge(tcps_filter_size());
    tcps_filter_free(*f);
    *f = NULL;
    return 0;
}

static int l_tostring(lua_State *L) {
    check_filter(L, 1);
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/* filter:matches(socket) -> boolean: whether it is wanted. */
static int l_matches(lua_State *L) {
    lua_pushboolean(L, tcps_filter_match_row(*check_filter(L, 1), tcpsL_checksocket(L, 2)->row));
    return 1;
}

/* filter:fields() -> (table<tcpstats.FieldName, true>): the fields that it looks at. */
static int l_fields(lua_State *L) {
    uint64_t fields[TCPS_MASK_WORDS];
    tcps_filter_fields(*check_filter(L, 1), fields);
    tcpsL_pushfields(L, fields);
    return 1;
}

/* The function that core.network makes: (text) -> whether that address lies in the network. Text that is not an address does not. */
static int l_contains(lua_State *L) {
    const tcps_prefix *network = lua_touserdata(L, lua_upvalueindex(1));
    const char *text = luaL_checkstring(L, 1);
    _Alignas(tcps_text) char room[sizeof(tcps_text) + 16];
    tcps_text *address = (tcps_text *)room;
    bool six = strchr(text, ':') != NULL;
    address->len = six ? 16 : 4;
    lua_pushboolean(L, inet_pton(six ? AF_INET6 : AF_INET, text, address->bytes) == 1 && tcps_prefix_contains(network, address));
    return 1;
}

/* core.network(text) -> a function that tells whether an address (text) lies in the network ("10.0.0.0/8"); or nil, what is wrong with it */
static int l_network(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    char hint[TCPS_ADDRESS_TEXT];
    const char *wrong = tcps_prefix_parse(lua_newuserdatauv(L, sizeof(tcps_prefix), 0), text, len, hint);
    if (!wrong) {
        lua_pushcclosure(L, l_contains, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushfstring(L, hint[0] ? "%s, did you mean %s?" : "%s", wrong, hint);
    return 2;
}

/* core.address(text) -> the address as fields show it ("2001:db8::1"), however it is spelled; or nil, what is wrong with it */
static int l_address(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    char hint[TCPS_ADDRESS_TEXT], shown[TCPS_ADDRESS_ROOM];
    tcps_prefix address;
    const char *wrong =
        memchr(text, 0, len) || memchr(text, '/', len) ? "is not an IPv4 or IPv6 address" : tcps_prefix_parse(&address, text, len, hint);
    if (!wrong) {
        lua_pushlstring(L, shown, (size_t)(tcps_text_address(shown, address.bytes, address.size) - shown));
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, wrong);
    return 2;
}

/* filter:is_stable() -> boolean: whether its answer for a connection stays the same as long as the connection lives: it names no states but LISTEN, no
 * metrics and no owners. */
static int l_is_stable(lua_State *L) {
    lua_pushboolean(L, tcps_filter_is_stable(*check_filter(L, 1)));
    return 1;
}

void tcpsL_openfilter(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_gc}, {"__tostring", l_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"matches", l_matches}, {"fields", l_fields}, {"is_stable", l_is_stable}, {NULL, NULL}};
    luaL_newmetatable(L, TCPSL_FILTER);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_filter);
    lua_setfield(L, -2, "filter");
    lua_pushcfunction(L, l_network);
    lua_setfield(L, -2, "network");
    lua_pushcfunction(L, l_address);
    lua_setfield(L, -2, "address");
}
