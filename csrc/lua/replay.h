/* A batch that a tracker or a filter is shown. */
#ifndef TCPSL_REPLAY_H
#define TCPSL_REPLAY_H

#include "collect/replay.h"
#include "lua/tcpsl.h"

/* [-0, +1] The batch that tcps_replay makes of `batch`; returns 1. Raises without memory. */
int tcpsL_replay(lua_State *L, const tcpsL_batch *batch, const tcps_replay_options *options);

#endif
