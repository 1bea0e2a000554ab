--- A stream of length-delimited BatchMessages, as the script protobuf writes them, read as a source: protobuf:FILE, or protobuf:- for standard
-- input, which may be a pipe from another machine.
--
-- It has the methods of the core's sources. Deltas that were recorded stay as they are. Messages do not say which connections opened and closed: that,
-- and deltas that are missing, come from comparing a message with the previous one of the same host and schedule.
local core = require "tcpstats.core"

local stream = {}
stream.__index = stream

local LARGEST <const> = 1 << 31 -- protobuf's own limit for a message

--- Opens a stream.
---@param path string of a file, or "-"
---@return tcpstats.Source?
---@return string? what went wrong
---@return string? code
function stream.open(path)
  if path == "" then return nil, "protobuf: the file is missing, as in protobuf:day.pb", "EUSAGE" end
  local file, what
  if path == "-" then file = io.stdin else file, what = io.open(path, "rb") end
  if not file then return nil, "cannot read " .. what, "ESYSTEM" end
  return setmetatable({ file = file, path = path, offset = 0, trackers = {} }, stream)
end

-- A message's length, a varint: how many bytes follow, and the bytes of the varint itself. Nil and a code at the end.
local function read_length(self)
  local prefix, length = {}, 0
  for i = 0, 9 do
    local byte = self.file:read(1)
    if not byte then return nil, i == 0 and "EEND" or "ETRUNCATED" end
    prefix[i + 1] = byte
    local bits = byte:byte()
    length = length | (bits & 0x7f) << 7 * i
    if bits < 0x80 then
      if length < 0 or length >= LARGEST then return nil, "EFORMAT" end
      return length, table.concat(prefix)
    end
  end
  return nil, "EFORMAT"
end

local function fail(self, code)
  self.ended = true
  if code == "EEND" then return nil, "the stream ends here", code end
  local why = code == "ETRUNCATED" and "the message that begins at byte %d is cut" or "there is no message at byte %d"
  return nil, ("%s: " .. why):format(self.path, self.offset), code
end

-- Memory is allocated as bytes arrive, not as a length announces.
local function read_bytes(file, length)
  local parts, left = {}, length
  while left > 0 do
    local part = file:read(math.min(left, 1 << 20))
    if not part then return nil end
    parts[#parts + 1], left = part, left - #part
  end
  return table.concat(parts)
end

local function read_message(self)
  if self.ended then return nil, "the stream ends here", "EEND" end
  local length, prefix = read_length(self)
  if not length then return fail(self, prefix) end
  local body = read_bytes(self.file, length)
  if not body then return fail(self, "ETRUNCATED") end
  local batch, what, code = core.decode(prefix .. body)
  if not batch then
    self.ended = true
    return nil, ("%s: the message at byte %d: %s"):format(self.path, self.offset, what), code
  end
  self.offset = self.offset + #prefix + length
  return batch
end

-- A message that was read ahead to know whose it is.
local function next_message(self)
  local batch, what, code = self.ahead, nil, nil
  self.ahead = nil
  if not batch then batch, what, code = read_message(self) end
  return batch, what, code
end

--- What the next message says of itself: {hostname=, schedule_name=, interval_ms=, at_ns=}; or nil, text, code ("EEND").
function stream:upcoming()
  local batch, what, code = next_message(self)
  if not batch then return nil, what, code end
  self.ahead = batch
  local metadata = batch.metadata
  return { hostname = metadata.hostname, schedule_name = metadata.schedule_name, interval_ms = metadata.interval_ms, at_ns = metadata.timestamp_ns }
end

--- The next message as a batch. The code is "EEND" after the last message, "ETRUNCATED" if the stream is cut.
---@param options? table as of a source's pass; filter and tracker count
---@return tcpstats.Batch?
---@return string? what went wrong
---@return string? code
function stream:pass(options)
  local batch, what, code = next_message(self)
  if not batch then return nil, what, code end
  return core.replay(batch, options and options.tracker, options and options.filter)
end

function stream:close()
  if self.path ~= "-" and self.file then self.file:close() end
  self.file, self.ended = nil, true
  return true
end

function stream.name() return "protobuf" end

function stream.live() return false end

return stream
