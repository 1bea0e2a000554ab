--- Standard error: log lines, and errors of scripts with the part of the traceback that is the script's.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"

local report = {}

--- At most SHOWN reports per hook are printed within SHOWN_WITHIN nanoseconds; the rest are counted.
report.SHOWN, report.SHOWN_WITHIN = 3, 60000000000

local MOST_WARNINGS <const> = 100 -- different texts

--- The levels of ctx:log.
report.LEVELS = { error = 1, warning = 2, info = 3, debug = 4 }

-- Of a level, as sd-daemon(3) and syslog(3) number them.
local PRIORITIES <const> = { error = 3, warning = 4, info = 6, debug = 7 }

local style = "text"

--- Chooses how lines are written from here on.
---@param chosen? "text"|"journal"|"json" nil: "journal" if standard error goes to systemd's journal, else "text"
function report.choose(chosen) style = chosen or runtime.is_journal() and "journal" or "text" end

local function object_of(text, level, name)
  local ns = core.realtime_ns()
  local time = os.date("!%Y-%m-%dT%H:%M:%S", ns // 1000000000) .. (".%06dZ"):format(ns % 1000000000 // 1000)
  return core.json { time = time, level = level, script = name, message = core.clean((text:gsub("[\n\t]+", " "))) } .. "\n"
end

-- A script's line of a level.
local function line_of(name, level, text) return (name and name .. ": " or "") .. (level == "info" and "" or level .. ": ") .. text end

--- Writes a text. Others' words in it do not drive a terminal, and do not look like lines of ours: a line after the first begins with a tab.
---@param text string without the program's name
---@param level? "error"|"warning"|"info"|"debug" what it is to a journal; a text for people has the word in it already ("error")
---@param name? string of the script that it is about
---@param bare? string the text without level and name, for JSON
function report.say(text, level, name, bare)
  level = level or "error"
  if style == "json" then
    runtime.write(2, object_of(bare or text, level, name))
    return
  end
  local prefix = style == "journal" and ("<%d>"):format(PRIORITIES[level]) or ""
  local lines = {}
  for line in text:gmatch "[^\n]*" do
    line = line:gsub("[^\t]+", function(part) return core.clean(part) end)
    lines[#lines + 1] = #lines > 0 and line:gsub("^\t?", "\t", 1) or line
  end
  runtime.write(2, prefix .. "tcpstats-lua: " .. table.concat(lines, "\n" .. prefix) .. "\n")
end

--- Writes a line of a level; a text of several lines becomes one. Lines of the level "debug" need --verbose.
---@param host tcpstats.Host
---@param name? string the script that logs it, nil: the host
---@param level "error"|"warning"|"info"|"debug"
---@param format string as for string.format; if the arguments do not fit it, it is written as it is
---@param ... any
function report.log(host, name, level, format, ...)
  if report.LEVELS[level] == 4 and not host.config.verbose then return end
  local ok, text = pcall(string.format, format, ...)
  if not ok then text = tostring(format) end
  text = text:gsub("%s*\n%s*", " ")
  report.say(line_of(name, level, text), level, name, text)
end

--- Writes a warning, unless the same text has been written before.
---@param host tcpstats.Host
---@param text string
function report.warn_once(host, text)
  if host.warned[text] or host.warned_count >= MOST_WARNINGS then return end
  host.warned[text], host.warned_count = true, host.warned_count + 1
  report.log(host, nil, "warning", "%s", text)
end

--- The script's part of a traceback: the host's frames mean nothing to its author, and a single frame repeats the message.
---@param traceback string from debug.traceback
---@return string
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

--- The text of an error, whatever was raised.
---@param message any the error's value
---@return string
function report.text_of(message)
  if type(message) == "string" then return message end
  local metatable = getmetatable(message)
  if type(metatable) == "table" and metatable.__tostring then return tostring(message) end
  return ("(an error that is a %s)"):format(type(message))
end

--- Counts an error of a script's hook, and writes it unless the hook has failed too often lately (report.SHOWN).
---@param instance tcpstats.Instance its `failed` becomes true
---@param hook string
---@param text fun(): string what happened; called only if it is written
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
  local what = ("%s: %s"):format(hook, text())
  report.say(line_of(instance.name, "error", what), "error", instance.name, what)
end

--- Writes how many errors were counted without being written, once for each time that this began.
---@param host tcpstats.Host
---@param instance tcpstats.Instance
---@param at_last? boolean the script ends: write all that are left
function report.hidden(host, instance, at_last)
  for hook, r in pairs(instance.reports) do
    if r.hidden > 0 and (at_last or not r.reported) then
      report.log(host, instance.name, "error", "%s: %s like this", hook, require("tcpstats.text").plural(r.hidden, "more error"))
      r.hidden, r.reported = 0, true
    end
  end
end

return report
