--- Bytes on their way to an output, with the places where their rows end. A queue holds pieces and chunks of batches (core.chunks), which have the
--- same methods.
local runtime = require "tcpstats.runtime"

local piece = {}

local FULL <const> = 64 << 10 -- what a pipe takes at once; see doc/performance.md

local Piece = {}
Piece.__index = Piece

--- A piece that gathers rows, one part each.
---@param binary boolean whether the parts are no lines of text
function piece.new(binary) return setmetatable({ binary = binary, parts = {}, rows = 0, size = 0, sent = 0, done = 0, done_end = 0 }, Piece) end

-- Where the next row ends that was not wholly sent.
local function next_end(self)
  if self.parts then return self.done_end + #self.parts[self.done + 1] end
  if self.ends == "" then return self.size end
  return (("=I4"):unpack(self.ends, 4 * self.done + 1))
end

local function advance(self)
  local before = self.done
  while self.done < self.rows do
    local at = next_end(self)
    if at > self.sent then break end
    self.done, self.done_end = self.done + 1, at
  end
  return self.done - before
end

--- The piece that chunks:next gave.
---@param bytes string
---@param rows integer how many there are
---@param ends string where they end; "": all at the end, as of a message
---@param sent integer how many of the bytes were sent before
function piece.of(bytes, rows, ends, sent)
  local self = setmetatable({ bytes = bytes, rows = rows, ends = ends, size = #bytes, sent = sent, done = 0, done_end = 0 }, Piece)
  advance(self)
  return self
end

--- Bytes that are no row: the line of names that CSV begins with.
function piece.mark(bytes) return piece.of(bytes, 0, "", 0) end

--- Whether it takes one more row.
function Piece:is_open(binary) return self.parts ~= nil and not self.bytes and self.binary == binary and self.size < FULL end

--- Takes one more row.
function Piece:add(bytes)
  self.rows = self.rows + 1
  self.parts[self.rows], self.size = bytes, self.size + #bytes
end

local function text_of(self)
  self.bytes = self.bytes or (self.rows == 1 and self.parts[1]) or table.concat(self.parts)
  return self.bytes
end

--- Sends what a descriptor takes that does not block.
---@return integer rows that were completed
---@return integer bytes that were sent
---@return "more"|"done"|"wait"|"failed" how it ended
---@return string? what the error of "failed"
---@return string? code
function Piece:send(fd)
  local n, what, code = runtime.send(fd, text_of(self), self.sent + 1)
  if not n then return 0, 0, code == "EAGAIN" and "wait" or "failed", what, code end
  self.sent = self.sent + n
  return advance(self), n, self.sent == self.size and "done" or "more"
end

--- Goes back to the last row that was wholly sent.
---@return integer torn bytes that were sent after it
function Piece:rewind()
  local torn = self.sent - self.done_end
  self.sent = self.done_end
  return torn
end

--- Rows that were not wholly sent.
function Piece:left() return self.rows - self.done end

-- Where the whole lines end that fit `most` bytes from `from` on; the end of the first line when none does.
local function lines_end(bytes, from, most)
  local at = from + most - 1
  if at >= #bytes then return #bytes end
  while at >= from do
    if bytes:byte(at) == 10 then return at end
    at = at - 1
  end
  return bytes:find("\n", from + most - 1, true) or #bytes
end

--- What fits a datagram: rows of at most `most` bytes together, lines of a row that is larger, or one line that is.
---@return string? bytes nil: there is nothing more
---@return integer rows that are complete with these bytes
function Piece:next(most)
  local bytes, from = text_of(self), self.sent
  if from == self.size then return nil, 0 end
  local before = self.done
  while self.done < self.rows and next_end(self) - from <= most do
    self.sent = next_end(self)
    advance(self)
  end
  if self.sent == from then -- a row that is larger
    local row_end = next_end(self)
    self.sent = (self.binary or self.ends == "") and row_end or math.min(row_end, lines_end(bytes, from + 1, most))
    advance(self)
  end
  return bytes:sub(from + 1, self.sent), self.done - before
end

return piece
