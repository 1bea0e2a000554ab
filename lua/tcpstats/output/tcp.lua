--- A TCP connection to a reader: tcp://HOST:PORT.
local library = require "tcpstats.output.library"
local stream = require "tcpstats.output.queue"

local tcp = { help = "a connection: tcp://HOST:PORT, with ?buffer=8M", keys = stream.keys }

--- "host:port" or "[::1]:port" -> host, port; nil and a message when it is none.
function tcp.endpoint(target, scheme)
  local host, port = target:match("^%[([^%]]+)%]:(%d+)$")
  if not host then host, port = target:match("^([^:]+):(%d+)$") end
  port = math.tointeger(tonumber(port))
  if not port or port < 1 or port > 65535 then return nil, ("expected %s://HOST:PORT"):format(scheme) end
  return host, port
end

--- The addresses of a host, of both families.
-- @return a list of {family = "inet" or "inet6", addr =}; or nil and a message
function tcp.addresses(socket, host)
  local list, what = socket.dns.getaddrinfo(host)
  if not list or #list == 0 then return nil, ("cannot resolve %s: %s"):format(host, what or "no address") end
  return list
end

function tcp.open(target, keys, log)
  local host, port = tcp.endpoint(target, "tcp")
  if not host then return nil, port, "EUSAGE" end
  local socket, missing = library.load("socket", "it")
  if not socket then return nil, missing end
  -- Resolving may take long, so it is done now and after SIGHUP, not while passes are due.
  local addresses, what = tcp.addresses(socket, host)
  if not addresses then return nil, what end
  local turn, address = 0, nil
  local self, code
  self, what, code = stream.new {
    name = "tcp://" .. target, log = log, keys = keys,
    connect = function()
      turn = turn % #addresses + 1
      address = addresses[turn]
      local s, why = (address.family == "inet6" and socket.tcp6 or socket.tcp4)()
      if not s then return nil, why end
      s:settimeout(0)
      local ok, refused = s:connect(address.addr, port)
      if ok or refused == "timeout" then return s end
      s:close()
      return nil, refused
    end,
    finish = function(s)
      local _, writable = socket.select(nil, { s }, 0)
      if not writable[s] then return nil end
      local ok, why = s:connect(address.addr, port)
      if ok or why == "already connected" then return true end
      return nil, why
    end,
  }
  if not self then return nil, what, code end
  function self.reopen(own)
    addresses = tcp.addresses(socket, host) or addresses
    return stream.reopen(own)
  end
  return self
end

return tcp
