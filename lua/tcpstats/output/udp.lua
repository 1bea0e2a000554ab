--- Datagrams: udp://HOST:PORT. Text goes as many whole lines to a datagram as fit `size`; anything else is one datagram a message.
-- What does not fit a datagram at all, or what the system has no room for, is dropped and counted.
local core = require "tcpstats.core"
local library = require "tcpstats.output.library"
local units = require "tcpstats.output.units"

local udp = { help = "datagrams: udp://HOST:PORT, as many lines in each as fit ?size=1400" }
udp.keys = { size = "bytes of a datagram that lines are gathered in (1400)" }

local DEFAULT_SIZE <const>, LARGEST <const> = 1400, 65507
local TELL_EVERY <const> = 60000000000

local methods = {}
methods.__index = methods

local function lose(self, bytes)
  self.lost, self.lost_bytes = self.lost + 1, self.lost_bytes + #bytes
end

local function send_datagram(self, bytes)
  local ok, what
  if #bytes <= LARGEST then ok, what = self.socket:send(bytes) end
  -- "connection refused" tells of the datagram before: nobody listens. This one has not been sent.
  if not ok and what == "connection refused" then ok, what = self.socket:send(bytes) end
  if ok then return end
  lose(self, bytes)
  self.why = what or "larger than a datagram"
end

local function tell(self)
  local now = core.monotonic_ns()
  if self.lost == self.told or now < self.tell_at then return end
  self.log("warning", "%s: %d datagrams were dropped so far (%d bytes): %s", self.name, self.lost, self.lost_bytes, self.why)
  self.told, self.tell_at = self.lost, now + TELL_EVERY
end

local function flush_lines(self)
  if #self.lines == 0 then return end
  local bytes = table.concat(self.lines)
  self.lines, self.held = {}, 0
  send_datagram(self, bytes)
end

function methods:send(bytes, is_text)
  if not is_text then
    send_datagram(self, bytes)
    return true
  end
  for line in bytes:gmatch("[^\n]*\n?") do
    if self.held + #line > self.size then flush_lines(self) end
    if line ~= "" then self.lines[#self.lines + 1], self.held = line, self.held + #line end
  end
  return true
end

function methods:flush()
  flush_lines(self)
  tell(self)
  return true
end

function methods.reopen() return true end

function methods:close()
  flush_lines(self)
  if self.lost > 0 then self.log("warning", "%s: %d datagrams (%d bytes) were dropped: %s", self.name, self.lost, self.lost_bytes, self.why) end
  self.socket:close()
  return true
end

function udp.open(target, keys, log)
  local tcp = require "tcpstats.output.tcp"
  local host, port = tcp.endpoint(target, "udp")
  if not host then return nil, port, "EUSAGE" end
  local size = keys.size and units.size(keys.size) or DEFAULT_SIZE
  if keys.size and (not size or size < 1 or size > LARGEST) then
    return nil, ("size=%s is no datagram's size, 1 to %d"):format(keys.size, LARGEST), "EUSAGE"
  end
  local socket, missing = library.load("socket", "it")
  if not socket then return nil, missing end
  local addresses, what = tcp.addresses(socket, host)
  if not addresses then return nil, what end
  local s
  s, what = (addresses[1].family == "inet6" and socket.udp6 or socket.udp4)()
  if not s then return nil, what end
  s:settimeout(0)
  local ok
  ok, what = s:setpeername(addresses[1].addr, port)
  if not ok then return nil, what end
  return setmetatable({
    socket = s, name = "udp://" .. target, log = log, size = size, lines = {}, held = 0, lost = 0, lost_bytes = 0, told = 0, tell_at = 0,
  }, methods)
end

return udp
