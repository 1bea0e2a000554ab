--- Passes one after the other: a source, its schedules, a tracker for each. The script host uses it, and so can any Lua program:
--
--   for batch in tcpstats.collector { interval = 1, filter = "remote_port=443" }:batches() do print(#batch, #batch:opened()) end
local core = require "tcpstats.core"
local schedule = require "tcpstats.collect.schedule"

--- Passes one after the other over a source, with one schedule or several. From `tcpstats.collector`.
---@class tcpstats.Collector
local collector = {}
collector.__index = collector

local DEFAULT_INTERVAL <const> = 1

--- Opens a source: those of the core, and protobuf:FILE (protobuf:- reads standard input).
---@param spec string as for -s
---@param record? string name of a capture that keeps every answer of the kernel
---@return tcpstats.Source?
---@return string? what went wrong
---@return string? code
function collector.open_source(spec, record)
  local path = spec:match("^protobuf:(.*)$") or spec == "protobuf" and ""
  if not path then return core.open(spec, record) end
  if record then return nil, "a protobuf stream has no kernel whose answers could be recorded", "EUSAGE" end
  return require("tcpstats.collect.protobuf_source").open(path)
end

local function compiled(filter)
  if type(filter) ~= "string" then return filter end
  return core.filter(filter)
end

--- A collector.
---@param options? tcpstats.CollectorOptions
---@return tcpstats.Collector?
---@return string? what went wrong
---@return string? code
function collector.new(options)
  options = options or {}
  local filter, wrong, wrong_code
  if options.filter then
    filter, wrong, wrong_code = compiled(options.filter)
    if not filter then return nil, wrong, wrong_code end
  end
  local source = options.source or "auto"
  if type(source) == "string" then
    local opened, what, code = collector.open_source(source, options.record)
    if not opened then return nil, what, code end
    source = opened
  end
  return setmetatable({
    source = source, live = source:live(), filter = filter, options = options, count = options.count or 0, recording = options.record ~= nil,
    schedules = {}, by_name = {}, recorded_schedules = {}, elapsed_ns = 0, recorded = 0, wanted = {},
  }, collector)
end

--- Collects only these sockets from the next pass on. If the filter really changes, tracking restarts, so connections that merely become visible
--- are not reported as opened.
---@param filter? tcpstats.Filter nil: all
function collector:choose(filter)
  if tostring(filter) ~= tostring(self.filter) then
    for _, s in pairs(self.by_name) do s.tracker = nil end
    for _, s in pairs(self.recorded_schedules) do s.tracker = nil end
  end
  self.filter = filter
end

--- Notes that a field is read: from the next pass on, what costs extra is looked up for it.
---@param name string
function collector:read(name) self.wanted[name] = true end

-- A pass that nothing follows needs no comparison.
local function is_single(self) return self.live and self.count == 1 end

-- Schedules are made with the first pass, so that their time begins then.
local function begin(self, now)
  local options = self.options
  self.start_ns = now
  local wanted = options.schedules
  if not wanted or #wanted == 0 then
    local interval = options.interval or (self.live and DEFAULT_INTERVAL or 0)
    wanted = { { interval_ns = math.floor(interval * 1e9 + 0.5) } }
  end
  for i, one in ipairs(wanted) do
    local s = schedule.new(one, now)
    s.processes, s.tcp_info = s.processes or options.processes, s.tcp_info or options.tcp_info
    self.schedules[i], self.by_name[s.name] = s, s
  end
end

--- The fields that sockets can have here; of a single pass, less those that take a second one to know.
---@return table<string, true>? ever; nil: nothing is known of the source
---@return table<string, true>? in this run
function collector:possible()
  if not self.source.fields then return nil end
  local ever = self.source:fields(true)
  return ever, is_single(self) and self.source:fields(false) or ever
end

local function pass_options(self, s, sequence)
  if not s.tracker and not is_single(self) then s.tracker = core.tracker() end
  local interval_ms = s.interval_ns // 1000000
  return {
    processes = s.processes, tcp_info = s.tcp_info, tcp_info_limit = self.options.tcp_info_limit, filter = self.filter, fields = self.wanted,
    tracker = s.tracker, schedule_name = s.name ~= "" and s.name or nil,
    interval_ms = not is_single(self) and interval_ms or nil, sequence = sequence, summary_only = s.summary_only,
  }
end

-- Every tracker hears how connections end, whichever schedule's pass asks the kernel for it.
local function hearers(self)
  if self.options.endings == false then return nil end
  local list = {}
  for _, s in pairs(self.by_name) do list[#list + 1] = s.tracker end
  return #list > 0 and list or nil
end

-- Schedules that are due together and want the same share one dump. While recording each has its own, so that it can be replayed.
local function shares(self, a, b)
  if self.recording then return false end
  return b.summary_only or (not a.processes == not b.processes and not a.tcp_info == not b.tcp_info)
end

local MOST_TOGETHER <const> = 8

local function take_due(self, now)
  local first
  for _, s in ipairs(self.schedules) do -- one that wants rows leads; a summary is made of any dump
    if s.next_ns <= now and not s.done and (not first or first.summary_only and not s.summary_only) then first = s end
  end
  local due = { first }
  for _, s in ipairs(self.schedules) do
    if s ~= first and s.next_ns <= now and not s.done and #due < MOST_TOGETHER and shares(self, first, s) then due[#due + 1] = s end
  end
  return due
end

local function finish(self, s, batch, time_ns)
  s.done = self.count > 0 and s.passes >= self.count
  local since = s.last_ns and time_ns - s.last_ns or nil
  s.last_ns = time_ns
  return { batch = batch, schedule = s, since_ns = since and since > 0 and since or nil }
end

local function collect_live(self, now)
  local due, passes = take_due(self, now), {}
  for i, s in ipairs(due) do
    local late = now - s.next_ns
    local sequence, skipped = s:take(now)
    if skipped > 0 and self.options.on_skip then self.options.on_skip(s, skipped, now, late) end
    passes[i] = pass_options(self, s, sequence)
  end
  passes[1].hearers = hearers(self)
  local batches = table.pack(self.source:pass(table.unpack(passes)))
  self.elapsed_ns = now - self.start_ns
  if not batches[1] then
    for _, s in ipairs(due) do s.done = self.count > 0 and s.passes >= self.count end
    return nil, batches[2], batches[3]
  end
  local list = {}
  for i, s in ipairs(due) do list[i] = finish(self, s, batches[i], now) end
  return list
end

-- Whose the next recorded pass is: one of the schedules that were asked for, or one as it was recorded. Each host of a stream has its own, because
-- connections are those of one host; the first one has those that were asked for.
local function recorded_schedule(self)
  local upcoming, what, code = self.source:upcoming()
  if not upcoming then return nil, what, code end
  local name, host = upcoming.schedule_name or "", upcoming.hostname or ""
  local key = host .. "\0" .. name
  local s = self.recorded_schedules[key]
  if not s then
    local asked = self.by_name[name] or (#self.schedules == 1 and name == "" and self.schedules[1])
    s = asked and not asked.hostname and asked
      or schedule.new({ name = name, interval_ns = 0, processes = self.options.processes, tcp_info = self.options.tcp_info }, self.start_ns)
    s.hostname, self.recorded_schedules[key] = host, s
  end
  if upcoming.interval_ms then s.interval_ns = upcoming.interval_ms * 1000000 end
  return s
end

local function collect_recorded(self)
  local s, what, code = recorded_schedule(self)
  if not s then return nil, what, code end
  s.passes = s.passes + 1
  local batch
  local options = pass_options(self, s, s.passes)
  options.hearers = hearers(self)
  batch, what, code = self.source:pass(options)
  if not batch then return nil, what, code end
  local time_ns = batch.metadata.timestamp_ns or 0
  self.first_ns = self.first_ns or time_ns
  self.elapsed_ns = math.max(self.elapsed_ns, time_ns - self.first_ns)
  return { finish(self, s, batch, time_ns) }
end

-- A recording is read as fast as possible, at an interval, or at its original speed.
local function recorded_due(self)
  local options = self.options
  if options.interval then return self.start_ns + self.recorded * math.floor(options.interval * 1e9 + 0.5) end
  local upcoming = options.realtime and self.source:upcoming()
  local at_ns = upcoming and upcoming.at_ns
  if not at_ns then return 0 end
  self.first_at_ns = self.first_at_ns or at_ns
  return self.start_ns + at_ns - self.first_at_ns
end

--- When the next pass is due.
---@return integer? monotonic_ns nil when every schedule has made its passes
function collector:due()
  if not self.start_ns then begin(self, core.monotonic_ns()) end
  if not self.live then
    if self.ended or (self.count > 0 and self.recorded >= self.count) then return nil end
    return recorded_due(self)
  end
  local earliest
  for _, s in ipairs(self.schedules) do
    if not s.done and (not earliest or s.next_ns < earliest) then earliest = s.next_ns end
  end
  return earliest
end

--- Makes the passes that are due now, at least one if it is time (see due). The code is "EEND" if a recording has no further pass. After any other
--- failure the next pass may be tried when it is due.
---@return { batch: tcpstats.Batch, schedule: tcpstats.Schedule, since_ns?: integer }[]? passes since_ns is the time since the schedule's previous pass
---@return string? what went wrong
---@return string? code
function collector:collect()
  local now = core.monotonic_ns()
  if not self.start_ns then begin(self, now) end
  if self.live then return collect_live(self, now) end
  self.recorded = self.recorded + 1
  local list, what, code = collect_recorded(self)
  if not list then self.ended = true end
  return list, what, code
end

--- Iterates over the passes as they come, waiting in between. A signal does not end it. It raises if a pass fails.
---@return fun(): tcpstats.Batch, tcpstats.Schedule
function collector:batches()
  local ready, at = {}, 1
  return function()
    while at > #ready do
      local due = self:due()
      if not due then return nil end
      if self.live then self.source:wait(due) else core.sleep(due) end
      local list, what, code = self:collect()
      if not list then
        if code == "EEND" then return nil end
        error(what, 2)
      end
      ready, at = list, 1
    end
    at = at + 1
    return ready[at - 1].batch, ready[at - 1].schedule
  end
end

--- Takes what the kernel has said of connections that ended, so that its buffer does not overflow between passes. To be called whenever the
--- descriptor is readable.
---@return integer? fd becomes readable when there is more; nil if there is nothing to wait for
function collector:pump()
  if self.live then return self.source:pump() end
end

--- Limits what reading a pass of a recording may take.
---@param bytes integer of memory, 0: any
---@param stop? lightuserdata from runtime.stop_flag: a read that is under way ends soon after it is set
function collector:limit(bytes, stop)
  if self.source.limit then self.source:limit(bytes, stop) end
end

--- How far a recording has been read; nothing if that is not known.
---@return integer? read bytes
---@return integer? total bytes, 0 if not known
function collector:progress()
  if self.source.progress then return self.source:progress() end
end

--- Closes the source. Fails if a recording could not be written to its end.
---@return true?
---@return string? what went wrong
---@return string? code
function collector:close()
  local source = self.source
  self.source = nil
  if not source then return true end
  return source:close()
end

return collector
