/* Names of hosts become addresses in a thread, because getaddrinfo(3) has no other way not to block: a name server that does not answer keeps it for
 * 10 seconds and more, and passes are due meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/runtime.h"

#define RESOLVER "tcpstats.resolver"

/* One question. It belongs to the thread and to Lua; the one that leaves last frees it. */
typedef struct lookup {
    pthread_mutex_t lock;
    unsigned holders;
    char *host, *port;
    int type;
    int done_fd; /* the thread closes it when it has the answer, which wakes whoever waits at the other end */
    bool done;
    int error, sys_errno; /* of getaddrinfo */
    struct addrinfo *list;
} lookup;

typedef struct resolver {
    lookup *lookup;
    int fd; /* becomes readable when there is an answer */
} resolver;

static void leave(lookup *l) {
    pthread_mutex_lock(&l->lock);
    unsigned left = --l->holders;
    pthread_mutex_unlock(&l->lock);
    if (left) return;
    if (l->list) freeaddrinfo(l->list);
    pthread_mutex_destroy(&l->lock);
    free(l->host);
    free(l->port);
    free(l);
}

static void *answer(void *argument) {
    lookup *l = argument;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = l->type, .ai_flags = AI_NUMERICSERV}, *list = NULL;
    int error = getaddrinfo(l->host, l->port, &hints, &list), sys_errno = errno;
    pthread_mutex_lock(&l->lock);
    l->error = error;
    l->sys_errno = sys_errno;
    l->list = error ? NULL : list;
    l->done = true;
    pthread_mutex_unlock(&l->lock);
    close(l->done_fd);
    leave(l);
    return NULL;
}

static int start_thread(lookup *l) {
    /* Signals are for the thread that runs scripts. */
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, &attributes, answer, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

/* runtime.resolve(host, port, kind) -> (tcpstats.Resolver): asks for the addresses of a host, kind "stream" or "datagram"; or nil, text, code. */
static int l_resolve(lua_State *L) {
    static const char *const kinds[] = {"stream", "datagram", NULL};
    const char *host = luaL_checkstring(L, 1);
    luaL_checkinteger(L, 2);
    const char *port = lua_tostring(L, 2);
    int type = luaL_checkoption(L, 3, NULL, kinds) == 0 ? SOCK_STREAM : SOCK_DGRAM;
    resolver *r = lua_newuserdatauv(L, sizeof *r, 0);
    *r = (resolver){.fd = -1};
    luaL_setmetatable(L, RESOLVER);
    int ends[2];
    if (pipe(ends) != 0) return tcpsL_failerrno(L, errno);
    for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    r->fd = ends[0];
    lookup *l = calloc(1, sizeof *l);
    if (l) *l = (lookup){.holders = 2, .host = strdup(host), .port = strdup(port), .type = type, .done_fd = ends[1]};
    if (!l || !l->host || !l->port) {
        close(ends[1]);
        if (l) free(l->host), free(l->port), free(l);
        return tcpsL_failerrno(L, ENOMEM);
    }
    pthread_mutex_init(&l->lock, NULL);
    r->lookup = l;
    int error = start_thread(l);
    if (error) {
        l->holders = 1;
        close(ends[1]);
        return tcpsL_failerrno(L, error);
    }
    return 1;
}

/* resolver:fd() -> integer: becomes readable when there is an answer. */
static int l_fd(lua_State *L) {
    const resolver *r = luaL_checkudata(L, 1, RESOLVER);
    lua_pushinteger(L, r->fd);
    return 1;
}

/* resolver:addresses() -> {string}?, or nil, text, code: the addresses for runtime.connect, in the order in which to try them; false: no answer yet. */
static int l_addresses(lua_State *L) {
    const resolver *r = luaL_checkudata(L, 1, RESOLVER);
    if (!r->lookup) return luaL_error(L, "closed");
    pthread_mutex_lock(&r->lookup->lock);
    bool done = r->lookup->done;
    pthread_mutex_unlock(&r->lookup->lock);
    if (!done) {
        lua_pushboolean(L, false);
        return 1;
    }
    if (r->lookup->error) {
        lua_pushnil(L);
        lua_pushstring(L, r->lookup->error == EAI_SYSTEM ? strerror(r->lookup->sys_errno) : gai_strerror(r->lookup->error));
        lua_pushliteral(L, "ESYSTEM");
        return 3;
    }
    lua_newtable(L);
    lua_Integer n = 0;
    for (const struct addrinfo *a = r->lookup->list; a; a = a->ai_next) {
        lua_pushlstring(L, (const char *)a->ai_addr, a->ai_addrlen);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* resolver:close(): the answer is wanted no longer. */
static int l_close(lua_State *L) {
    resolver *r = luaL_checkudata(L, 1, RESOLVER);
    if (r->fd >= 0) close(r->fd);
    if (r->lookup) leave(r->lookup);
    *r = (resolver){.fd = -1};
    return 0;
}

void tcpsL_openresolver(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_close}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"fd", l_fd}, {"addresses", l_addresses}, {"close", l_close}, {NULL, NULL}};
    luaL_newmetatable(L, RESOLVER);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_resolve);
    lua_setfield(L, -2, "resolve");
}
