--- The command line: words to a configuration for tcpstats.host.
--
--   tcpstats-lua [options] [SCRIPT [script options]] [-x SCRIPT [script options]]...
--
-- What can be given stands in tcpstats.host.cli.options.
local reader = require "tcpstats.host.cli.reader"
local runtime = require "tcpstats.runtime"
local script = require "tcpstats.host.script"
local tasks = require "tcpstats.host.cli.tasks"
local usage = require "tcpstats.host.cli.usage"

local cli = {}

-- Which scripts run, and what of the defaults holds for each.
local function complete(config, defaults, sections)
  if #sections == 0 then
    sections[1] = { name = defaults.format or "json", given = {} }
    defaults.format = nil
  end
  for _, section in ipairs(sections) do
    section.output = section.output or defaults.output
    section.pretty = section.pretty or defaults.pretty
    section.format = section.format or defaults.format
    if section.format and not script.is_path(section.name) and section.format ~= section.name then
      usage("--format %s: the script %s writes its own format; write %s instead of %s", section.format, section.name, section.format, section.name)
    end
  end
  config.filter, config.where, config.scripts = defaults.filter, defaults.where, sections
  if config.record and not config.overwrite and (runtime.size_of(config.record) or 0) > 0 then
    usage("--record: %s is there already; --overwrite replaces it", config.record)
  end
  if config.interval and config.realtime then usage("--interval and --realtime cannot be combined: each says when a recording is read") end
  if config.interval and #config.schedules > 0 then usage("--interval and --schedule cannot be combined: a schedule has its own interval") end
end

-- The configuration, and a host for it unless the task needs none.
local function configure(args)
  local head, sections = reader.split(args)
  local config, defaults = reader.defaults(), {}
  reader.read(head, config, defaults, nil, args)
  if config.task == "help" or config.task == "version" then return config end
  -- A script must be loaded before its words can be read, and --sandbox, which concerns the loading, may be among them.
  for _, section in ipairs(sections) do
    for _, word in ipairs(section.words) do
      if word == "--sandbox" then config.sandbox = true end
    end
  end
  local host = require("tcpstats.host").new(config)
  for _, section in ipairs(sections) do
    section.given = {}
    if not (script.is_path(section.name) or script.is_builtin(section.name)) then
      local what = require("tcpstats.host.cli.hints").script(section.name, args)
      if what then usage("%s", what) end
    end
    section.loaded = tasks.load(host, section.name)
    reader.read(section.words, config, section, section.loaded, args)
    local _, what = script.options(section.loaded, section.given)
    if what then usage("%s: %s", section.name, what) end
  end
  complete(config, defaults, sections)
  return config, host
end

local function main(args)
  local config, host = configure(args)
  if not config.task then return host:run() end
  tasks[config.task](host, config.subject)
  return 0
end

-- A traceback is for errors of our own.
local function handler(message)
  return type(message) == "table" and message or { failure = debug.traceback(tostring(message), 2) }
end

--- Runs a command line.
---@param args string[] the words
---@return integer code of the process: 0 fine, 1 failed, 2 wrong usage, or what a script chose
function cli.main(args)
  local ok, result = xpcall(main, handler, args)
  if package.loaded["tcpstats.host"] then require("tcpstats.host").close() end
  if ok then return result end
  require("tcpstats.host.report").say(result.usage or result.failure)
  return result.usage and 2 or 1
end

return cli
