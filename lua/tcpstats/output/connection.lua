--- What outputs over a connection share: connecting, and connecting again with back-off when the reader is not there, not there yet, or went away.
-- Nothing here waits: a reader that is slow or gone never stops the collection.
--
-- Rows are whole: one that a lost connection tore is sent again from its beginning. A reader that only says that it has nothing more to say (a FIN, as of
-- `ncat --recv-only`) is served on; it is gone when the system says so.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local stream = require "tcpstats.output.stream"

local connection = {}

local SHORTEST_PAUSE <const>, LONGEST_PAUSE <const> = 100000000, 30000000000 -- between attempts, ns
local CONNECT_TIME <const> = 10000000000 -- an attempt that took longer has failed
local PATIENCE <const>, PATIENCE_AWAY <const> = 5000000000, 2000000000 -- a reader that takes nothing, or is not there, is waited for so long
local REPORT_EVERY <const> = 60000000000
local LOOK_AGAIN <const> = 10000000 -- whether what was sent is acknowledged

local methods = setmetatable({}, { __index = stream.methods })
methods.__index = methods

--- An output over a connection.
---@param options table {name = what log lines call it, env = what the output's `open` got, addresses = a resolver (tcpstats.output.resolve) or what has
---  its methods next, pending and reset, acknowledged = whether the system says what the reader's system has}
---@return table? output nil, text, code when its keys are wrong
function connection.new(options)
  local env = options.env
  local self = {
    name = options.name, log = env.log, account = env.account, keys = env.keys, addresses = options.addresses, has_reader = true, is_followed = true,
    acknowledged = options.acknowledged, state = "away", retry_ns = 0, pause = SHORTEST_PAUSE, blocked = true,
  }
  local ok, what, code = stream.init(self)
  if not ok then return nil, what, code end
  setmetatable(self, methods)
  self:tick()
  return self
end

local function close_fd(self)
  if self.fd then runtime.close_file(self.fd) end
  self.fd = nil
end

-- The connection is none, or none any more: another attempt after a pause.
local function go_away(self, why)
  if self.state == "connected" then self:broke() end
  close_fd(self)
  local now, was_connected = core.monotonic_ns(), self.state == "connected"
  self.state, self.retry_ns, self.blocked = "away", now + self.pause, true
  self.pause = math.min(self.pause * 2, LONGEST_PAUSE)
  if was_connected or now >= (self.report_ns or 0) then
    self.log("warning", "%s: %s; trying again, up to %d bytes are kept", self.name, why, self.queue.limit)
    self.report_ns = now + REPORT_EVERY
  end
end

local function connected(self)
  if self.report_ns then self.log("info", "%s: connected", self.name) end
  self.state, self.pause, self.report_ns, self.half_closed = "connected", SHORTEST_PAUSE, nil, false
  self.progress_ns = core.monotonic_ns()
end

local function begin(self)
  local address, what = self.addresses:next()
  self.state = "resolving"
  if address == false then return end
  if not address then return go_away(self, what) end
  local fd, at_once = runtime.connect(address, "stream")
  if not fd then return go_away(self, at_once) end
  self.fd, self.state, self.deadline = fd, "connecting", core.monotonic_ns() + CONNECT_TIME
  if at_once then connected(self) end
end

local function go_on(self)
  if runtime.poll(0, { self.fd }, { 2 }, {}, true) == 0 then
    if core.monotonic_ns() > self.deadline then go_away(self, "no answer") end
    return
  end
  local ok, what = runtime.socket_error(self.fd)
  if not ok then return go_away(self, what) end
  connected(self)
end

-- What a reader says is not for us, but its end may be.
local function listen(self)
  if runtime.poll(0, { self.fd }, { 1 }, {}, true) == 0 then return true end
  local bytes, what, code = runtime.read(self.fd, 4096)
  if bytes == "" then self.half_closed = true end
  if bytes or code == "EAGAIN" then return true end
  return nil, what, code
end

local function write(self)
  local ok, what, code = true, nil, nil
  if not self.half_closed then ok, what, code = listen(self) end
  if ok then ok, what, code = self:drain() end
  if not ok then go_away(self, (code == "EPIPE" or code == "ECONNRESET") and "the reader closed the connection" or what) end
end

--- Connects when it is time for it, and sends what can be sent without waiting.
function methods:tick()
  if self.state == "away" and core.monotonic_ns() >= self.retry_ns or self.state == "resolving" then begin(self) end
  if self.state == "connecting" then go_on(self) end
  if self.state == "connected" then write(self) end
end

--- What to wait for: see tcpstats.output.
function methods:pending()
  if self.state == "away" then return nil, nil, self.retry_ns end
  if self.state == "resolving" then return self.addresses:pending() end
  if self.state == "connecting" then return nil, self.fd, self.deadline end
  local again = self.finishing and self.queue:is_empty() and core.monotonic_ns() + LOOK_AGAIN or nil
  return not self.half_closed and self.fd or nil, not self.queue:is_empty() and self.fd or nil, again
end

--- Whether waiting for the reader is in vain.
function methods:is_stalled()
  return core.monotonic_ns() - self.progress_ns >= (self.state == "connected" and PATIENCE or PATIENCE_AWAY)
end

function methods:reopen()
  self.addresses:reset()
  if self.state == "resolving" then self.state = "away" end
  self.retry_ns, self.pause = 0, SHORTEST_PAUSE
  return true
end

function methods:close()
  self.addresses:reset()
  close_fd(self)
  self.state = "closed"
  return true
end

return connection
