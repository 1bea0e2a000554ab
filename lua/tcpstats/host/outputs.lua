--- The outputs of a run: each URL is opened once, whoever writes to it. What they cannot deliver is counted, reported and in the exit code.
local output = require "tcpstats.output"
local report = require "tcpstats.host.report"
local runtime = require "tcpstats.runtime"

local outputs = {}

--- What a write raises when the run is over anyway: not an error of the script's.
outputs.STOP = setmetatable({}, { __tostring = function() return "the run ends" end, __metatable = false })

-- Whether the reader of standard output may go away without a word: somebody at a terminal piped it into `head`, and has seen enough.
local function may_go(host, out, code)
  return code == "EPIPE" and out.backend and out.backend.is_pipe and not host.config.strict_output and runtime.has_terminal()
end

local function fail(host, out, what, code)
  if out.failed then return end
  out.failed = true
  if may_go(host, out, code) then
    out.quiet = true
    host.ending = host.ending or 0
  else
    host:finish(1, ("cannot write %s: %s"):format(out.url == "-" and "standard output" or out.url, what))
  end
end

-- What is asked and called by the event loop for an output.
local function source_of(host, out)
  return {
    pending = function() return out:pending() end,
    tick = function()
      if out.closing and out:is_finished() then return outputs.end_one(host, out) end
      outputs.flush(host, out)
    end,
  }
end

--- The output that a URL names.
---@return table? output or nil, text, code
function outputs.open(host, url)
  local out = host.outputs[url]
  if out then return out end
  local what, code
  out, what, code = output.open(url, function(level, format, ...)
    if not (out and out.quiet) then report.log(host, nil, level, format, ...) end
  end)
  if not out then return nil, what, code end
  host.outputs[url] = out
  host.output_list[#host.output_list + 1] = out
  out.source = source_of(host, out)
  host.events:attend(out.source)
  return out
end

--- Writes what a script emits; raises outputs.STOP when that is in vain. Arguments as of output's write.
function outputs.write(host, out, x, options, defaults)
  if out.failed then error(outputs.STOP, 0) end
  local ok, what, code = out:write(x, options, defaults)
  if ok then return end
  fail(host, out, what, code)
  error(outputs.STOP, 0)
end

--- Writes what one holds back, as far as that needs no waiting.
function outputs.flush(host, out)
  if out.failed then return end
  local ok, what, code = out:flush()
  if not ok then fail(host, out, what, code) end
end

--- The same for all of them.
function outputs.flush_all(host)
  for _, out in ipairs(host.output_list) do outputs.flush(host, out) end
end

--- Opens all of them again under their names, after somebody moved a file away.
function outputs.reopen_all(host)
  for _, out in ipairs(host.output_list) do
    local ok, what, code = out:reopen()
    if not ok then fail(host, out, what, code) end
  end
end

--- Whether no pass should be made before an output has taken what it was given.
function outputs.are_waited_for(host)
  local alone = #host.output_list == 1
  for _, out in ipairs(host.output_list) do
    if out:is_waited_for(host.collector.live, alone) then return true end
  end
  return false
end

--- Ends one at once.
function outputs.end_one(host, out)
  host.events:dismiss(out.source)
  for i, one in ipairs(host.output_list) do
    if one == out then table.remove(host.output_list, i) break end
  end
  local ok, what, code = out:close()
  if not ok then fail(host, out, what, code) end
  if out:has_lost() and not out.quiet then host.lost_rows = true end
end

--- Ends one when it has written what it was given. Until then it goes on with the others, and its name may be opened again.
function outputs.close(host, out)
  host.outputs[out.url] = nil
  out.closing = true
  out:finish()
  if out:is_finished() then outputs.end_one(host, out) end
end

--- Ends all of them: waits for their readers as long as these take something, after a signal for a moment.
function outputs.close_all(host)
  for _, out in ipairs { table.unpack(host.output_list) } do outputs.close(host, out) end
  host.events:signal("reload", nil)
  while #host.output_list > 0 do
    if host.signalled then
      for _, out in ipairs(host.output_list) do out:hurry() end
    end
    host.events:step()
  end
end

return outputs
