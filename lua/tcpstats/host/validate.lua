--- Whether a value is a script: it keeps the contract (tcpstats.host.contract). And whether words are values of its options.
local contract = require "tcpstats.host.contract"

local validate = {}

local KEYS <const> = contract.by_name(contract.script)
local OPTION_KEYS <const> = contract.by_name(contract.option)
local TIMER_KEYS <const> = contract.by_name(contract.timer)
local OPTION_TYPES <const> = { boolean = true, integer = true, number = true, string = true }
local SHORTEST_TIMER <const>, LONGEST_TIMER <const> = 0.01, 366 * 86400

--- How deep a script's table is looked at: the script, its options, one of them, that one's default.
validate.DEPTH = 4

local function a(what) return (what:find "^[aeiou]" and "an " or "a ") .. what end

local function unknown(key, known, what)
  local suggest = require "tcpstats.suggest"
  return ("unknown %s%s"):format(what, suggest.hint(tostring(key), suggest.keys(known), what .. "s"))
end

-- What was expected of an entry's value, or nil when it is right.
local function wrong_type(entry, value)
  local wanted = contract.type_of(entry)
  if wanted ~= "any" and type(value) ~= wanted then return ("expected %s, got %s"):format(a(wanted), a(type(value))) end
end

--- Whether a value is right for a declared option.
---@param option tcpstats.ScriptOption its declaration
---@param value any of Lua's type
---@return string? expected nil when the value is right
function validate.expected(option, value)
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
    local wanted = validate.expected(option, default)
    return wanted and ("default: expected %s, got %s"):format(wanted, type(default) == "string" and '"' .. default .. '"' or tostring(default))
  end
  if type(default) ~= "table" then return "default: expected a list, got " .. a(type(default)) end
  for _, value in ipairs(default) do
    local wanted = validate.expected(option, value)
    if wanted then return ("default: expected %s, got %s"):format(wanted, tostring(value)) end
  end
end

-- A script's table is read when no limit of time holds, so no metamethod may run then.
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

local function check_option(name, option)
  if type(name) ~= "string" or not name:find "^%l[%l%d_]*$" then return "a name consists of small letters, digits and _" end
  if type(option) ~= "table" then return ('expected a table like { type = "number", default = 1 }, got %s'):format(a(type(option))) end
  for key, value in pairs(option) do
    local entry = OPTION_KEYS[key]
    if not entry then return ("%s: %s"):format(key, unknown(key, OPTION_KEYS, "key")) end
    local wrong = wrong_type(entry, value)
    if wrong then return ("%s: %s"):format(key, wrong) end
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
      if not TIMER_KEYS[key] then return ("timers[%d]: %s: %s"):format(i, key, unknown(key, TIMER_KEYS, "key")) end
    end
    if type(timer.every) ~= "number" or not (timer.every >= SHORTEST_TIMER and timer.every <= LONGEST_TIMER) then
      return ("timers[%d]: every: expected seconds, at least %g, got %s"):format(i, SHORTEST_TIMER, tostring(timer.every))
    end
    if type(timer.run) ~= "function" then return ("timers[%d]: run: expected a function, got %s"):format(i, a(type(timer.run))) end
  end
end

--- Checks what a script's file returned.
---@param t any
---@return string? wrong nil when it keeps the contract, else the key and what was expected
function validate.script(t)
  if type(t) ~= "table" then return ("a script returns a table, this one %s"):format(t == nil and "returns nothing" or "returned " .. a(type(t))) end
  local metatable = check_plain(t, "", validate.DEPTH)
  if metatable then return metatable end
  for key, value in next, t do
    local entry = KEYS[key]
    if not entry then
      local hook = type(key) == "string" and key:find "^on_"
      return ("%s: %s"):format(tostring(key), unknown(key, KEYS, hook and "hook" or "key"))
    end
    local wrong = wrong_type(entry, value)
    if wrong then return ("%s: %s"):format(key, wrong) end
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
---@param option tcpstats.ScriptOption
---@param word string
---@return any value nil when the word is wrong
---@return string? expected
function validate.value(option, word)
  local value = word
  if option.type == "number" then value = tonumber(word) end
  if option.type == "integer" then value = math.tointeger(tonumber(word)) end
  local wanted = value == nil and a(option.type) or validate.expected(option, value)
  if wanted then return nil, wanted end
  return value
end

return validate
