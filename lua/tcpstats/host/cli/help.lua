--- The texts of --help and --info, made from declared options.
local groups = require "tcpstats.host.cli.options"
local parser = require "tcpstats.host.cli.parser"

local help = {}

local WIDTH <const>, LABEL <const> = 100, 28 -- columns of a line, and of what an option is called

--- Text in lines of at most 100 columns.
---@param text string
---@param first? string what stands before it in the first line
---@param indent? integer spaces before the other lines
---@return string lines each with its end
function help.wrap(text, first, indent)
  local lines, line, begun = {}, first or "", false
  for word in text:gmatch "%S+" do
    if begun and #line + 1 + #word > WIDTH then
      lines[#lines + 1], line, begun = line, (" "):rep(indent or 0), false
    end
    line = (begun or line:find "%S$") and line .. " " .. word or line .. word
    begun = true
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n") .. "\n"
end

--- A row of a list: "  label       text".
---@param label string
---@param text string
---@param width? integer columns of the label (28)
---@return string
function help.row(label, text, width)
  width = width or LABEL
  if #label < width then return help.wrap(text, ("  %-" .. width .. "s "):format(label), width + 3) end
  return "  " .. label .. "\n" .. help.wrap(text, (" "):rep(width + 3), width + 3)
end

--- What an option of the host is called in help: "-i, --interval SECS".
---@param option table of tcpstats.host.cli.options
---@return string
function help.label(option)
  local value = option.value and (option.bare and "[=%s]" or " %s"):format(option.value) or ""
  return (option.short and option.short .. ", " or "    ") .. option.long .. value
end

--- What --help and the manual page say of an option.
---@param option table of tcpstats.host.cli.options
---@return string
function help.of(option) return option.default and ("%s (%s)"):format(option.help, option.default) or option.help end

--- The text of --help.
---@return string
function help.host()
  local parts = {
    "Usage: tcpstats-lua [options] [SCRIPT [script options]] [-x SCRIPT [script options]]...\n\n",
    help.wrap("Shows the TCP sockets of this system, or of a recording, to scripts. SCRIPT is a name (see --list; json when none is given) or the path "
      .. "of a Lua file. Its own options follow its name; -f, -w, -o, --format and --pretty after the name apply to that script only."),
  }
  for _, group in ipairs(groups) do
    parts[#parts + 1] = ("\n%s:\n"):format(group.title)
    for _, option in ipairs(group) do parts[#parts + 1] = help.row(help.label(option), help.of(option)) end
  end
  parts[#parts + 1] = "\n" .. help.wrap("Exit status: 0 fine, 1 failed at run time, 2 wrong usage. SIGINT and SIGTERM end the run with 0; SIGHUP reloads "
    .. "scripts and reopens files.")
  return table.concat(parts)
end

local function describe(own)
  local option = own.option
  if own.value == false then return "the opposite" end
  local text = option.help or ""
  if option.choices then text = ("%s: %s"):format(text, table.concat(option.choices, ", ")) end
  if option.many and not text:find("may repeat", 1, true) then text = text .. "; may repeat" end
  if own.value == nil and option.default ~= nil and type(option.default) ~= "table" and option.default ~= "" then
    text = ("%s (%s)"):format(text, option.default)
  end
  return text
end

--- The text of --info.
---@param t tcpstats.Script
---@param name string what it goes by
---@param written string how it was named on the command line
---@return string
function help.script(t, name, written)
  local flags = parser.flags(t)
  local parts = {
    ("%s%s\n\n"):format(name, t.help and " - " .. t.help or ""),
    ("Usage: tcpstats-lua [options] %s%s\n"):format(written, #flags > 0 and " [script options]" or ""),
  }
  if #flags > 0 then parts[#parts + 1] = "\nScript options:\n" end
  for _, own in ipairs(flags) do parts[#parts + 1] = help.row(own.flag .. (own.argument and " " .. own.argument or ""), describe(own)) end
  if t.filter then parts[#parts + 1] = ("\nSees only: %s\n"):format(t.filter) end
  return table.concat(parts)
end

return help
