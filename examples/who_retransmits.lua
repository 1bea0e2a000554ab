-- Which connections retransmit?
--
--   $ tcpstats-lua --processes -c 1 examples/who_retransmits.lua
--        NOW    TOTAL  OF SENT     RTT  CONNECTION
--          -        6      67%     2us  127.0.0.1:59855 > 127.0.0.1:8085  python3[7468]
--          -        1     7.7%   5.0ms  127.0.0.1:58277 > 127.0.0.1:8084  python3[7468]
local text = require "tcpstats.text"

return {
  help = "the connections with the most retransmits, in this pass and in total",
  options = { top = { type = "integer", default = 10, min = 1, help = "show at most this many connections" } },

  init = function(ctx) ctx:wants { "command", "pid" } end,

  on_batch = function(batch, ctx)
    local total = "(rexmit_packets or retransmit_packets_total or 0)"
    local losing = batch:filter(total .. " > 0"):top(ctx.options.top, ("(delta_rexmit_packets or 0) * 4294967296 + %s"):format(total))
    if #losing == 0 then return ctx:emit "no connection retransmits\n" end
    local lines = { ("%8s %8s %8s %7s  %s"):format("NOW", "TOTAL", "OF SENT", "RTT", "CONNECTION") }
    for s in losing:each() do
      local again = s.rexmit_packets or s.retransmit_packets_total
      lines[#lines + 1] = ("%8s %8s %8s %7s  %s > %s  %s"):format(
        s.delta_rexmit_packets or "-", text.count(again),
        (s.tx_packets or 0) > 0 and text.percent(again / s.tx_packets) or "-",
        s.rtt_us and text.microseconds(s.rtt_us) or "-",
        text.local_end(s), text.remote_end(s), text.process(s) or "")
    end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
