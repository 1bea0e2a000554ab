--- Expressions over the fields of a socket: --where, batch:filter, batch:top, the numbers of batch:group_by, the rules of alert.
--
-- An expression is Lua's own: `rtt_us > 50000 and remote_port == 443`. Names are fields; what else may be called stands in
-- tcpstats.where.functions, and besides:
--   cidr(remote_addr, "10.0.0.0/8")     the address lies in the network
--   one_of(state, "LISTEN", "CLOSED")   equal to one of them
--   rate(tx_bytes)                      change per second since the previous pass
--
-- What is absent:
--   * a comparison (== ~= < > <= >=) with something absent is false; `not` of it is true, because it is `not` of false.
--     So `rtt_us > 1000` and `rtt_us <= 1000` both refuse a socket without rtt_us, and `not (rtt_us > 1000)` takes it.
--   * `rtt_us == nil` is true and `rtt_us ~= nil` false for it: that is how to ask. A name alone is true when the field is there (and, of a
--     bool, true). `rtt_us or 0` puts something in its place.
--   * arithmetic with it, a function of it and an integer division by zero are absent.
--
-- Names, types and the words of enums are checked when the expression is compiled: `stat == "LISTEN"`, `state == "LISTENING"` and
-- `state > 5` are mistakes, not conditions that never hold. Nothing can be reached but the fields and pure functions.
--
-- The expression becomes one Lua function whose parameters are the fields it uses, so a socket costs one call and no proxy.
local core = require "tcpstats.core"
local functions = require "tcpstats.where.functions"
local parse = require "tcpstats.where.parse"

local where = {}

local fail = parse.fail

local kinds = {
  uint32 = "integer", int32 = "integer", uint64 = "integer", int64 = "integer", bool = "boolean", enum = "text", set = "text",
  string = "text", address = "text",
}
local fields, field_names = {}, {}
for _, field in ipairs(core.fields()) do
  local type = kinds[field.type]
  if field.type == "enum" and math.type(field.words[#field.words]) then type = "integer" end -- ip_version: 4, 6
  fields[field.name] = { type = type, words = field.type == "enum" and field.words or nil, address = field.type == "address" }
  field_names[#field_names + 1] = field.name
end

-- The field that holds the change of another since the previous pass.
local deltas = { retransmit_packets_total = "delta_rexmit_packets", zerowin_probes = "delta_zerowin" }
for name in pairs(fields) do
  if fields["delta_" .. name] then deltas[name] = "delta_" .. name end
  if name:find "^delta_" then deltas[name] = name end
end

-- `name` may have no more parameters than Lua takes; the compiler's own locals come on top.
local MOST_FIELDS = 32

local described = { integer = "a number", number = "a number", text = "text", boolean = "true or false", mixed = "of several types", nothing = "nil" }

-- What number and text are compared as.
local function class(type) return type == "integer" and "number" or type end

-- ## The compiler
-- A node becomes a piece: {type=, code=, guards=, maybe=, bare=}. `code` may be evaluated when all `guards` (conditions, as code) hold;
-- otherwise the piece is absent. `maybe`: the code itself may give nil. `bare`: the code is a local that is nil when absent.
local Compiler = {}
Compiler.__index = Compiler

local function new_compiler(scope)
  return setmetatable({ scope = scope, prelude = {}, used = {}, parameters = {}, upvalues = {}, upvalue_names = {}, aggregates = {} }, Compiler)
end

local function joined(...)
  local all, seen = {}, {}
  for _, guards in ipairs { ... } do
    for _, guard in ipairs(guards) do
      if not seen[guard] then
        seen[guard] = true
        all[#all + 1] = guard
      end
    end
  end
  return all
end

local function guarded(guards, code)
  if #guards == 0 then return code end
  return "(" .. table.concat(guards, " and ") .. " and " .. code .. ")"
end

-- The piece's value as one expression, nil when it is absent.
local function value(piece)
  if piece.bare or #piece.guards == 0 then return piece.code end
  return "(" .. guarded(piece.guards, piece.code) .. " or nil)"
end

-- The piece as a condition: absent is false.
local function condition(piece) return piece.bare and piece.code or guarded(piece.guards, piece.code) end

-- Code that is not nil where the guards hold: what may be nil is put into a local first.
function Compiler:strict(piece)
  if not piece.maybe then return piece.code, piece.guards end
  local name = ("value_%d"):format(#self.prelude + 1)
  self.prelude[#self.prelude + 1] = ("local %s = %s"):format(name, value(piece))
  return name, { name .. " ~= nil" }
end

function Compiler:parameter(name)
  if not self.used[name] then
    self.used[name] = true
    self.parameters[#self.parameters + 1] = name
  end
end

function Compiler:upvalue(what)
  local name = self.upvalue_names[what]
  if not name then
    self.upvalues[#self.upvalues + 1] = what
    name = ("function_%d"):format(#self.upvalues)
    self.upvalue_names[what] = name
  end
  return name
end

local function constant(node)
  local v = node.value
  if type(v) == "string" then return { type = "text", code = ("%q"):format(v), guards = {} } end
  if type(v) == "boolean" then return { type = "boolean", code = tostring(v), guards = {} } end
  if math.type(v) == "integer" then return { type = "integer", code = ("0x%x"):format(v), guards = {} } end
  return { type = "number", code = v == math.huge and "(1/0)" or ("%a"):format(v), guards = {} }
end

function Compiler:field(name)
  self:parameter(name)
  return { type = self.scope.fields[name].type, code = name, guards = { name .. " ~= nil" }, bare = true }
end

local function unknown(node, what, names)
  local near = core.nearest(node.name, names)
  if near then fail(node.at, "no %s '%s', did you mean %s?", what, node.name, near) end
  fail(node.at, "no %s '%s'", what, node.name)
end

function Compiler:name(node)
  if functions.constants[node.name] then return constant { value = functions.constants[node.name] } end
  if self.scope.fields[node.name] then return self:field(node.name) end
  if functions.calls[node.name] or self.scope.aggregates and self.scope.is_aggregate(node.name) then
    fail(node.at, "%s is a function: %s(...)", node.name, node.name)
  end
  unknown(node, self.scope.what, self.scope.names)
end

local function described_at(node, piece)
  return node.name and ("%s is %s"):format(node.name, described[piece.type]) or ("this is %s"):format(described[piece.type])
end

function Compiler:number(node)
  local piece = self:node(node)
  if class(piece.type) ~= "number" then fail(node.at, "%s, a number is needed", described_at(node, piece)) end
  local code, guards = self:strict(piece)
  return piece.type, code, guards
end

local integers_only = { ["&"] = true, ["|"] = true, ["~"] = true, ["<<"] = true, [">>"] = true }

function Compiler:unary(node)
  if node.operator == "#" then
    local piece = self:node(node[1])
    if piece.type ~= "text" then fail(node[1].at, "%s, text is needed", described_at(node[1], piece)) end
    local code, guards = self:strict(piece)
    return { type = "integer", code = "#" .. code, guards = guards }
  end
  local type, code, guards = self:number(node[1])
  if node.operator == "~" and type ~= "integer" then fail(node.at, "~ is for integers") end
  return { type = type, code = ("(%s %s)"):format(node.operator, code), guards = guards }
end

function Compiler:concatenation(node)
  local codes, guards = {}, {}
  for i, operand in ipairs(node) do
    local piece = self:node(operand)
    if piece.type ~= "text" and class(piece.type) ~= "number" then fail(operand.at, "%s, text is needed", described_at(operand, piece)) end
    codes[i], guards[i] = self:strict(piece)
  end
  return { type = "text", code = ("(%s .. %s)"):format(codes[1], codes[2]), guards = joined(guards[1], guards[2]) }
end

function Compiler:binary(node)
  if node.operator == ".." then return self:concatenation(node) end
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

-- A 64-bit number as people copy it from JSON is beyond Lua's integers: it means the same bits.
local function wrapped(literal)
  if not literal or not literal:find "^%d+$" or #literal > 20 or #literal == 20 and literal > "18446744073709551615" then return nil end
  local bits = 0
  for digit in literal:gmatch "%d" do bits = bits * 10 + math.tointeger(digit) end
  return bits
end

-- A literal beside a field: of an enum it must be one of its words.
function Compiler:check_literal(name_node, literal)
  local field = name_node.kind == "name" and self.scope.fields[name_node.name]
  if not field or literal.kind ~= "constant" then return end
  if field.type == "integer" and math.type(literal.value) == "float" then literal.value = wrapped(literal.literal) or literal.value end
  if not field.words then return end
  local words = {}
  for i, word in ipairs(field.words) do
    if word == literal.value then return end
    words[i] = tostring(word)
  end
  if math.type(literal.value) and field.type == "text" then return end -- reported as text against number
  local near = core.nearest(tostring(literal.value), words)
  fail(literal.at, "%s is never %q%s", name_node.name, literal.value, near and (", did you mean %q?"):format(near)
    or "; it is one of " .. table.concat(words, ", "))
end

function Compiler:equality(node)
  local operator, left, right = node.operator, node[1], node[2]
  if left.kind == "nothing" then left, right = right, left end
  if right.kind == "nothing" then
    if left.kind == "nothing" then fail(node.at, "nil is compared with nil") end
    return { type = "boolean", code = ("(%s %s nil)"):format(value(self:node(left)), operator), guards = {} }
  end
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
  if node.operator == "==" or node.operator == "~=" then return self:equality(node) end
  local codes, guards, types = {}, {}, {}
  for i, operand in ipairs(node) do
    local piece = self:node(operand)
    local field = operand.kind == "name" and self.scope.fields[operand.name]
    if field and (field.words or field.address) and piece.type == "text" then
      fail(operand.at, "%s has no order: compare it with == or ~=%s", operand.name, field.address and ", or use cidr()" or "")
    end
    types[i] = class(piece.type)
    if types[i] ~= "number" and types[i] ~= "text" then fail(operand.at, "%s, which has no order", described_at(operand, piece)) end
    codes[i], guards[i] = self:strict(piece)
  end
  if types[1] ~= types[2] then fail(node.at, "%s is compared with %s", described[types[1]], described[types[2]]) end
  local code = ("%s %s %s"):format(codes[1], node.operator, codes[2])
  return { type = "boolean", code = guarded(joined(guards[1], guards[2]), "(" .. code .. ")"), guards = {} }
end

Compiler["not"] = function(self, node)
  return { type = "boolean", code = ("(not %s)"):format(condition(self:node(node[1]))), guards = {} }
end

local function either(self, node)
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
Compiler["and"] = either
Compiler["or"] = either

Compiler.nothing = function(_, node) fail(node.at, "nil is for == nil and ~= nil only") end

Compiler.constant = function(_, node) return constant(node) end

-- Lua reads a pattern only as far as it has to: subjects of some length find what is malformed.
local function check_pattern(node)
  if node.kind ~= "constant" or type(node.value) ~= "string" then fail(node.at, "the pattern is a text in quotes") end
  for _, subject in ipairs { "", node.value } do
    local right, what = pcall(string.find, subject, node.value)
    if not right then fail(node.at, "%s", tostring(what):gsub("^.-: ", "")) end
  end
end

function Compiler:call_function(name, known, nodes, at)
  local codes, guards = {}, {}
  local most = known.arguments.more and math.huge or #known.arguments
  if #nodes > most then fail(nodes[most + 1].at, "%s takes %d arguments", name, most) end
  for i = 1, math.max(#nodes, #known.arguments) do
    local wanted = known.arguments[i] or known.arguments.more
    local node = nodes[i]
    if not node then
      if wanted:sub(-1) == "?" then break end
      fail(at, "%s takes %d arguments", name, #known.arguments)
    end
    wanted = wanted:gsub("?", "")
    if wanted == "pattern" then check_pattern(node) wanted = "text" end
    local piece = self:node(node)
    if wanted ~= "any" and piece.type ~= wanted and class(piece.type) ~= wanted then
      fail(node.at, "%s, %s takes %s here", described_at(node, piece), name, described[wanted])
    end
    codes[i], guards[i] = self:strict(piece)
  end
  return {
    type = known.result, maybe = known.maybe, guards = joined(table.unpack(guards)),
    code = ("%s(%s)"):format(self:upvalue(known.call), table.concat(codes, ", ")),
  }
end

function Compiler:cidr(node)
  local address, network = node[1], node[2]
  if #node ~= 2 then fail(node.at, 'cidr takes an address and a network: cidr(remote_addr, "10.0.0.0/8")') end
  if network.kind ~= "constant" or type(network.value) ~= "string" then fail(network.at, "the network is a text in quotes") end
  local piece = self:node(address)
  if piece.type ~= "text" then fail(address.at, "%s, cidr takes an address here", described_at(address, piece)) end
  local contains, what = core.network(network.value)
  if not contains then fail(network.at, "'%s' %s", network.value, what) end
  local code, guards = self:strict(piece)
  return { type = "boolean", code = guarded(guards, ("%s(%s)"):format(self:upvalue(contains), code)), guards = {} }
end

function Compiler:one_of(node)
  if #node < 2 then fail(node.at, "one_of takes a value and what it may be") end
  local any
  for i = 2, #node do
    local equal = { kind = "compare", operator = "==", at = node[i].at, node[1], node[i] }
    any = any and { kind = "or", at = node.at, any, equal } or equal
  end
  return self:node(any)
end

function Compiler:rate(node)
  local counter = node[1]
  if #node ~= 1 or counter.kind ~= "name" then fail(node.at, "rate takes a counter: rate(tx_bytes)") end
  local delta = deltas[counter.name]
  if not delta or not self.scope.fields[delta] then
    if not self.scope.fields[counter.name] then unknown(counter, self.scope.what, self.scope.names) end
    local names = {}
    for name in pairs(deltas) do
      if not name:find "^delta_" then names[#names + 1] = name end
    end
    table.sort(names)
    fail(counter.at, "%s is no counter that changes are kept of; there are %s", counter.name, table.concat(names, ", "))
  end
  self.uses_seconds = true
  self:parameter(delta)
  return { type = "number", code = ("(%s / seconds)"):format(delta), guards = { delta .. " ~= nil", "seconds ~= nil" } }
end

local special = { cidr = Compiler.cidr, one_of = Compiler.one_of, rate = Compiler.rate }

function Compiler:call(node)
  if self.scope.aggregates and self.scope.is_aggregate(node.name) then return self:aggregate(node) end
  if special[node.name] then return special[node.name](self, node) end
  local known = functions.calls[node.name]
  if not known then
    local names = table.move(functions.special, 1, #functions.special, 1, {})
    for name in pairs(functions.calls) do names[#names + 1] = name end
    table.sort(names)
    unknown(node, "function", names)
  end
  return self:call_function(node.name, known, node, node.at)
end

function Compiler:method(node)
  local known = functions.methods[node.name]
  if not known then
    local names = {}
    for name in pairs(functions.methods) do names[#names + 1] = name end
    table.sort(names)
    unknown(node, "method", names)
  end
  return self:call_function(node.name, known, node, node.at)
end

function Compiler:node(node) return self[node.kind](self, node) end

-- ## Expressions

local Expression = {}
Expression.__index = Expression
Expression.__name = "tcpstats.expression"

--- The expression's value for a socket: of a condition, whether it holds.
-- @param s a socket
-- @param seconds what rates are divided by: batch:seconds()
function Expression:__call(s, seconds) return self.of_socket(s, seconds) end
function Expression:__tostring() return self.text end

local function build(compiler, result, text)
  local parameters = compiler.parameters
  if #parameters > MOST_FIELDS then fail(1, "more than %d fields", MOST_FIELDS) end
  local names, upvalues = table.concat(parameters, ", "), {}
  for i in ipairs(compiler.upvalues) do upvalues[i] = ("function_%d"):format(i) end
  local lines = { #upvalues > 0 and ("local %s = ..."):format(table.concat(upvalues, ", ")) or "" }
  local function add(line) lines[#lines + 1] = line end
  local function body()
    for _, line in ipairs(compiler.prelude) do add(line) end
    add("return " .. result)
    add "end"
  end
  add(("local function of_values(seconds%s)"):format(#parameters > 0 and ", " .. names or ""))
  body()
  add "local function of_socket(socket, seconds)"
  if #parameters > 0 then add(("local %s = socket.%s"):format(names, table.concat(parameters, ", socket."))) end
  body()
  add "return of_values, of_socket"
  local chunk, what = load(table.concat(lines, "\n"), "=where", "t", {})
  if not chunk then fail(1, "too complicated: %s", what) end -- Lua's own limits
  local of_values, of_socket = chunk(table.unpack(compiler.upvalues))
  return setmetatable({
    text = text, fields = parameters, of_values = of_values, of_socket = of_socket, needs_seconds = compiler.uses_seconds or false,
  }, Expression)
end

-- Runs `compile`, which raises {at=, what=} when the text is wrong.
local function protected(text, compile)
  local done, result, rest = pcall(compile)
  if done then return result, rest end
  if type(result) ~= "table" then error(result, 0) end
  return nil, ("column %d of '%s': %s"):format(result.at, text, result.what), "EUSAGE"
end

local sockets = { what = "field", fields = fields, names = field_names }

-- With `as_one` it is 1 where the tree is true and absent elsewhere: what count() sums.
local function socket_expression(tree, text, as_one)
  local compiler = new_compiler(sockets)
  local piece = compiler:node(tree)
  local expression = build(compiler, as_one and ("(%s) and 1 or nil"):format(condition(piece)) or value(piece), text)
  expression.type = as_one and "integer" or piece.type
  expression.field = not as_one and tree.kind == "name" and fields[tree.name] and tree.name or nil
  return expression
end

--- Compiles an expression over the fields of a socket.
-- @param text the expression
-- @param stops (table?) a set of Lua keywords at which the expression may end before the text does
-- @return (tcpstats.Expression) an expression: expression(s) or expression(s, seconds) is its value for a socket; `text`, `type` ("boolean", "integer", "number",
--   "text" or "mixed") and `fields` (names) tell of it; batch:filter, batch:top and batch:group_by take it; or nil, text, code. The text says
--   what is wrong and in which column, the code is "EUSAGE"
-- @return (string?) the rest of the text, nil when it ended
function where.compile(text, stops)
  return protected(text, function()
    local tree, rest = parse.expression(text, stops)
    return socket_expression(tree, text:sub(1, tree.stop)), rest and text:sub(rest)
  end)
end

--- Whether x is what where.compile gives.
function where.is_expression(x) return getmetatable(x) == Expression end

-- ## Expressions over many sockets

local folds = { count = true, sum = true, min = true, max = true, mean = true, percentile = true }

-- The fold and percentile that a name stands for: p95 is percentile 95.
local function fold_named(name)
  if folds[name] then return name end
  local percent = name:match "^p(%d%d?)$"
  if percent and tonumber(percent) > 0 then return "percentile", tonumber(percent) end
end

function Compiler:aggregate(node)
  local fold, percent = fold_named(node.name)
  local wanted = node.name == "percentile" and 2 or 1
  if #node ~= wanted and not (fold == "count" and #node == 0) then
    fail(node.at, node.name == "percentile" and "percentile takes a number and a percentage: percentile(rtt_us, 99.9)"
      or "%s takes one expression over a socket's fields", node.name)
  end
  if wanted == 2 then
    percent = node[2].kind == "constant" and tonumber(node[2].value)
    if not percent or percent <= 0 or percent > 100 then fail(node[2].at, "a percentage above 0 and at most 100") end
  end
  local of
  if node[1] then
    of = socket_expression(node[1], "", fold == "count")
    if fold ~= "count" and class(of.type) ~= "number" then
      fail(node[1].at, "%s, a number is needed%s", described_at(node[1], of), of.type == "boolean" and "; count(...) counts where it is true" or "")
    end
  end
  self.aggregates[#self.aggregates + 1] = { fold = fold, percent = percent, of = of }
  local name = ("aggregate_%d"):format(#self.aggregates)
  self:parameter(name)
  local integer = fold == "count" or fold ~= "mean" and of.type == "integer"
  return { type = integer and fold ~= "sum" and "integer" or "number", code = name, guards = { name .. " ~= nil" }, bare = true }
end

local summary_fields, summary_names = {}, {}
for _, field in ipairs(core.message_fields "SystemSummary") do
  if field.name ~= "state_counts" then
    summary_fields[field.name] = { type = "number" }
    summary_names[#summary_names + 1] = field.name
  end
end

local function is_aggregate(name) return fold_named(name) ~= nil end

-- The numbers of a group know its sockets only, those of a batch the system's counters too.
local scopes = {
  group = { what = "aggregate", fields = {}, names = { "count", "sum", "min", "max", "mean", "percentile" }, aggregates = true, is_aggregate = is_aggregate },
  batch = { what = "field of the summary", fields = summary_fields, names = summary_names, aggregates = true, is_aggregate = is_aggregate },
}

--- Compiles an expression over many sockets: count(), count(CONDITION), sum(X), min(X), max(X), mean(X), p1(X) to p99(X),
-- percentile(X, PERCENT) of expressions X over a socket's fields, and arithmetic of them.
-- @param text e.g. "sum(delta_rexmit_packets) / sum(delta_tx_packets)"
-- @param scope "group", or "batch", where the names of the summary's fields (delta_listen_overflows, orphans) may stand too
-- @param stops (table?) as of where.compile
-- @return an expression with `aggregates`, the list of {fold=, percent=, of=} whose values it wants, named aggregate_1, aggregate_2, ...;
--   or nil, text, code
function where.compile_aggregate(text, scope, stops)
  return protected(text, function()
    local tree, rest = parse.expression(text, stops)
    local compiler = new_compiler(scopes[scope])
    local piece = compiler:node(tree)
    local expression = build(compiler, value(piece), text:sub(1, tree.stop))
    expression.type, expression.aggregates = piece.type, compiler.aggregates
    expression.is_fold = tree.kind == "call" and is_aggregate(tree.name)
    if expression.is_fold and tree[1] and tree[1].kind == "name" then expression.name = tree.name .. "_" .. tree[1].name end -- sum_tx_bytes
    return expression, rest and text:sub(rest)
  end)
end

local orders = { [">"] = 1, [">="] = 1, ["<"] = -1, ["<="] = -1 }

-- The first comparison that orders numbers: what the condition is about.
local function first_order(node)
  if node.kind == "compare" and orders[node.operator] then
    local flipped = node[1].kind == "constant"
    return node[flipped and 2 or 1], (flipped and -1 or 1) * orders[node.operator]
  end
  if node.kind ~= "and" and node.kind ~= "or" then return nil end
  local found, direction = first_order(node[1])
  if found then return found, direction end
  return first_order(node[2])
end

--- What a condition measures: the number that its first comparison with < > <= >= holds against another.
-- @param expression a condition, of where.compile or where.compile_aggregate
-- @return (string?) the text of that number (an expression of the same scope); nil when the condition compares no numbers
-- @return (integer?) 1 when the condition is about large ones, -1 when about small ones
function where.measure(expression)
  local found, direction = first_order((parse.expression(expression.text)))
  if not found then return nil end
  return expression.text:sub(found.at, found.stop), direction
end

return where
