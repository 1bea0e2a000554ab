---@meta tcpstats.where
-- Made by `make docs`; do not edit.

---What `require "tcpstats.where"` gives: expressions, also over many sockets, for scripts that take them as options.
---@class tcpstats.where
local where = {}

---Compiles an expression over the fields of a socket.
---@param text string
---@param stops? table a set of Lua keywords at which the expression may end before the text does
---@return tcpstats.Expression? # an expression: expression(s) or expression(s, seconds) is its value for a socket; `text`, `type` ("boolean", "integer", "number", "text" or "mixed") and `fields` (the names of those that it reads) tell of it; batch:filter, batch:top and batch:group_by take it. The text says what is wrong and in which column, the code is "EUSAGE"
---@return string? # the rest of the text, nil when it ended
---@return string? code
function where.compile(text, stops) end

---Whether x is an expression.
---@param x any
---@return boolean
function where.is_expression(x) end

---Compiles an expression over many sockets: count(), count(CONDITION), sum(X), min(X), max(X), mean(X), p1(X) to p99(X), percentile(X, PERCENT) of expressions X over a socket's fields, and arithmetic of them.
---@param text string e.g. "sum(delta_rexmit_packets) / sum(delta_tx_packets)"
---@param kind "group"|"batch" "group", or "batch", where the names of the summary's fields (delta_listen_overflows, orphans) may stand too
---@param stops? table as of where.compile
---@return tcpstats.Expression? # an expression with `aggregates`, the list of {fold=, percent=, of=} whose values it wants, named aggregate_1, aggregate_2, ... in its `parameters`; `fields` are those of a socket that any of them reads
---@return string? what # what went wrong
---@return string? code
function where.compile_aggregate(text, kind, stops) end

---What a condition measures: the number that its first comparison with < > <= >= holds against another.
---@param condition boolean an expression, of where.compile or where.compile_aggregate
---@return string? # the text of that number (an expression of the same scope); nil when the condition compares no numbers
---@return integer? # 1 when the condition is about large ones, -1 when about small ones
function where.measure(condition) end

return where
