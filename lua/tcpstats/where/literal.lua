--- A constant beside a field: what is compared with a field must be a value that the field can have, however it is spelled.
local core = require "tcpstats.core"
local fail = require("tcpstats.where.parse").fail

local literal = {}

--- The bits of a number beside an unsigned field. One above 2^63, as people copy it from JSON, is beyond Lua's integers.
---@param node table a constant
---@return integer? bits nil if it does not fit 64 bits
function literal.bits(node)
  if math.type(node.value) == "integer" then return node.value end
  local digits = node.literal
  if not digits or not digits:find "^%d+$" or #digits > 20 or #digits == 20 and digits > "18446744073709551615" then return nil end
  local bits = 0
  for digit in digits:gmatch "%d" do bits = bits * 10 + math.tointeger(digit) end
  return bits
end

-- What ss and other tools write for words of ours.
local synonyms = {
  ESTAB = "ESTABLISHED", LISTENING = "LISTEN", SYN_RECV = "SYN_RECEIVED", SYN_RCVD = "SYN_RECEIVED", TIMEWAIT = "TIME_WAIT", CLOSEWAIT = "CLOSE_WAIT",
  UNCONN = "CLOSED", CLOSE = "CLOSED", FINWAIT1 = "FIN_WAIT_1", FINWAIT2 = "FIN_WAIT_2", FIN_WAIT1 = "FIN_WAIT_1", FIN_WAIT2 = "FIN_WAIT_2",
}

--- The word of a list that another word means: in whatever case, with dashes, or as ss has it.
---@param word string
---@param words (string|integer)[]
---@return string|integer|nil
function literal.meant(word, words)
  local upper = tostring(word):upper():gsub("-", "_")
  upper = synonyms[upper] or upper
  for _, right in ipairs(words) do
    if tostring(right):upper() == upper then return right end
  end
end

local function check_word(name, field, node)
  local texts = {}
  for i, word in ipairs(field.words) do
    if word == node.value then return end
    texts[i] = tostring(word)
  end
  local meant = literal.meant(node.value, field.words)
  if math.type(meant) then fail(node.at, "%s is a number: write %s without quotes", name, meant) end
  if math.type(node.value) and field.type == "text" then return end -- reported as text against number
  meant = meant or core.nearest(tostring(node.value), texts)
  fail(node.at, "%s is never %q%s", name, node.value, meant and (", did you mean %q?"):format(meant) or "; it is one of " .. table.concat(texts, ", "))
end

local function check_number(name, node)
  if type(node.value) == "string" and tonumber(node.value) then fail(node.at, "%s is a number: write %s without quotes", name, node.value) end
end

--- Checks a constant that is compared with a field. Raises {at=, what=}.
---@param name string of the field
---@param field table as in a scope
---@param node table the constant
function literal.check(name, field, node)
  if field.words then check_word(name, field, node) end
  if field.type == "integer" or field.type == "unsigned" then check_number(name, node) end
end

--- The texts that an address field has for an address, however it is spelled: an IPv4 address stands there alone or mapped into IPv6.
---@param name string of the field, for messages
---@param node table the constant
---@return string[] texts raises {at=, what=} if it is not an address
function literal.addresses(name, node)
  if node.value:find("/", 1, true) and core.network(node.value) then fail(node.at, "this is a network: cidr(%s, %q)", name, node.value) end
  local address, what = core.address(node.value)
  if not address then fail(node.at, "'%s' %s", node.value, what) end
  return { address, not address:find(":", 1, true) and "::ffff:" .. address or nil }
end

--- An address as it is compared with another: a mapped IPv4 address is the IPv4 address.
---@param text string of a field
---@return string
function literal.unmapped(text) return text:match "^::ffff:(%d+%.%d+%.%d+%.%d+)$" or text end

return literal
