--- The last argument of every hook (tcpstats.host.contract lists its members).
--
-- The host's functions are never interrupted (runtime.guard), so they must not touch a value with metamethods of the script: as_texts and
-- with_plain_arguments turn their arguments into plain values while the script is still running.
local contract = require "tcpstats.host.contract"
local core = require "tcpstats.core"
local outputs = require "tcpstats.host.outputs"
local report = require "tcpstats.host.report"
local runtime = require "tcpstats.runtime"
local wants = require "tcpstats.host.wants"

local ctx = {}

local PLAIN = { ["nil"] = true, boolean = true, number = true, string = true }

local function as_text(value)
  if PLAIN[type(value)] then return value end
  return tostring(value)
end

local function as_texts(self, ...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = as_text(values[i]) end
  return self, table.unpack(values, 1, values.n)
end

local function without_metatable(list)
  if type(list) ~= "table" then return list end
  local copy = {}
  for key, item in next, list do copy[key] = item end
  return copy
end

-- A table of options, lists in it too, without metatables.
local function bare(options)
  local copy = without_metatable(options)
  if type(copy) ~= "table" then return copy end
  for key, item in next, copy do copy[key] = without_metatable(item) end
  return copy
end

-- What emit and write get, plain; a table as its line of JSON, whose making is the script's time and memory.
local function with_plain_arguments(self, x, options)
  if type(x) ~= "table" then return self, x, bare(options) end
  local line, what = core.json(x)
  if not line then error(what, 3) end
  return self, line .. "\n", bare(options), what
end

-- JSON has no number for these; said once a script.
local function warn_of_null(host, instance, path)
  if not path or instance.warned_of_null then return end
  instance.warned_of_null = true
  report.log(host, instance.name, "warning", "%s is not a finite number: JSON has null for it", path)
end

local function with_bare_names(self, names) return self, without_metatable(names) end

-- What ctx:output gives.
local function output_proxy(host, instance, url)
  local proxy = { url = url }
  local function target()
    local out, what = outputs.open(host, url)
    return out or error(what, 0)
  end
  proxy.write = runtime.guard(function(_, x, options, null_at)
    outputs.write(host, target(), x, options, instance.defaults)
    warn_of_null(host, instance, null_at)
  end, with_plain_arguments)
  proxy.flush = runtime.guard(function() outputs.flush(host, target()) end)
  proxy.close = runtime.guard(function()
    local out = host.outputs[url]
    if out then outputs.close(host, out) end
  end)
  proxy.account = runtime.guard(function() return target():account() end)
  proxy.isatty = runtime.guard(function() return target():isatty() end)
  return proxy
end

local MEMBERS <const> = contract.by_name(contract.ctx)

local function unknown_member(_, key)
  if MEMBERS[key] then return nil end -- one that has no value now
  local alerting = require "tcpstats.alerting"
  if alerting[key] then return alerting[key] end
  local suggest = require "tcpstats.suggest"
  local known = suggest.keys(MEMBERS)
  for name in pairs(alerting) do known[#known + 1] = name end
  error(("ctx has no '%s'%s"):format(tostring(key), suggest.hint(tostring(key), known)), 2)
end

local function methods_of(host, instance)
  local methods = {}
  methods.emit = runtime.guard(function(_, x, options, null_at)
    outputs.write(host, instance.out, x, options, instance.defaults)
    warn_of_null(host, instance, null_at)
  end, with_plain_arguments)
  methods.flush = runtime.guard(function() outputs.flush(host, instance.out) end)
  methods.account = runtime.guard(function() return instance.out:account() end)
  methods.isatty = runtime.guard(function() return instance.out:isatty() end)
  methods.wants = runtime.guard(function(_, names)
    wants.note(host, names)
    return wants.missing(host, names)
  end, with_bare_names)
  methods.output = runtime.guard(function(_, url)
    if host.config.sandbox then error("ctx:output is not for a sandbox", 0) end
    if type(url) ~= "string" then error("ctx:output wants a URL, as file:PATH", 0) end
    local out, what = outputs.open(host, url)
    if not out then error(what, 0) end
    instance.proxies[url] = instance.proxies[url] or output_proxy(host, instance, url)
    return instance.proxies[url]
  end)
  methods.log = runtime.guard(function(_, level, format, ...)
    if not report.LEVELS[level] then
      error(("ctx:log: unknown level '%s'; there are: error, warning, info, debug"):format(tostring(level)), 0)
    end
    report.log(host, instance.name, level, format, ...)
  end, as_texts)
  methods.stop = runtime.guard(function(_, code, message)
    code = code or 0
    if math.type(code) ~= "integer" or code < 0 or code > 125 then error("ctx:stop: the code is 0 to 125", 0) end
    host:finish(code, message and ("%s: %s"):format(instance.name, tostring(message)))
  end, as_texts)
  return methods
end

local function refuse(_, key) error(("ctx.%s cannot be set; ctx.state is the place for own values"):format(tostring(key)), 2) end

--- Makes the ctx of a script.
---@param host tcpstats.Host
---@param instance tcpstats.Instance its name, defaults, out and proxies are set
---@param options table<string, any> the values of its options
---@return tcpstats.Ctx ctx read-only
---@return table values what ctx shows, for the host to change
function ctx.new(host, instance, options)
  local values = methods_of(host, instance)
  values.name, values.options, values.state = instance.name, options, {}
  values.live, values.format = host.collector.live, instance.defaults.format
  setmetatable(values, { __index = unknown_member })
  return setmetatable({}, { __index = values, __newindex = refuse, __metatable = false }), values
end

--- Sets the clocks of a ctx outside of a pass.
---@param host tcpstats.Host
---@param values table from ctx.new
---@param now_ns? integer the time; nil: the system's clock
function ctx.set_clocks(host, values, now_ns)
  values.now_ns = now_ns or core.realtime_ns()
  values.elapsed_ns = host.collector.live and host.started_ns and core.monotonic_ns() - host.started_ns or host.collector.elapsed_ns
end

return ctx
