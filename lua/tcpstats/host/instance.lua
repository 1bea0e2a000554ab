--- Scripts that run: loaded, given their options, started, and loaded again while the run goes on.
local call = require "tcpstats.host.call"
local core = require "tcpstats.core"
local ctx = require "tcpstats.host.ctx"
local outputs = require "tcpstats.host.outputs"
local report = require "tcpstats.host.report"
local script = require "tcpstats.host.script"
local wants = require "tcpstats.host.wants"

local instance = {}

local function environment_of(host, name)
  if not host.config.sandbox then return nil end
  return require("tcpstats.host.sandbox").new(function(text) report.log(host, name, "info", "%s", text) end)
end

--- Loads a script's file within the limits of time and memory.
-- @return its table and name; or nil, text, code
function instance.load(host, name)
  -- A user's script has all methods of a batch. Built-ins require what they use: a run of flat takes 4.2 million instructions, with this 10.8.
  if script.is_path(name) then require "tcpstats" end
  return script.load(name, {
    environment = environment_of(host, name),
    call = function(chunk, ...) return call.alone(host, name, chunk, ...) end,
  })
end

-- What of a batch the script sees: a function(batch) -> view. A list of filters and expressions, all of which hold.
local function selection(list)
  return function(batch)
    for _, one in ipairs(list) do batch = one(batch) end
    return batch
  end
end

local function by_filter(filter) return function(batch) return batch:select(filter) end end

--- What an expression leaves of a batch: a function(batch) -> view.
function instance.by_expression(expression) return function(batch) return batch:filter(expression) end end

-- A built-in script comes to its end, if late: on a machine with very many sockets, interrupting it would leave nothing of the pass.
local function timeout_ns(host, name) return (script.is_path(name) or host.config.timeout) and host.timeout_ns or 0 end

local function make_timers(t)
  local timers = {}
  for i, timer in ipairs(t.timers or {}) do
    local every = math.floor(timer.every * 1e9)
    timers[i] = { every_ns = every, next_ns = false, run = timer.run }
  end
  return timers
end

--- A script that is ready for its init.
-- @param host the host
-- @param section what the command line says of it: {name=, given=, filter=, where=, output=, format=, pretty=}
-- @param loaded its table, when it is loaded already
-- @return the instance; or nil, text, code
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

--- What scripts say of a source that cannot be opened: the largest of their exit statuses, if one has any. Their lines go to standard output.
---@param host table
---@param what string why it cannot be opened
---@return integer?
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

--- Calls init. An error without a position is not a bug: the script refuses what the command line says.
-- @return whether it runs; if not, its `refusal` may say why
function instance.start(host, self)
  local init = self.script.init
  ctx.set_clocks(host, self.values)
  if not init then return true end
  return (call.hook(host, self, "init", init, self.ctx))
end

--- Calls a hook outside of a pass, if the script has it.
-- @param hook its name
-- @param bytes what it gets before ctx; nil: nothing
function instance.notify(host, self, hook, bytes)
  local f = self.script[hook]
  if not f then return end
  ctx.set_clocks(host, self.values)
  if bytes then call.hook(host, self, hook, f, bytes, self.ctx) else call.hook(host, self, hook, f, self.ctx) end
end

--- Ends a script that has no future, its `stop` called; the others go on, and the run ends when there are none. Loading it again gives it another
--- chance.
---@param host table
---@param self table the instance
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

-- The new one is loaded, checked and started first. When any of that fails the old one goes on.
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

--- Loads all scripts that are files again; outputs first, as somebody may have moved their files away.
function instance.reload_all(host)
  outputs.reopen_all(host)
  for i, one in ipairs(host.instances) do
    if script.is_path(one.section.name) then host.instances[i] = reload(host, one) end
  end
  instance.adapt(host)
end

-- The kernel is asked only for what the one script wants, where that makes no difference to it: listeners alone are a thousand times cheaper
-- than everything.
local function push_filter(host)
  local only = #host.instances == 1 and host.instances[1]
  local text = only and not host.config.filter and not host.config.record and only.script.filter
  local filter = text and assert(core.filter(text)) or nil
  if filter and not filter:is_stable() and not (host.collector.live and host.config.count == 1) then filter = nil end
  host.collector:choose(host.config.filter or filter)
end

--- Makes the run what its scripts want: which sockets, timers, input.
function instance.adapt(host)
  push_filter(host)
  host.timed, host.reads_input = false, false
  for _, one in ipairs(host.instances) do
    if #one.timers > 0 then host.timed = true end
    if one.script.on_input and not one.retired and host.config.source ~= "protobuf:-" and not host.input_ended then host.reads_input = true end
  end
end

return instance
