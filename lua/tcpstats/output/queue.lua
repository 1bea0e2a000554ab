--- A bounded queue of rows on their way to a reader.
--
-- A batch waits as rows and is encoded when its bytes can go out. One that another follows is encoded into the queue as far as its limit allows,
-- so that at most one pass is kept beyond the limit, however large it is: what fits neither way is not taken, and its rows are the caller's to count.
local piece = require "tcpstats.output.piece"

local queue = {}

local CHUNK <const> = 64 << 10

local Queue = {}
Queue.__index = Queue

--- An empty queue.
---@param limit integer how many encoded bytes it holds
---@param datagram? integer in how many bytes batches are cut, messages too; nil: a message stays one
function queue.new(limit, datagram) return setmetatable({ limit = limit, datagram = datagram, held = 0, items = {}, first = 1, last = 0 }, Queue) end

local function push(self, item)
  self.last = self.last + 1
  self.items[self.last] = item
end

-- Puts an item before the last one.
local function insert(self, item)
  self.items[self.last + 1] = self.items[self.last]
  self.items[self.last] = item
  self.last = self.last + 1
end

local function drop_last(self)
  self.items[self.last] = nil
  self.last = self.last - 1
end

-- Encodes the batch at the end into the queue, whose rows are then no longer needed. False: there is no room for all of it.
local function encode_last(self)
  local item = self.items[self.last]
  local chunks = item and item.chunks
  if not chunks then return true end
  local encoded = false
  while self.held < self.limit do
    local size = self.datagram or item.whole and self.limit - self.held or CHUNK
    local bytes, rows, ends, sent = chunks:next(size, self.datagram ~= nil)
    if bytes == nil then
      drop_last(self)
      return true
    end
    if not bytes then return false end -- a message that has begun, or is too large
    insert(self, { body = piece.of(bytes, rows, ends, sent), header = item.header, form = item.form, begun = item.begun })
    self.held, encoded = self.held + #bytes, true
  end
  if not encoded or chunks:left() > 0 then return false end
  drop_last(self)
  return true
end

--- Takes a batch.
---@param chunks tcpstats.Chunks its rows
---@param form "lines"|"csv"|"messages" what it is to a file
---@param whole boolean whether it is one message, which cannot be cut between its rows
---@param header? string the line that a file of it begins with
---@return boolean taken
function Queue:put_chunks(chunks, form, whole, header)
  if not encode_last(self) or self.held >= self.limit then return false end
  push(self, { body = chunks, chunks = chunks, form = form, whole = whole, header = header })
  return true
end

--- Takes a row that is encoded.
---@param bytes string
---@param form "lines"|"messages"|"text"
---@return boolean taken
function Queue:put_bytes(bytes, form)
  if not encode_last(self) or self.held > 0 and self.held + #bytes > self.limit then return false end
  local item, binary = self.items[self.last], form == "messages"
  if not item or item.form ~= form or not item.body.is_open or not item.body:is_open(binary) then
    item = { body = piece.new(binary), form = form }
    push(self, item)
  end
  item.body:add(bytes)
  self.held = self.held + #bytes
  return true
end

--- What goes out next: {body = piece or chunks, form =, header =}; nil when nothing waits.
function Queue:head() return self.items[self.first] end

--- Puts bytes that are no row before what goes out next.
function Queue:put_mark(bytes)
  self.first = self.first - 1
  self.items[self.first] = { body = piece.mark(bytes), is_mark = true, begun = true }
  self.held = self.held + #bytes
end

--- What went out next has gone out.
function Queue:pop()
  local item = self.items[self.first]
  self.items[self.first] = nil
  if not item.chunks then self.held = self.held - item.body.size end
  self.first = self.first + 1
  if self.first > self.last then self.first, self.last = 1, 0 end
end

--- Whether nothing waits.
function Queue:is_empty() return self.first > self.last end

--- Whether a batch waits that is larger than there is room for, or there is none at all.
function Queue:is_full()
  local item = self.items[self.last]
  return self.held >= self.limit or item ~= nil and item.chunks ~= nil
end

--- Forgets everything.
---@return integer rows that are lost with it
function Queue:clear()
  local rows = 0
  for i = self.first, self.last do rows = rows + self.items[i].body:left() end
  self.items, self.first, self.last, self.held = {}, 1, 0, 0
  return rows
end

return queue
