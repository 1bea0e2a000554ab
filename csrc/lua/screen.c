/* Texts and numbers for people. */
#include "encode/screen.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "encode/endpoint.h"
#include "encode/human.h"
#include "lua/tcpsl.h"

static tcps_charset check_charset(lua_State *L, int arg) { return lua_toboolean(L, arg) ? TCPS_ASCII : TCPS_UTF8; }

/* core.clean(text [, ascii]) -> the text as a screen may show it */
static int l_clean(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    tcps_charset charset = check_charset(L, 2);
    luaL_Buffer b;
    char *room = luaL_buffinitsize(L, &b, len);
    luaL_pushresultsize(&b, (size_t)(tcps_screen_clean(room, len, text, len, charset) - room));
    return 1;
}

/* core.width(text) -> integer: the columns that it takes on a screen */
static int l_width(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushinteger(L, (lua_Integer)tcps_screen_width(text, len));
    return 1;
}

/* core.cut(text, columns, ascii, end_quarters, keep) -> the text, cut where it is wider */
static int l_cut(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer columns = luaL_checkinteger(L, 2), quarters = luaL_optinteger(L, 4, 0), keep = luaL_optinteger(L, 5, 0);
    luaL_argcheck(L, columns >= 0, 2, "negative");
    luaL_argcheck(L, quarters >= 0 && quarters <= 4, 4, "0 to 4");
    luaL_argcheck(L, keep >= 0, 5, "negative");
    tcps_cut cut = {.keep = (size_t)keep, .end_quarters = (unsigned)quarters, .charset = check_charset(L, 3)};
    luaL_Buffer b;
    char *room = luaL_buffinitsize(L, &b, len + 4);
    luaL_pushresultsize(&b, (size_t)(tcps_screen_cut(room, text, len, (size_t)columns, &cut) - room));
    return 1;
}

/* core.human(number, unit) -> text: "bytes", "count", "number", "microseconds" or "milliseconds" */
static int l_human(lua_State *L) {
    static const char *const units[] = {"bytes", "count", "number", "microseconds", "milliseconds", NULL};
    static char *(*const write[])(char *, double) = {tcps_human_bytes, tcps_human_count, tcps_human_number, tcps_human_microseconds,
                                                     tcps_human_milliseconds};
    char text[TCPS_HUMAN_ROOM];
    double n = luaL_checknumber(L, 1);
    char *end = write[luaL_checkoption(L, 2, NULL, units)](text, n);
    lua_pushlstring(L, text, (size_t)(end - text));
    return 1;
}

/* core.endpoint(address, port, zone, both) -> text
 * An end of a connection. The address is text, nil when it is not known; so are the port and the zone (a name or a number). `both`: the wildcard of IPv6
 * takes IPv4, too. Text that is not an address stands as it is. */
static int l_endpoint(lua_State *L) {
    unsigned char bytes[16];
    char text[TCPS_ENDPOINT_ROOM];
    size_t len;
    const char *address = luaL_optlstring(L, 1, NULL, &len);
    lua_Integer port = luaL_optinteger(L, 2, -1);
    tcps_endpoint e = {.address = bytes, .port = port >= 0 && port <= UINT16_MAX ? (int32_t)port : -1, .both_families = lua_toboolean(L, 4)};
    if (lua_isinteger(L, 3))
        e.zone_index = (uint32_t)lua_tointeger(L, 3);
    else
        e.zone = luaL_optlstring(L, 3, NULL, &e.zone_len);
    if (!address) len = 0;
    if (address && inet_pton(AF_INET, address, bytes) == 1) e.len = 4;
    if (address && inet_pton(AF_INET6, address, bytes) == 1) e.len = 16;
    bool known = !address || (e.len && strlen(address) == len);
    if (!known) e.len = 0;
    char *end = tcps_text_endpoint(text, &e);
    if (known) {
        lua_pushlstring(L, text, (size_t)(end - text));
        return 1;
    }
    lua_pushlstring(L, text + 1, (size_t)(end - text - 1)); /* after the "*" */
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return 1;
}

void tcpsL_openscreen(lua_State *L) {
    static const luaL_Reg functions[] = {{"clean", l_clean}, {"width", l_width},       {"cut", l_cut},
                                         {"human", l_human}, {"endpoint", l_endpoint}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
