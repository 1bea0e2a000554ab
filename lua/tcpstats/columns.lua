--- Columns of sockets for eyes, which table and top share: what there is to show, how it reads, and how it fits a line.
--
-- A column: {name=, title=, fields= (what it reads), show= function(value...) giving text or nil, right= (numbers), least= (what it can be
-- cut to), readable= (what it is cut to at first), endpoint (a cut keeps the port), rank= (those with a high rank go first), rate= (of a delta),
-- color= function(text, value...) giving a color's name}
local core = require "tcpstats.core"
local text = require "tcpstats.text"
local where = require "tcpstats.where"

--- Columns of sockets, human-readable, as `table` and `top` show them.
---@class tcpstats.columns
local columns = {}

local function bytes(n) return n and text.bytes(n) end
local function microseconds(n) return n and text.microseconds(n) end
local function milliseconds(n) return n and text.milliseconds(n) end
local function plain(value) return value ~= nil and text.clean(value) or nil end
local function if_any(show) return function(n) return n and (n == 0 and "-" or show(n)) end end

local state_colors = {
  ESTABLISHED = "green", LISTEN = "cyan", CLOSE_WAIT = "yellow", SYN_SENT = "yellow", SYN_RECEIVED = "yellow", TIME_WAIT = "dim", CLOSED = "dim",
}

local function process(command, pid) return text.process { command = command, pid = pid } end

local function warn_above_zero(_, n) return n and n > 0 and "red" or nil end

local all = {
  { name = "state", title = "STATE", fields = { "state" }, show = plain, color = function(_, state) return state_colors[state] end },
  {
    name = "local", title = "LOCAL", fields = { "local_addr", "local_port" }, least = 12, readable = 21, endpoint = true,
    show = function(address, port) return text.local_end { local_addr = address, local_port = port } end,
  },
  {
    name = "remote", title = "REMOTE", fields = { "remote_addr", "remote_port", "state" }, least = 12, readable = 21, endpoint = true,
    show = function(address, port, state)
      if state == "LISTEN" then return nil end
      return text.remote_end { remote_addr = address, remote_port = port }
    end,
  },
  { name = "process", title = "PROCESS", fields = { "command", "pid" }, show = process, least = 8, readable = 16 },
  { name = "rtt", title = "RTT", fields = { "rtt_us" }, show = microseconds, right = true },
  { name = "min_rtt", title = "MIN", fields = { "rtt_min_us" }, show = microseconds, right = true, rank = 6 },
  { name = "cwnd", title = "CWND", fields = { "snd_cwnd" }, show = bytes, right = true, rank = 4 },
  {
    name = "retrans", title = "RETR", fields = { "rexmit_packets", "retransmit_packets_total" }, right = true, rank = 1,
    show = function(packets, total) return if_any(text.count)(packets or total) end,
    color = function(_, packets, total) return (packets or total or 0) > 0 and "red" or nil end,
  },
  {
    name = "recvq", title = "RECV-Q", fields = { "rcv_buf_used", "accept_queue" }, right = true, rank = 2,
    show = function(used, queue) return if_any(text.bytes)(queue or used) end, color = warn_above_zero,
  },
  {
    name = "sendq", title = "SEND-Q", fields = { "snd_buf_used", "accept_backlog" }, right = true, rank = 3,
    show = function(used, backlog) return backlog and "/" .. text.count(backlog) or if_any(text.bytes)(used) end,
  },
  { name = "tx", title = "SENT", fields = { "tx_bytes" }, show = if_any(text.bytes), right = true, rank = 5 },
  { name = "rx", title = "RECEIVED", fields = { "rx_bytes" }, show = if_any(text.bytes), right = true, rank = 5 },
  { name = "tx_rate", title = "TX/s", fields = { "delta_tx_bytes" }, rate = true, show = if_any(text.bytes), right = true },
  { name = "rx_rate", title = "RX/s", fields = { "delta_rx_bytes" }, rate = true, show = if_any(text.bytes), right = true },
  { name = "retrans_rate", title = "RETR/s", fields = { "delta_rexmit_packets" }, rate = true, show = if_any(text.number), right = true, color = warn_above_zero },
  { name = "cc", title = "CC", fields = { "cc_algo" }, show = plain, rank = 7 },
  { name = "user", title = "UID", fields = { "uid" }, show = plain, right = true, rank = 8 },
  { name = "age", title = "AGE", fields = { "age_ms", "connection_age_ms" }, show = function(a, b) return milliseconds(a or b) end, right = true, rank = 8 },
  { name = "idle", title = "IDLE", fields = { "idle_time_ms" }, show = milliseconds, right = true, rank = 8 },
}

local by_name, names = {}, {}
for i, column in ipairs(all) do
  by_name[column.name] = column
  names[i] = column.name
end

--- The names of all columns.
---@return string[]
columns.names = names

-- A field of the schema that has no column of its own, as it is.
local function field_column(name)
  local expression = where.compile(name)
  if not expression or not expression.field then return nil end
  local numeric = expression.type == "integer"
  return { name = name, title = name:upper(), fields = { name }, show = plain, right = numeric, least = 6 }
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

--- The texts of a batch's sockets.
---@param batch tcpstats.Batch in the order in which the sockets are shown
---@param chosen table[] columns
---@param colored boolean whether colors are wanted
---@return { column: table, texts: string[], colors: string[], width: integer, empty: boolean }[] cells of each column; empty: no socket has a value
function columns.read(batch, chosen, colored)
  local seconds = batch:seconds()
  local cells = {}
  for i, column in ipairs(chosen) do
    local texts, colors, width, empty = {}, {}, text.width(column.title), true
    local row = 0
    for _, a, b, c in batch:each(table.unpack(column.fields)) do
      row = row + 1
      if column.rate then a = a and seconds and a / seconds end
      local shown = column.show(a, b, c)
      if shown then
        empty = false
        width = math.max(width, text.width(shown))
        if colored and column.color then colors[row] = column.color(shown, a, b) end
      end
      texts[row] = shown or ""
    end
    cells[i] = { column = column, texts = texts, colors = colors, width = width, empty = empty }
  end
  return cells
end

local GAP = 2

-- The text in the cell's width. Of an end of a connection the port says more than the rest of a long address.
local function fitted(cell, shown)
  local tail = cell.column.endpoint and text.width(shown) > cell.width and shown:match ":[%d*]+$" or ""
  return text.fit(shown:sub(1, #shown - #tail), cell.width - #tail, cell.column.right) .. tail
end

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
---@param cells table[] of columns.read; those that are cut get another width
---@param width? integer of the line (no limit)
---@return table[] cells that stay
function columns.fit(cells, width)
  local kept = table.move(cells, 1, #cells, 1, {})
  if not width then return kept end
  cut(kept, width, "readable")
  while total(kept) > width and least_important(kept) do table.remove(kept, least_important(kept)) end
  cut(kept, width, "least")
  while total(kept) > width and #kept > 1 do table.remove(kept) end
  return kept
end

--- One line.
---@param cells table[] of columns.fit
---@param row integer the socket's number; 0 for the titles
---@param paint? fun(text: string, color: string): string colors a text
---@return string line without spaces at its end
function columns.line(cells, row, paint)
  local parts = {}
  for i, cell in ipairs(cells) do
    local shown = row == 0 and cell.column.title or cell.texts[row]
    local last = i == #cells and not cell.column.right
    if not last or text.width(shown) > cell.width then shown = fitted(cell, shown) end
    local color = row > 0 and cell.colors[row]
    parts[i] = color and paint and paint(shown, color) or shown
  end
  local line = table.concat(parts, (" "):rep(GAP))
  return paint and line or (line:gsub("%s+$", ""))
end

return columns
