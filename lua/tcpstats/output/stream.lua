--- What outputs over a descriptor (standard output, files, connections) have in common: a queue of rows, which is written as fast as the descriptor takes
-- bytes, without waiting. An output is a table whose metatable's __index leads to `stream.methods`.
--
-- It has `fd`, and if they apply
--   before(self, item)  called before the first byte of an item is sent; nil, text, code when it must not be
--   has_reader          what was written may be lost when the reader goes away
--   is_followed         the end waits until what was written has reached the reader
--   acknowledged        it is a TCP connection, of which that is known of the reader's system
local core = require "tcpstats.core"
local queue = require "tcpstats.output.queue"
local runtime = require "tcpstats.runtime"
local units = require "tcpstats.output.units"

local stream = {}

local DEFAULT_BUFFER <const> = 8 << 20
local GATHERED <const> = 64 << 10
local RECEIVE_BUFFER <const> = 6 << 20 -- the largest that Linux gives a reader who asks for nothing: net.ipv4.tcp_rmem

--- What the key `buffer` of such an output is.
stream.buffer_help = "keep that much, as 32M, while the reader accepts nothing; the last pass is kept besides (8M)"

local methods = {}
stream.methods = methods

--- Gives an output what it has as a stream.
---@param self table with account, log and keys
---@return table? self or nil, text, code
function stream.init(self)
  local limit = DEFAULT_BUFFER
  if self.keys.buffer then limit = units.size(self.keys.buffer) end
  if not limit or limit == 0 then return nil, ("buffer=%s is not a size; 8M is one"):format(self.keys.buffer), "EUSAGE" end
  self.queue = queue.new(limit)
  self.sent, self.rows = 0, 0 -- bytes and rows over this descriptor
  self.marks, self.first_mark, self.last_mark, self.had = {}, 1, 0, 0 -- see note_sent
  self.progress_ns = core.monotonic_ns()
  return self
end

-- A reader that had nothing to take made no progress, and is not slow for that.
local function note_begin(self)
  if self.queue:is_empty() then self.progress_ns = core.monotonic_ns() end
end

--- Takes the rows of a batch. See tcpstats.output.queue.
---@return boolean taken
function methods:put_chunks(...)
  note_begin(self)
  local taken = self.queue:put_chunks(...)
  if taken and not self.blocked then self:tick() end
  return taken
end

--- Takes a row that is encoded.
---@return boolean taken
function methods:put_bytes(...)
  note_begin(self)
  local taken = self.queue:put_bytes(...)
  if taken and not self.blocked and self.queue.held >= GATHERED then self:tick() end
  return taken
end

-- Remembers how many rows were sent with how many bytes, to find out later how many the reader has. A file has what was written.
local function note_sent(self, rows, bytes)
  self.sent, self.rows, self.progress_ns = self.sent + bytes, self.rows + rows, core.monotonic_ns()
  if not self.has_reader then return end
  self.last_mark = self.last_mark + 1
  self.marks[self.last_mark] = { sent = self.sent, rows = self.rows }
end

-- Forgets what was sent before `sent`; the rows that it was.
local function forget(self, sent)
  while self.first_mark <= self.last_mark and self.marks[self.first_mark].sent <= sent do
    self.had = self.marks[self.first_mark].rows
    self.marks[self.first_mark] = nil
    self.first_mark = self.first_mark + 1
  end
  if self.first_mark > self.last_mark then self.first_mark, self.last_mark = 1, 0 end
  return self.had
end

-- Looks up which rows the reader must have by now. A TCP reader's system may have acknowledged what the reader had no time to read.
local function note_had(self)
  local unsent = self.first_mark <= self.last_mark and runtime.unsent(self.fd)
  if unsent then forget(self, self.sent - unsent - (self.acknowledged and RECEIVE_BUFFER or 0)) end
end

--- Writes what can be written without waiting.
---@return "idle"|"wait"|nil how nil: it failed, with text and code
function methods:drain()
  if self.has_reader then note_had(self) end
  self.blocked = false
  while true do
    local item = self.queue:head()
    if not item then return "idle" end
    if not item.begun then
      if self.before then
        local ok, what, code = self:before(item)
        if not ok then return nil, what, code end
      end
      if item.header and item.header ~= self.header then
        self.queue:put_mark(item.header)
        self.header = item.header
      end
      item.begun = true
      item = self.queue:head() -- which may be such a mark
    end
    local rows, bytes, how, what, code = item.body:send(self.fd)
    self.account:write(rows)
    if bytes > 0 then note_sent(self, rows, bytes) end
    if how == "done" then
      self.queue:pop()
    elseif how == "wait" then
      self.blocked = true
      return "wait"
    elseif how == "failed" then
      return nil, what, code
    end
  end
end

--- Goes back to the last row that was wholly sent.
---@return integer torn bytes that were sent after it
function methods:rewind()
  local item = self.queue:head()
  if not item then return 0 end
  return item.body:rewind()
end

--- The descriptor leads nowhere any more: what was sent and nobody had is counted as unknown, and what is sent next is a beginning.
function methods:broke()
  note_had(self)
  self.account:doubt(self.rows - self.had)
  self:rewind()
  local item = self.queue:head()
  if item and item.is_mark then self.queue:pop() end
  item = self.queue:head()
  if item then item.begun = false end
  self.sent, self.rows, self.had, self.header = 0, 0, 0, nil
  self.marks, self.first_mark, self.last_mark = {}, 1, 0
end

--- Whether everything is written, and has reached the reader where that can be waited for.
function methods:is_settled()
  if not self.queue:is_empty() then return false end
  if not self.is_followed or not self.fd then return true end
  local unsent, left = runtime.unsent(self.fd)
  if left ~= self.left then self.left, self.progress_ns = left, core.monotonic_ns() end
  return unsent == 0
end

--- Gives up: what waits is dropped, and what has not reached the reader is counted as unknown.
function methods:give_up(reason)
  if self.is_followed and self.fd then
    local unsent = runtime.unsent(self.fd)
    if unsent then forget(self, self.sent - unsent) end
    self.account:doubt(self.rows - self.had)
    self.rows = self.had
  end
  self.account:drop(self.queue:clear(), reason)
end

return stream
