-- Which programs do not close what their peers have closed? A connection in CLOSE_WAIT only waits for close().
--
--   $ tcpstats-lua --processes -c 1 examples/close_wait.lua
--     HELD   UNREAD    WATCHED       IDLE  PROGRAM
--        4       24          -       3.0s  python3[7468]
local text = require "tcpstats.text"

return {
  help = "programs that hold connections in CLOSE_WAIT",
  filter = "include_state=close_wait",

  init = function(ctx) ctx:wants { "command", "pid" } end,

  on_batch = function(batch, ctx)
    if #batch == 0 then return ctx:emit "no connection is in CLOSE_WAIT\n" end
    local holders = batch:group_by({ "command", "pid" }, {
      unread = "sum(rcv_buf_used)", longest = "max(time_in_state_ms)", idle = "max(idle_time_ms)",
    }, { absent = true })
    local lines = { ("%6s %8s %10s %10s  %s"):format("HELD", "UNREAD", "WATCHED", "IDLE", "PROGRAM") }
    for _, group in ipairs(holders) do
      lines[#lines + 1] = ("%6d %8s %10s %10s  %s"):format(
        group.count, group.unread and text.bytes(group.unread) or "-",
        group.longest and text.milliseconds(group.longest) or "-", -- since we first saw it: no kernel says when a state began
        group.idle and text.milliseconds(group.idle) or "-",
        text.process { command = group.keys[1], pid = group.keys[2] } or "not known")
    end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
