--- What the command line can ask for instead of a run. Each prints its answer; what fails raises, see tcpstats.host.cli.
local help = require "tcpstats.host.cli.help"
local script = require "tcpstats.host.script"

local NAME <const> = 12 -- columns of a name in a list

local tasks = {}

local function out(text) io.stdout:write(text) end

local function row(name, text) out(help.row(name, text, NAME)) end

--- Loads a script within the host's limits, or raises.
---@return table script
---@return string name
function tasks.load(host, name)
  local t, what, code = host:load(name)
  if t then return t, what end
  error({ usage = code == "EUSAGE" and what or nil, failure = what }, 0)
end

function tasks.help() out(help.host()) end

function tasks.version() out(("tcpstats-lua %s (%s)\n"):format(require("tcpstats.core").version, _VERSION)) end

function tasks.list(host)
  out "Scripts (tcpstats-lua SCRIPT; --info SCRIPT prints its options; a script of your own by its path, ./my.lua):\n"
  for _, name in ipairs(script.builtin) do
    local t, what = host:load(name)
    row(name, t and t.help or what)
  end
  out "\nSources (-s NAME, or -s NAME:FILE for the kernel's answers from a file):\n"
  for _, source in ipairs(require("tcpstats.core").sources()) do row(source.name, source.help .. (source.live and "; this system" or "")) end
  row("protobuf", "a recorded stream of the script protobuf, - for standard input")
  out "\nOutputs (-o URL):\n"
  for _, scheme in ipairs(require("tcpstats.output").schemes) do row(scheme .. ":", require("tcpstats.output." .. scheme).help) end
end

function tasks.info(host, subject)
  local t, name = tasks.load(host, subject)
  out(help.script(t, name, subject))
end

function tasks.check(host, subject)
  tasks.load(host, subject)
  out(("%s: ok\n"):format(subject))
end

return tasks
