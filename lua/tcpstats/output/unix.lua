--- A Unix stream socket that a reader listens on: unix:PATH.
local library = require "tcpstats.output.library"
local stream = require "tcpstats.output.queue"

local unix = { help = "a Unix socket: unix:PATH, with ?buffer=8M", keys = stream.keys }

function unix.open(target, keys, log)
  if target == "" then return nil, "a path is missing, as in unix:/run/reader.sock", "EUSAGE" end
  local socket, missing = library.load("socket.unix", "it")
  if not socket then return nil, missing end
  return stream.new {
    name = "unix:" .. target, log = log, keys = keys,
    connect = function()
      local s, what = socket.stream()
      if not s then return nil, what end
      s:settimeout(0)
      local ok
      ok, what = s:connect(target)
      if ok then return s end
      s:close()
      return nil, what
    end,
    finish = function() return true end, -- a Unix socket is connected at once or not at all
  }
end

return unix
