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
-- Values mean what they mean in a filter:
--   * an unsigned 64-bit field is never negative: max_pacing_rate > 1000 holds for 18446744073709551614. Comparisons are exact; in arithmetic
--     and as the value of an expression a number of 2^63 or more is a float.
--   * an address is equal however it is spelled: local_addr == "2001:DB8:0::1". An IPv4 address is equal to its IPv4-mapped form too.
--   * pid, fd and command are equal to a value when those of any process that holds the socket are: command == "worker" holds for a worker that
--     inherited it. `~=` holds when no holder has the value.
--
-- Names, types and the words of enums are checked when the expression is compiled: `stat == "LISTEN"`, `state == "LISTENING"` and
-- `state > 5` are mistakes, not conditions that never hold. Nothing can be reached but the fields and pure functions.
--
-- The way of a text: parse.lua makes a tree of it, compile.lua (with calls.lua and comparison.lua) Lua source, expression.lua the function;
-- aggregate.lua does so for expressions over many sockets. scope.lua has the names.
local aggregate = require "tcpstats.where.aggregate"
local compile = require "tcpstats.where.compile"
local core = require "tcpstats.core"
local expression = require "tcpstats.where.expression"
local measure = require "tcpstats.where.measure"
local parse = require "tcpstats.where.parse"
local scope = require "tcpstats.where.scope"

--- Expressions, also over many sockets, for scripts that take them as options.
---@class tcpstats.where
local where = {}

-- The expression that make(tree, text) gives, and the rest of the text behind it; or nil, text, code.
local function compiled(text, stops, make)
  local done, result, rest = pcall(function()
    local tree, at = parse.expression(text, stops)
    return make(tree, text:sub(1, tree.stop)), at and text:sub(at)
  end)
  if done then return result, rest end
  if type(result) ~= "table" then error(result, 0) end
  return nil, ("column %d of '%s': %s"):format(result.at, text, result.what), "EUSAGE"
end

-- What to say of a text that is no expression but a filter.
local function advice(text)
  return text:find "%S" and core.filter(text) and "; this is a filter: give it to --filter, tcpstats.filter or batch:filter" or ""
end

--- Compiles an expression over the fields of a socket.
---@param text string
---@param stops? table<string, true> Lua keywords at which the expression may end before the text does
---@return tcpstats.Expression? expression nil if the text is wrong
---@return string? rest of the text after such a keyword; or what is wrong, and in which column
---@return string? code
function where.compile(text, stops)
  local made, rest, code = compiled(text, stops, function(tree, own) return compile.expression(tree, scope.socket, own) end)
  if made or stops then return made, rest, code end
  return nil, rest .. advice(text), code
end

--- Whether x is an expression.
---@param x any
---@return boolean
function where.is_expression(x) return expression.is(x) end

--- Compiles an expression over many sockets: count(), count(CONDITION), sum(X), min(X), max(X), mean(X), p1(X) to p99(X),
--- percentile(X, PERCENT) of expressions X over a socket's fields, and arithmetic of them.
---@param text string as in "sum(delta_rexmit_packets) / sum(delta_tx_packets)"
---@param kind "group"|"batch" "batch" allows the names of the summary's fields (delta_listen_overflows, orphans), too
---@param stops? table<string, true> as of where.compile
---@return tcpstats.Expression? expression its `aggregates` are the list of {fold=, percent=, of=} whose values it wants as aggregate_1, aggregate_2, ...
---@return string? what went wrong
---@return string? code
function where.compile_aggregate(text, kind, stops)
  return compiled(text, stops, function(tree, own) return aggregate.expression(tree, kind, own) end)
end

--- What a condition measures: the number that its first comparison with < > <= >= compares with another.
---@param condition tcpstats.Expression
---@return string? text of that number, an expression of the same scope; nil if the condition compares no numbers
---@return integer? direction 1 if the condition is about large numbers, -1 if about small ones
function where.measure(condition) return measure(condition.text) end

return where
