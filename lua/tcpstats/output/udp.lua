--- Datagrams.
local core = require "tcpstats.core"
local queue = require "tcpstats.output.queue"
local resolve = require "tcpstats.output.resolve"
local runtime = require "tcpstats.runtime"
local stream = require "tcpstats.output.stream"
local units = require "tcpstats.output.units"

local udp = {
  help = "datagrams: udp://HOST:PORT, as many rows in each as fit ?size=1400",
  about = "Datagrams: udp://HOST:PORT. Each has as many whole rows as fit `size`; a batch in JSON or protobuf becomes as many messages as that takes. A "
    .. "larger row is a datagram of its own, which networks may fragment. Rows that do not fit a datagram, that the system refuses, or that nobody listens "
    .. "for are counted; what a network loses cannot be counted.",
  keys = { size = "gather rows in datagrams of this many bytes (1400)", buffer = stream.buffer_help },
}

local DEFAULT_SIZE <const>, LARGEST <const> = 1400, 65507
local DEFAULT_BUFFER <const> = 8 << 20
local SHORTEST_PAUSE <const>, LONGEST_PAUSE <const> = 100000000, 30000000000 -- between attempts to resolve, ns
local ROOM_AFTER <const> = 1000000 -- a queue of the system that was full is tried again
local REPORT_EVERY <const> = 60000000000
local PATIENCE <const> = 2000000000

local methods = {}
methods.__index = methods

local function report(self, format, ...)
  local now = core.monotonic_ns()
  if now < (self.report_ns[format] or 0) then return end
  self.report_ns[format] = now + REPORT_EVERY
  self.log("warning", "%s: " .. format, self.name, ...)
end

local function take_turn(self)
  local item = self.queue:head()
  if not item then return end
  local bytes, rows = item.body:next(self.size, true)
  if not bytes then
    self.queue:pop()
    return take_turn(self)
  end
  if #bytes > self.size and rows > 0 then
    report(self, "rows are larger than size=%d and become fragmented datagrams, which many networks lose", self.size)
  end
  return { bytes = bytes, rows = rows }
end

-- A refusal is noted by the socket and reported when the next datagram is to be sent, which is not sent then.
local function refused(self)
  self.account:refuse(self.last_rows, "refused")
  self.last_rows = 0
  report(self, "nobody listens")
end

-- A row whose lines are several datagrams is lost with the first of them.
local function lose(self, datagram, reason)
  self.account:drop(datagram.rows, reason)
  self.torn = datagram.rows == 0 and reason or nil
  self.datagram = nil
end

local function note_sent(self, rows)
  if self.torn and rows > 0 then
    self.account:drop(1, self.torn)
    self.torn, rows = nil, rows - 1
  end
  self.account:write(rows)
  self.last_rows, self.datagram, self.progress_ns = rows, nil, core.monotonic_ns()
end

-- Sends one; false if the system has no room for it now.
local function send(self, datagram)
  local n, what, code = runtime.send(self.fd, datagram.bytes)
  if not n and code == "ECONNREFUSED" then
    refused(self)
    n, what, code = runtime.send(self.fd, datagram.bytes)
  end
  if n then
    note_sent(self, datagram.rows)
    return true
  end
  if code == "EAGAIN" or code == "ENOBUFS" then
    self.again_ns = code == "ENOBUFS" and core.monotonic_ns() + ROOM_AFTER or nil
    return false
  end
  if code == "EMSGSIZE" then
    report(self, "rows of more than %d bytes fit no datagram", LARGEST)
  else
    report(self, "%s", what)
  end
  lose(self, datagram, code == "EMSGSIZE" and "size" or code == "ECONNREFUSED" and "refused" or "system")
  return true
end

local function open_socket(self)
  local address, what = self.addresses:next()
  self.resolving = address == false
  if self.resolving then return end
  if address then
    self.fd, what = runtime.connect(address, "datagram")
    if self.fd then
      self.pause = SHORTEST_PAUSE
      return
    end
  end
  report(self, "%s; trying again", what)
  self.retry_ns = core.monotonic_ns() + self.pause
  self.pause = math.min(self.pause * 2, LONGEST_PAUSE)
end

function methods:tick()
  if not self.fd and core.monotonic_ns() >= self.retry_ns then open_socket(self) end
  if not self.fd then return end
  self.again_ns = nil
  while true do
    self.datagram = self.datagram or take_turn(self)
    if not self.datagram or not send(self, self.datagram) then return end
  end
end

function methods:pending()
  if not self.fd then
    if self.resolving then return self.addresses:pending() end
    return nil, nil, self.retry_ns
  end
  if self.again_ns then return nil, nil, self.again_ns end
  if self.datagram or not self.queue:is_empty() then return nil, self.fd end
end

function methods:put_chunks(...)
  local taken = self.queue:put_chunks(...)
  if taken and self.fd then self:tick() end
  return taken
end

function methods:put_bytes(...) return self.queue:put_bytes(...) end

-- A refusal of the last datagram: on one machine it is there at once.
function methods:is_settled()
  if self.datagram or not self.queue:is_empty() then return false end
  if self.fd then
    local ok, _, code = runtime.socket_error(self.fd)
    if not ok and code == "ECONNREFUSED" then refused(self) end
  end
  return true
end

function methods:give_up(reason)
  if self.datagram then lose(self, self.datagram, reason) end
  self.account:drop(self.queue:clear(), reason)
end

function methods:is_stalled() return core.monotonic_ns() - self.progress_ns >= PATIENCE end

local function close_fd(self)
  if self.fd then runtime.close_file(self.fd) end
  self.fd = nil
end

function methods:reopen()
  self.addresses:reset()
  close_fd(self)
  self.resolving, self.retry_ns = false, 0
  return true
end

function methods:close()
  self.addresses:reset()
  close_fd(self)
  return true
end

function udp.open(target, env)
  local host, port = resolve.endpoint(target, "udp")
  if not host then return nil, port, "EUSAGE" end
  local keys = env.keys
  local size, limit = keys.size and units.size(keys.size) or DEFAULT_SIZE, keys.buffer and units.size(keys.buffer) or DEFAULT_BUFFER
  if keys.size and (not units.size(keys.size) or size < 1 or size > LARGEST) then
    return nil, ("size=%s is not a datagram's size, 1 to %d"):format(keys.size, LARGEST), "EUSAGE"
  end
  if keys.buffer and (units.size(keys.buffer) or 0) == 0 then return nil, ("buffer=%s is not a size; 8M is one"):format(keys.buffer), "EUSAGE" end
  local self = setmetatable({
    name = "udp://" .. target, log = env.log, account = env.account, size = size, queue = queue.new(limit, size), addresses = resolve.new(host, port, "datagram"),
    last_rows = 0, retry_ns = 0, pause = SHORTEST_PAUSE, report_ns = {}, progress_ns = core.monotonic_ns(),
  }, methods)
  self:tick()
  return self
end

return udp
