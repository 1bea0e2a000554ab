--- What standard output and files have in common: small messages are gathered, and go out as one write.
local runtime = require "tcpstats.runtime"

local descriptor = {}
descriptor.__index = descriptor

local CHUNK <const> = 64 << 10

--- An output over a descriptor; the caller adds reopen and close.
function descriptor.new(fd) return setmetatable({ fd = fd, parts = {}, count = 0, held = 0 }, descriptor) end

function descriptor:send(bytes)
  local count = self.count + 1
  self.parts[count], self.count, self.held = bytes, count, self.held + #bytes
  if self.held >= CHUNK then return self:flush() end
  return true
end

--- Forgets what is held back, whatever becomes of the write: what failed once is not tried for ever.
function descriptor:flush()
  if self.count == 0 then return true end
  local bytes = self.count == 1 and self.parts[1] or table.concat(self.parts, "", 1, self.count)
  self.parts, self.count, self.held = {}, 0, 0
  local ok, what, code = runtime.write(self.fd, bytes)
  if not ok then return nil, what, code end
  return self:wrote()
end

function descriptor.wrote() return true end

return descriptor
