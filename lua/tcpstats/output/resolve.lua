--- HOST:PORT as a URL has it, and its addresses. A name may resolve later or to something else later: asking for it is a part of trying to connect.
local runtime = require "tcpstats.runtime"

local resolve = {}

--- "host:port" or "[::1]:port".
---@return string? host nil when it is not one
---@return integer|string port or what was expected
function resolve.endpoint(target, scheme)
  local host, port = target:match("^%[([^%]]+)%]:(%d+)$")
  if not host then host, port = target:match("^([^:]+):(%d+)$") end
  port = math.tointeger(tonumber(port))
  if not port or port < 1 or port > 65535 then return nil, ("expected %s://HOST:PORT"):format(scheme) end
  return host, port
end

local Resolver = {}
Resolver.__index = Resolver

--- What tells the addresses of an endpoint, one after the other.
---@param kind "stream"|"datagram"
function resolve.new(host, port, kind) return setmetatable({ host = host, port = port, kind = kind, turn = 0 }, Resolver) end

--- A descriptor that becomes readable when `next` should be called again; nil when it has an answer.
function Resolver:pending() return self.asked and self.asked:fd() end

--- The next address to try. After the last one the name is asked for again.
---@return string|false|nil address false: not yet; nil: it cannot be resolved now, with a text
function Resolver:next()
  if not self.asked then
    self.turn = self.turn + 1
    if self.addresses and self.addresses[self.turn] then return self.addresses[self.turn] end
    local what
    self.asked, what = runtime.resolve(self.host, self.port, self.kind)
    if not self.asked then return nil, what end
  end
  local list, what = self.asked:addresses()
  if list == false then return false end
  self.asked:close()
  self.asked, self.addresses, self.turn = nil, list, 1
  if not list or not list[1] then return nil, ("cannot resolve %s: %s"):format(self.host, what or "no address") end
  return list[1]
end

--- Forgets what it knows.
function Resolver:reset()
  if self.asked then self.asked:close() end
  self.asked, self.addresses, self.turn = nil, nil, 0
end

return resolve
