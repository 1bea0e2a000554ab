-- What reading a socket and a field of it costs Lua, in nanoseconds: `lua5.4 bench/fields.lua [DUMP]` (bench/stages writes one).
local core = require "tcpstats.core"

local source = assert(core.open(arg[1] or "auto"))
local batch = assert(source:pass {})
local count = #batch
local ROUNDS = 15

-- The median of what a call takes, over the sockets.
local function measure(name, f, less)
  local took = {}
  for i = 1, ROUNDS do
    local start = os.clock()
    f()
    took[i] = (os.clock() - start) * 1e9 / count
  end
  table.sort(took)
  local median = took[ROUNDS // 2 + 1]
  print(("%-58s %7.1f ns"):format(name, median - (less or 0)))
  return median
end

local function nothing() end
local function handler(message) return message end

local empty = measure("for s in batch:each()", function() for _ in batch:each() do end end)
measure("s.rtt_us", function() for s in batch:each() do local _ = s.rtt_us end end, empty)
measure("s.state", function() for s in batch:each() do local _ = s.state end end, empty)
measure("s.tx_bytes", function() for s in batch:each() do local _ = s.tx_bytes end end, empty)
measure("s.command, which is absent", function() for s in batch:each() do local _ = s.command end end, empty)
measure("s.remote_addr, made into a string", function() for s in batch:each() do local _ = s.remote_addr end end, empty)
measure('for s, a, b, c, d in batch:each("state", ...), four fields',
  function() for _, _, _, _, _ in batch:each("state", "rtt_us", "tx_bytes", "snd_cwnd") do end end, empty)
measure("batch:visit, an empty function", function() batch:visit(nothing, nil, handler) end)
measure("s:copy()", function() for s in batch:each() do s:copy() end end, empty)
measure("s:totable()", function() for s in batch:each() do s:totable() end end, empty)
