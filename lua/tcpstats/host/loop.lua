--- What happens between passes: timers, input, signals, outputs that become writable.
local call = require "tcpstats.host.call"
local core = require "tcpstats.core"
local ctx = require "tcpstats.host.ctx"
local instance = require "tcpstats.host.instance"
local outputs = require "tcpstats.host.outputs"
local runtime = require "tcpstats.runtime"

local loop = {}

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
end

-- When something is to be done next: the pass, a timer, a connection that is tried again; and the descriptors that become writable.
local function next_event(host, due)
  local until_ns, writable = due, {}
  for _, one in ipairs(host.instances) do
    for _, timer in ipairs(one.timers) do
      if host.collector.live then until_ns = math.min(until_ns, host.started_ns + (timer.next_ns or timer.every_ns)) end
    end
  end
  for _, out in ipairs(host.output_list) do
    local fd, again = out:pending()
    if fd then writable[#writable + 1] = fd end
    if again then until_ns = math.min(until_ns, again) end
  end
  return until_ns, writable
end

local function read_signals(host)
  local stop, reload_wanted, resized = runtime.signals()
  if stop then host.ending, host.signalled = host.ending or 0, true end
  if reload_wanted then instance.reload_all(host) end
  if resized then notify_all(host, "on_resize") end
end

--- Waits for the next pass, and does meanwhile what is to be done.
-- @return whether there is one; false when the run ends
function loop.wait(host)
  while not host.ending do
    read_signals(host)
    local due = host.collector:due()
    if host.ending or not due then break end
    if host.timed then
      for _, one in ipairs(host.instances) do run_timers(host, one) end
      outputs.flush_all(host)
    end
    if core.monotonic_ns() >= due then return true end
    local until_ns, writable = next_event(host, due)
    local readable = runtime.wait(until_ns, host.reads_input and { 0 } or nil, writable)
    if readable then
      read_input(host)
      outputs.flush_all(host)
    end
    for _, out in ipairs(host.output_list) do out:tick() end
  end
  return false
end

return loop
