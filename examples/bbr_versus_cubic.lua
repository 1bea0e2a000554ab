-- Which congestion control algorithm does better here, BBR or CUBIC (or another one)?
--
--   $ tcpstats-lua -c 2 examples/bbr_versus_cubic.lua
--   ALGORITHM   CONNS  RTT P50      P95    AGAIN     CWND DELIVERY/s     TX/s
--   bbr            18      2us    5.0ms      19%     320K        25G        -
--   cubic           3      7us     23us    0.00%     639K        30G        -
--   reno            3      2us      2us    0.00%     465K        18G        -
--   ALGORITHM   CONNS  RTT P50      P95    AGAIN     CWND DELIVERY/s     TX/s
--   bbr            18      2us    5.0ms      19%     320K        25G      400
--   cubic           3      7us     23us    0.00%     639K        30G        0
--   reno            3      2us      2us    0.00%     465K        18G        0
local text = require "tcpstats.text"

local function shown(show, value) return value and show(value) or "-" end

return {
  help = "congestion control algorithms side by side: round trip times, retransmits, windows, rates",
  filter = "include_state=established",

  on_batch = function(batch, ctx)
    local algorithms = batch:group_by("cc_algo", {
      p50 = "p50(rtt_us)", p95 = "p95(rtt_us)",
      retransmitted = "sum(retransmit_bytes) / sum(tx_bytes)", -- of payload, so that pure acknowledgements do not flatter a receiver
      window = "p50(snd_cwnd)", delivery = "p50(delivery_rate)", tx = "sum(rate(tx_bytes))",
    })
    if #algorithms == 0 then return ctx:emit "no open connection has a known algorithm\n" end
    local lines = { ("%-10s %6s %8s %8s %8s %8s %10s %8s"):format("ALGORITHM", "CONNS", "RTT P50", "P95", "AGAIN", "CWND", "DELIVERY/s", "TX/s") }
    for _, a in ipairs(algorithms) do
      lines[#lines + 1] = ("%-10s %6d %8s %8s %8s %8s %10s %8s"):format(
        text.clean(a.key), a.count, shown(text.microseconds, a.p50), shown(text.microseconds, a.p95),
        a.retransmitted and a.retransmitted == a.retransmitted and text.percent(a.retransmitted) or "-", -- nothing sent: 0/0
        shown(text.bytes, a.window), shown(text.bytes, a.delivery), shown(text.bytes, a.tx))
    end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
