--- Reads the words of a command line: whose they are, and what they set.
local groups = require "tcpstats.host.cli.options"
local parser = require "tcpstats.host.cli.parser"
local usage = require "tcpstats.host.cli.usage"

local reader = {}

local by_flag = {}
for _, group in ipairs(groups) do
  for _, option in ipairs(group) do
    by_flag[option.long] = option
    if option.short then by_flag[option.short] = option end
  end
end

local function is_number(word) return word:find "^%-%.?%d" ~= nil end

-- Whether a word is an option and not a value: "-" is standard input or output, -5 a number.
local function is_flag(word) return word:find "^%-." ~= nil and not is_number(word) end

-- Whether the word after this one is its value, as in `-c 1`, `-vc 1` and `--count 1`, but not in `-c1`, `--count=1`.
local function wants_value(word)
  if word:find "^%-%-" then return by_flag[word] and by_flag[word].value and not by_flag[word].bare end
  for i = 2, #word do
    local option = by_flag["-" .. word:sub(i, i)]
    if option and option.value then return i == #word end
  end
  return false
end

--- Splits the command line into the words before any script's name and those of each script.
---@param args string[]
---@return string[] head
---@return { name: string, words: string[] }[] sections
function reader.split(args)
  local head, sections, i = {}, {}, 1
  local words = head
  local function begin(name)
    if not name or is_flag(name) then usage("-x expects a script's name or path") end
    words = {}
    sections[#sections + 1] = { name = name, words = words }
  end
  while args[i] do
    local word = args[i]
    local attached = word:match "^%-x(.+)$" or word:match "^%-%-script=(.*)$"
    if attached or word == "-x" or word == "--script" then
      i = attached and i or i + 1
      begin(attached or args[i])
    elseif words == head and not is_flag(word) then
      begin(word)
    else
      words[#words + 1] = word
      if words == head and wants_value(word) and args[i + 1] and not is_flag(args[i + 1]) then
        i = i + 1
        words[#words + 1] = args[i]
      end
    end
    i = i + 1
  end
  return head, sections
end

--- The configuration of a command line without words.
---@return table config
function reader.defaults()
  local config = { schedules = {} }
  for _, group in ipairs(groups) do
    for _, option in ipairs(group) do
      if option.default then option.set(config, {}, option.default) end
    end
  end
  return config
end

-- What argparse would take for options: a negative number is joined with the option before it, and a value that may be left out is put in.
local function prepared(words)
  local list = {}
  for _, word in ipairs(words) do
    local previous, option = list[#list], by_flag[word]
    if word:find "^%-%a%a" and by_flag["-" .. word] then usage("unknown option '%s', did you mean '-%s'?", word, word) end
    if is_number(word) and previous and is_flag(previous) then
      list[#list] = previous .. (previous:find "^%-%-" and "=" or "") .. word
    else
      list[#list + 1] = option and option.bare and ("%s=%s"):format(word, option.bare) or word
    end
  end
  return list
end

-- argparse's messages on one line. Where it would name every option of one letter, it names none.
local function one_line(message)
  return (message:gsub("\nDid you mean one of these: .*", ""):gsub("\nDid you mean ", ", did you mean "):gsub("\n", " "))
end

--- Reads words: a script's own options are appended to `section.given`, the host's change `config` or `section`. Wrong ones raise.
---@param words string[]
---@param config table
---@param section table
---@param t? tcpstats.Script the script whose words they are
---@param args string[] the whole command line, for messages
function reader.read(words, config, section, t, args)
  if #words == 0 then return end
  local prefix = section.name and section.name .. ": " or ""
  local p = parser.new(t, function(own, option, word)
    if own then
      if own.value ~= nil then word = own.value end
      section.given[#section.given + 1] = { own.name, word }
    else
      local what = option.set(config, section, word)
      if what then usage("%s: %s", option.long, what) end
    end
  end)
  p:argument("extra"):args("*"):action(function(_, _, rest)
    if rest[1] then usage("%s", require("tcpstats.host.cli.hints").word(rest[1], args)) end
  end)
  function p.error(_, message)
    local flag = message:match "^unknown option '(.-)'"
    local hint = flag and require("tcpstats.host.cli.hints").option(flag, args, section.name)
    usage("%s%s", prefix, hint or one_line(message))
  end
  p:parse(prepared(words))
end

return reader
