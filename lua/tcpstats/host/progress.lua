--- Shows how much of a recording has been read, on a terminal that shows nothing else.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"

local EVERY <const> = 200000000 -- ns

local progress = {}
progress.__index = progress

--- Makes the progress line of a run. It shows nothing if the source is live, or if standard output is the terminal.
---@param collector tcpstats.Collector
function progress.new(collector)
  return setmetatable({ collector = collector, shows = not collector.live and runtime.isatty(2) and not runtime.isatty(1), next_ns = 0 }, progress)
end

--- Draws the line, a few times a second at most.
function progress:update()
  if not self.shows then return end
  local now = core.monotonic_ns()
  if now < self.next_ns then return end
  local read, total = self.collector:progress()
  if not read then return end
  self.next_ns, self.shown = now + EVERY, true
  local part = total > 0 and ("%3d %%  "):format(100 * read // total) or ""
  io.stderr:write(("\r%spass %d, %.1f MB\27[K"):format(part, self.collector.recorded, read / 1e6))
end

--- Clears the line.
function progress:close()
  if self.shown then io.stderr:write("\r\27[K") end
end

return progress
