--- The script host: it delivers passes to scripts and what they emit to outputs, and nothing that a script does ends the run by accident.
--
-- tcpstats.host.contract describes a script's table and the arguments of its hooks.
local call = require "tcpstats.host.call"
local collector = require "tcpstats.collect.collector"
local core = require "tcpstats.core"
local instance = require "tcpstats.host.instance"
local loop = require "tcpstats.host.loop"
local outputs = require "tcpstats.host.outputs"
local passes = require "tcpstats.host.passes"
local progress = require "tcpstats.host.progress"
local report = require "tcpstats.host.report"
local runtime = require "tcpstats.runtime"
local skips = require "tcpstats.host.skips"
local wants = require "tcpstats.host.wants"

--- A run.
---@class tcpstats.Host
---@field config table see host.new
---@field collector tcpstats.Collector
---@field instances tcpstats.Instance[] its scripts
---@field events table its event loop
---@field outputs table<string, table> open outputs by URL
---@field output_list table[] open outputs in the order of their opening
---@field select? fun(batch: tcpstats.Batch): tcpstats.Batch the sockets that any script sees
---@field timeout_ns integer limit of a call, 0: none
---@field handler function message handler of every call
---@field ending integer? the exit status, once the run is to end
---@field signalled boolean? a signal ended it
---@field started_ns integer monotonic time of its begin
local host = {}
host.__index = host

local DEFAULT_TIMEOUT <const> = 5 -- seconds

--- Ends the run after what is going on now.
---@param code integer exit status; if there are several, the largest counts
---@param message? string why
function host:finish(code, message)
  if message and not (self.ending and self.ending >= code) then report.say(message, code == 0 and "info" or "error") end
  self.ending = math.max(self.ending or 0, code)
end

--- Loads a script's file as for running it (see instance.load).
---@param name string
function host:load(name) return instance.load(self, name) end

local function open(self)
  local config = self.config
  local options = {
    source = config.source, interval = config.interval, count = config.count, filter = config.filter, processes = config.processes,
    tcp_info = config.tcp_info, tcp_info_limit = config.tcp_info_limit, realtime = config.realtime, schedules = config.schedules,
    record = config.record, endings = config.endings,
    on_skip = function(s, skipped, now_ns, late_ns) self.skips:note(s, skipped, now_ns, late_ns) end,
  }
  self.skips = skips.new(function(format, ...) report.log(self, nil, "warning", format, ...) end)
  local what, code
  self.collector, what, code = collector.new(options)
  if not self.collector then return nil, what, code end
  self.collector:limit(config.memory or 0, runtime.stop_flag())
  self.progress = progress.new(self.collector)
  self.select = config.where and instance.by_expression(config.where) or nil
  wants.note_all(self, { config.filter or false }, { config.where or false })
  for i, section in ipairs(config.scripts) do
    local one
    one, what, code = instance.prepare(self, section, section.loaded)
    if not one then return nil, what, code end
    self.instances[i] = one
  end
  instance.adapt(self)
  return true
end

local function start_all(self)
  for _, one in ipairs(self.instances) do
    if not instance.start(self, one) then
      if one.refusal then return self:finish(2, ("%s: %s"):format(one.name, one.refusal)) end
      return self:finish(1, not self.config.strict and ("%s: init failed, so it does not run"):format(one.name) or nil)
    end
  end
end

local function stop_all(self)
  for _, one in ipairs(self.instances) do
    instance.notify(self, one, "stop")
    report.hidden(self, one, true)
  end
  outputs.flush_all(self)
  outputs.close_all(self)
end

local function exit_code(self)
  local code = self.ending or 0
  if self.failed_at_end or self.lost_rows then code = math.max(code, 1) end
  for _, one in ipairs(self.instances) do
    if one.retired then code = math.max(code, 1) end
  end
  if self.signalled then return code end
  if self.last_failed then code = math.max(code, 1) end
  for _, one in ipairs(self.instances) do
    if one.failed_last or one.failed then code = math.max(code, 1) end -- an error is not "nothing found"
  end
  return code
end

local function run(self)
  local ok, what, code = open(self)
  if not ok then
    report.say(what)
    return not self.collector and instance.failure(self, what) or code == "EUSAGE" and 2 or 1
  end
  self.events:attend(loop.endings(self.collector))
  runtime.handle_signals()
  self.started_ns = core.monotonic_ns()
  start_all(self)
  while loop.wait(self) do
    passes.collect(self)
  end
  self.progress:close()
  stop_all(self)
  local whole, why = self.collector:close()
  if not whole then
    if not self.warned[why] then report.log(self, nil, "error", "%s", why) end
    self.failed_at_end = true
  end
  return exit_code(self)
end

-- Sets up the process: limits for scripts, and an end to every wait of theirs.
local function take_process(config, timeout)
  runtime.set_texts({
    ran = ("interrupted: it ran longer than --script-timeout %s"):format(timeout),
    waited = ("interrupted: it waited for %s seconds; four times --script-timeout is the most"):format(4 * timeout),
    ends = "interrupted: the run ends",
    memory = "interrupted: it wanted more memory than --memory allows",
  }, ": hangs where Lua cannot interrupt it; giving up\n")
  runtime.watch_coroutines()
  runtime.limit_memory(config.memory or 0)
  rawset(os, "execute", runtime.execute)
  rawset(io, "popen", runtime.popen)
  if timeout > 0 then require("tcpstats.host.sockets").limit(4.5 * timeout) end -- a little longer than the watchdog lets them wait
  if config.sandbox then require("tcpstats.host.sandbox").close_doors() end
end

--- Makes the host for a command line.
---@param config table {source=, interval=, count=, filter=, where=, schedules=, processes=, tcp_info=, record=, strict=, timeout= seconds (0: none),
--- memory= bytes (0: no limit), sandbox=, verbose=, log_format=, scripts = list of {name=, loaded= the script's table, given= words of its options, filter=, where=,
--- output=, format=, pretty=}}; filters and expressions are compiled
---@return tcpstats.Host
function host.new(config)
  local timeout = config.timeout or DEFAULT_TIMEOUT
  local self = setmetatable({
    config = config, timeout_ns = math.floor(timeout * 1e9), instances = {}, outputs = {}, output_list = {}, warned = {}, warned_count = 0,
  }, host)
  report.choose(config.log_format)
  self.handler, self.events = call.handler(self), loop.new(self)
  take_process(config, timeout)
  return self
end

--- Runs to the end.
---@return integer code exit status of the process
function host:run()
  local ok, code = xpcall(run, debug.traceback, self)
  if not ok then
    report.say(code)
    return 1
  end
  return code
end

--- Gives the process its own allocator back.
function host.close() runtime.limit_memory() end

return host
