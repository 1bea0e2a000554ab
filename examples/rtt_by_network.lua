-- Which networks are far away?
--
--   $ tcpstats-lua -c 1 examples/rtt_by_network.lua
--        P50      P95      MAX     BEST  CONNS  NETWORK
--        2us    5.0ms    5.0ms      1us     16  127.0.0.0/24
--        4us     23us     23us      1us      6  10.1.1.0/24
--        2us      2us      2us      1us      6  10.2.2.0/24
local text = require "tcpstats.text"

return {
  help = "round trip times by the peers' /24 (IPv6: /64)",
  options = {
    prefix = { type = "integer", default = 24, min = 0, max = 32, help = "length of the networks' prefix for IPv4" },
    top = { type = "integer", default = 20, min = 1, help = "show at most this many networks, the slowest first" },
  },
  filter = "exclude=listen",

  on_batch = function(batch, ctx)
    local networks = batch:filter("rtt_us ~= nil"):group_by("remote_addr/" .. ctx.options.prefix, {
      p50 = "p50(rtt_us)", p95 = "p95(rtt_us)", max = "max(rtt_us)", best = "min(rtt_min_us)",
    })
    if #networks == 0 then return ctx:emit "no connection has a round trip time\n" end
    local lines = { ("%8s %8s %8s %8s %6s  %s"):format("P50", "P95", "MAX", "BEST", "CONNS", "NETWORK") }
    for _, network in ipairs(networks:top(ctx.options.top, "p95")) do
      lines[#lines + 1] = ("%8s %8s %8s %8s %6d  %s"):format(
        text.microseconds(network.p50), text.microseconds(network.p95), text.microseconds(network.max),
        network.best and text.microseconds(network.best) or "-", network.count, network.key)
    end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
