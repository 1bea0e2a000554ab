--- Unix stream sockets.
local connection = require "tcpstats.output.connection"
local runtime = require "tcpstats.runtime"
local stream = require "tcpstats.output.stream"

local unix = {
  help = "a Unix socket: unix:PATH, with ?buffer=8M",
  about = "A Unix stream socket on which a reader listens: unix:PATH. Rows that the reader has not read when it closes the socket are counted as unknown.",
  keys = { buffer = stream.buffer_help },
}

function unix.open(target, env)
  if target == "" then return nil, "a path is missing, as in unix:/run/reader.sock", "EUSAGE" end
  local address, what = runtime.unix_address(target)
  if not address then return nil, what, "EUSAGE" end
  local addresses = { next = function() return address end, pending = function() end, reset = function() end }
  return connection.new { name = "unix:" .. target, env = env, addresses = addresses }
end

return unix
