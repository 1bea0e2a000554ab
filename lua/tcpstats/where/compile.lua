--- The compiler: a tree of tcpstats.where.parse to an expression.
--
-- Each kind of node has a method of that name, which gives the node's piece (tcpstats.where.piece). Names, types and the words of enums are
-- checked on the way.
local calls = require "tcpstats.where.calls"
local comparison = require "tcpstats.where.comparison"
local core = require "tcpstats.core"
local expression = require "tcpstats.where.expression"
local functions = require "tcpstats.where.functions"
local parse = require "tcpstats.where.parse"
local piece = require "tcpstats.where.piece"
local unsigned = require "tcpstats.where.unsigned"

local fail = parse.fail
local class, described_at, joined, value = piece.class, piece.described_at, piece.joined, piece.value

local Compiler = {}
Compiler.__index = Compiler

function Compiler:node(node) return self[node.kind](self, node) end

-- ## What the code needs

-- A local with the piece's value.
local function in_local(self, p)
  local name = ("value_%d"):format(#self.prelude + 1)
  self.prelude[#self.prelude + 1] = ("local %s = %s"):format(name, value(p))
  return name, { name .. " ~= nil" }
end

-- The name of a local that holds the piece's value, so that the code may use it more than once.
function Compiler:named(p)
  if p.bare then return p.code, p.guards end
  return in_local(self, p)
end

-- Code that is not nil where the guards hold: what may be nil is put into a local first.
function Compiler:strict(p)
  if p.maybe then return in_local(self, p) end
  return p.code, p.guards
end

-- The code and guards of a number that is to be counted with; third whether it may be a float though its type is an integer.
function Compiler:number_of(p)
  if p.type ~= "unsigned" then
    local code, guards = self:strict(p)
    return code, guards, p.wide
  end
  local name, guards = self:named(p)
  return unsigned.value(name), guards, true
end

-- The same as an integer: of an unsigned one its bits.
function Compiler:bits_of(p)
  if p.wide then
    local code, guards = self:strict(p)
    return in_local(self, { code = ("%s(%s)"):format(self:upvalue(math.tointeger), code), guards = guards })
  end
  return self:strict(p)
end

-- The same as what .. and tostring take.
function Compiler:text_of(p)
  local code, guards = self:strict(p)
  if p.type == "unsigned" then code = ("%s(%s)"):format(self:upvalue(unsigned.text), code) end
  return code, guards
end

-- A piece that is the number which an unsigned one means; any other piece as it is.
function Compiler:meant(p)
  if p.type ~= "unsigned" then return p end
  local code, guards = self:number_of(p)
  return { type = "integer", code = code, guards = guards, wide = true }
end

-- The code reads the field (or aggregate) `name`; `implied`: though the expression does not name it.
function Compiler:parameter(name, implied)
  if not implied and not self.named_fields[name] then
    self.named_fields[name] = true
    self.fields[#self.fields + 1] = name
  end
  if not self.used[name] then
    self.used[name] = true
    self.parameters[#self.parameters + 1] = name
  end
end

-- The name by which the code calls a function.
function Compiler:upvalue(what)
  local name = self.upvalue_names[what]
  if not name then
    self.upvalues[#self.upvalues + 1] = what
    name = ("function_%d"):format(#self.upvalues)
    self.upvalue_names[what] = name
  end
  return name
end

-- ## Names and constants

-- Reports a name that the scope lacks.
function Compiler:unknown(node)
  local foreign = self.scope.foreign
  local near = foreign and foreign[node.name:lower()] or core.nearest(node.name, self.scope.names)
  fail(node.at, near and "no %s '%s', did you mean %s?" or "no %s '%s'", self.scope.what, node.name, near)
end

function Compiler:name(node)
  local name = node.name
  if functions.constants[name] then return piece.constant(functions.constants[name]) end
  local field = self.scope.fields[name]
  if field then
    self:parameter(name)
    return { type = field.type, code = name, guards = { name .. " ~= nil" }, bare = true, held = field.held }
  end
  if functions.calls[name] or self.scope.calls(name) then fail(node.at, "%s is a function: %s(...)", name, name) end
  self:unknown(node)
end

function Compiler:constant(node) return piece.constant(node.value) end -- luacheck: no self

function Compiler:nothing(node) fail(node.at, "nil is for == nil and ~= nil only") end -- luacheck: no self

Compiler.call, Compiler.method, Compiler.compare = calls.call, calls.method, comparison.compile

-- ## Arithmetic and text

-- The piece of a node that must be a number.
local function number(self, node)
  local p = self:node(node)
  if class(p.type) ~= "number" then fail(node.at, "%s, a number is needed", described_at(node, p)) end
  return p
end

-- The same of an operator on bits.
local function integer(self, node, operator)
  local p = number(self, node[operator])
  if p.type == "number" then fail(node.at, "%s is for integers", node.operator) end
  return p.type, self:bits_of(p)
end

function Compiler:unary(node)
  if node.operator == "#" then
    local p = self:node(node[1])
    if class(p.type) ~= "text" then fail(node[1].at, "%s, text is needed", described_at(node[1], p)) end
    local code, guards = self:strict(p)
    return { type = "integer", code = "#" .. code, guards = guards }
  end
  if node.operator == "~" then
    local type, code, guards = integer(self, node, 1)
    return { type = type, code = ("(~ %s)"):format(code), guards = guards }
  end
  local p = number(self, node[1])
  local code, guards, wide = self:number_of(p)
  return { type = piece.public(p.type), code = ("(- %s)"):format(code), guards = guards, wide = wide }
end

local function concatenation(self, node)
  local codes, guards = {}, {}
  for i, operand in ipairs(node) do
    local p = self:node(operand)
    if class(p.type) ~= "text" and class(p.type) ~= "number" then fail(operand.at, "%s, text is needed", described_at(operand, p)) end
    codes[i], guards[i] = self:text_of(p)
  end
  return { type = "text", code = ("(%s .. %s)"):format(codes[1], codes[2]), guards = joined(guards[1], guards[2]) }
end

-- Where one operand is unsigned, so are the bits of the result; those that are shifted decide alone.
local function on_bits(self, node)
  local left_type, left, left_guards = integer(self, node, 1)
  local right_type, right, right_guards = integer(self, node, 2)
  local shifts = node.operator == "<<" or node.operator == ">>"
  local type = (left_type == "unsigned" or right_type == "unsigned" and not shifts) and "unsigned" or "integer"
  return { type = type, code = ("(%s %s %s)"):format(left, node.operator, right), guards = joined(left_guards, right_guards) }
end

local bitwise = { ["&"] = true, ["|"] = true, ["~"] = true, ["<<"] = true, [">>"] = true }

function Compiler:binary(node)
  if node.operator == ".." then return concatenation(self, node) end
  if bitwise[node.operator] then return on_bits(self, node) end
  local left_type, right_type = number(self, node[1]), number(self, node[2])
  local left, left_guards, left_wide = self:number_of(left_type)
  local right, right_guards, right_wide = self:number_of(right_type)
  local type = (left_type.type == "number" or right_type.type == "number") and "number" or "integer"
  local guards = joined(left_guards, right_guards)
  if node.operator == "/" or node.operator == "^" then type = "number" end
  if node.operator == "//" or node.operator == "%" then
    if node[2].kind ~= "constant" then guards = joined(guards, { right .. " ~= 0" }) end
    if node[2].kind == "constant" and node[2].value == 0 then fail(node[2].at, "division by zero") end
  end
  return { type = type, code = ("(%s %s %s)"):format(left, node.operator, right), guards = guards, wide = left_wide or right_wide }
end

-- ## Logic

Compiler["not"] = function(self, node)
  return { type = "boolean", code = ("(not %s)"):format(piece.condition(self:node(node[1]))), guards = {} }
end

local function and_or(self, node)
  local a, b = self:node(node[1]), self:node(node[2])
  if a.type ~= b.type then a, b = self:meant(a), self:meant(b) end
  local type = a.type == b.type and a.type or class(a.type) == class(b.type) and class(a.type) or "mixed"
  if a.type == "boolean" and b.type == "boolean" and #a.guards == 0 and #b.guards == 0 then
    return { type = "boolean", code = ("(%s %s %s)"):format(a.code, node.kind, b.code), guards = {} }
  end
  -- `x or 0`: a number, not a number or nil
  local certain = node.kind == "or" and not b.maybe and #b.guards == 0
  if node.kind == "and" and a.type == "boolean" then type = b.type == "boolean" and "boolean" or "mixed" end
  local code = ("(%s %s %s)"):format(value(a), node.kind, value(b))
  return { type = type, code = code, guards = {}, maybe = not certain, wide = a.wide or b.wide }
end
Compiler["and"], Compiler["or"] = and_or, and_or

local compile = {}

--- Compiles a tree.
---@param tree table of parse.expression
---@param scope table the names that it may have, see tcpstats.where.scope
---@param text string of the expression
---@param as_one? boolean its value is 1 where the tree is true and absent elsewhere, which is what count() sums
---@return tcpstats.Expression expression `fields` lists the fields of a socket that it reads; `field` is the name of the field that it is, nil if it is
---   more; `needs_seconds`: it has a rate. Raises {at=, what=}
function compile.expression(tree, scope, text, as_one)
  local compiler = setmetatable({
    scope = scope, prelude = {}, used = {}, parameters = {}, fields = {}, named_fields = {}, upvalues = {}, upvalue_names = {}, aggregates = {},
  }, Compiler)
  local p = compiler:meant(compiler:node(tree))
  compiler.result = as_one and ("(%s) and 1 or nil"):format(piece.condition(p)) or value(p)
  return expression.new(compiler, {
    text = text, type = as_one and "integer" or piece.public(p.type), fields = compiler.fields, aggregates = compiler.aggregates,
    needs_seconds = compiler.needs_seconds or false,
    field = not as_one and tree.kind == "name" and scope.fields[tree.name] and tree.name or nil,
  })
end

return compile
