--- What the host says to people, on standard error: log lines, and errors of scripts with the part of the traceback that is theirs.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"

local report = {}

--- How many reports of one hook are printed in how many nanoseconds; the rest is counted.
report.SHOWN, report.SHOWN_WITHIN = 3, 60000000000

local MOST_WARNINGS <const> = 100 -- different texts that are printed

--- The levels of ctx:log.
report.LEVELS = { error = 1, warning = 2, info = 3, debug = 4 }

--- Writes a text. Others' words in it do not drive a terminal, and do not look like lines of ours: a line after the first begins with a tab.
-- @param text without the program's name
function report.say(text)
  local lines = {}
  for line in text:gmatch "[^\n]*" do
    line = line:gsub("[^\t]+", function(part) return core.clean(part) end)
    lines[#lines + 1] = #lines > 0 and line:gsub("^\t?", "\t", 1) or line
  end
  runtime.write(2, "tcpstats-lua: " .. table.concat(lines, "\n") .. "\n")
end

-- A script's line of a level.
local function line_of(name, level, text) return (name and name .. ": " or "") .. (level == "info" and "" or level .. ": ") .. text end

--- Writes a line of a level; a text of several lines becomes one. Lines of the level "debug" need --verbose.
-- @param host the host
-- @param name of the script that says it, nil for the host's own lines
-- @param level a key of report.LEVELS
-- @param format as of string.format, with its arguments after it; one that does not fit them is written as it is
function report.log(host, name, level, format, ...)
  if report.LEVELS[level] == 4 and not host.config.verbose then return end
  local ok, text = pcall(string.format, format, ...)
  if not ok then text = tostring(format) end
  report.say(line_of(name, level, (text:gsub("%s*\n%s*", " "))))
end

--- Writes a warning of a pass, unless the same text was written before.
-- @param host the host
-- @param text what happened
function report.warn_once(host, text)
  if host.warned[text] or host.warned_count >= MOST_WARNINGS then return end
  host.warned[text], host.warned_count = true, host.warned_count + 1
  report.log(host, nil, "warning", "%s", text)
end

--- The part of a traceback that is the script's: the host's frames say nothing to its author, and a single frame repeats the message.
-- @param traceback what debug.traceback gave
-- @return a text
function report.own_part(traceback)
  traceback = traceback:gsub("^tcpstats/host/%w+%.lua:%d+: ", "")
  local lines, in_stack = {}, false
  for line in traceback:gmatch("[^\n]+") do
    in_stack = in_stack or line == "stack traceback:"
    if line:find("in function 'tcpstats%.%l+%.[pv]%l+'") then break end
    local foreign = line:find("^%s*[^:]*tcpstats/host/%w+%.lua:%d") or line:find("^%s*%[C%]: in %?$")
      or line:find("^%s*%[C%]: in hook") or line:find("^%s*%(%.%.%.tail calls%.%.%.%)$")
    if not (foreign and in_stack) then lines[#lines + 1] = line end
  end
  local header
  for i, line in ipairs(lines) do
    if line == "stack traceback:" then header = i end
  end
  if header and #lines <= header + 1 then lines[header], lines[header + 1] = nil, nil end
  return table.concat(lines, "\n")
end

--- What an error says, whatever was raised.
-- @param message the error's value
-- @return a text
function report.text_of(message)
  if type(message) == "string" then return message end
  local metatable = getmetatable(message)
  if type(metatable) == "table" and metatable.__tostring then return tostring(message) end
  return ("(an error that is a %s)"):format(type(message))
end

--- Counts an error of a script's hook, and writes it unless the same hook has failed report.SHOWN times lately.
-- @param instance the script; its `failed` becomes true
-- @param hook a text
-- @param text function() -> what happened; called only when it is written
function report.failure(instance, hook, text)
  local now = core.monotonic_ns()
  local r = instance.reports[hook]
  if not r or now - r.since > report.SHOWN_WITHIN then
    r = { since = now, shown = 0, hidden = r and r.hidden or 0 }
    instance.reports[hook] = r
  end
  instance.failed = true
  if r.shown == report.SHOWN then
    r.hidden = r.hidden + 1
    return
  end
  r.shown = r.shown + 1
  report.say(line_of(instance.name, "error", ("%s: %s"):format(hook, text())))
end

--- Writes how many errors were counted only: once for each time that reports were held back.
-- @param host the host
-- @param instance the script
-- @param at_last whether this is the end, when all of them are written
function report.hidden(host, instance, at_last)
  for hook, r in pairs(instance.reports) do
    if r.hidden > 0 and (at_last or not r.reported) then
      report.log(host, instance.name, "error", "%s: %s like this", hook, require("tcpstats.text").plural(r.hidden, "more error"))
      r.hidden, r.reported = 0, true
    end
  end
end

return report
