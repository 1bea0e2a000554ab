--- An argparse parser out of declared options: the host's (tcpstats.host.cli.options) and a script's own.
local argparse = require "argparse"
local groups = require "tcpstats.host.cli.options"
local script = require "tcpstats.host.script"

local parser = {}

--- The flags of a script's options, in order: `name` is the option's, `value` that of a flag, `argument` what the value of another is called.
---@param t? tcpstats.Script
---@return { flag: string, name: string, value?: boolean, argument?: string, option: tcpstats.ScriptOption }[] flags
function parser.flags(t)
  local flags = {}
  for name, option in pairs(t and t.options or {}) do
    local flag = script.flag(name)
    if option.type == "boolean" then
      flags[#flags + 1] = { flag = flag, name = name, value = true, option = option }
      if option.default then flags[#flags + 1] = { flag = "--no-" .. flag:sub(3), name = name, value = false, option = option } end
    else
      flags[#flags + 1] = { flag = flag, name = name, argument = (option.many and name:gsub("s$", "") or option.type):upper(), option = option }
    end
  end
  table.sort(flags, function(a, b) return a.flag < b.flag end)
  return flags
end

local function add(to, names, argument, action)
  local element = argument and to:option(names) or to:flag(names)
  element:count("*"):action(function(_, _, word) action(word) end)
end

--- A new parser.
---@param t? tcpstats.Script whose options are read too; they take the place of the host's of the same name
---@param take fun(own: table?, option: table?, word: string?) is called for each option that is given, in order: a script's or one of the host's
---@return table parser of argparse
function parser.new(t, take)
  local to, taken = argparse("tcpstats-lua"):add_help(false), {}
  for _, own in ipairs(parser.flags(t)) do
    taken[own.flag] = true
    add(to, own.flag, own.argument, function(word) take(own, nil, word) end)
  end
  for _, group in ipairs(groups) do
    for _, option in ipairs(group) do
      local names = (option.short or "") .. " " .. (taken[option.long] and "" or option.long)
      if names ~= " " then add(to, names, option.value, function(word) take(nil, option, word) end) end
    end
  end
  return to
end

return parser
