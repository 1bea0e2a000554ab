--- What happens between passes: timers, input, signals, and outputs that go on.
local call = require "tcpstats.host.call"
local core = require "tcpstats.core"
local ctx = require "tcpstats.host.ctx"
local events = require "tcpstats.host.events"
local instance = require "tcpstats.host.instance"
local outputs = require "tcpstats.host.outputs"
local runtime = require "tcpstats.runtime"

local loop = {}

local LOOK_AGAIN <const> = 100000000 -- whether an output that is waited for is still worth it, ns

-- Runs the timers that are due, by the script's own time. Like passes they do not drift, and what has gone by is skipped.
local function run_timers(host, one)
  for _, timer in ipairs(one.timers) do
    ctx.set_clocks(host, one.values)
    local now = one.values.elapsed_ns
    timer.next_ns = timer.next_ns or timer.every_ns
    if now >= timer.next_ns then
      timer.next_ns = timer.next_ns + ((now - timer.next_ns) // timer.every_ns + 1) * timer.every_ns
      call.hook(host, one, "timers", timer.run, one.ctx)
    end
  end
end

local function notify_all(host, hook, bytes)
  for _, one in ipairs(host.instances) do instance.notify(host, one, hook, bytes) end
end

local function read_input(host)
  local bytes = runtime.read(0, 4096)
  if not bytes or bytes == "" then host.reads_input, host.input_ended = false, true end
  notify_all(host, "on_input", bytes or "")
  outputs.flush_all(host)
end

-- Standard input is watched while a script wants it: after a reload that may be another.
local function watch_input(host)
  if host.reads_input and not host.input then
    host.input = host.events:watch(0, "r", function() read_input(host) end)
  elseif not host.reads_input and host.input then
    host.input:close()
    host.input = nil
  end
end

-- When the next pass or timer is due.
local function next_time(host, due)
  if not host.collector.live then return due end
  for _, one in ipairs(host.instances) do
    for _, timer in ipairs(one.timers) do due = math.min(due, host.started_ns + (timer.next_ns or timer.every_ns)) end
  end
  return due
end

--- What a run waits for while nothing is due: more to read of what the kernel says of connections that ended.
---@param collector tcpstats.Collector
function loop.endings(collector)
  return { pending = function() return collector:pump() end, tick = function() end }
end

--- The event loop of a run, before anything waits in it. Signals have the effect that they have on a run.
function loop.new(host)
  local self = events.new()
  self:signal("stop", function() host.ending, host.signalled = host.ending or 0, true end)
  self:signal("reload", function() instance.reload_all(host) end)
  self:signal("resize", function() notify_all(host, "on_resize") end)
  return self
end

--- Waits for the next pass; meanwhile runs timers, signals and outputs.
---@param host table
---@return boolean due false if the run ends
function loop.wait(host)
  while not host.ending do
    local due = host.collector:due()
    if not due then break end
    if host.timed then
      for _, one in ipairs(host.instances) do run_timers(host, one) end
      outputs.flush_all(host)
    end
    watch_input(host)
    local held_up = outputs.are_waited_for(host)
    host.events:step(next_time(host, held_up and core.monotonic_ns() + LOOK_AGAIN or due))
    if not host.ending and not held_up and core.monotonic_ns() >= due then return true end
  end
  return false
end

return loop
