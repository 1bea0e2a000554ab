--- The command line: words to a configuration for tcpstats.host.
--
--   tcpstats-lua [options] [SCRIPT [script options]] [-x SCRIPT [script options]]...
--
-- What stands behind a script's name belongs to that script: its own options first, then -f, -w, -o, -p and --format, which hold for this script
-- alone there. The other options mean the same wherever they stand. An option's value does not begin with "-", unless it is a number or "-" itself; --name=-x gives one that does.
--
-- Options are declared once, below. argparse reads them and says what is wrong; but loading it takes as long as everything that `ss` does, so
-- words that need no thought (--count 1, --count=1, -c 1) are read without it, from the same declarations.
local script = require "tcpstats.host.script"

local cli = {}

local PROGRAM <const> = "tcpstats-lua"

-- {short, long, value's name (nil: a flag), help, own = true: behind a script's name it is that script's}
local OPTIONS = {
  { "-i", "--interval", "SECS", "seconds between passes, 0.01 to 86400 (1); a recording is read as fast as it goes unless this is given" },
  { "-c", "--count", "N", "number of passes, 0 until stopped or the recording ends (0)" },
  { "-s", "--source", "SPEC", "where sockets come from: auto, or NAME[:FILE[,KEY=VALUE...]] (auto); protobuf:FILE is a recorded stream, protobuf:- a piped one" },
  { nil, "--record", "FILE", "also keep every raw answer of the kernel, for -s capture:FILE" },
  { nil, "--realtime", nil, "read a recording in the time that it took" },
  { nil, "--schedule", "NAME=INTERVAL", "several passes with their own rhythm, as detail=30s,processes,tcp-info or all=5m,summary-only; may repeat" },
  { nil, "--processes", nil, "ask for the sockets' owners" },
  { nil, "--tcp-info", nil, "ask for per-connection counters that cost a call each (macOS)" },
  { nil, "--tcp-info-limit", "N", "at most N such calls a pass, 0 no limit (0)" },
  { "-f", "--filter", "EXPR", "only these sockets: \"remote_port=443 include_state=established\"; before the scripts, also told to the kernel", own = true },
  { "-w", "--where", "EXPR", "only these sockets, as an expression: \"rtt_us > 50000 and remote_port == 443\"", own = true },
  { "-o", "--output", "URL", "-, a path, file:PATH?rotate=100M&keep=5, unix:PATH, tcp://HOST:PORT, udp://HOST:PORT (-)", own = true },
  { nil, "--format", "NAME", "json, flat or protobuf: the script of that name, or how your own script's batches and sockets are written", own = true },
  { "-p", "--pretty", nil, "indented JSON", own = true },
  { nil, "--strict", nil, "the first error of a script ends the run with 1" },
  { nil, "--script-timeout", "SECS", "a script's call that takes longer is interrupted, 0 never (5)" },
  { nil, "--memory", "BYTES", "scripts get no more, as 64M; 0 no limit (512M)" },
  { nil, "--sandbox", nil, "for scripts that you did not write: no files, no commands, no packages" },
  { "-v", "--verbose", nil, "show what scripts log as debug" },
  { "-l", "--list", nil, "what there is: scripts, sources, outputs" },
  { nil, "--info", "SCRIPT", "a script's help and options" },
  { nil, "--check", "FILE", "load a script and check that it keeps the contract, without running it" },
  { "-h", "--help", nil, "this text; behind a script's name, what --info says of it" },
  { "-V", "--version", nil, "the version" },
}

local FORMATS = { "json", "flat", "protobuf" }
local DEFAULT_MEMORY <const> = 512 << 20
local LEAST_MEMORY <const> = 1 << 20

local by_flag = {}
for _, option in ipairs(OPTIONS) do
  by_flag[option[2]] = option
  if option[1] then by_flag[option[1]] = option end
end

-- Wrong usage: caught in main.
local function usage(format, ...) error({ usage = format:format(...) }, 0) end

local function hint(word, list, plural) return require("tcpstats.suggest").hint(word, list, plural) end

-- ## Words to options

-- The flags of a script's own options: {script option's name, value's name or nil, value of a flag}.
local function own_flags(t)
  local flags = {}
  for name, option in pairs(t and t.options or {}) do
    local flag = script.flag(name)
    if option.type == "boolean" then
      flags[flag] = { name = name, value = true, help = option.help }
      if option.default then flags["--no-" .. flag:sub(3)] = { name = name, value = false, help = "the opposite" } end
    else
      flags[flag] = { name = name, takes = (option.many and name:gsub("s$", "") or option.type):upper(), help = option.help, option = option }
    end
  end
  return flags
end

-- Whether a word is an option and not a value: "-" is standard input or output, -5 a number.
local function is_flag(word) return word:find("^%-.") ~= nil and not word:find("^%-%.?%d") end

-- Reads words that are plain. Nil when anything about them is not: then it is argparse's turn.
local function read_plain(words, own)
  local given, i = {}, 1
  while i <= #words do
    local word = words[i]
    local flag, value = word:match("^(%-%-[^=]+)=(.*)$")
    flag = flag or word
    local mine, option = own[flag], by_flag[flag]
    if not mine and not option then return nil end
    local takes = mine and mine.takes or not mine and option[3]
    if takes and not value then
      i = i + 1
      value = words[i]
      if not value or is_flag(value) then return nil end
    elseif not takes and value then
      return nil
    end
    given[#given + 1] = { own = mine, option = not mine and option or nil, value = value }
    i = i + 1
  end
  return given
end

-- argparse's messages on one line. Where it names every option of one letter it names none.
local function one_line(message)
  return (message:gsub("\nDid you mean one of these: .*", ""):gsub("\nDid you mean ", ", did you mean "):gsub("\n", " "))
end

local function argparse()
  local found, library = pcall(require, "argparse")
  if found then return library end
  usage("reading these words needs argparse, which is not installed (Debian: lua-argparse, LuaRocks: argparse)")
end

-- An argparse parser of the options; take(entry) is called for each one that is given.
local function make_parser(own, take)
  local parser = argparse()(PROGRAM):add_help(false)
  local function add(flags, value_name, entry)
    local one = value_name and parser:option(flags):argname(value_name) or parser:flag(flags)
    one:count("*"):action(function(_, _, value)
      take { own = entry.own, option = entry.option, value = value_name and value or nil }
    end)
  end
  for flag, mine in pairs(own) do add(flag, mine.takes, { own = mine }) end
  for _, option in ipairs(OPTIONS) do
    local long = not own[option[2]] and option[2] or nil
    local short = option[1]
    if long or short then add((short or "") .. " " .. (long or ""), option[3], { option = option }) end
  end
  return parser
end

local function read_carefully(words, own, name)
  local given = {}
  local parser = make_parser(own, function(entry) given[#given + 1] = entry end)
  local extra = parser:argument("extra"):args("*")
  extra:action(function(_, _, rest)
    if rest[1] then
      usage("unexpected word '%s'%s", rest[1], name and ("; another script is named with -x %s"):format(rest[1]) or "")
    end
  end)
  function parser.error(_, message) usage("%s%s", name and name .. ": " or "", one_line(message)) end
  parser:parse(words)
  return given
end

local function read(words, own, name) return read_plain(words, own) or read_carefully(words, own, name) end

-- Splits the command line: the host's words, then the words of each script with its name.
local function split(args)
  local head = { words = {} }
  local sections, current, i = {}, head, 1
  local function begin(name)
    if not name or is_flag(name) then usage("-x wants a script's name or path") end
    current = { name = name, words = {} }
    sections[#sections + 1] = current
  end
  while args[i] do
    local word = args[i]
    local attached = word:match("^%-x(.+)$") or word:match("^%-%-script=(.*)$")
    if word == "-x" or word == "--script" then
      i = i + 1
      begin(args[i])
    elseif attached then
      begin(attached)
    elseif current == head and not is_flag(word) then
      begin(word)
    else
      current.words[#current.words + 1] = word
      -- the value of one of the host's options is not the script's name
      local flag = word:find("^%-%-") and word or "-" .. word:sub(-1)
      local option = current == head and by_flag[flag]
      if option and option[3] and args[i + 1] and not is_flag(args[i + 1]) then
        i = i + 1
        current.words[#current.words + 1] = args[i]
      end
    end
    i = i + 1
  end
  return head, sections
end

-- ## Values

local function number(flag, word, least, most)
  local value = word:find("^%d*%.?%d*$") and tonumber(word)
  if not value or value < least or value > most then usage("%s: expected seconds from %g to %g, got '%s'", flag, least, most, word) end
  return value
end

local function checked_filter(word)
  local filter, what = require("tcpstats.core").filter(word)
  return filter or usage("--filter: %s", what)
end

local function checked_expression(word)
  require "tcpstats"
  local expression, what = require("tcpstats.where").compile(word)
  if not expression then usage("--where: %s", what) end
  return expression
end

local function checked_schedule(word, config)
  local parsed, what = require("tcpstats.collect.schedule").parse(word)
  if not parsed then usage("--schedule: %s", what) end
  for _, other in ipairs(config.schedules) do
    if other.name == parsed.name then usage("--schedule: there are two called %s", parsed.name) end
  end
  return parsed
end

local function checked_format(word)
  for _, format in ipairs(FORMATS) do
    if format == word then return word end
  end
  usage("--format: unknown format '%s'%s", word, hint(word, FORMATS, "there"))
end

local function checked_output(word)
  local scheme, what = require("tcpstats.output").parse(word)
  return scheme and word or usage("--output: %s", what)
end

-- What each option does to the configuration `c`, or to `s`, which is the script's section behind a script's name and else the default of all.
local SET = {
  ["--interval"] = function(c, _, word) c.interval = number("--interval", word, 0.01, 86400) end,
  ["--count"] = function(c, _, word)
    c.count = word:find("^%d+$") and math.tointeger(tonumber(word)) or usage("--count: expected a number of passes, 0 until stopped, got '%s'", word)
  end,
  ["--source"] = function(c, _, word) c.source = word end,
  ["--record"] = function(c, _, word) c.record = word end,
  ["--realtime"] = function(c) c.realtime = true end,
  ["--tcp-info-limit"] = function(c, _, word)
    c.tcp_info, c.tcp_info_limit = true, word:find("^%d+$") and math.tointeger(tonumber(word)) or usage("--tcp-info-limit: expected a number, got '%s'", word)
  end,
  ["--schedule"] = function(c, _, word) table.insert(c.schedules, checked_schedule(word, c)) end,
  ["--processes"] = function(c) c.processes = true end,
  ["--tcp-info"] = function(c) c.tcp_info = true end,
  ["--filter"] = function(_, s, word) s.filter = checked_filter(word) end,
  ["--where"] = function(_, s, word) s.where = checked_expression(word) end,
  ["--output"] = function(_, s, word) s.output = checked_output(word) end,
  ["--format"] = function(_, s, word) s.format = checked_format(word) end,
  ["--pretty"] = function(_, s) s.pretty = true end,
  ["--strict"] = function(c) c.strict = true end,
  ["--script-timeout"] = function(c, _, word) c.timeout = word == "0" and 0 or number("--script-timeout", word, 0.01, 86400) end,
  ["--memory"] = function(c, _, word)
    c.memory = require("tcpstats.output").size(word)
    if not c.memory or (c.memory > 0 and c.memory < LEAST_MEMORY) then usage("--memory: expected bytes as 64M, at least 1M, or 0, got '%s'", word) end
  end,
  ["--sandbox"] = function(c) c.sandbox = true end,
  ["--verbose"] = function(c) c.verbose = true end,
  ["--list"] = function(c) c.task = c.task or "list" end,
  ["--info"] = function(c, _, word) c.task, c.subject = "info", word end,
  ["--check"] = function(c, _, word) c.task, c.subject = "check", word end,
  ["--help"] = function(c, s)
    if s.name then c.task, c.subject = "info", s.name else c.task = "help" end
  end,
  ["--version"] = function(c) c.task = "version" end,
}

local function apply(config, section, given)
  for _, entry in ipairs(given) do
    if entry.own then
      local value = entry.value
      if entry.own.value ~= nil then value = entry.own.value end
      table.insert(section.given, { entry.own.name, value })
    else
      SET[entry.option[2]](config, section, entry.value)
    end
  end
end

local function is_builtin(name) return not script.is_path(name) end

-- Which scripts run, and what of the default holds for each.
local function complete(config, defaults, sections)
  if #sections == 0 then
    sections[1] = { name = defaults.format or "json", given = {} }
    defaults.format = nil
  end
  for _, section in ipairs(sections) do
    section.output = section.output or defaults.output
    section.pretty = section.pretty or defaults.pretty
    section.format = section.format or defaults.format
    if section.format and is_builtin(section.name) then
      if section.format ~= section.name then usage("--format %s names another script than %s", section.format, section.name) end
    end
  end
  config.filter, config.where, config.scripts = defaults.filter, defaults.where, sections
  if config.interval and config.realtime then usage("--interval and --realtime: a recording is read in one rhythm") end
  if config.interval and #config.schedules > 0 then usage("--interval and --schedule: a schedule has its own interval") end
end

-- ## Tasks that are no run

local function out(text) io.stdout:write(text) end

local LABEL <const>, WIDTH <const> = 28, 100

-- "  label      text", the text in as many lines as it needs.
local function row(label, text, width)
  width = width or LABEL
  local lines, line = {}, ("  %-" .. width .. "s"):format(label)
  if #label >= width then
    lines[1], line = line, (" "):rep(width + 2)
  end
  local begun = false
  for word in text:gmatch("%S+") do
    if begun and #line + 1 + #word > WIDTH then
      lines[#lines + 1], line = line, (" "):rep(width + 2)
    end
    line, begun = line .. " " .. word, true
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n") .. "\n"
end

local function help()
  out(("Usage: %s [options] [SCRIPT [script options]] [-x SCRIPT [script options]]...\n\n"):format(PROGRAM))
  out("Shows the TCP sockets of this system, or of a recording, to scripts. SCRIPT is a name (see --list; json\n"
    .. "when none is named) or the path of a Lua file. What stands behind a script's name belongs to that script.\n\n")
  for _, option in ipairs(OPTIONS) do
    local label = ("%s%s%s"):format(option[1] and option[1] .. ", " or "    ", option[2], option[3] and " " .. option[3] or "")
    out(row(label, option[4]))
  end
  out(row("-x, --script SCRIPT", "one more script over the same passes, with its own -f, -w, -o, -p, --format; may repeat"))
  out("\nExit: 0 fine, 1 failed at run time, 2 wrong usage. SIGINT and SIGTERM end it with 0, SIGHUP reloads scripts and reopens files.\n")
  return 0
end

local function version()
  out(("%s %s (%s)\n"):format(PROGRAM, require("tcpstats.core").version, _VERSION))
  return 0
end

local NAME <const> = 12

local function list(host)
  local core = require "tcpstats.core"
  out("Scripts (tcpstats-lua SCRIPT; --info SCRIPT tells its options; your own by its path, ./my.lua):\n")
  for _, name in ipairs(script.builtin) do
    local t, what = host:load(name)
    out(row(name, t and t.help or what, NAME))
  end
  out("\nSources (-s NAME, or -s NAME:FILE for what the kernel once said):\n")
  for _, source in ipairs(core.sources()) do out(row(source.name, source.help .. (source.live and "; this system" or ""), NAME)) end
  out(row("protobuf", "a recorded stream of the script protobuf, - for standard input", NAME))
  out("\nOutputs (-o URL):\n")
  for _, scheme in ipairs(require("tcpstats.output").schemes) do out(row(scheme .. ":", require("tcpstats.output." .. scheme).help, NAME)) end
  return 0
end

local function load_or_fail(host, name)
  local t, what, code = host:load(name)
  if t then return t, what end
  error({ usage = code == "EUSAGE" and what or nil, failure = what }, 0)
end

local function info(host, subject)
  local t, name = load_or_fail(host, subject)
  out(("%s%s\n"):format(name, t.help and " - " .. t.help or ""))
  out(("\nUsage: %s [options] %s%s\n"):format(PROGRAM, subject, next(t.options or {}) and " [script options]" or ""))
  local flags = {}
  for flag, mine in pairs(own_flags(t)) do flags[#flags + 1] = { flag = flag, own = mine } end
  table.sort(flags, function(a, b) return a.flag < b.flag end)
  if #flags > 0 then out("\nScript options:\n") end
  for _, one in ipairs(flags) do
    local option, text = one.own.option or {}, one.own.help or ""
    if option.choices then text = ("%s: %s"):format(text, table.concat(option.choices, ", ")) end
    if option.many and not text:find("may repeat", 1, true) then text = text .. "; may repeat" end
    if option.default ~= nil and type(option.default) ~= "table" and option.default ~= "" then text = ("%s (%s)"):format(text, option.default) end
    out(row(one.flag .. (one.own.takes and " " .. one.own.takes or ""), text))
  end
  if t.filter then out(("\nSees only: %s\n"):format(t.filter)) end
  return 0
end

local function check(host, subject)
  load_or_fail(host, subject)
  out(("%s: ok\n"):format(subject))
  return 0
end

local TASKS = { help = help, version = version }
local HOST_TASKS = { list = list, info = info, check = check }

-- ## The whole

local function configure(args)
  local head, sections = split(args)
  local config, defaults = { schedules = {}, count = 0, memory = DEFAULT_MEMORY }, {}
  apply(config, defaults, read(head.words, {}, nil))
  if TASKS[config.task] then return config end
  -- Scripts are loaded before their words can be read, so what concerns loading must be known: it may stand behind them, too.
  for _, section in ipairs(sections) do
    for _, word in ipairs(section.words) do
      if word == "--sandbox" then config.sandbox = true end
    end
  end
  local host = require("tcpstats.host").new(config)
  for _, section in ipairs(sections) do
    section.given = {}
    section.loaded = load_or_fail(host, section.name)
    apply(config, section, read(section.words, own_flags(section.loaded), section.name))
    local _, what = script.options(section.loaded, section.given)
    if what then usage("%s: %s", section.name, what) end
  end
  complete(config, defaults, sections)
  return config, host
end

local function say(text) io.stderr:write(PROGRAM, ": ", text, "\n") end

--- Runs a command line.
-- @param args the words, args[0] is the program
-- @return the exit code: 0 fine, 1 failed, 2 wrong usage
function cli.main(args)
  local config, host
  local ok, result = xpcall(function()
    config, host = configure(args)
    if TASKS[config.task] then return TASKS[config.task](config) end
    if HOST_TASKS[config.task] then return HOST_TASKS[config.task](host, config.subject) end
    return host:run()
  end, function(message)
    return type(message) == "table" and message or { failure = debug.traceback(tostring(message), 2) }
  end)
  if package.loaded["tcpstats.host"] then require("tcpstats.host").close() end
  if ok then return result end
  say(result.usage or result.failure)
  return result.usage and 2 or 1
end

return cli
