--- One line for every connection when it ends: when, whose, from where to where, how long, how much, and how it ended.
--
-- A connection that no pass saw has no owner and no age, but its counters are final all the same (doc/deltas.md, "How connections end").
local text = require "tcpstats.text"

local REASONS <const> = { CLOSED = "closed", WIPED = "reset", TIMED_OUT = "timeout", LAST_SEEN = "lost" }
local MISSING <const> = "-"

-- Title, width (negative: left-aligned), and what it shows of a socket.
local COLUMNS <const> = {
  { "TIME", -8, function(_, ctx) return text.clock(ctx.now_ns) end },
  { "LOCAL", -21, text.local_end },
  { "REMOTE", -21, text.remote_end },
  { "SENT", 8, function(s) return s.tx_bytes and text.bytes(s.tx_bytes) end },
  { "RECEIVED", 8, function(s) return s.rx_bytes and text.bytes(s.rx_bytes) end },
  { "RETRANS", 7, function(s) return s.rexmit_packets and text.count(s.rexmit_packets) end },
  { "RTT", 8, function(s) return s.rtt_us and text.microseconds(s.rtt_us) end },
  { "SEEN FOR", 8, function(s) return s.connection_age_ms and text.milliseconds(s.connection_age_ms) end },
  { "END", -7, function(s) return REASONS[s.close_reason] end },
  { "PROCESS", -1, text.process },
}

-- A table of what tostring would be of each column, padded. What is too long pushes the rest to the right: an address is not cut.
local function line(value_of)
  local cells = {}
  for i, column in ipairs(COLUMNS) do
    local value, width = value_of(column) or MISSING, column[2]
    local space = (" "):rep(math.abs(width) - text.width(value))
    cells[i] = width < 0 and value .. space or space .. value
  end
  return (table.concat(cells, " "):gsub(" +$", "")) .. "\n"
end

return {
  name = "life",
  help = "one line for every connection when it ends, also for those between two passes (Linux)",
  options = {
    header = { type = "boolean", default = true, help = "print the line of titles" },
    listeners = { type = "boolean", default = false, help = "also listeners that are closed" },
  },

  init = function(ctx)
    ctx:wants { "pid", "command" } -- without permission the source says so itself
    if ctx.options.header then ctx:emit(line(function(column) return column[1] end)) end
  end,

  on_close = function(s, ctx)
    if s.state == "LISTEN" and not ctx.options.listeners then return end
    ctx:emit(line(function(column) return column[3](s, ctx) end))
  end,

  on_batch = function(batch, ctx)
    local lost = batch.summary and batch.summary.delta_endings_lost or 0
    if lost > 0 then ctx:log("warning", "%s lost: they came faster than they were read", text.plural(lost, "ending")) end
  end,
}
