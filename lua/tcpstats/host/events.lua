--- The event loop: it waits for descriptors, times and signals together, and calls back whoever waits for one of them.
--
-- A loop belongs to one run and is turned by `step`, one wait at a time, so that the host decides between two waits whether a pass is due. Callbacks
-- run one after the other; each may add and close whatever it likes.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"

local events = {}

local READ <const>, WRITE <const> = 1, 2
local WANTED = { r = READ, w = WRITE, rw = READ | WRITE }
local FOREVER <const> = math.maxinteger

local Loop = {}
Loop.__index = Loop

--- A loop that waits for nothing yet.
function events.new()
  return setmetatable({ watches = {}, timers = {}, sources = {}, on_signal = {}, fds = {}, wanted = {}, ready = {}, asked = {} }, Loop)
end

local function remove(list, item)
  for i, one in ipairs(list) do
    if one == item then return table.remove(list, i) end
  end
end

local Watch = {}
Watch.__index = Watch

--- Waits for something else of the same descriptor: "r", "w" or "rw".
function Watch:set(mode) self.wanted = WANTED[mode] or error(("a descriptor is watched for r, w or rw, not %s"):format(mode), 2) end

--- Watches no longer; to be called before the descriptor is closed.
function Watch:close()
  self.closed = true
  remove(self.loop.watches, self)
end

--- Watches a descriptor.
---@param fd integer
---@param mode "r"|"w"|"rw" r: there is something to read, or the end; w: it takes bytes, or has failed
---@param callback fun(readable: boolean, writable: boolean) called at each step at which it is ready
---@return table handle with set(mode) and close()
function Loop:watch(fd, mode, callback)
  local watch = setmetatable({ loop = self, fd = fd, callback = callback }, Watch)
  watch:set(mode)
  table.insert(self.watches, watch)
  return watch
end

local Timer = {}
Timer.__index = Timer

--- Rings at another time, also when it rang before; nil: not at all.
function Timer:set(ns) self.ns = ns end

--- Rings no more.
function Timer:close()
  self.ns, self.closed = nil, true
  remove(self.loop.timers, self)
end

--- Calls back once, when the monotonic clock shows a time.
---@param ns? integer that time; nil: not before `set` says when
---@param callback fun()
---@return table handle with set(ns) and close()
function Loop:at(ns, callback)
  local timer = setmetatable({ loop = self, ns = ns, callback = callback }, Timer)
  table.insert(self.timers, timer)
  return timer
end

--- Calls back when a signal came.
---@param name "stop"|"reload"|"resize" stop: SIGINT or SIGTERM, reported once; reload: SIGHUP; resize: SIGWINCH
---@param callback? fun() nil: nothing is called any more
function Loop:signal(name, callback) self.on_signal[name] = callback end

--- Waits for a source that waits for something else each time: an output, a library with its own descriptors.
---@param source { pending: fun(source: table): integer?, integer?, integer?, tick: fun(source: table) } `pending` returns, before each wait, a descriptor
---  to read from, one to write to, and when to look again (monotonic ns); `tick` is called when any of them is ready
function Loop:attend(source) table.insert(self.sources, source) end

--- Attends a source no longer.
function Loop:dismiss(source) remove(self.sources, source) end

local function add(self, n, fd, wanted)
  self.fds[n + 1], self.wanted[n + 1] = fd, wanted
  return n + 1
end

-- Lists what is waited for: fds[i] belongs to asked[i], a watch or a source. Gives how many there are and until when to wait.
local function ask(self, until_ns)
  local n, asked = 0, self.asked
  for _, watch in ipairs(self.watches) do
    n = add(self, n, watch.fd, watch.wanted)
    asked[n] = watch
  end
  for _, source in ipairs(self.sources) do
    local to_read, to_write, again = source:pending()
    if to_read then
      n = add(self, n, to_read, to_read == to_write and READ | WRITE or READ)
      asked[n] = source
    end
    if to_write and to_write ~= to_read then
      n = add(self, n, to_write, WRITE)
      asked[n] = source
    end
    source.again_ns = again
    if again and again < until_ns then until_ns = again end
  end
  for _, timer in ipairs(self.timers) do
    if timer.ns and timer.ns < until_ns then until_ns = timer.ns end
  end
  for i = #self.fds, n + 1, -1 do self.fds[i] = nil end
  return n, until_ns
end

-- The stop is noted for good, so it is reported once.
local function dispatch_signals(self)
  local stop, reload, resize = runtime.signals()
  local call = self.on_signal
  if stop and not self.stopped then
    self.stopped = true
    if call.stop then call.stop() end
  end
  if reload and call.reload then call.reload() end
  if resize and call.resize then call.resize() end
end

local function dispatch_descriptors(self, n)
  local due = {}
  for i = 1, n do
    local came, asked = self.ready[i], self.asked[i]
    if came ~= 0 then
      if not asked.callback then
        due[asked] = true
      elseif not asked.closed then
        asked.callback(came & READ ~= 0, came & WRITE ~= 0)
      end
    end
  end
  return due
end

local function dispatch_times(self, due)
  local now, over = core.monotonic_ns(), {}
  for _, timer in ipairs(self.timers) do
    if timer.ns and now >= timer.ns then over[#over + 1] = timer end
  end
  table.sort(over, function(a, b) return a.ns < b.ns end)
  for _, timer in ipairs(over) do
    if timer.ns and now >= timer.ns then -- no other callback closed it or set it again
      timer.ns = nil
      timer.callback()
    end
  end
  for _, source in ipairs { table.unpack(self.sources) } do
    if due[source] or source.again_ns and now >= source.again_ns then source:tick() end
  end
end

--- Waits once, until something is ready or a time has come, and calls back whoever waited for it. A signal that was reported before ends the wait
-- only if `stop` is nothing new: then nothing is left that it could end.
---@param until_ns? integer monotonic ns: waits no longer; a time in the past: does not wait; nil: as long as it takes
function Loop:step(until_ns)
  local n, wake_ns = ask(self, until_ns or FOREVER)
  runtime.poll(wake_ns, self.fds, self.wanted, self.ready, self.stopped)
  dispatch_signals(self)
  dispatch_times(self, dispatch_descriptors(self, n))
end

return events
