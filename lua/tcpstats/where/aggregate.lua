--- Expressions over many sockets: folds of expressions over each, and arithmetic of them.
--
-- An aggregate is a call: count(), sum(X), p95(X). It compiles to a parameter aggregate_N, whose value whoever evaluates the expression
-- computes from the Nth of expression.aggregates.
local compile = require "tcpstats.where.compile"
local fail = require("tcpstats.where.parse").fail
local piece = require "tcpstats.where.piece"
local scope = require "tcpstats.where.scope"

local known = { count = true, sum = true, min = true, max = true, mean = true, percentile = true }

-- The fold and percentile that a name stands for: p95 is percentile 95.
local function fold_named(name)
  if known[name] then return name end
  local percent = name:match "^p(%d%d?)$"
  if percent and tonumber(percent) > 0 then return "percentile", tonumber(percent) end
end

local function check_arguments(fold, node)
  local wanted = node.name == "percentile" and 2 or 1
  if #node == wanted or fold == "count" and #node == 0 then return end
  fail(node.at, node.name == "percentile" and "percentile takes a number and a percentage: percentile(rtt_us, 99.9)"
    or "%s takes one expression over a socket's fields", node.name)
end

local function percentage(node)
  local percent = node.kind == "constant" and tonumber(node.value)
  if not percent or percent <= 0 or percent > 100 then fail(node.at, "a percentage above 0 and at most 100") end
  return percent
end

-- What is folded: an expression over a socket.
local function operand(fold, node)
  local of = compile.expression(node, scope.socket, "", fold == "count")
  if fold ~= "count" and piece.class(of.type) ~= "number" then
    fail(node.at, "%s, a number is needed%s", piece.described_at(node, of), of.type == "boolean" and "; count(...) counts where it is true" or "")
  end
  return of
end

local function compile_fold(compiler, node)
  local fold, percent = fold_named(node.name)
  check_arguments(fold, node)
  if node[2] then percent = percentage(node[2]) end
  local of = node[1] and operand(fold, node[1])
  table.insert(compiler.aggregates, { fold = fold, percent = percent, of = of })
  local name = ("aggregate_%d"):format(#compiler.aggregates)
  compiler:parameter(name)
  local is_integer = fold == "count" or (fold == "min" or fold == "max" or fold == "percentile") and of.type == "integer"
  return { type = is_integer and "integer" or "number", code = name, guards = { name .. " ~= nil" }, bare = true }
end

local function calls(name) return fold_named(name) and compile_fold end

-- The fields of a socket that the folds read.
local function fields_of(folds)
  local fields, seen = {}, {}
  for _, fold in ipairs(folds) do
    for _, name in ipairs(fold.of and fold.of.fields or {}) do
      if not seen[name] then
        seen[name] = true
        fields[#fields + 1] = name
      end
    end
  end
  return fields
end

local aggregate = {}

--- The scopes: the numbers of a group know its sockets only, those of a pass the system's counters too.
aggregate.scopes = {
  group = { what = "aggregate", fields = {}, names = { "count", "sum", "min", "max", "mean", "percentile" }, calls = calls },
  batch = { what = scope.summary.what, fields = scope.summary.fields, names = scope.summary.names, calls = calls },
}

--- Compiles a tree in one of these scopes.
---@param tree table of parse.expression
---@param kind "group"|"batch"
---@param text string of the expression
---@return tcpstats.Expression expression with `aggregates`, a list of {fold=, percent=, of= an expression over a socket, nil of count()}; `is_fold`: it
---   is a single aggregate; `name` of sum(tx_bytes) is "sum_tx_bytes". Raises {at=, what=}
function aggregate.expression(tree, kind, text)
  local expression = compile.expression(tree, aggregate.scopes[kind], text)
  expression.fields = fields_of(expression.aggregates)
  expression.is_fold = tree.kind == "call" and fold_named(tree.name) ~= nil
  if expression.is_fold and tree[1] and tree[1].kind == "name" then expression.name = tree.name .. "_" .. tree[1].name end
  return expression
end

return aggregate
