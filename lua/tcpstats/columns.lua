--- Columns of sockets, human-readable, which table and top share: what there is to show, and how it fits a line.
--
-- A column: {name=, title=, shown= (how it reads: "value" when it is left out, see csrc/encode/table.h), fields= (what it reads, the first one that a
-- socket has), right= (numbers), dash= (0 is "-"), per_second= (a delta), paint= ("state" or "above_zero"), least= (what it can be cut to), readable=
-- (what it is cut to at first), end_quarters= (of what is cut, four parts: so many are its end), rank= (those with a high rank go first)}
local core = require "tcpstats.core"
local text = require "tcpstats.text"
local where = require "tcpstats.where"

--- Columns of sockets, human-readable, as `table` and `top` show them.
---@class tcpstats.columns
local columns = {}

-- What an end of a connection reads besides address and port: zone, device, and which families a wildcard takes.
local LOCAL <const> = { "local_addr", "local_port", "scope_id", "interface", "interface_index", "v6only", "dual_stack" }
local REMOTE <const> = { "remote_addr", "remote_port", "state", "scope_id", "interface", "interface_index" }

local all = {
  { name = "state", title = "STATE", fields = { "state" }, paint = "state" },
  -- The end of an address says more than its beginning: peers of one network differ there.
  { name = "local", title = "LOCAL", shown = "local", fields = LOCAL, least = 12, readable = 21, end_quarters = 3 },
  { name = "remote", title = "REMOTE", shown = "remote", fields = REMOTE, least = 12, readable = 21, end_quarters = 3 },
  { name = "process", title = "PROCESS", shown = "process", fields = { "command", "pid" }, least = 8, readable = 16 },
  { name = "rtt", title = "RTT", shown = "microseconds", fields = { "rtt_us" }, right = true },
  { name = "min_rtt", title = "MIN", shown = "microseconds", fields = { "rtt_min_us" }, right = true, rank = 6 },
  { name = "cwnd", title = "CWND", shown = "bytes", fields = { "snd_cwnd" }, right = true, rank = 4 },
  {
    name = "retrans", title = "RETR", shown = "count", fields = { "rexmit_packets", "retransmit_packets_total" }, right = true, rank = 1, dash = true,
    paint = "above_zero",
  },
  {
    name = "recvq", title = "RECV-Q", shown = "bytes", fields = { "accept_queue", "rcv_buf_used" }, right = true, rank = 2, dash = true,
    paint = "above_zero",
  },
  { name = "sendq", title = "SEND-Q", shown = "backlog", fields = { "accept_backlog", "snd_buf_used" }, right = true, rank = 3, dash = true },
  { name = "tx", title = "SENT", shown = "bytes", fields = { "tx_bytes" }, right = true, rank = 5, dash = true },
  { name = "rx", title = "RECEIVED", shown = "bytes", fields = { "rx_bytes" }, right = true, rank = 5, dash = true },
  { name = "tx_rate", title = "TX/s", shown = "bytes", fields = { "delta_tx_bytes" }, per_second = true, right = true, dash = true },
  { name = "rx_rate", title = "RX/s", shown = "bytes", fields = { "delta_rx_bytes" }, per_second = true, right = true, dash = true },
  {
    name = "retrans_rate", title = "RETR/s", shown = "number", fields = { "delta_rexmit_packets" }, per_second = true, right = true, dash = true,
    paint = "above_zero",
  },
  { name = "cc", title = "CC", fields = { "cc_algo" }, rank = 7 },
  { name = "user", title = "UID", fields = { "uid" }, right = true, rank = 8 },
  { name = "age", title = "AGE", shown = "milliseconds", fields = { "age_ms", "connection_age_ms" }, right = true, rank = 8 },
  { name = "idle", title = "IDLE", shown = "milliseconds", fields = { "idle_time_ms" }, right = true, rank = 8 },
}

local by_name, names = {}, {}
for i, column in ipairs(all) do
  by_name[column.name] = column
  names[i] = column.name
end

--- The names of all columns.
---@type string[]
columns.names = names

-- A field of the schema that has no column of its own, as it is.
local function field_column(name)
  local expression = where.compile(name)
  if not expression or not expression.field then return nil end
  return { name = name, title = name:upper(), fields = { name }, right = expression.type == "integer", least = 6, end_quarters = 2 }
end

--- Columns by their names.
---@param list string names with commas between; every field of the schema is a column, too
---@return table[]? columns nil if there is no column of such a name
---@return string? wrong the name, with the nearest right one
function columns.chosen(list)
  local chosen = {}
  for name in list:gmatch "[^,%s]+" do
    local column = by_name[name] or field_column(name)
    if not column then
      local near = core.nearest(name, names)
      return nil, ("no column '%s'%s"):format(name, near and ", did you mean " .. near .. "?" or "; there are " .. table.concat(names, ", ") .. ", and every field")
    end
    chosen[#chosen + 1] = column
  end
  return chosen
end

--- The fields that columns read.
---@param chosen table[] columns
---@return string[] names
function columns.fields(chosen)
  local fields, seen = {}, {}
  for _, column in ipairs(chosen) do
    for _, name in ipairs(column.fields) do
      if not seen[name] then
        seen[name] = true
        fields[#fields + 1] = name
      end
    end
  end
  return fields
end

-- Why a column is always empty, nil when it is not: none of its fields can be known.
local function never(ctx, column)
  local missing, reason = ctx:wants(column.fields), nil
  for _, name in ipairs(column.fields) do
    if not missing[name] then return nil end
    reason = reason or missing[name]
  end
  return reason
end

--- Says that columns are read which somebody chose, so that owners are looked up for them, and warns of those that are always empty.
---@param ctx tcpstats.Ctx
---@param chosen table[] columns
function columns.want(ctx, chosen)
  for _, column in ipairs(chosen) do
    local why = never(ctx, column)
    if why then ctx:log("warning", "--columns %s is always empty: %s", column.name, why) end
  end
end

-- What C is told of a table: the columns with their widths, and what all of them need.
local function described(batch, list, widths, colored)
  local own = {}
  for i, column in ipairs(list) do
    own[i] = {
      shown = column.shown, fields = column.fields, right = column.right, dash = column.dash, per_second = column.per_second, paint = column.paint,
      end_quarters = column.end_quarters, width = widths and widths[i],
    }
  end
  return { columns = own, seconds = batch:seconds(), colored = colored, ascii = text.ascii }
end

--- How wide columns are.
---@param batch tcpstats.Batch the sockets that are shown
---@param chosen table[] columns
---@return { column: table, width: integer, empty: boolean }[] cells of each column; empty: no socket has a value
function columns.measure(batch, chosen)
  local cells = {}
  for i, width in ipairs(core.table_widths(batch, described(batch, chosen))) do
    cells[i] = { column = chosen[i], width = math.max(width, text.width(chosen[i].title)), empty = width == 0 }
  end
  return cells
end

local GAP <const> = 2

local function total(cells)
  local width = -GAP
  for _, cell in ipairs(cells) do width = width + cell.width + GAP end
  return width
end

-- Makes the widest columns narrower, one character at a time, none below its `limit`.
local function cut(cells, width, limit)
  while total(cells) > width do
    local widest
    for _, cell in ipairs(cells) do
      local least = cell.column[limit]
      if least and cell.width > least and (not widest or cell.width > widest.width) then widest = cell end
    end
    if not widest then return end
    widest.width = widest.width - 1
  end
end

-- The column that is missed least: one without values, then the highest rank, the last one of equals.
local function least_important(cells)
  local found
  for i = #cells, 1, -1 do
    if cells[i].empty then return i end
  end
  for i, cell in ipairs(cells) do
    if cell.column.rank and (not found or cell.column.rank >= cells[found].column.rank) then found = i end
  end
  return found
end

--- Makes columns fit a line: long addresses and names are cut to a readable width, then the least important columns go, then what can be cut is
--- cut as far as it may, then the last columns go.
---@param cells table[] of columns.measure; those that are cut get another width
---@param width? integer of the line (no limit)
---@return table[] cells that stay
function columns.fit(cells, width)
  local kept = table.move(cells, 1, #cells, 1, {})
  if not width then return kept end
  cut(kept, width, "readable")
  while total(kept) > width and least_important(kept) do table.remove(kept, least_important(kept)) end
  cut(kept, width, "least")
  while total(kept) > width and #kept > 1 do table.remove(kept) end
  if #kept == 1 then kept[1].width = math.min(kept[1].width, width) end
  return kept
end

--- The line of titles.
---@param cells table[] of columns.fit
---@return string line without spaces at its end
function columns.titles(cells)
  local titles = {}
  for i, cell in ipairs(cells) do titles[i] = text.fit(cell.column.title, cell.width, cell.column.right) end
  return (table.concat(titles, (" "):rep(GAP)):gsub(" +$", ""))
end

--- The lines of sockets.
---@param batch tcpstats.Batch in the order in which the sockets are shown
---@param cells table[] of columns.fit
---@param from integer the first socket
---@param to integer the last one
---@param colored boolean whether colors are wanted
---@return string lines each with a newline; none ends in a space
function columns.lines(batch, cells, from, to, colored)
  local chosen, widths = {}, {}
  for i, cell in ipairs(cells) do chosen[i], widths[i] = cell.column, cell.width end
  return core.table_lines(batch, described(batch, chosen, widths, colored), from, to)
end

return columns
