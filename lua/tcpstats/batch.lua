--- What scripts do with a batch as a whole: filter, rank, group. Everything gives a view or a list and changes nothing.
local core = require "tcpstats.core"
local where = require "tcpstats.where"

---@class tcpstats.Batch
local methods = core.batch_methods

--- The seconds that the batch's deltas cover, which is what rates are divided by.
---@return number? # nil in the first pass and for a batch that was never compared with another
function methods:seconds()
  if self.since_ns then return self.since_ns / 1e9 end
  local ms = self.summary and self.summary.interval_ms -- of a recorded stream, whose deltas were made elsewhere
  return ms and ms > 0 and ms / 1000 or nil
end

local function compiled(text)
  local expression, what = where.compile(text)
  return expression or error(what, 3)
end

--- The sockets that match. Its opened() and closed() are those that match, too; nothing is copied.
---@param what string|tcpstats.Filter|tcpstats.Expression|fun(s: tcpstats.Socket): any a filter or an expression, as text or compiled, or a function
---  that returns true for a match. A text that both languages understand means the same in both.
---@return tcpstats.Batch view
function methods:filter(what)
  if type(what) == "string" then
    local filter, not_filter = core.filter(what)
    local expression, not_expression
    if not filter then expression, not_expression = where.compile(what) end
    what = filter or expression or error(("neither an expression (%s) nor a filter (%s)"):format(not_expression, not_filter), 2)
  end
  if where.is_expression(what) then return self:select(what.of_values, what.parameters, methods.seconds(self)) end
  return self:select(what)
end

-- The column of an expression (text or compiled), a field or a function.
local function column(batch, of)
  if type(of) == "function" then return core.column(batch, of) end
  local expression = where.is_expression(of) and of or compiled(of)
  if expression.type ~= "integer" and expression.type ~= "number" and not (expression.field and expression.type == "boolean") then
    error(("'%s' is not a number"):format(expression.text), 3)
  end
  if expression.field then return core.column(batch, expression.field) end
  return core.column(batch, expression.of_values, expression.parameters, methods.seconds(batch))
end

--- The n sockets with the largest value of something, largest first. Sockets that lack it are left out; equal ones keep the batch's order.
---@param n integer
---@param of string|tcpstats.Expression|fun(s: tcpstats.Socket): number? a field, an expression ("rate(tx_bytes)"; "-rtt_us" ranks the smallest
---  first) or a function that returns a number
---@return tcpstats.Batch view
function methods:top(n, of) return core.top(self, n, column(self, of)) end

-- ## Groups

-- What is computed of every group: {name=, expression=} or {name=, fold=, percent=, of=} in the order of their names' appearance.
local function aggregate_of(name, what)
  if type(what) == "table" and not where.is_expression(what) then -- {"sum", function}
    local percent = what[1]:match "^p(%d%d?)$"
    return { name = name, fold = percent and "percentile" or what[1], percent = tonumber(percent) or what[3], of = what[2] }
  end
  local expression, wrong = what, nil
  if type(what) == "string" then expression, wrong = where.compile_aggregate(what, "group") end
  if not expression then error(wrong, 4) end
  return { name = type(name) == "string" and name or expression.name or expression.text, expression = expression }
end

local function aggregates_of(list)
  local all = {}
  for _, what in ipairs(list or {}) do all[#all + 1] = aggregate_of(nil, what) end
  local names = {}
  for name in pairs(list or {}) do
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do all[#all + 1] = aggregate_of(name, list[name]) end
  for _, aggregate in ipairs(all) do
    if aggregate.name == "key" or aggregate.name == "keys" or aggregate.name == "count" and not aggregate.expression then
      error(("an aggregate cannot be called %s"):format(aggregate.name), 3)
    end
  end
  return all
end

-- A list of each group's value of one fold; false: it has none.
local function folded(batch, groups, sizes, fold)
  if not fold.of then return sizes end -- count()
  return core.fold(groups, column(batch, fold.of), fold.fold, fold.percent)
end

-- A function(i) that gives the aggregate of group i, or nil.
local function evaluator(batch, groups, sizes, aggregate)
  if not aggregate.expression then
    local values = folded(batch, groups, sizes, aggregate)
    return function(i) return values[i] or nil end
  end
  local expression, columns, seconds = aggregate.expression, {}, methods.seconds(batch)
  for i, fold in ipairs(expression.aggregates) do columns[i] = folded(batch, groups, sizes, fold) end
  local first = columns[1]
  if #columns == 1 and expression.type ~= "boolean" and expression.is_fold then return function(i) return first[i] or nil end end
  return function(i)
    local values = {}
    for n = 1, #columns do values[n] = columns[n][i] or nil end
    return expression.of_values(seconds, table.unpack(values, 1, #columns))
  end
end

-- "remote_addr/24" and "remote_addr/24/56": the prefix length for IPv4 and for IPv6. Alone, a length for IPv4 goes with /64, the usual
-- network of one link; one above 32 is for IPv6, and IPv4 stays whole.
local function network_key(field, first, second)
  local prefix4, prefix6 = math.tointeger(first), math.tointeger(second)
  if not prefix6 then
    if prefix4 > 32 then prefix4, prefix6 = 32, prefix4 else prefix6 = 64 end
  end
  return { field = field, prefix4 = prefix4, prefix6 = prefix6 }
end

-- A key that C reads, or nil for one that is an expression or a function.
local function plain_key(key)
  if type(key) == "table" and type(key[2]) == "number" then return network_key(key[1], key[2], key[3]) end
  if type(key) ~= "string" then return nil end
  if key:find "^[%w_]+$" then return { field = key } end
  local field, first, second = key:match "^([%a_][%w_]*)/(%d+)/?(%d*)$"
  if field and field:find "_addr$" then return network_key(field, first, tonumber(second)) end
end

local function group(batch, key, absent)
  local plain = plain_key(key)
  if plain then return core.group(batch, { plain }, absent) end
  if type(key) == "function" then return core.group_with(batch, key) end
  if type(key) == "string" or where.is_expression(key) then
    local expression = where.is_expression(key) and key or compiled(key)
    return core.group_with(batch, expression.of_values, expression.parameters, methods.seconds(batch))
  end
  local plains = {}
  for i, one in ipairs(key) do
    plains[i] = plain_key(one) or error(("key %d of several is a field or ADDRESS/LENGTH"):format(i), 3)
  end
  return core.group(batch, plains, absent)
end

-- The list by the value of each entry: largest first; what has no number last; equal ones by their key, so that the order is the same every time.
local function sorted_by(list, of)
  local value = type(of) == "function" and of
  local values, keys, sorted = {}, {}, {}
  for i, entry in ipairs(list) do
    if value then values[i] = value(entry) else values[i] = entry[of] end
    keys[i] = entry.key
  end
  for i, index in ipairs(core.order(values, keys, #list)) do sorted[i] = list[index] end
  return sorted
end

---@class tcpstats.Group
---@field key any
---@field keys? any[] The values of the key if it is one of several; `key` is their text then.
---@field count integer Number of sockets.
---@field [string] number? The aggregates by name.

--- What `batch:group_by` returns: a list of `{key=, count=, NAME=...}`, the largest first.
---@class tcpstats.Groups: { [integer]: tcpstats.Group }
---@field without integer Number of sockets that are in no group.
local Groups = {}

--- The n groups with the largest value of something, largest first.
---@param n? integer (all)
---@param of? string|fun(group: tcpstats.Group): number? the name of an aggregate, or a function that returns a number ("count")
---@return tcpstats.Groups
function Groups:top(n, of)
  local sorted = sorted_by(self, of or "count")
  for i = #sorted, (n or #sorted) + 1, -1 do sorted[i] = nil end
  return setmetatable(sorted, getmetatable(self))
end

--- The group with a key, or nil. It is searched for in the list.
---@param key any
---@return tcpstats.Group?
function Groups:get(key)
  for _, entry in ipairs(self) do
    if entry.key == key then return entry end
  end
end

--- Groups the sockets that have something in common; the largest group comes first.
---
---   for _, g in ipairs(batch:group_by("remote_addr/24", { "p95(rtt_us)", tx = "sum(tx_bytes)" })) do print(g.key, g.count, g.p95_rtt_us, g.tx) end
---
---@param key string|tcpstats.Expression|table|fun(s: tcpstats.Socket): any a field; an address field with a prefix length ("remote_addr/24",
---  "remote_addr/24/56" for IPv4 and IPv6, or {"remote_addr", 24}), where an IPv4-mapped address is its IPv4 address; an expression
---  ("rtt_us // 1000"); a function; or a list of fields and networks. Sockets that lack it are in no group, unless options.absent.
---  The key of an unsigned field from 2^63 on is text: its digits.
---@param aggregates? table what to compute for each group, as aggregate expressions (tcpstats.where). In a list they are called FOLD_FIELD
---  (sum_tx_bytes), longer ones by their text; {name = "sum(tx_bytes)"} names one; {name = {"sum", function(s) return 1 end}} folds the numbers of
---  a function.
---@param options? { absent?: boolean } absent: also group sockets that lack a field of the key, under a nil key
---@return tcpstats.Groups
function methods:group_by(key, aggregates, options)
  local wanted = aggregates_of(aggregates)
  local groups, sizes, keys = group(self, key, options and options.absent)
  local evaluators, list, members = {}, {}, 0
  for i, aggregate in ipairs(wanted) do evaluators[i] = evaluator(self, groups, sizes, aggregate) end
  local single = keys[1]
  for i = 1, #sizes do
    local entry = { key = single[i], count = sizes[i] }
    if #keys > 1 then
      local values = {}
      for k = 1, #keys do values[k] = keys[k][i] end
      local texts = {}
      for k = 1, #keys do texts[k] = tostring(values[k]) end
      entry.keys, entry.key = values, table.concat(texts, " ")
    end
    for n, aggregate in ipairs(wanted) do entry[aggregate.name] = evaluators[n](i) end
    list[i] = entry
    members = members + sizes[i]
  end
  local own = { without = #self - members }
  for name, method in pairs(Groups) do own[name] = method end
  return setmetatable(sorted_by(list, "count"), { __index = own, __name = "tcpstats.groups" })
end

--- The same numbers for the whole batch.
---@param aggregates table as of group_by
---@return tcpstats.Group
function methods:aggregate(aggregates)
  local groups, sizes = core.group_all(self), { #self }
  local all = { count = #self }
  for _, aggregate in ipairs(aggregates_of(aggregates)) do all[aggregate.name] = evaluator(self, groups, sizes, aggregate)(1) end
  return all
end

--- The value of an expression over a whole batch.
---@param expression tcpstats.Expression from where.compile_aggregate(text, "batch")
---@return any value nil if it is absent
function methods:evaluate(expression)
  local groups, sizes, values = nil, { #self }, {}
  local summary = self.summary or {}
  for i, name in ipairs(expression.parameters) do
    local fold = expression.aggregates[tonumber(name:match "^aggregate_(%d+)$")]
    if fold then
      groups = groups or core.group_all(self)
      values[i] = folded(self, groups, sizes, fold)[1] or nil
    else
      values[i] = summary[name]
    end
  end
  return expression.of_values(methods.seconds(self), table.unpack(values, 1, #expression.parameters))
end

--- Comma-separated values (RFC 4180), lines end in CR LF.
---@param options? { fields?: (string|tcpstats.FieldName)[], header?: boolean, defuse?: boolean }
---@return string
function methods:csv(options) return self:encode("csv", options) end

return methods
