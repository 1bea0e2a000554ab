--- What the command line names, as it describes itself: options, built-in scripts, sources, outputs.
local catalogue = {}

local function sorted(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function cell(text) return (text:gsub("|", "\\|")) end

local function options_of(script, out)
  local names = sorted(script.options or {})
  if #names == 0 then return end
  out[#out + 1] = "\n| option | | |\n|---|---|---|"
  for _, name in ipairs(names) do
    local option = script.options[name]
    local default = option.default
    local rest = not default or default == "" or type(default) == "table" or #tostring(default) > 40
    rest = rest and "" or ("`%s`"):format(default)
    if option.choices then rest = "`" .. table.concat(option.choices, "` `") .. "`" .. (rest ~= "" and "; without it " .. rest or "") end
    local flag = name:gsub("_", "-")
    if option.type == "boolean" and default == true then flag = "[no-]" .. flag end
    out[#out + 1] = ("| `--%s` | %s | %s |"):format(flag, cell(option.help or ""), cell(rest))
  end
end

local function scripts(out)
  local script = require "tcpstats.host.script"
  out[#out + 1] = "\n### Built-in scripts\n\n`tcpstats-lua --info NAME` prints the same."
  for _, name in ipairs(script.builtin) do
    local t = assert(script.load(name))
    out[#out + 1] = ("\n**`%s`** %s"):format(name, t.help)
    options_of(t, out)
  end
end

local function sources(out)
  out[#out + 1] = "\n### Sources\n\n`-s auto` reads from the running kernel. `-s NAME:FILE[,KEY=VALUE...]` reads the same raw bytes from a file, on any system.\n"
  out[#out + 1] = "| source | key | |\n|---|---|---|"
  for _, source in ipairs(require("tcpstats.core").sources()) do
    out[#out + 1] = ("| `%s` | | %s |"):format(source.name, cell(source.help))
    for _, key in ipairs(source.keys) do out[#out + 1] = ("| | `%s` | %s |"):format(key.key, cell(key.help)) end
  end
end

local function outputs(out)
  out[#out + 1] = "\n### Outputs\n\nOutputs are named by `-o` and `ctx:output`. `-` is standard output; a path without a scheme is `file:PATH`. Keys follow a `?`:\n"
    .. "`file:x.csv?rotate=100M&keep=5`."
  for _, scheme in ipairs(require("tcpstats.output").schemes) do
    local kind = require("tcpstats.output." .. scheme)
    out[#out + 1] = ("\n**`%s`** %s"):format(scheme, kind.about)
    local keys = kind.keys
    if next(keys) then out[#out + 1] = "\n| key | |\n|---|---|" end
    for _, key in ipairs(sorted(keys)) do out[#out + 1] = ("| `%s` | %s |"):format(key, cell(keys[key])) end
  end
end

local function command_line(out)
  local pipe <close> = assert(io.popen((os.getenv "TCPSTATS_BIN" or "build/tcpstats-lua") .. " --help"))
  out[#out + 1] = "\n### Command line\n\n```\n" .. pipe:read "a" .. "```"
end

--- The text.
function catalogue.text()
  local out = {}
  command_line(out)
  scripts(out)
  sources(out)
  outputs(out)
  return table.concat(out, "\n")
end

return catalogue
