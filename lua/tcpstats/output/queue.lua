--- What outputs over a connection share: a bounded queue of messages, reconnecting with back-off, and an honest count of what was lost.
-- Nothing here waits, but for a moment at the end: a reader that is slow, gone or not there yet never stops the collection.
--
-- Messages are whole: what does not fit the queue is dropped as a whole, and one that a lost connection tore is sent again from its beginning.
-- Bytes that the kernel took before a connection broke may be lost without anybody knowing; a protocol with acknowledgements would be needed.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local units = require "tcpstats.output.units"

local stream = {}
stream.__index = stream

--- Keys that every output over a connection knows.
stream.keys = { buffer = "how much is kept while the reader is slow or away, as 32M (8M)" }

local DEFAULT_BUFFER <const> = 8 << 20
local SHORTEST_PAUSE <const>, LONGEST_PAUSE <const> = 100000000, 30000000000 -- between attempts, ns
local CONNECT_TIME <const> = 10000000000 -- an attempt that took longer has failed
local LAST_MOMENT <const> = 2000000000 -- for what is left at the end
local TELL_EVERY <const> = 60000000000
local PIECE <const> = 64 << 10 -- what is handed to the system at once: sending from a string costs its copying

--- An output over a connection.
-- @param options {name = what log lines call it, log =, keys =, connect = function() -> socket or nil, message;
--   finish = function(socket) -> true, or nil and a message, when the socket has become writable}
-- @return the output; or nil, message, code
function stream.new(options)
  local limit = DEFAULT_BUFFER
  if options.keys.buffer then limit = units.size(options.keys.buffer) end
  if not limit or limit == 0 then return nil, ("buffer=%s is no size; 8M is one"):format(options.keys.buffer), "EUSAGE" end
  local self = setmetatable({
    name = options.name, log = options.log, connect = options.connect, finish = options.finish, limit = limit,
    queue = {}, first = 1, last = 0, held = 0, sent = 0, -- `sent`: bytes of the first message that are on their way
    state = "away", next_try = 0, pause = SHORTEST_PAUSE, lost = 0, lost_bytes = 0, told_lost = 0,
  }, stream)
  self:tick()
  return self
end

local function tell_lost(self, now)
  if self.lost == self.told_lost or now < (self.tell_lost_at or 0) then return end
  self.log("warning", "%s: %d messages were dropped so far (%d bytes): the reader is %s", self.name, self.lost, self.lost_bytes,
    self.state == "connected" and "too slow" or "away")
  self.told_lost, self.tell_lost_at = self.lost, now + TELL_EVERY
end

local function disconnect(self, why)
  if self.socket then self.socket:close() end
  local now = core.monotonic_ns()
  self.socket, self.sent, self.state = nil, 0, "away"
  self.next_try = now + self.pause
  if now >= (self.tell_away_at or 0) or self.was_connected then
    self.log("warning", "%s: %s; trying again, up to %d bytes are kept", self.name, why, self.limit)
    self.tell_away_at, self.was_connected = now + TELL_EVERY, false
  end
  self.pause = math.min(self.pause * 2, LONGEST_PAUSE)
end

local function connected(self)
  if self.tell_away_at then self.log("info", "%s: connected, %d messages were dropped so far", self.name, self.lost) end
  self.state, self.pause, self.was_connected, self.tell_away_at = "connected", SHORTEST_PAUSE, true, nil
end

local function begin(self)
  local socket, what = self.connect()
  self.state, self.deadline = "connecting", core.monotonic_ns() + CONNECT_TIME
  self.socket = socket
  if not socket then return disconnect(self, what) end
end

local function go_on(self)
  local ok, what = self.finish(self.socket)
  if ok then return connected(self) end
  if what then return disconnect(self, what) end
  if core.monotonic_ns() > self.deadline then disconnect(self, "no answer") end
end

-- A reader says nothing; when it went away this is where it shows before bytes are sent into the void.
local function is_gone(self)
  local _, what = self.socket:receive(1)
  return what == "closed"
end

local function drain(self)
  if self.held > 0 and is_gone(self) then return disconnect(self, "the reader closed the connection") end
  while self.first <= self.last do
    local message = self.queue[self.first]
    local to = math.min(#message, self.sent + PIECE)
    local at, what, partly = self.socket:send(message, self.sent + 1, to)
    self.sent = at or partly or self.sent
    if not at and what ~= "timeout" then return disconnect(self, what == "closed" and "the reader closed the connection" or what) end
    if not at then return end
    if self.sent == #message then
      self.queue[self.first] = nil
      self.held, self.first, self.sent = self.held - #message, self.first + 1, 0
    end
  end
  self.first, self.last = 1, 0
end

--- Connects when it is time for it, and sends what can be sent without waiting.
function stream:tick()
  local now = core.monotonic_ns()
  if self.state == "away" and now >= self.next_try then begin(self) end
  if self.state == "connecting" then go_on(self) end
  if self.state == "connected" then drain(self) end
  tell_lost(self, now)
end

-- LuaSocket gives a float.
local function fd_of(self) return math.tointeger(self.socket:getfd()) end

--- What to wait for: see tcpstats.output.
function stream:pending()
  if self.state == "away" then return nil, nil, self.next_try end
  if self.state == "connecting" then return nil, fd_of(self), self.deadline end
  return nil, self.held > 0 and fd_of(self) or nil
end

function stream:send(bytes)
  if self.held + #bytes > self.limit then
    self.lost, self.lost_bytes = self.lost + 1, self.lost_bytes + #bytes
  elseif #bytes > 0 then
    self.last = self.last + 1
    self.queue[self.last], self.held = bytes, self.held + #bytes
  end
  return true
end

function stream:flush()
  self:tick()
  return true
end

function stream:reopen()
  self.next_try, self.pause = 0, SHORTEST_PAUSE
  return true
end

function stream:close()
  local deadline = core.monotonic_ns() + LAST_MOMENT
  self:tick()
  while self.held > 0 and core.monotonic_ns() < deadline do
    local _, fd, again = self:pending()
    runtime.poll(math.min(deadline, again or deadline), { fd }, { fd and 2 }, {}, true)
    self:tick()
  end
  for i = self.first, self.last do
    self.lost, self.lost_bytes = self.lost + 1, self.lost_bytes + #self.queue[i]
  end
  if self.lost > 0 then
    self.log("warning", "%s: %d messages (%d bytes) were dropped", self.name, self.lost, self.lost_bytes)
  end
  if self.socket then self.socket:close() end
  self.socket, self.state, self.queue, self.first, self.last, self.held = nil, "away", {}, 1, 0, 0
  return true
end

return stream
