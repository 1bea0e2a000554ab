--- Ticks that were skipped: whether that is worth a line, and what it comes from.
--
-- A tick now and then is not: deltas have their own times, so nothing is wrong with a pass that comes late. A gap is, and so are passes that cannot
-- keep up.
local text = require "tcpstats.text"

local skips = {}
skips.__index = skips

local SECOND <const> = 1000000000
local GAP_TICKS <const>, GAP_NS <const> = 3, SECOND -- at once: both at least
local ENOUGH <const>, MUCH <const> = 20, 0.1 -- of so many ticks, this part was skipped
local QUIET <const> = 60 * SECOND -- between two lines of one schedule

--- What a run knows of its skipped ticks.
---@param warn fun(format: string, ...: any) writes a line
function skips.new(warn)
  return setmetatable({ warn = warn, windows = setmetatable({}, { __mode = "k" }), ended_ns = 0 }, skips)
end

--- Notes what a pass took.
---@param began_ns integer monotonic time, as the others
---@param collected_ns integer when the sockets were read
---@param ended_ns integer when the scripts had seen them
---@param processor number seconds of the processor that it used
function skips:worked(began_ns, collected_ns, ended_ns, processor)
  self.reading, self.scripts, self.ended_ns = (collected_ns - began_ns) / SECOND, (ended_ns - collected_ns) / SECOND, ended_ns
  self.processor = processor
end

local function cause(self, due_ns, late_ns)
  if self.ended_ns <= due_ns then
    return ("this process did not run for %.1f s: it was stopped, or the machine was suspended or busy"):format(late_ns / SECOND)
  end
  local what, took = "reading the sockets", self.reading
  if self.scripts > took then what, took = "the scripts", self.scripts end
  return ("%s took %.2g s; the pass used the processor for %.2g s"):format(what, took, self.processor)
end

--- Notes that ticks were skipped, and warns if that is worth it.
---@param s table the schedule, after it took the tick
---@param skipped integer how many were skipped just now
---@param now_ns integer monotonic
---@param late_ns integer how long ago the first of them was due
function skips:note(s, skipped, now_ns, late_ns)
  local window = self.windows[s]
  if not window then
    window = { tick = 0, skipped = 0, quiet_until = 0 }
    self.windows[s] = window
  end
  local ticks, lost = s.tick - window.tick, s.skipped - window.skipped
  local is_gap = skipped >= GAP_TICKS and late_ns >= GAP_NS
  if not is_gap and ticks < ENOUGH then return end
  window.tick, window.skipped = s.tick, s.skipped
  if not is_gap and lost < MUCH * ticks or now_ns < window.quiet_until then return end
  window.quiet_until = now_ns + QUIET
  self.warn("%sskipped %s of %g s: %s", s.name ~= "" and s.name .. ": " or "", text.plural(is_gap and skipped or lost, "tick"), s.interval_ns / SECOND,
    cause(self, now_ns - late_ns, late_ns))
end

return skips
