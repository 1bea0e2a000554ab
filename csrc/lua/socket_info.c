/* One's own sockets. */
#include <stdint.h>

#include "collect/socket_info.h"
#include "lua/tcpsl.h"

/* core.socket_info(fd) -> socket, or nil, text, code: what the running system tells of this process's TCP socket with the descriptor `fd`, as a
 * copy. "EUSAGE": the descriptor is no open TCP socket. */
static int l_socket_info(lua_State *L) {
    lua_Integer fd = luaL_checkinteger(L, 1);
    luaL_argcheck(L, fd >= 0 && fd <= INT32_MAX, 1, "no descriptor");
    tcps_status status = {0};
    const tcps_source_class *class = tcps_source_named("auto", 4, &status);
    if (!class) return tcpsL_fail(L, &status);
    tcps_kernel *k = tcps_kernel_live();
    tcps_pass *pass = NULL;
    tcps_code code = k ? tcps_socket_info(class, k, (int)fd, &pass, &status) : tcps_fail(&status, TCPS_NOMEM, "no memory");
    if (k) k->close(k);
    if (code != TCPS_OK) return tcpsL_fail(L, &status);
    tcpsL_pushbatch(L, pass, NULL, 0);
    tcps_pass_unref(pass);
    tcpsL_socket *s = tcpsL_pushsocket(L, -1); /* keeps the batch */
    s->row = pass->all.rows[0];
    s->next = s->view.count;
    return 1;
}

void tcpsL_opensocketinfo(lua_State *L) {
    lua_pushcfunction(L, l_socket_info);
    lua_setfield(L, -2, "socket_info");
}
