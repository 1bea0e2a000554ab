--- Scripts: finding one, loading it, and saying what is wrong with it.
--
-- A script is a Lua file that returns a table. Everything in it is optional:
--
--   name, help       for --list and --info
--   options          { rtt_ms = { type = "number", default = 200, help = "..." } }: becomes --rtt-ms, and ctx.options.rtt_ms
--                      type     "number", "integer", "string" or "boolean" (--flag; --no-flag when the default is true)
--                      default  of that type; without one ctx.options.NAME is nil until it is given
--                      many     true: may be given several times, and is a list (its default too)
--                      choices  a list of the strings that are right
--                      min, max of a number
--                      help     a line for --info
--   filter           a string in the filter language: the script sees a view of what matches. When it is the only script and the filter names
--                    ports, addresses, families or LISTEN only, the kernel is asked for these sockets alone, and the summary counts them alone
--   init(ctx)        before the first pass. error(text, 0), which has no position, refuses what the command line says: that line, exit 2
--   on_open(s, ctx)  a connection first seen in this pass; never in the first pass
--   on_close(s, ctx) the last values of one that is gone
--   on_socket(s, ctx)      a connection of this pass, one after the other
--   on_batch(batch, ctx)   the whole pass; in a pass the hooks run in the order on_open, on_close, on_socket, on_batch
--   timers           { { every = SECONDS, run = function(ctx) end } }
--   on_input(bytes, ctx)   what was typed: standard input is read as it comes when a script has this hook; "" at its end
--   on_resize(ctx)   the terminal has another size
--   save(ctx) -> table     before a reload: what the old one gives, the new one gets
--   restore(t, ctx)        after a reload and after init: t is what save gave
--   stop(ctx)        at the end, and of the old one after a reload
--
-- `s` is one proxy that shows socket after socket: valid in its hook only, s:copy() keeps one. An error in a hook loses that call only.
--
-- ## ctx
-- What a hook gets to do things with. It is read-only; ctx.state is the place for own values. Reading what is not there raises.
--
--   ctx.name         the script's name
--   ctx.options      the values of the script's options
--   ctx.state        a table that outlives passes; new after a reload, see save and restore
--   ctx.now_ns       when the pass was (nanoseconds since the epoch): of a recording the recorded time; in a timer or init: now.
--                    It may step: it is for naming a time, not for measuring one
--   ctx.elapsed_ns   nanoseconds since the run began, by a clock that neither steps nor goes back; of a recording by its own time.
--                    Durations, hold-downs and rate limits are measured with this
--   ctx.since_ns     what passed between this pass and the one before of the same schedule, nil in the first: the divisor of rates
--   ctx.schedule     { name=, interval_ms=, processes=, tcp_info=, summary_only= } of the pass; nil outside of one
--   ctx.batch        the pass as this script sees it, also in on_socket, on_open, on_close; nil outside of one
--   ctx.live         whether the running kernel is asked; false on a recording
--   ctx.format       what --format said, nil when nothing was said
--
--   ctx:emit(x [, options])       to the script's output (-o; standard output):
--                                   a batch   one BatchMessage; options {format = "json" | "flat" | "protobuf", pretty=, addresses="text" | "base64"}
--                                   a socket  one line of flat JSON, unless --format or options.format says otherwise
--                                   a table   one line of JSON
--                                   a string  as it is, newline and all your own
--   ctx:output(url) -> output     another one, the same for the same url; output:write(x [, options]) takes what emit takes; output:flush();
--                                 output:close(); output:isatty(); output.url. Raises when it cannot be opened
--   ctx:flush()                   what was emitted goes out now and not at the end of the pass
--   ctx:isatty()                  whether the script's output is a terminal
--   ctx:log(level, format, ...)   "error", "warning", "info" or "debug" (shown with --verbose), to standard error, named after the script
--   ctx:stop([code [, message]])  ends the run after this pass with exit code 0 to 125 (0); of several the largest
--   and every function of tcpstats.alerting, with ctx as its first argument: ctx:NAME(...)
--
-- A write that fails ends the run: quietly with 0 when a reader went away, with 1 and the reason when a disk is full.
local script = {}

--- The scripts that come along, as `--list` shows them. Each is lua/tcpstats/scripts/NAME.lua.
script.builtin = { "alert", "csv", "flat", "json", "prometheus", "protobuf", "summary", "table", "top" }

local HOOKS = {
  init = "function", on_open = "function", on_close = "function", on_socket = "function", on_batch = "function", on_input = "function",
  on_resize = "function", save = "function", restore = "function", stop = "function",
}
local KEYS = { name = "string", help = "string", options = "table", filter = "string", timers = "table" }
local OPTION_KEYS = { type = "string", default = "any", help = "string", many = "boolean", choices = "table", min = "number", max = "number" }
local OPTION_TYPES = { number = true, integer = true, string = true, boolean = true }
local LONGEST_TIMER = 366 * 86400
local DEPTH <const> = 4 -- the script, its options, one of them, that one's default

local function a(what) return (what:find("^[aeiou]") and "an " or "a ") .. what end

local function unknown(key, known, what)
  local suggest = require "tcpstats.suggest"
  return ("unknown %s%s"):format(what, suggest.hint(tostring(key), suggest.keys(known), what .. "s"))
end

--- Whether a value is right for a declared option.
-- @param option its declaration
-- @param value of Lua's type
-- @return nil when it is right, else what was expected
local function expected(option, value)
  if option.type == "integer" then
    if math.type(value) ~= "integer" then return "an integer" end
  elseif type(value) ~= option.type then
    return a(option.type)
  elseif value ~= value then
    return "a number"
  end
  if option.min and value < option.min then return ("at least %s"):format(option.min) end
  if option.max and value > option.max then return ("at most %s"):format(option.max) end
  if option.choices then
    for _, choice in ipairs(option.choices) do
      if choice == value then return nil end
    end
    return "one of " .. table.concat(option.choices, ", ")
  end
end

local function check_default(option)
  local default = option.default
  if default == nil then return end
  if not option.many then
    local wanted = expected(option, default)
    return wanted and ("default: expected %s, got %s"):format(wanted, type(default) == "string" and '"' .. default .. '"' or tostring(default))
  end
  if type(default) ~= "table" then return "default: expected a list, got " .. a(type(default)) end
  for _, value in ipairs(default) do
    local wanted = expected(option, value)
    if wanted then return ("default: expected %s, got %s"):format(wanted, tostring(value)) end
  end
end

-- A script's table is read when no limit of time holds, so none of the functions that a metatable has may run then.
local function check_plain(value, where, depth)
  if type(value) ~= "table" then return end
  if getmetatable(value) ~= nil then return where .. "expected a table without a metatable" end
  if depth == 0 then return end
  for key, item in next, value do
    local name = type(key) == "string" and key or type(key) == "number" and ("[%s]"):format(key) or ("(%s)"):format(a(type(key)))
    local wrong = check_plain(item, where .. name .. ": ", depth - 1)
    if wrong then return wrong end
    if type(key) == "table" or type(key) == "userdata" then return where .. name .. ": expected a name" end
  end
end

-- What is the script's to change later, the host has for itself.
local function own_copy(value, depth)
  if type(value) ~= "table" or depth == 0 then return value end
  local copy = {}
  for key, item in next, value do copy[key] = own_copy(item, depth - 1) end
  return copy
end

local function check_option(name, option)
  if type(name) ~= "string" or not name:find("^%l[%l%d_]*$") then return "a name has small letters, digits and _" end
  if type(option) ~= "table" then return ("expected a table like { type = \"number\", default = 1 }, got %s"):format(a(type(option))) end
  for key, value in pairs(option) do
    local kind = OPTION_KEYS[key]
    if not kind then return ("%s: %s"):format(key, unknown(key, OPTION_KEYS, "key")) end
    if kind ~= "any" and type(value) ~= kind then return ("%s: expected %s, got %s"):format(key, a(kind), a(type(value))) end
  end
  if not option.type then return "type: missing; types are: boolean, integer, number, string" end
  if not OPTION_TYPES[option.type] then return ("type: '%s': %s"):format(option.type, unknown(option.type, OPTION_TYPES, "type")) end
  if (option.min or option.max) and option.type ~= "number" and option.type ~= "integer" then return "min and max are for numbers" end
  if option.many and option.type == "boolean" then return "many: a boolean is given once" end
  if option.choices then
    for _, choice in ipairs(option.choices) do
      if type(choice) ~= "string" or option.type ~= "string" then return "choices: expected a list of strings, of an option of type string" end
    end
  end
  return check_default(option)
end

local function check_timers(timers)
  for i, timer in pairs(timers) do
    if math.type(i) ~= "integer" or type(timer) ~= "table" then return "timers: expected a list of { every = SECONDS, run = function }" end
    for key in pairs(timer) do
      if key ~= "every" and key ~= "run" then return ("timers[%d]: %s: %s"):format(i, key, unknown(key, { every = 1, run = 1 }, "key")) end
    end
    if type(timer.every) ~= "number" or not (timer.every >= 0.01 and timer.every <= LONGEST_TIMER) then
      return ("timers[%d]: every: expected seconds, at least 0.01, got %s"):format(i, tostring(timer.every))
    end
    if type(timer.run) ~= "function" then return ("timers[%d]: run: expected a function, got %s"):format(i, a(type(timer.run))) end
  end
end

--- Checks what a script's file returned.
-- @param t the value
-- @return nil when it keeps the contract, else what is wrong: the key and what was expected
function script.validate(t)
  if type(t) ~= "table" then return ("a script returns a table, this one %s"):format(t == nil and "returns nothing" or "returned " .. a(type(t))) end
  local metatable = check_plain(t, "", DEPTH)
  if metatable then return metatable end
  local all = {}
  for key in pairs(HOOKS) do all[key] = true end
  for key in pairs(KEYS) do all[key] = true end
  for key, value in next, t do
    local kind = HOOKS[key] or KEYS[key]
    if not kind then
      local hook = type(key) == "string" and key:find("^on_")
      return ("%s: %s"):format(tostring(key), unknown(key, all, hook and "hook" or "key"))
    end
    if type(value) ~= kind then return ("%s: expected %s, got %s"):format(key, a(kind), a(type(value))) end
  end
  for name, option in pairs(t.options or {}) do
    local wrong = check_option(name, option)
    if wrong then return ("options.%s: %s"):format(tostring(name), wrong) end
  end
  if t.filter then
    local _, what = require("tcpstats.core").filter(t.filter)
    if what then return "filter: " .. what end
  end
  return check_timers(t.timers or {})
end

--- A word of the command line as the value of a declared option.
-- @return the value; or nil and what was expected
function script.convert(option, word)
  local value = word
  if option.type == "number" then value = tonumber(word) end
  if option.type == "integer" then value = math.tointeger(tonumber(word)) end
  local wanted = value == nil and a(option.type) or expected(option, value)
  if wanted then return nil, wanted end
  return value
end

--- Every option's default.
-- @return a new table by name
function script.defaults(t)
  local values = {}
  for name, option in pairs(t.options or {}) do
    if option.many then
      values[name] = table.move(option.default or {}, 1, #(option.default or {}), 1, {})
    else
      values[name] = option.default
    end
  end
  return values
end

--- The flag of an option: rtt_ms is --rtt-ms.
function script.flag(name) return "--" .. (name:gsub("_", "-")) end

--- The options of a script as a command line gives them.
-- @param t the script
-- @param given a list of {name, word}; of a boolean the word is true or false
-- @return a table by name, with the defaults of those that are not given; or nil and what is wrong
function script.options(t, given)
  local values, declared = script.defaults(t), t.options or {}
  local many = {}
  for _, one in ipairs(given) do
    local name, word = one[1], one[2]
    local option = declared[name]
    if not option then return nil, ("there is no option %s any more"):format(script.flag(name)) end
    local value, wanted = word, nil
    if option.type ~= "boolean" then value, wanted = script.convert(option, word) end
    if wanted then return nil, ("%s: expected %s, got '%s'"):format(script.flag(name), wanted, word) end
    if option.many then
      many[name] = many[name] or {}
      table.insert(many[name], value)
    else
      values[name] = value
    end
  end
  for name, list in pairs(many) do values[name] = list end
  return values
end

--- The name that a script goes by when it does not say one: its file's without .lua.
function script.short_name(name)
  return (name:match("([^/]*)$"):gsub("%.lua$", ""))
end

--- Whether a name is that of a file and not of a built-in.
function script.is_path(name) return name:find("/", 1, true) ~= nil or name:find("%.lua$") ~= nil end

local function read_builtin(name)
  for _, known in ipairs(script.builtin) do
    if known == name then
      local module = "tcpstats.scripts." .. name
      if package.preload[module] then return package.preload[module] end
      local path = package.searchpath(module, package.path)
      if not path then return nil, ("the script %s is not installed"):format(name), "ESYSTEM" end
      local chunk, what = loadfile(path, "t")
      return chunk, what, "EFORMAT"
    end
  end
  local hint = require("tcpstats.suggest").hint(name, script.builtin, "there")
  return nil, ("unknown script '%s'%s (a file is named by its path: ./%s.lua)"):format(name, hint, name), "EUSAGE"
end

local function read_file(path, environment)
  local file, what = io.open(path, "rb")
  if not file then return nil, "cannot read " .. what, "ESYSTEM" end
  local text, why = file:read("a")
  file:close()
  if not text then return nil, ("cannot read %s: %s"):format(path, why), "ESYSTEM" end
  if text:sub(1, 1) == "#" then text = "--" .. text end -- as lua does: the first line may name an interpreter
  local chunk
  chunk, what = load(text, "@" .. path, "t", environment or _G)
  if not chunk then return nil, what, "EFORMAT" end
  return chunk
end

--- Finds and loads a script, and checks that it keeps the contract.
-- @param name of a built-in, or a path: it has a / or ends in .lua
-- @param options {environment = the globals of a sandbox, call = how its file is run: f -> true, value or false, message}; may be nil
-- @return the script's table, and its name; or nil, text, code: "EUSAGE" unknown name, "ESYSTEM" not to be read, "EFORMAT" wrong
function script.load(name, options)
  options = options or {}
  local is_path = script.is_path(name)
  local chunk, what, code
  if is_path then chunk, what, code = read_file(name, options.environment) else chunk, what, code = read_builtin(name) end
  if not chunk then return nil, what, code end
  local ok, t = (options.call or pcall)(chunk, is_path and name or "tcpstats.scripts." .. name)
  if not ok then return nil, tostring(t), "EFORMAT" end
  local wrong = script.validate(t)
  if wrong then return nil, ("%s: %s"):format(name, wrong), "EFORMAT" end
  return own_copy(t, DEPTH), t.name or script.short_name(name)
end

return script
