--- What to say of a word that does not belong where it stands. Loaded when something is wrong.
local parser = require "tcpstats.host.cli.parser"
local script = require "tcpstats.host.script"

local hints = {}

-- What people who know ss or netstat write, and what it is here.
local LETTERS <const> = {
  t = "all sockets here are TCP", a = "all states are shown", n = "addresses and ports are always numbers", l = "listeners are -f include_state=listen",
  e = "the script json prints every field", m = "the script json prints every field", u = "sockets here are TCP only", H = "use table --no-header",
  O = "every socket is one line anyway", r = "names are never resolved",
}
local IP_VERSIONS <const> = { ["-4"] = "ipv4_only", ["-6"] = "ipv6_only" }
local SS_WORDS <const> = {
  state = "include_state=established", exclude = "exclude=listen", dst = "remote_addr=10.0.0.0/8", src = "local_addr=10.0.0.1",
  sport = "local_port=22", dport = "remote_port=443",
}

-- Words that follow the value of a -f or -w which was not quoted: the whole as it should be written, or nil.
local function quoted(word, args)
  for i = 1, #args - 2 do
    local flag = args[i]
    if (flag == "-w" or flag == "--where" or flag == "-f" or flag == "--filter") and args[i + 2] == word then
      local parts = {}
      for j = i + 1, #args do
        if args[j]:find "^%-%a" or args[j]:find "^%-%-" or j > i + 2 and (script.is_builtin(args[j]) or script.is_path(args[j])) then break end
        parts[#parts + 1] = args[j]
      end
      return ("%s '%s'"):format(flag, table.concat(parts, " "))
    end
  end
end

-- What a word can have been meant as, or nil.
local function meant(word, args)
  local whole = quoted(word, args)
  if whole then return ("quote what has several words: %s"):format(whole) end
  if IP_VERSIONS[word] then return ("it is -f %s here"):format(IP_VERSIONS[word]) end
  if SS_WORDS[word] then return ("which sockets are shown is said with -f, as in -f %s"):format(SS_WORDS[word]) end
  local filter = require("tcpstats.core").filter
  for _, group in ipairs(require "tcpstats.host.cli.options") do
    for _, option in ipairs(group) do
      if option.long == "--" .. word then return "it is an option here, " .. option.long end
    end
  end
  local port = word:match "^:?(%d+)$"
  if port then return ("a port is given with -f, as in -f remote_port=%s"):format(port) end
  if filter("remote_addr=" .. word) then return ("an address is given with -f, as in -f remote_addr=%s"):format(word) end
  if word:find "[=<>]" and filter(word) then return ("a filter is given with -f: -f '%s'"):format(word) end
  if filter("include_state=" .. word) then return ("a state is given with -f: -f include_state=%s"):format(word) end
end

--- Of a script's name that is neither a built-in nor a path.
---@param name string
---@param args string[] the whole command line
---@return string? text nil when there is nothing better to say than that it is unknown
function hints.script(name, args)
  local what = meant(name, args)
  return what and ("'%s' is not a script: %s"):format(name, what)
end

--- Of a word among a script's options that is not the value of one.
---@param word string
---@param args string[] the whole command line
---@return string text
function hints.word(word, args)
  local what = meant(word, args)
  return ("unexpected word '%s'; %s"):format(word, what or ("another script is named with -x %s"):format(word))
end

local function list_of(names)
  if #names < 2 then return "the script " .. (names[1] or "") end
  return ("the scripts %s and %s"):format(table.concat(names, ", ", 1, #names - 1), names[#names])
end

-- The built-in scripts that have an option; those that the command line names, if any of them does.
local function owners_of(flag, args)
  local all, named = {}, {}
  for _, name in ipairs(script.builtin) do
    local t = script.load(name)
    for _, own in ipairs(parser.flags(t)) do
      if own.flag == flag then
        all[#all + 1] = name
        for _, word in ipairs(args) do
          if word == name then named[#named + 1] = name end
        end
      end
    end
  end
  return #named > 0 and named or all
end

--- Of an unknown option.
---@param flag string
---@param args string[] the whole command line
---@param name? string the script after which it stands
---@return string? text nil when there is nothing better to say than that it is unknown
function hints.option(flag, args, name)
  local letter = flag:match "^%-(%a)$"
  if letter and LETTERS[letter] then return ("unknown option '%s': %s (ss -tanp is tcpstats-lua -c 1 -p table)"):format(flag, LETTERS[letter]) end
  local plain = flag:gsub("=.*$", "")
  local owners = owners_of(plain, args)
  if #owners > 0 then
    return ("'%s' is an option of %s: write it after that name, as in tcpstats-lua %s %s"):format(plain, list_of(owners), owners[1], plain)
  end
  for _, word in ipairs(name and {} or args) do
    if script.is_path(word) and not word:find "^%-" and not word:find ":" then
      return ("unknown option '%s'; options of %s are written after its name"):format(plain, word)
    end
  end
end

return hints
