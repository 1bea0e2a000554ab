--- What became of the rows that an output was given. A row is a socket of a batch, an emitted socket, table or string.
--
-- Of every output and at any time: collected = written + unknown + dropped for any reason + waiting.
local account = {}

--- Why rows are dropped, as reports put it.
account.reasons = {
  buffer = "because the buffer was full",
  disk = "because the disk was full or failed",
  form = "because the file has another form",
  reader = "because the reader did not take them",
  refused = "because nobody listens",
  size = "because they are larger than a datagram",
  system = "because the system refused them",
}

---@class tcpstats.Account
---@field collected integer rows that scripts gave to the output
---@field written integer of these, rows that the system took: a file's, a pipe's, a connection's or as datagrams
---@field unknown integer rows that it took for a reader that went away before it had them
---@field dropped table<string, integer> rows that were dropped, by reason (buffer, disk, form, reader, refused, size, system)
local Account = {}
Account.__index = Account

--- An account without rows.
---@return tcpstats.Account
function account.new() return setmetatable({ collected = 0, written = 0, unknown = 0, dropped = {} }, Account) end

--- Rows that the output was given.
---@param rows integer
function Account:collect(rows) self.collected = self.collected + rows end

--- Rows that the system took.
---@param rows integer
function Account:write(rows) self.written = self.written + rows end

--- Rows that were dropped before they were written.
---@param rows integer
---@param reason string a key of account.reasons
function Account:drop(rows, reason)
  if rows > 0 then self.dropped[reason] = (self.dropped[reason] or 0) + rows end
end

--- Rows that were written and, as it turns out, not delivered.
---@param rows integer
---@param reason string
function Account:refuse(rows, reason)
  self.written = self.written - rows
  self:drop(rows, reason)
end

--- Rows that were written, and nobody knows whether they arrived.
---@param rows integer
function Account:doubt(rows) self.written, self.unknown = self.written - rows, self.unknown + rows end

--- Rows that were dropped, for any reason.
---@return integer
function Account:lost()
  local lost = 0
  for _, rows in pairs(self.dropped) do lost = lost + rows end
  return lost
end

--- Rows that are still to be written.
---@return integer
function Account:waiting() return self.collected - self.written - self.unknown - self:lost() end

--- The figures as a table of their own: collected, written, unknown, waiting, and dropped by reason.
---@return table
function Account:copy()
  local copy = { collected = self.collected, written = self.written, unknown = self.unknown, waiting = self:waiting(), dropped = {} }
  for reason, rows in pairs(self.dropped) do copy.dropped[reason] = rows end
  return copy
end

local function rows_text(n) return n == 1 and "1 row" or n .. " rows" end

-- "3 of 5 rows were lost: 1 because ..., 2 because ...".
local function lost_text(self)
  local lost, parts = self:lost(), {}
  if lost == 0 then return nil end
  for reason, rows in pairs(self.dropped) do parts[#parts + 1] = { rows, account.reasons[reason] } end
  local text = ("%d of %s %s lost"):format(lost, rows_text(self.collected), lost == 1 and "was" or "were")
  if #parts == 1 then return text .. " " .. parts[1][2] end
  table.sort(parts, function(a, b) return a[1] > b[1] end)
  for i, part in ipairs(parts) do parts[i] = part[1] .. " " .. part[2] end
  return text .. ": " .. table.concat(parts, ", ")
end

--- What was lost, as a sentence.
---@return string? text nil when nothing was
function Account:text()
  local lost = lost_text(self)
  if self.unknown == 0 then return lost end
  local doubt = ("%s may not have arrived: the reader went away"):format(rows_text(self.unknown))
  return lost and lost .. "; " .. doubt or doubt
end

return account
