--- The text of a where expression to a tree: Lua's own expressions, without functions and tables.
--
-- A node is a table with `kind`, and `at` and `stop`, the bytes where it begins and ends:
--   {kind="constant", value=}  {kind="nothing"} (nil)  {kind="name", name=}  {kind="not"|"and"|"or", ...}
--   {kind="unary"|"binary"|"compare", operator=, ...}  {kind="call", name=, ...}  {kind="method", name=, ...}
-- with its operands in the list part; the first one of a method is what it is called on.
local parse = {}

local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch "%a+" do
  keywords[word] = true
end

-- What other languages write, and what it is in Lua.
local foreign = { ["!="] = "~=", ["&&"] = "and", ["||"] = "or", ["!"] = "not", ["="] = "==", ["<>"] = "~=", ["=="] = nil }

local operators = { "//", "==", "~=", "<=", ">=", "<<", ">>", "..", "!=", "&&", "||", "<>" }

local function fail(at, text, ...) error({ at = at, what = text:format(...) }, 0) end

-- Escapes of a quoted string are those of Lua; a quote within always follows a backslash.
local function read_string(text, at)
  local quote, stop = text:sub(at, at), at + 1
  while true do
    local c = text:sub(stop, stop)
    if c == "" or c == "\n" then fail(at, "the text that begins here has no end") end
    if c == quote then break end
    stop = stop + (c == "\\" and 2 or 1)
  end
  local value = load("return " .. text:sub(at, stop), "=string", "t", {})
  if not value then fail(at, "the text that begins here has a wrong escape") end
  return value(), stop + 1
end

local function read_number(text, at)
  local word = text:match("^0[xX][%x.]*[pP][+-]?%w*", at) or text:match("^0[xX][%w.]*", at) or text:match("^[%d.]+[eE][+-]?%w*", at)
    or text:match("^[%w.]+", at)
  local value = math.tointeger(word) or tonumber(word)
  if not value then fail(at, "'%s' is not a number", word) end
  return value, at + #word, word
end

-- The next token from `at` on: {kind="name"|"keyword"|"constant"|"operator"|"end", text=, value=, at=}, and where it ends.
local function next_token(text, at)
  at = text:find("%S", at) or #text + 1
  local c = text:sub(at, at)
  if c == "" then return { kind = "end", text = "the end", at = at }, at end
  local word = text:match("^[%a_][%w_]*", at)
  if word then return { kind = keywords[word] and "keyword" or "name", text = word, at = at }, at + #word end
  if c == '"' or c == "'" then
    local value, stop = read_string(text, at)
    return { kind = "constant", value = value, text = text:sub(at, stop - 1), at = at }, stop
  end
  if text:match("^%.?%d", at) then
    local value, stop, literal = read_number(text, at)
    return { kind = "constant", value = value, literal = literal, text = literal, at = at }, stop
  end
  for _, operator in ipairs(operators) do
    if text:sub(at, at + #operator - 1) == operator then return { kind = "operator", text = operator, at = at }, at + #operator end
  end
  return { kind = "operator", text = c, at = at }, at + 1
end

-- Binding powers, left and right, as in the manual of Lua 5.4 (3.4.8).
local binary = {
  ["or"] = { 1, 1 }, ["and"] = { 2, 2 },
  ["<"] = { 3, 3 }, [">"] = { 3, 3 }, ["<="] = { 3, 3 }, [">="] = { 3, 3 }, ["~="] = { 3, 3 }, ["=="] = { 3, 3 },
  ["|"] = { 4, 4 }, ["~"] = { 5, 5 }, ["&"] = { 6, 6 }, ["<<"] = { 7, 7 }, [">>"] = { 7, 7 },
  [".."] = { 9, 8 }, ["+"] = { 10, 10 }, ["-"] = { 10, 10 }, ["*"] = { 11, 11 }, ["/"] = { 11, 11 }, ["//"] = { 11, 11 }, ["%"] = { 11, 11 },
  ["^"] = { 14, 13 },
}
local UNARY = 12
local comparisons = { ["<"] = true, [">"] = true, ["<="] = true, [">="] = true, ["~="] = true, ["=="] = true }
local DEPTH = 100 -- nesting that nobody writes by hand; the parser and Lua's own compiler recurse

local Parser = {}
Parser.__index = Parser

function Parser:advance()
  self.stop = self.position - 1 -- the last byte of what was read
  self.token, self.position = next_token(self.text, self.position)
end

function Parser:is(text) return self.token.text == text and (self.token.kind == "operator" or self.token.kind == "keyword") end

function Parser:expect(text, what)
  if not self:is(text) then fail(self.token.at, "'%s' is missing %s, where %s stands", text, what, self.token.text) end
  self:advance()
end

function Parser:arguments(into, what)
  self:expect("(", "after " .. what)
  if not self:is ")" then
    repeat
      into[#into + 1] = self:expression(0)
      local more = self:is ","
      if more then self:advance() end
    until not more
  end
  self:expect(")", "after the arguments of " .. what)
  return into
end

function Parser:primary()
  local token = self.token
  if token.kind == "constant" then
    self:advance()
    return { kind = "constant", value = token.value, literal = token.literal, at = token.at }
  elseif self:is "true" or self:is "false" then
    self:advance()
    return { kind = "constant", value = token.text == "true", at = token.at }
  elseif self:is "nil" then
    self:advance()
    return { kind = "nothing", at = token.at }
  elseif self:is "(" then
    self:advance()
    local inner = self:expression(0)
    self:expect(")", ("for the '(' in column %d"):format(token.at))
    inner.at = token.at
    return inner
  elseif token.kind == "name" then
    self:advance()
    local name = token.text
    if self:is "." then
      self:advance()
      if self.token.kind ~= "name" then fail(self.token.at, "a name is expected after '%s.'", name) end
      name = name .. "." .. self.token.text
      self:advance()
    end
    if self:is "(" then return self:arguments({ kind = "call", name = name, at = token.at }, name) end
    return { kind = "name", name = name, at = token.at }
  end
  if foreign[token.text] == "not" then fail(token.at, "'!' is 'not' in Lua") end
  fail(token.at, "a field, a number or a text is expected, not %s", token.text)
end

function Parser:suffixed()
  local node = self:primary()
  while self:is ":" do
    self:advance()
    local name = self.token
    if name.kind ~= "name" then fail(name.at, "the name of a method is expected after ':'") end
    self:advance()
    node = self:arguments({ kind = "method", name = name.text, at = node.at, node }, name.text)
  end
  return node
end

function Parser:operand()
  local token = self.token
  if not (self:is "not" or self:is "-" or self:is "#" or self:is "~") then return self:suffixed() end
  self:advance()
  local inner = self:expression(UNARY)
  if token.text == "not" then return { kind = "not", at = token.at, inner } end
  return { kind = "unary", operator = token.text, at = token.at, inner }
end

function Parser:expression(limit)
  self.depth = self.depth + 1
  if self.depth > DEPTH then fail(self.token.at, "nested too deeply") end
  local left = self:operand()
  left.stop = self.stop
  while true do
    local operator = self.token.text
    local power = (self.token.kind == "operator" or self.token.kind == "keyword") and binary[operator]
    if not power or power[1] <= limit then break end
    self:advance()
    local right = self:expression(power[2])
    local kind = comparisons[operator] and "compare" or (operator == "and" or operator == "or") and operator or "binary"
    left = { kind = kind, operator = operator, at = left.at, left, right }
    left.stop = self.stop
  end
  self.depth = self.depth - 1
  return left
end

--- Parses an expression.
---@param text string
---@param stops? table<string, true> keywords at which the expression may end before the text does
---@return table tree raises {at=, what=} if the text is not an expression
---@return integer? at the byte where such a keyword begins
function parse.expression(text, stops)
  local parser = setmetatable({ text = text, position = 1, depth = 0 }, Parser)
  parser:advance()
  local tree = parser:expression(0)
  local token = parser.token
  if token.kind == "end" then return tree, nil end
  if token.kind == "keyword" and stops and stops[token.text] then return tree, token.at end
  if foreign[token.text] and token.kind == "operator" then fail(token.at, "'%s' is '%s' in Lua", token.text, foreign[token.text]) end
  fail(token.at, "an operator or the end is expected, not %s", token.text)
end

--- Comparisons that order, and what they are with their sides exchanged.
parse.flipped = { ["<"] = ">", [">"] = "<", ["<="] = ">=", [">="] = "<=" }

parse.fail = fail
return parse
