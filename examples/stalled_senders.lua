-- Which connections have data to send that does not go out, and why?
--
--   $ tcpstats-lua --processes -c 2 examples/stalled_senders.lua
--       3.6M  127.0.0.1:58277 > 127.0.0.1:8084  python3[7468]: the peer's window is closed
--        400  127.0.0.1:59855 > 127.0.0.1:8085  python3[7468]: 4 timeouts without an answer
--       3.6M  127.0.0.1:58277 > 127.0.0.1:8084  python3[7468]: the peer's window is closed
--        400  127.0.0.1:59855 > 127.0.0.1:8085  python3[7468]: 5 timeouts without an answer
local text = require "tcpstats.text"

local waiting = [[one_of(state, "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK") and snd_buf_used > 0]]
local stalled = [[snd_wnd == 0 or timer_persist_ms > 0 or rxt_shift > 0 or delta_tx_packets == 0]]

-- The strongest reason first.
local function reason(s)
  if s.snd_wnd == 0 or (s.timer_persist_ms or 0) > 0 then return "the peer's window is closed" end
  if (s.rxt_shift or 0) > 0 then return ("%s without an answer"):format(text.plural(s.rxt_shift, "timeout")) end
  return "nothing was sent since the previous pass"
end

return {
  help = "connections with data in the send buffer that does not move",
  options = { top = { type = "integer", default = 20, min = 1, help = "show at most this many connections, those with the most unsent data first" } },

  init = function(ctx) ctx:wants { "command", "pid" } end,

  on_batch = function(batch, ctx)
    local senders = batch:filter(("%s and (%s)"):format(waiting, stalled))
    if #senders == 0 then return ctx:emit "no sender is stalled\n" end
    for s in senders:top(ctx.options.top, "snd_buf_used"):each() do
      ctx:emit(("%8s  %s > %s  %s: %s\n"):format(
        text.bytes(s.snd_buf_used), text.local_end(s), text.remote_end(s), text.process(s) or s.state, reason(s)))
    end
  end,
}
