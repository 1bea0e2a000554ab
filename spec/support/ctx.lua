--- A ctx for scripts that are tested without a host: what they emit is kept.
local tcpstats = require "tcpstats"
local alerting = require "tcpstats.alerting"

local Ctx = {}
Ctx.__index = Ctx

--- A ctx for a script.
-- @param script the script's table
-- @param options values that differ from the defaults
-- @return a ctx; `text` is what was emitted so far
local function new(script, options)
  local ctx = setmetatable({ name = script.name, options = {}, state = {}, text = "", logged = {}, wanted = {}, now_ns = 0, elapsed_ns = 0 }, Ctx)
  for name, option in pairs(script.options or {}) do ctx.options[name] = option.default end
  for name, value in pairs(options or {}) do
    assert(script.options and script.options[name], name)
    ctx.options[name] = value
  end
  return ctx
end

function Ctx:emit(x, options)
  if type(x) == "string" then
    self.text = self.text .. x
  elseif type(x) == "userdata" then
    local how = {}
    for name, value in pairs(options or {}) do how[name] = value end
    how.header = how.header ~= false and not self.headed -- an output writes the names of CSV once
    self.headed = self.headed or how.format == "csv"
    self.text = self.text .. x:encode(how.format or "json", how)
  else
    self.text = self.text .. assert(tcpstats.json(x)) .. "\n"
  end
end

function Ctx:log(level, format, ...) self.logged[#self.logged + 1] = level .. ": " .. format:format(...) end
function Ctx:wants(names)
  local missing = {}
  for key, value in pairs(names) do
    local name = type(key) == "string" and key or value
    self.wanted[name] = true
    missing[name] = self.unknown and self.unknown[name]
  end
  return missing
end
function Ctx:isatty() return self.tty or false end
function Ctx:flush() return self end
function Ctx:stop(code, message) self.stopped, self.message = code or 0, message end

for name, helper in pairs(alerting) do
  Ctx[name] = function(ctx, ...) return helper(ctx, ...) end
end

--- Runs a script over batches, a second apart.
-- @param script the table, the path of a file, or the name of a module (loaded again, as the host does)
-- @param batches a list; options as of new; unknown: what ctx:wants returns, by field
-- @return the ctx
local function run(script, batches, options, unknown)
  if type(script) == "string" then
    local path = script:find "/" and script or assert(package.searchpath(script, package.path))
    script = assert(loadfile(path))()
  end
  local ctx = new(script, options)
  ctx.unknown = unknown
  if script.init then script.init(ctx) end
  if ctx.stopped then return ctx end
  for i, batch in ipairs(batches) do
    ctx.now_ns, ctx.elapsed_ns = 1700000000000000000 + i * 1000000000, i * 1000000000
    if type(script.filter) == "string" then batch = batch:filter(assert(tcpstats.filter(script.filter))) end
    ctx.batch = batch
    for _, hook in ipairs { { "on_open", batch:opened() }, { "on_close", batch:closed() }, { "on_socket", batch } } do
      if script[hook[1]] then
        for s in hook[2]:each() do script[hook[1]](s, ctx) end
      end
    end
    if script.on_batch then script.on_batch(batch, ctx) end
    ctx.batch = nil
  end
  for _, timer in ipairs(script.timers or {}) do timer.run(ctx) end
  if script.stop then script.stop(ctx) end
  return ctx
end

return { new = new, run = run }
