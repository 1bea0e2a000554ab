--- The compiler: a tree of tcpstats.where.parse to an expression.
--
-- Each kind of node has a method of that name, which gives the node's piece (tcpstats.where.piece). Names, types and the words of enums are
-- checked on the way.
local calls = require "tcpstats.where.calls"
local core = require "tcpstats.core"
local expression = require "tcpstats.where.expression"
local functions = require "tcpstats.where.functions"
local literal = require "tcpstats.where.literal"
local parse = require "tcpstats.where.parse"
local piece = require "tcpstats.where.piece"

local fail = parse.fail
local class, described, described_at, guarded, joined, value = piece.class, piece.described, piece.described_at, piece.guarded, piece.joined, piece.value

local Compiler = {}
Compiler.__index = Compiler

function Compiler:node(node) return self[node.kind](self, node) end

-- ## What the code needs

-- Code that is not nil where the guards hold: what may be nil is put into a local first.
function Compiler:strict(p)
  if not p.maybe then return p.code, p.guards end
  local name = ("value_%d"):format(#self.prelude + 1)
  self.prelude[#self.prelude + 1] = ("local %s = %s"):format(name, value(p))
  return name, { name .. " ~= nil" }
end

-- The code reads the field (or aggregate) `name`.
function Compiler:parameter(name)
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

-- Reports a name that the scope has not.
function Compiler:unknown(node)
  local near = core.nearest(node.name, self.scope.names)
  fail(node.at, near and "no %s '%s', did you mean %s?" or "no %s '%s'", self.scope.what, node.name, near)
end

function Compiler:name(node)
  local name = node.name
  if functions.constants[name] then return piece.constant(functions.constants[name]) end
  local field = self.scope.fields[name]
  if field then
    self:parameter(name)
    return { type = field.type, code = name, guards = { name .. " ~= nil" }, bare = true }
  end
  if functions.calls[name] or self.scope.calls(name) then fail(node.at, "%s is a function: %s(...)", name, name) end
  self:unknown(node)
end

function Compiler:constant(node) return piece.constant(node.value) end -- luacheck: no self

function Compiler:nothing(node) fail(node.at, "nil is for == nil and ~= nil only") end -- luacheck: no self

Compiler.call, Compiler.method = calls.call, calls.method

-- ## Arithmetic and text

-- Type, code and guards of a node that must be a number.
function Compiler:number(node)
  local p = self:node(node)
  if class(p.type) ~= "number" then fail(node.at, "%s, a number is needed", described_at(node, p)) end
  local code, guards = self:strict(p)
  return p.type, code, guards
end

function Compiler:unary(node)
  if node.operator == "#" then
    local p = self:node(node[1])
    if p.type ~= "text" then fail(node[1].at, "%s, text is needed", described_at(node[1], p)) end
    local code, guards = self:strict(p)
    return { type = "integer", code = "#" .. code, guards = guards }
  end
  local type, code, guards = self:number(node[1])
  if node.operator == "~" and type ~= "integer" then fail(node.at, "~ is for integers") end
  return { type = type, code = ("(%s %s)"):format(node.operator, code), guards = guards }
end

local function concatenation(self, node)
  local codes, guards = {}, {}
  for i, operand in ipairs(node) do
    local p = self:node(operand)
    if p.type ~= "text" and class(p.type) ~= "number" then fail(operand.at, "%s, text is needed", described_at(operand, p)) end
    codes[i], guards[i] = self:strict(p)
  end
  return { type = "text", code = ("(%s .. %s)"):format(codes[1], codes[2]), guards = joined(guards[1], guards[2]) }
end

local integers_only = { ["&"] = true, ["|"] = true, ["~"] = true, ["<<"] = true, [">>"] = true }

function Compiler:binary(node)
  if node.operator == ".." then return concatenation(self, node) end
  local left_type, left, left_guards = self:number(node[1])
  local right_type, right, right_guards = self:number(node[2])
  local type = left_type == "integer" and right_type == "integer" and "integer" or "number"
  local guards = joined(left_guards, right_guards)
  if integers_only[node.operator] and type ~= "integer" then fail(node.at, "%s is for integers", node.operator) end
  if node.operator == "/" or node.operator == "^" then type = "number" end
  if node.operator == "//" or node.operator == "%" then
    if node[2].kind ~= "constant" then guards = joined(guards, { right .. " ~= 0" }) end
    if node[2].kind == "constant" and node[2].value == 0 then fail(node[2].at, "division by zero") end
  end
  return { type = type, code = ("(%s %s %s)"):format(left, node.operator, right), guards = guards }
end

-- ## Comparisons

function Compiler:check_literal(name_node, node)
  local field = name_node.kind == "name" and self.scope.fields[name_node.name]
  if field and node.kind == "constant" then literal.check(name_node.name, field, node) end
end

local function compare_with_nil(self, node, operand)
  if operand.kind == "nothing" then fail(node.at, "nil is compared with nil") end
  return { type = "boolean", code = ("(%s %s nil)"):format(value(self:node(operand)), node.operator), guards = {} }
end

local function equality(self, node)
  local operator, left, right = node.operator, node[1], node[2]
  if left.kind == "nothing" then left, right = right, left end
  if right.kind == "nothing" then return compare_with_nil(self, node, left) end
  self:check_literal(left, right)
  self:check_literal(right, left)
  local a, b = self:node(left), self:node(right)
  if class(a.type) ~= class(b.type) and a.type ~= "mixed" and b.type ~= "mixed" then
    fail(node.at, "%s and %s: they are never equal", described_at(left, a), described_at(right, b))
  end
  if operator == "==" and a.bare and right.kind == "constant" then -- nil is equal to no constant
    return { type = "boolean", code = ("(%s == %s)"):format(a.code, b.code), guards = {} }
  end
  local a_code, a_guards = self:strict(a)
  local b_code, b_guards = self:strict(b)
  return { type = "boolean", code = guarded(joined(a_guards, b_guards), ("(%s %s %s)"):format(a_code, operator, b_code)), guards = {} }
end

function Compiler:compare(node)
  if node.operator == "==" or node.operator == "~=" then return equality(self, node) end
  local codes, guards, types = {}, {}, {}
  for i, operand in ipairs(node) do
    local p = self:node(operand)
    local field = operand.kind == "name" and self.scope.fields[operand.name]
    if field and (field.words or field.address) and p.type == "text" then
      fail(operand.at, "%s has no order: compare it with == or ~=%s", operand.name, field.address and ", or use cidr()" or "")
    end
    types[i] = class(p.type)
    if types[i] ~= "number" and types[i] ~= "text" then fail(operand.at, "%s, which has no order", described_at(operand, p)) end
    codes[i], guards[i] = self:strict(p)
  end
  if types[1] ~= types[2] then fail(node.at, "%s is compared with %s", described[types[1]], described[types[2]]) end
  local code = ("%s %s %s"):format(codes[1], node.operator, codes[2])
  return { type = "boolean", code = guarded(joined(guards[1], guards[2]), "(" .. code .. ")"), guards = {} }
end

-- ## Logic

Compiler["not"] = function(self, node)
  return { type = "boolean", code = ("(not %s)"):format(piece.condition(self:node(node[1]))), guards = {} }
end

local function and_or(self, node)
  local a, b = self:node(node[1]), self:node(node[2])
  local type = a.type == b.type and a.type or class(a.type) == class(b.type) and class(a.type) or "mixed"
  if a.type == "boolean" and b.type == "boolean" and #a.guards == 0 and #b.guards == 0 then
    return { type = "boolean", code = ("(%s %s %s)"):format(a.code, node.kind, b.code), guards = {} }
  end
  -- `x or 0`: a number, not a number or nil
  local certain = node.kind == "or" and not b.maybe and #b.guards == 0
  if node.kind == "and" and a.type == "boolean" then type = b.type == "boolean" and "boolean" or "mixed" end
  return { type = type, code = ("(%s %s %s)"):format(value(a), node.kind, value(b)), guards = {}, maybe = not certain }
end
Compiler["and"], Compiler["or"] = and_or, and_or

local compile = {}

--- Compiles a tree.
-- @param tree of parse.expression
-- @param scope (table) what names it may have, see tcpstats.where.scope
-- @param text of the expression
-- @param as_one (boolean?) true: its value is 1 where the tree is true and absent elsewhere, which is what count() sums
-- @return (tcpstats.Expression) the expression; `field` is the name of the field that it is, nil when it is more; `needs_seconds`: it has a rate.
--   Raises {at=, what=}
function compile.expression(tree, scope, text, as_one)
  local compiler = setmetatable({
    scope = scope, prelude = {}, used = {}, parameters = {}, upvalues = {}, upvalue_names = {}, aggregates = {},
  }, Compiler)
  local p = compiler:node(tree)
  compiler.result = as_one and ("(%s) and 1 or nil"):format(piece.condition(p)) or value(p)
  return expression.new(compiler, {
    text = text, type = as_one and "integer" or p.type, aggregates = compiler.aggregates, needs_seconds = compiler.needs_seconds or false,
    field = not as_one and tree.kind == "name" and scope.fields[tree.name] and tree.name or nil,
  })
end

return compile
