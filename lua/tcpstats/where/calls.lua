--- Calls in an expression: the functions and methods of tcpstats.where.functions, and cidr, one_of and rate, which the compiler knows itself.
--
-- Each compiles a node of kind "call" or "method" to a piece (tcpstats.where.piece) for a compiler (tcpstats.where.compile).
local core = require "tcpstats.core"
local functions = require "tcpstats.where.functions"
local parse = require "tcpstats.where.parse"
local piece = require "tcpstats.where.piece"
local scope = require "tcpstats.where.scope"

local fail = parse.fail

local calls = {}

-- Lua reads a pattern only as far as it has to: subjects of some length find what is malformed.
local function check_pattern(node)
  if node.kind ~= "constant" or type(node.value) ~= "string" then fail(node.at, "the pattern stands in quotes") end
  for _, subject in ipairs { "", node.value } do
    local right, what = pcall(string.find, subject, node.value)
    if not right then fail(node.at, "%s", tostring(what):gsub("^.-: ", "")) end
  end
end

-- The code and guards of one argument of the type `wanted`.
local function argument(compiler, name, node, wanted)
  if wanted == "pattern" then
    check_pattern(node)
    wanted = "text"
  end
  local p = compiler:node(node)
  if wanted ~= "any" and piece.public(p.type) ~= wanted and piece.class(p.type) ~= wanted then
    fail(node.at, "%s, %s takes %s here", piece.described_at(node, p), name, piece.described[wanted])
  end
  if wanted == "number" then return compiler:number_of(p) end
  if wanted == "integer" then return compiler:bits_of(p) end
  if wanted == "any" then return compiler:text_of(p) end
  return compiler:strict(p)
end

local function takes(name, count) return ("%s takes %d argument%s"):format(name, count, count == 1 and "" or "s") end

local function least_of(arguments)
  local least = 0
  for _, wanted in ipairs(arguments) do least = least + (wanted:sub(-1) == "?" and 0 or 1) end
  return least
end

local function call_function(compiler, known, node)
  local codes, guards = {}, {}
  local most = known.arguments.more and math.huge or #known.arguments
  if #node > most then fail(node[most + 1].at, "%s", takes(node.name, most)) end
  for i = 1, math.max(#node, #known.arguments) do
    local wanted = known.arguments[i] or known.arguments.more
    if not node[i] then
      if wanted:sub(-1) == "?" then break end
      fail(node.at, "%s", takes(node.name, least_of(known.arguments)))
    end
    codes[i], guards[i] = argument(compiler, node.name, node[i], (wanted:gsub("?", "")))
  end
  return {
    type = known.result, maybe = known.maybe, guards = piece.joined(table.unpack(guards)),
    code = ("%s(%s)"):format(compiler:upvalue(known.call), table.concat(codes, ", ")),
  }
end

local special = {}

function special.cidr(compiler, node)
  local address, network = node[1], node[2]
  if #node ~= 2 then fail(node.at, 'cidr takes an address and a network: cidr(remote_addr, "10.0.0.0/8")') end
  if network.kind ~= "constant" or type(network.value) ~= "string" then fail(network.at, "the network stands in quotes") end
  local p = compiler:node(address)
  if piece.class(p.type) ~= "text" then fail(address.at, "%s, cidr takes an address here", piece.described_at(address, p)) end
  local contains, what = core.network(network.value)
  if not contains then fail(network.at, "'%s' %s", network.value, what) end
  local code, guards = compiler:strict(p)
  return { type = "boolean", code = piece.guarded(guards, ("%s(%s)"):format(compiler:upvalue(contains), code)), guards = {} }
end

function special.one_of(compiler, node)
  if #node < 2 then fail(node.at, "one_of takes a value and what it may be") end
  local any
  for i = 2, #node do
    local equal = { kind = "compare", operator = "==", at = node[i].at, node[1], node[i] }
    any = any and { kind = "or", at = node.at, any, equal } or equal
  end
  return compiler:node(any)
end

local function counters()
  local names = {}
  for name in pairs(scope.deltas) do
    if not name:find "^delta_" then names[#names + 1] = name end
  end
  table.sort(names)
  return table.concat(names, ", ")
end

function special.rate(compiler, node)
  local counter = node[1]
  if #node ~= 1 or counter.kind ~= "name" then fail(node.at, "rate takes a counter: rate(tx_bytes)") end
  local delta = scope.deltas[counter.name]
  if not delta or not compiler.scope.fields[delta] then
    if not compiler.scope.fields[counter.name] then compiler:unknown(counter) end
    fail(counter.at, "%s is not a counter whose changes are known; those are %s", counter.name, counters())
  end
  compiler:parameter(delta)
  compiler.needs_seconds = true
  return { type = "number", code = ("(%s / seconds)"):format(delta), guards = { delta .. " ~= nil", "seconds ~= nil" } }
end

local function unknown(node, what, known, more)
  local names = table.move(more, 1, #more, 1, {})
  for name in pairs(known) do names[#names + 1] = name end
  table.sort(names)
  local near = core.nearest(node.name, names)
  fail(node.at, near and "no %s '%s', did you mean %s?" or "no %s '%s'", what, node.name, near)
end

--- Compiles NAME(...).
function calls.call(compiler, node)
  local own = compiler.scope.calls(node.name) or special[node.name]
  if own then return own(compiler, node) end
  local known = functions.calls[node.name] or unknown(node, "function", functions.calls, functions.special)
  return call_function(compiler, known, node)
end

--- Compiles TEXT:NAME(...).
function calls.method(compiler, node)
  local known = functions.methods[node.name] or unknown(node, "method", functions.methods, {})
  return call_function(compiler, known, node)
end

return calls
