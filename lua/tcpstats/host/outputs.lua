--- The outputs of a run: each URL is opened once, whoever writes to it, and what cannot be written ends the run.
local output = require "tcpstats.output"
local report = require "tcpstats.host.report"

local outputs = {}

--- What a write raises when the run is over anyway: not an error of the script's.
outputs.STOP = setmetatable({}, { __tostring = function() return "the run ends" end, __metatable = false })

-- A reader that went away is a quiet end, a full disk is not.
local function fail(host, out, what, code)
  if code == "EPIPE" then
    host.ending = host.ending or 0
  else
    host:finish(1, ("cannot write %s: %s"):format(out.url == "-" and "standard output" or out.url, what))
  end
  out.failed = true
end

--- The output that a URL names.
-- @return it; or nil, text, code
function outputs.open(host, url)
  local out = host.outputs[url]
  if out then return out end
  local what, code
  out, what, code = output.open(url, function(level, format, ...) report.log(host, nil, level, format, ...) end)
  if not out then return nil, what, code end
  host.outputs[url] = out
  host.output_list[#host.output_list + 1] = out
  host.events:attend(out)
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

--- Writes what one holds back.
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

--- Ends one.
function outputs.close(host, out)
  host.events:dismiss(out)
  host.outputs[out.url] = nil
  for i, one in ipairs(host.output_list) do
    if one == out then table.remove(host.output_list, i) break end
  end
  local ok, what, code = out:close()
  if not ok and not out.failed then fail(host, out, what, code) end
end

--- Ends all of them, the last one first.
function outputs.close_all(host)
  for i = #host.output_list, 1, -1 do outputs.close(host, host.output_list[i]) end
end

return outputs
