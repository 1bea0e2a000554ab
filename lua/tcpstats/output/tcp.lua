--- TCP connections to a reader.
local connection = require "tcpstats.output.connection"
local resolve = require "tcpstats.output.resolve"
local stream = require "tcpstats.output.stream"

local tcp = {
  help = "a connection: tcp://HOST:PORT, with ?buffer=8M",
  about = "A TCP connection to a reader: tcp://HOST:PORT. When the connection breaks, rows that the reader's system has not acknowledged, and those in the "
    .. "last 6 MB, which may lie unread in its receive buffer, are counted as unknown.",
  keys = { buffer = stream.buffer_help },
}

function tcp.open(target, env)
  local host, port = resolve.endpoint(target, "tcp")
  if not host then return nil, port, "EUSAGE" end
  return connection.new { name = "tcp://" .. target, env = env, addresses = resolve.new(host, port, "stream"), acknowledged = true }
end

return tcp
