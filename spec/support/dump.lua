--- Dumps of many sockets: a kernel's answer (inet_diag), made of a fixture's.
local support = require "spec.support"

local dump = {}

local DONE <const> = 3 -- NLMSG_DONE, linux/netlink.h
local COOKIE <const> = 16 + 44 -- of nlmsghdr and inet_diag_msg

--- Writes a file that `-s linux:FILE` reads.
---@param path string
---@param count integer how many sockets
---@return string path
function dump.write(path, count)
  local bytes, messages, at, done = support.read "spec/fixtures/linux/kernel-6.18.bin", {}, 1, nil
  while at <= #bytes do
    local length, kind = ("<I4I2"):unpack(bytes, at)
    local message = bytes:sub(at, at + (length + 3) // 4 * 4 - 1)
    if kind == DONE then done = message else messages[#messages + 1] = message end
    at = at + #message
  end
  local file <close> = assert(io.open(path, "wb"))
  for i = 0, count - 1 do
    local message = messages[i % #messages + 1]
    file:write(message:sub(1, COOKIE), ("<I8"):pack(i + 1), message:sub(COOKIE + 9))
  end
  file:write(done)
  return path
end

return dump
