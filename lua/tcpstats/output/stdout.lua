--- Standard output.
local disk = require "tcpstats.output.disk"
local runtime = require "tcpstats.runtime"
local stream = require "tcpstats.output.stream"

local stdout = {
  help = "standard output, also called -",
  about = "Standard output. A run without other outputs waits for its reader, so that nothing is lost in a pipeline. Beside other outputs it gets what it "
    .. "accepts; the rest is dropped and counted.",
  keys = { buffer = stream.buffer_help },
}

local STDOUT <const> = 1

-- Standard output as a file: others may write to it, too. The path is for reading what it contains.
local file_methods = setmetatable({ path = "/dev/fd/1", is_redirected = true }, { __index = disk.methods })
file_methods.__index = file_methods

-- A pipe, a socket, a terminal, a device.
local methods = setmetatable({}, { __index = stream.methods })
methods.__index = methods

-- The descriptor is shared with the process that started us, which expects it to block. If it cannot be opened again, it is non-blocking only while we
-- write.
local function without_blocking(self, f)
  local blocked = self.is_shared and runtime.set_blocking(self.fd, false)
  local how, what, code = f(self)
  if blocked then runtime.set_blocking(self.fd, true) end
  return how, what, code
end

function methods:tick()
  if self.failure then return end
  local how, what, code = without_blocking(self, self.drain)
  if how then return end
  self:broke()
  self.account:drop(self.queue:clear(), code == "EPIPE" and "reader" or "system")
  self.failure = { code == "EPIPE" and "its reader is gone" or what, code }
end

function methods:pending()
  if not self.failure and not self.queue:is_empty() then return nil, self.fd end
end

--- A reader that has stopped may continue at any time.
function methods.is_stalled() return false end

local shared = { is_standard_output = true, waited_for = true }

function shared.reopen() return true end

function shared:close()
  if self.own then runtime.close_file(self.own) end
  return true
end

for name, value in pairs(shared) do methods[name], file_methods[name] = value, value end

function stdout.open(target, env)
  if target ~= "" then return nil, "nothing follows stdout:", "EUSAGE" end
  local kind = runtime.kind_of(STDOUT)
  local self = { name = "standard output", account = env.account, log = env.log, keys = env.keys, fd = STDOUT }
  local ok, what, code = stream.init(self)
  if not ok then return nil, what, code end
  if kind == "file" then
    disk.begin(self)
    return setmetatable(self, file_methods)
  end
  if kind == "pipe" then runtime.pipe_room(STDOUT) end
  if kind == "pipe" or kind == "terminal" then
    self.own = runtime.open_again(STDOUT)
    self.fd = self.own or STDOUT
  end
  self.is_pipe, self.has_reader = kind == "pipe", kind == "pipe" or kind == "socket"
  self.is_shared = not self.own and kind ~= "device"
  return setmetatable(self, methods)
end

return stdout
