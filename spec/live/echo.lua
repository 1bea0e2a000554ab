-- Sends back what comes, on one port, until its standard input ends: lua echo.lua ADDRESS PORT. Says "ready" when it listens.
local socket = require "socket"

local listener = assert(socket.bind(arg[1], tonumber(arg[2]), 64))
listener:settimeout(0)
io.write("ready\n")
io.flush()

local open, waiting = { listener }, {}
while true do
  local writers = {}
  for _, s in ipairs(open) do
    if waiting[s] then writers[#writers + 1] = s end
  end
  local readable, writable = socket.select(open, writers, 1)
  for _, s in ipairs(readable) do
    if s == listener then
      local new = listener:accept()
      if new then
        new:settimeout(0)
        open[#open + 1] = new
      end
    elseif not waiting[s] then
      local bytes, what, part = s:receive(65536)
      bytes = bytes or part
      if #bytes > 0 then waiting[s] = bytes end
      if what == "closed" then
        s:close()
        for i, other in ipairs(open) do
          if other == s then table.remove(open, i) end
        end
        if #open == 1 then os.exit(0) end
      end
    end
  end
  for _, s in ipairs(writable) do
    local sent, _, part = s:send(waiting[s])
    sent = sent or part
    waiting[s] = sent < #waiting[s] and waiting[s]:sub(sent + 1) or nil
  end
end
