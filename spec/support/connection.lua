--- TCP connections of a spec to itself.
local socket = require "socket"

local connection = {}

--- Two ends of a connection. Neither blocks, and both have little room.
---@param bytes integer what the buffers are asked to hold: of the first end what it sends, of the other what it receives
function connection.pair(bytes)
  local server = assert(socket.bind("127.0.0.1", 0))
  local address, port = server:getsockname()
  local here = assert(socket.connect(address, port))
  local there = assert(server:accept())
  server:close()
  assert(here:setoption("send-buffer-size", bytes))
  assert(there:setoption("recv-buffer-size", bytes))
  here:settimeout(0)
  there:settimeout(0)
  return here, there
end

return connection
