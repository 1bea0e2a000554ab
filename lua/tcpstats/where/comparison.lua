--- Comparisons in an expression: of numbers, texts and addresses, each of which is equal and ordered as it is in a filter.
local core = require "tcpstats.core"
local functions = require "tcpstats.where.functions"
local literal = require "tcpstats.where.literal"
local parse = require "tcpstats.where.parse"
local piece = require "tcpstats.where.piece"
local unsigned = require "tcpstats.where.unsigned"

local fail = parse.fail
local class, described, described_at, guarded, joined, value = piece.class, piece.described, piece.described_at, piece.guarded, piece.joined, piece.value

-- A word without quotes beside a field of text: state == LISTEN.
local function check_quotes(compiler, name, field, node)
  if class(field.type) ~= "text" or compiler.scope.fields[node.name] or functions.constants[node.name] then return end
  local word = field.words and literal.meant(node.name, field.words)
  if not word and (field.words or core.nearest(node.name, compiler.scope.names)) then return end
  fail(node.at, "%s is text: write %q, with quotes", name, word or node.name)
end

local function check_operand(compiler, node, other)
  local field = node.kind == "name" and compiler.scope.fields[node.name]
  if not field then return end
  if other.kind == "constant" then literal.check(node.name, field, other) end
  if other.kind == "name" then check_quotes(compiler, node.name, field, other) end
end

-- Numbers of which one is unsigned: an exact comparison of bits where both are, or the other is a constant.
local function compare_unsigned(compiler, node, a, b)
  if a.type ~= "unsigned" then
    return compare_unsigned(compiler, { operator = parse.flipped[node.operator] or node.operator, node[2], node[1] }, b, a)
  end
  local bits = node[2].kind == "constant" and literal.bits(node[2])
  if not bits and b.type ~= "unsigned" then
    local left, left_guards = compiler:number_of(a)
    local right, right_guards = compiler:number_of(b)
    return ("(%s %s %s)"):format(left, node.operator, right), joined(left_guards, right_guards)
  end
  local equality = node.operator == "==" or node.operator == "~="
  local left, guards = compiler:named(a)
  if bits and equality then return ("(%s %s 0x%x)"):format(left, node.operator, bits), guards end
  if bits then return unsigned.compared(left, node.operator, bits), guards end
  local right, right_guards = compiler:strict(b)
  guards = joined(guards, right_guards)
  if equality then return ("(%s %s %s)"):format(left, node.operator, right), guards end
  return unsigned.ordered(compiler:upvalue(math.ult), left, node.operator, right), guards
end

-- Two values of one class.
local function compare_alike(compiler, node, a, b)
  if a.type == "unsigned" or b.type == "unsigned" then return compare_unsigned(compiler, node, a, b) end
  local left, left_guards = compiler:strict(a)
  local right, right_guards = compiler:strict(b)
  return ("(%s %s %s)"):format(left, node.operator, right), joined(left_guards, right_guards)
end

-- An address and a constant: it is equal to each spelling.
local function is_address(compiler, node, name_node, a, constant)
  local code, guards = compiler:strict(a)
  local parts = {}
  for i, text in ipairs(literal.addresses(name_node.name or "ADDRESS", constant)) do parts[i] = ("%s %s %q"):format(code, node.operator, text) end
  return "(" .. table.concat(parts, node.operator == "==" and " or " or " and ") .. ")", guards
end

local function compare_addresses(compiler, node, a, b)
  local same = compiler:upvalue(literal.unmapped)
  local left, left_guards = compiler:strict(a)
  local right, right_guards = compiler:strict(b)
  return ("(%s(%s) %s %s(%s))"):format(same, left, node.operator, same, right), joined(left_guards, right_guards)
end

-- Whether one of the holders (nil: the socket has one, whose fields are the socket's) has this value.
local function any_holder(holders, name, wanted)
  for _, holder in ipairs(holders or {}) do
    if holder[name] == wanted then return true end
  end
  return false
end

-- A process that holds a socket and a value: equal when that of any holder is, as in a filter.
local function compare_holders(compiler, operator, name, other)
  local code, guards = compiler:strict(other)
  compiler:parameter("holders", true)
  local any = ("%s(holders, %q, %s)"):format(compiler:upvalue(any_holder), name, code)
  guards = joined({ name .. " ~= nil" }, guards)
  if operator == "==" then return ("(%s == %s or %s)"):format(name, code, any), guards end
  return ("(%s ~= %s and not %s)"):format(name, code, any), guards
end

local function compare_with_nil(compiler, node, operand)
  if operand.kind == "nothing" then fail(node.at, "nil is compared with nil") end
  return { type = "boolean", code = ("(%s %s nil)"):format(value(compiler:node(operand)), node.operator), guards = {} }
end

local function equality(compiler, node)
  local operator, left, right = node.operator, node[1], node[2]
  if left.kind == "nothing" then left, right = right, left end
  if right.kind == "nothing" then return compare_with_nil(compiler, node, left) end
  check_operand(compiler, left, right)
  check_operand(compiler, right, left)
  local a, b = compiler:node(left), compiler:node(right)
  if class(a.type) ~= class(b.type) and a.type ~= "mixed" and b.type ~= "mixed" then
    fail(node.at, "%s and %s: they are never equal", described_at(left, a), described_at(right, b))
  end
  local code, guards
  if a.type == "address" and b.type == "address" then
    code, guards = compare_addresses(compiler, node, a, b)
  elseif a.type == "address" and right.kind == "constant" then
    code, guards = is_address(compiler, node, left, a, right)
  elseif b.type == "address" and left.kind == "constant" then
    code, guards = is_address(compiler, node, right, b, left)
  elseif a.held and not b.held then
    code, guards = compare_holders(compiler, operator, a.code, b)
  elseif b.held and not a.held then
    code, guards = compare_holders(compiler, operator, b.code, a)
  else
    code, guards = compare_alike(compiler, { operator = operator, left, right }, a, b)
  end
  if operator == "==" and a.bare and right.kind == "constant" then guards = {} end -- nil is equal to no constant
  return { type = "boolean", code = guarded(guards, code), guards = {} }
end

local function order(compiler, node)
  local pieces, types = {}, {}
  for i, operand in ipairs(node) do
    local p = compiler:node(operand)
    local field = operand.kind == "name" and compiler.scope.fields[operand.name]
    if field and (field.words or p.type == "address") and class(p.type) == "text" then
      fail(operand.at, "%s has no order: compare it with == or ~=%s", operand.name, p.type == "address" and ", or use cidr()" or "")
    end
    types[i] = class(p.type)
    if types[i] ~= "number" and types[i] ~= "text" then fail(operand.at, "%s, which has no order", described_at(operand, p)) end
    pieces[i] = p
  end
  if types[1] ~= types[2] then
    check_operand(compiler, node[1], node[2])
    check_operand(compiler, node[2], node[1])
    fail(node.at, "%s is compared with %s", described[types[1]], described[types[2]])
  end
  local code, guards = compare_alike(compiler, node, pieces[1], pieces[2])
  return { type = "boolean", code = guarded(guards, code), guards = {} }
end

local comparison = {}

--- Compiles a node of kind "compare" to a piece, for a compiler (tcpstats.where.compile).
function comparison.compile(compiler, node)
  if node.operator == "==" or node.operator == "~=" then return equality(compiler, node) end
  return order(compiler, node)
end

return comparison
