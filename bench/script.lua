-- A typical script, for measuring: it filters, groups and computes ratios from eight fields of every socket.
local groups

return {
  name = "by-port",
  help = "retransmission and queueing by local port",

  on_socket = function(s)
    if s.state ~= "ESTABLISHED" then return end
    local rtt, least = s.rtt_us, s.rtt_min_us
    if not rtt or not least then return end
    groups = groups or {}
    local port = s.local_port
    local g = groups[port]
    if not g then
      g = { count = 0, sent = 0, again = 0, queueing = 0, full = 0 }
      groups[port] = g
    end
    g.count = g.count + 1
    g.sent = g.sent + s.tx_bytes
    g.again = g.again + s.retransmit_bytes
    g.queueing = g.queueing + (rtt - least) / (least + 1)
    if s.unacked * 1448 >= s.snd_cwnd then g.full = g.full + 1 end
  end,

  on_batch = function(_, ctx)
    for port, g in pairs(groups or {}) do
      if g.count >= 10 then
        ctx:emit { port = port, count = g.count, retransmitted = g.again / (g.sent + 1), queueing = g.queueing / g.count, window_full = g.full / g.count }
      end
    end
    groups = nil
  end,
}
