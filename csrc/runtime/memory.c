/* Keeps the host alive beside scripts that eat memory: the allocator counts, and refuses only while a script runs, as the host must be able to say
 * what happened. Lua collects its garbage when it is refused memory, and asks once more; when that is refused as well the script is interrupted, so
 * that it does not go on in a pcall of its own. What batches, filters and trackers hold beside Lua counts for the call that makes them. */
#include "lua/outside.h"
#include "runtime/watchdog.h"

static struct {
    lua_Alloc allocate; /* what memory really comes from */
    void *allocate_context;
    size_t used, limit;           /* limit 0: none */
    const tcpsL_outside *outside; /* who knows what Lua's objects hold beside; may be NULL */
    size_t outside_before;        /* when the call began: the host's own passes are not the script's */
    size_t refused;               /* the size that was refused last; 0: as much was granted since */
} memory;

static size_t held_outside(void) { return memory.outside ? memory.outside->held() : 0; }

void tcps_memory_begin(void) { memory.outside_before = held_outside(); }

static bool is_over(size_t held, size_t size) {
    if (!tcps_watch.in_script || !memory.limit || size <= held) return false;
    size_t outside = held_outside(), free = memory.outside_before + TCPSL_OUTSIDE_GARBAGE; /* what Lua may not have collected yet */
    return memory.used + (size - held) + (outside > free ? outside - free : 0) > memory.limit;
}

static void *counted(void *context, void *block, size_t old_size, size_t size) {
    (void)context;
    size_t held = block ? old_size : 0; /* of a new block old_size is what kind of object it is for */
    if (is_over(held, size)) {
        if (size == memory.refused) tcps_watch_expire(TCPS_MEMORY);
        memory.refused = size;
        return NULL;
    }
    void *result = memory.allocate(memory.allocate_context, block, old_size, size);
    if (result || !size) memory.used += size - held;
    if (size >= memory.refused) memory.refused = 0;
    return result;
}

/* runtime.limit_memory(bytes): more than that (0: no limit) scripts do not get. runtime.limit_memory() gives the state its own allocator back. */
static int l_limit_memory(lua_State *L) {
    bool counting = memory.allocate != NULL;
    if (lua_isnoneornil(L, 1)) {
        if (counting) lua_setallocf(L, memory.allocate, memory.allocate_context);
        memory.allocate = NULL;
        return 0;
    }
    lua_Integer limit = luaL_checkinteger(L, 1);
    luaL_argcheck(L, limit >= 0, 1, "negative");
    memory.limit = (size_t)limit;
    if (!counting) {
        lua_getfield(L, LUA_REGISTRYINDEX, TCPSL_OUTSIDE);
        memory.outside = lua_touserdata(L, -1);
        memory.used = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
        memory.allocate = lua_getallocf(L, &memory.allocate_context);
        lua_setallocf(L, counted, NULL);
    }
    return 0;
}

void tcpsL_openmemory(lua_State *L) {
    static const luaL_Reg functions[] = {{"limit_memory", l_limit_memory}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
