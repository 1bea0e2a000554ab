--- Calls the functions of scripts within their limits, and reports every error.
local core = require "tcpstats.core"
local outputs = require "tcpstats.host.outputs"
local report = require "tcpstats.host.report"
local runtime = require "tcpstats.runtime"

local call = {}

local function with_text(message) return message, report.text_of(message) end

--- The message handler for everything that a script does. It runs where the error was raised, so it sees the stack.
---@param host tcpstats.Host its `calling` and `calling_hook` say what is being called
---@return function handler for runtime.protect and core.visit
function call.handler(host)
  return runtime.guard(function(message, text)
    if rawequal(message, outputs.STOP) then return false end
    local instance, hook = host.calling, host.calling_hook
    if hook == "init" and type(message) == "string" and not message:find("^[^:\n]+:%d+: ") then
      instance.refusal = message
      return false
    end
    report.failure(instance, hook, function()
      return report.own_part(debug.traceback(text or report.text_of(message)))
    end)
    return not (runtime.interrupted() or host.config.strict) -- a visit goes on with the next socket
  end, with_text)
end

--- For --strict: no script gets anything more of this pass.
---@param host tcpstats.Host
function call.abort(host)
  if not host.aborted then host:finish(1, "--strict: an error ends the run") end
  host.aborted = true
end

--- Calls a function of a script, unless the script is retired.
---@param host tcpstats.Host
---@param instance tcpstats.Instance
---@param hook string its name in reports
---@param f function
---@param ... any its arguments
---@return boolean ok
---@return any first result
---@return any second result
function call.hook(host, instance, hook, f, ...)
  if instance.retired then return false end
  host.calling, host.calling_hook = instance, hook
  local ok, a, b = runtime.protect(host.handler, instance.timeout_ns, ("tcpstats-lua: %s: %s"):format(instance.name, hook), f, ...)
  host.calling, host.calling_hook = nil, nil
  if ok then return true, a, b end
  if type(a) == "string" then -- no memory: no handler was called
    report.failure(instance, hook, function() return a end)
    collectgarbage()
  end
  if host.config.strict and instance.failed then call.abort(host) end
  return false
end

--- Calls a hook with each socket of a view. After an error it goes on with the next socket.
---@param host tcpstats.Host
---@param instance tcpstats.Instance
---@param hook string
---@param view tcpstats.Batch
function call.visit(host, instance, hook, view)
  if #view == 0 then return end
  local ok = call.hook(host, instance, hook, core.visit, view, instance.script[hook], instance.ctx, host.handler)
  if ok and host.config.strict and instance.failed then call.abort(host) end
end

--- Calls a function of a script that is not running: the chunk of its file, or its on_failure.
---@param host tcpstats.Host
---@param name string the script's
---@param f function
---@param ... any its arguments
---@return boolean ok
---@return any first result, or what went wrong
---@return any second result
function call.alone(host, name, f, ...)
  local failure
  local handler = runtime.guard(function(message, text)
    failure = report.own_part(debug.traceback(text or report.text_of(message)))
    return false
  end, with_text)
  local ok, a, b = runtime.protect(handler, host.timeout_ns, "tcpstats-lua: " .. name, f, ...)
  if not ok then return false, failure or a end
  return true, a, b
end

return call
