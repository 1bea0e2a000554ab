--- Running the binary with scripts of a spec, as a user would.
local sockets = require "spec.support.sockets"
local support = require "spec.support"
require "tcpstats"

local host = {}

local SECOND <const> = 1000000000

--- The name of a new folder.
function host.folder()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir " .. path))
  return path
end

--- Writes a file; returns its path.
function host.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
  return path
end

--- A recorded stream: three passes a second apart over three sockets (443, 8080, 22), of which 22 is gone in the last and 9000 came in the second.
-- @param passes how many of them; 3
-- @return bytes
function host.stream(passes)
  local established, listen = 5, 2
  local function socket(port, state, more)
    local s = {
      local_addr = "\x0a\x00\x00\x01", remote_addr = "\x0a\x00\x00\x02", local_port = port, remote_port = 50000, ip_version = 4, state = state,
      socket_id = port, rtt_us = port,
    }
    for name, value in pairs(more or {}) do s[name] = value end
    return s
  end
  local lists = {
    { socket(443, established, { tx_bytes = 1000 }), socket(8080, listen), socket(22, established) },
    { socket(443, established, { tx_bytes = 3000 }), socket(8080, listen), socket(22, established), socket(9000, established) },
    { socket(443, established, { tx_bytes = 3500 }), socket(8080, listen), socket(9000, established) },
  }
  local parts = {}
  for i = 1, passes or 3 do
    local list = lists[i] or lists[3]
    parts[i] = sockets.batch(list, { [1] = 1700000000 * SECOND + i * SECOND, [2] = "recorder" }):protobuf()
  end
  return table.concat(parts)
end

--- Runs the binary.
-- @param words of the command line, for the shell
-- @param input bytes for its standard input
-- @return stdout, stderr, exit code
function host.run(words, input) return support.run(("exec timeout -k 5 300 %s %s"):format(support.bin, words), input) end

return host
