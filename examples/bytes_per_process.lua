-- How many bytes does each program send and receive?
--
--   $ tcpstats-lua --processes -c 2 examples/bytes_per_process.lua
--       TX/s     RX/s     SENT RECEIVED  CONNS  PROGRAM
--          -        -     980K     931K     25  python3[7468]
--          -        -        0        0     15  not known
--       TX/s     RX/s     SENT RECEIVED  CONNS  PROGRAM
--          0        0     980K     931K     25  python3[7468]
--          0        0        0        0     20  not known
local text = require "tcpstats.text"

local function bytes(n) return n and text.bytes(n) or "-" end

return {
  help = "bytes sent and received by program: per second, and since its open connections began",
  options = { top = { type = "integer", default = 20, min = 1, help = "show at most this many programs" } },
  filter = "exclude=listen",

  init = function(ctx) ctx:wants { "command", "pid" } end,

  on_batch = function(batch, ctx)
    local programs = batch:group_by({ "command", "pid" }, {
      tx = "sum(tx_bytes)", rx = "sum(rx_bytes)", tx_rate = "sum(rate(tx_bytes))", rx_rate = "sum(rate(rx_bytes))",
    }, { absent = true })
    if #programs == 0 then return ctx:emit "there are no connections\n" end
    local lines = { ("%8s %8s %8s %8s %6s  %s"):format("TX/s", "RX/s", "SENT", "RECEIVED", "CONNS", "PROGRAM") }
    for _, program in ipairs(programs:top(ctx.options.top, function(p) return (p.tx or 0) + (p.rx or 0) end)) do
      lines[#lines + 1] = ("%8s %8s %8s %8s %6d  %s"):format(
        bytes(program.tx_rate), bytes(program.rx_rate), bytes(program.tx), bytes(program.rx), program.count,
        text.process { command = program.keys[1], pid = program.keys[2] } or "not known")
    end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
