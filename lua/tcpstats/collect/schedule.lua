--- When passes are due. Tick n of a schedule is due at start + n * interval by the monotonic clock, however long passes take, so nothing drifts. A
-- late pass is made late; ticks that went by in the meantime are skipped and counted.
local schedule = {}
schedule.__index = schedule

local UNITS = { ms = 1000000, s = 1000000000, m = 60000000000, h = 3600000000000 }
local FLAGS = { processes = "processes", ["tcp-info"] = "tcp_info", ["summary-only"] = "summary_only" }

schedule.shortest, schedule.longest = 10000000, 86400000000000 -- 10 ms and 24 h, in ns

local function interval_of(text)
  local digits, unit = text:match("^(%d*%.?%d+)(%a*)$")
  if not digits then return nil, ("'%s' is not an interval; 500ms, 1s, 5m and 2h are"):format(text) end
  if unit == "" then return nil, ("'%s' lacks its unit: %sms, %ss, %sm or %sh"):format(text, text, text, text, text) end
  if not UNITS[unit] then return nil, ("'%s' has the unit '%s'; there are ms, s, m, h"):format(text, unit) end
  local ns = math.floor(tonumber(digits) * UNITS[unit] + 0.5)
  if ns < schedule.shortest or ns > schedule.longest then return nil, ("'%s' is not within 10ms and 24h"):format(text) end
  return ns
end

--- Reads NAME=INTERVAL[,processes][,tcp-info][,summary-only].
---@param text string e.g. "detail=30s,processes,tcp-info"
---@return { name: string, interval_ns: integer, processes?: boolean, tcp_info?: boolean, summary_only?: boolean }?
---@return string? what is wrong
function schedule.parse(text)
  local name, rest = text:match("^([%w_.-]+)=(.+)$")
  if not name then return nil, ("'%s' is not a schedule; detail=30s,processes is one"):format(text) end
  local words = {}
  for word in (rest .. ","):gmatch("([^,]*),") do words[#words + 1] = word end
  local ns, what = interval_of(words[1])
  if not ns then return nil, ("%s: %s"):format(name, what) end
  local parsed = { name = name, interval_ns = ns }
  for i = 2, #words do
    if not FLAGS[words[i]] then
      local hint = require("tcpstats.suggest").hint(words[i], { "processes", "tcp-info", "summary-only" }, "there")
      return nil, ("%s: unknown word '%s'%s"):format(name, words[i], hint)
    end
    parsed[FLAGS[words[i]]] = true
  end
  return parsed
end

--- Starts a schedule.
---@param options table {name=, interval_ns=, processes=, tcp_info=, summary_only=}, which become its fields
---@param start integer monotonic ns of tick 0
function schedule.new(options, start)
  local self = setmetatable({ start_ns = start, next_ns = start, tick = 0, passes = 0, skipped = 0 }, schedule)
  for key, value in pairs(options) do self[key] = value end
  self.name = self.name or ""
  return self
end

--- Takes the tick that is due.
---@param now integer monotonic ns, at least self.next_ns
---@return integer number of the pass for its metadata, from 1; skipped ticks show as a gap
---@return integer skipped how many ticks were skipped just now
function schedule:take(now)
  local tick = (now - self.start_ns) // self.interval_ns
  local skipped = tick - self.tick
  self.tick = tick + 1
  self.next_ns = self.start_ns + self.tick * self.interval_ns
  self.passes, self.skipped = self.passes + 1, self.skipped + skipped
  return tick + 1, skipped
end

return schedule
