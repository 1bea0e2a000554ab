--- Running scripts: loads them, gives them their options, starts them, and reloads them during the run.
local call = require "tcpstats.host.call"
local core = require "tcpstats.core"
local ctx = require "tcpstats.host.ctx"
local outputs = require "tcpstats.host.outputs"
local report = require "tcpstats.host.report"
local script = require "tcpstats.host.script"
local wants = require "tcpstats.host.wants"

local instance = {}

--- A script in a run.
---@class tcpstats.Instance
---@field section table what the command line says of it: {name=, given=, filter=, where=, output=, format=, pretty=}
---@field script tcpstats.Script its table
---@field name string in reports
---@field ctx tcpstats.Ctx
---@field values table what ctx shows
---@field out table its output
---@field defaults table {format=, pretty=} for what it emits
---@field select fun(batch: tcpstats.Batch): tcpstats.Batch the sockets that it sees
---@field timers table[] {every_ns=, next_ns=, run=}
---@field timeout_ns integer of each call, 0: no limit
---@field failed boolean? a hook failed in this pass
---@field failing integer passes in a row in which a hook failed
---@field retired boolean? it has ended, the run goes on
---@field refusal string? why init refused to run

local function environment_of(host, name)
  if not host.config.sandbox then return nil end
  return require("tcpstats.host.sandbox").new(function(text) report.log(host, name, "info", "%s", text) end)
end

--- Loads a script's file within the limits of time and memory.
---@param host tcpstats.Host
---@param name string a built-in script's, or a path
---@return tcpstats.Script?
---@return string name the script's own; or what went wrong
---@return string? code
function instance.load(host, name)
  -- A user's script may use every method of a batch. Built-in scripts require what they use: loading this takes 6.5 million instructions.
  if script.is_path(name) then require "tcpstats" end
  return script.load(name, {
    environment = environment_of(host, name),
    call = function(chunk, ...) return call.alone(host, name, chunk, ...) end,
  })
end

-- The sockets that a script sees: those for which all of the list's filters and expressions hold.
local function selection(list)
  return function(batch)
    for _, one in ipairs(list) do batch = one(batch) end
    return batch
  end
end

local function by_filter(filter) return function(batch) return batch:select(filter) end end

--- The sockets for which an expression holds.
---@param expression tcpstats.Expression
---@return fun(batch: tcpstats.Batch): tcpstats.Batch
function instance.by_expression(expression) return function(batch) return batch:filter(expression) end end

-- Built-in scripts have no limit by default: on a machine with very many sockets, interrupting one would lose its whole pass.
local function timeout_ns(host, name) return (script.is_path(name) or host.config.timeout) and host.timeout_ns or 0 end

local function make_timers(t)
  local timers = {}
  for i, timer in ipairs(t.timers or {}) do
    local every = math.floor(timer.every * 1e9)
    timers[i] = { every_ns = every, next_ns = false, run = timer.run }
  end
  return timers
end

--- Prepares a script for its init.
---@param host tcpstats.Host
---@param section table what the command line says of it
---@param loaded? tcpstats.Script its table, if it is already loaded
---@return tcpstats.Instance?
---@return string? what went wrong
---@return string? code
function instance.prepare(host, section, loaded)
  local t, name, code = loaded, nil, nil
  if not t then t, name, code = instance.load(host, section.name) end
  if not t then return nil, name, code end
  local options, what = script.options(t, section.given or {})
  if not options then return nil, ("%s: %s"):format(section.name, what), "EUSAGE" end
  local self = {
    section = section, script = t, name = t.name or script.short_name(section.name), reports = {}, proxies = {}, failing = 0,
    timers = make_timers(t), defaults = { format = section.format, pretty = section.pretty }, schedules = {},
    timeout_ns = timeout_ns(host, section.name),
  }
  local parts = {}
  local own = t.filter and assert(core.filter(t.filter)) or false
  wants.note_all(host, { own, section.filter or false }, { section.where or false })
  if own then parts[#parts + 1] = by_filter(own) end
  if section.filter then parts[#parts + 1] = by_filter(section.filter) end
  if section.where then parts[#parts + 1] = instance.by_expression(section.where) end
  self.select = selection(parts)
  self.out, what, code = outputs.open(host, section.output or "-")
  if not self.out then return nil, what, code end
  self.ctx, self.values = ctx.new(host, self, options)
  return self
end

--- Calls on_failure of the scripts when the source cannot be opened, and prints their lines to standard output.
---@param host tcpstats.Host
---@param what string why it cannot be opened
---@return integer? status the largest exit status that one returned
function instance.failure(host, what)
  local worst
  for _, section in ipairs(host.config.scripts) do
    local t = section.loaded or instance.load(host, section.name)
    local options = t and t.on_failure and script.options(t, section.given or {})
    if options then
      local ok, status, line = call.alone(host, section.name, t.on_failure, what, options)
      if ok and line then io.stdout:write(line, "\n") end
      if ok and status then worst = math.max(worst or 0, status) end
    end
  end
  return worst
end

--- Calls init. An error without a position is not a bug: the script refuses its options, and `refusal` says why.
---@param host tcpstats.Host
---@param self tcpstats.Instance
---@return boolean whether it runs
function instance.start(host, self)
  local init = self.script.init
  ctx.set_clocks(host, self.values)
  if not init then return true end
  return (call.hook(host, self, "init", init, self.ctx))
end

--- Calls a hook outside of a pass, if the script has it.
---@param host tcpstats.Host
---@param self tcpstats.Instance
---@param hook string
---@param bytes? string its argument before ctx; nil: none
function instance.notify(host, self, hook, bytes)
  local f = self.script[hook]
  if not f then return end
  ctx.set_clocks(host, self.values)
  if bytes then call.hook(host, self, hook, f, bytes, self.ctx) else call.hook(host, self, hook, f, self.ctx) end
end

--- Ends a script for good, after its `stop`. The others go on; without any left the run ends. A reload gives it another chance.
---@param host tcpstats.Host
---@param self tcpstats.Instance
---@param why string
function instance.retire(host, self, why)
  instance.notify(host, self, "stop")
  report.hidden(host, self, true)
  report.log(host, self.name, "error", "%s; it ends", why)
  self.retired, self.timers = true, {}
  instance.adapt(host)
  for _, one in ipairs(host.instances) do
    if not one.retired then return end
  end
  host:finish(1)
end

-- The new one is loaded, checked and started first. If any of this fails, the old one goes on.
local function reload(host, old)
  local new, what = instance.prepare(host, old.section)
  if not new then
    report.log(host, old.name, "error", "not reloaded: %s", what)
    return old
  end
  local ok = instance.start(host, new)
  if ok and new.script.restore and old.script.save and not old.retired then
    local saved, state = call.hook(host, old, "save", old.script.save, old.ctx)
    ok = saved and call.hook(host, new, "restore", new.script.restore, state, new.ctx)
  end
  if not ok then
    report.log(host, old.name, "error", "not reloaded%s", new.refusal and ": " .. new.refusal or old.retired and "" or "; the old one goes on")
    return old
  end
  if old.script.stop then call.hook(host, old, "stop", old.script.stop, old.ctx) end
  report.log(host, new.name, "info", "reloaded")
  return new
end

--- Reopens the outputs, whose files may have been moved away, and reloads the scripts that are files.
---@param host tcpstats.Host
function instance.reload_all(host)
  outputs.reopen_all(host)
  for i, one in ipairs(host.instances) do
    if script.is_path(one.section.name) then host.instances[i] = reload(host, one) end
  end
  instance.adapt(host)
end

-- A single script's filter is passed to the kernel if that changes nothing for the script: listeners alone are a thousand times cheaper than all
-- sockets.
local function push_filter(host)
  local only = #host.instances == 1 and host.instances[1]
  local text = only and not host.config.filter and not host.config.record and only.script.filter
  local filter = text and assert(core.filter(text)) or nil
  if filter and not filter:is_stable() and not (host.collector.live and host.config.count == 1) then filter = nil end
  host.collector:choose(host.config.filter or filter)
end

--- Adapts the run to its scripts: the sockets that are collected, timers, input.
---@param host tcpstats.Host
function instance.adapt(host)
  push_filter(host)
  host.timed, host.reads_input = false, false
  for _, one in ipairs(host.instances) do
    if #one.timers > 0 then host.timed = true end
    if one.script.on_input and not one.retired and host.config.source ~= "protobuf:-" and not host.input_ended then host.reads_input = true end
  end
end

return instance
