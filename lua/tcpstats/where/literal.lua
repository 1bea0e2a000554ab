--- A constant beside a field: what is compared with a field must be a value that the field can have.
local core = require "tcpstats.core"
local fail = require("tcpstats.where.parse").fail

local literal = {}

-- A 64-bit number as people copy it from JSON is beyond Lua's integers: it means the same bits.
local function wrapped(digits)
  if not digits or not digits:find "^%d+$" or #digits > 20 or #digits == 20 and digits > "18446744073709551615" then return nil end
  local bits = 0
  for digit in digits:gmatch "%d" do bits = bits * 10 + math.tointeger(digit) end
  return bits
end

local function check_word(name, field, node)
  local words = {}
  for i, word in ipairs(field.words) do
    if word == node.value then return end
    words[i] = tostring(word)
  end
  if math.type(node.value) and field.type == "text" then return end -- reported as text against number
  local near = core.nearest(tostring(node.value), words)
  fail(node.at, "%s is never %q%s", name, node.value, near and (", did you mean %q?"):format(near)
    or "; it is one of " .. table.concat(words, ", "))
end

--- Checks the constant in `node`, and gives a number of 64 bits its value. Raises {at=, what=}.
-- @param name of the field
-- @param field as in a scope
-- @param node the constant
function literal.check(name, field, node)
  if field.type == "integer" and math.type(node.value) == "float" then node.value = wrapped(node.literal) or node.value end
  if field.words then check_word(name, field, node) end
end

return literal
