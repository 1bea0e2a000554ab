--- A file, which is appended to. It may be rotated by size or age: PATH becomes PATH.1, PATH.1 becomes PATH.2, up to `keep` old ones.
-- Rotation is between messages, so no message is torn.
local core = require "tcpstats.core"
local descriptor = require "tcpstats.output.descriptor"
local runtime = require "tcpstats.runtime"
local units = require "tcpstats.output.units"

local file = { help = "a file: its path alone, or file:PATH?rotate=100M&age=1d&keep=5" }
file.keys = {
  rotate = "a size as 100M: a file that has reached it is moved away",
  age = "a time as 1h or 1d: a file that was written to for so long is moved away",
  keep = "how many old files are kept (5)",
  truncate = "yes: begin empty instead of appending",
}

local DEFAULT_KEEP <const> = 5

local function open_fd(self, truncate)
  local fd, what, code = runtime.open_file(self.path, not truncate)
  if not fd then return nil, what, code end
  self.fd, self.opened_ns = fd, core.monotonic_ns()
  return true
end

local function is_due(self)
  if self.age_ns and core.monotonic_ns() - self.opened_ns >= self.age_ns then return (runtime.file_size(self.fd) or 0) > 0 end
  return self.rotate and (runtime.file_size(self.fd) or 0) >= self.rotate
end

local function move_away(self)
  if self.keep == 0 then return os.remove(self.path) end
  for n = self.keep - 1, 1, -1 do os.rename(("%s.%d"):format(self.path, n), ("%s.%d"):format(self.path, n + 1)) end
  return os.rename(self.path, self.path .. ".1")
end

local function rotate(self)
  local ok, what = move_away(self)
  if not ok then
    self.log("error", "cannot rotate %s: %s; it goes on growing", self.path, what)
    self.rotate, self.age_ns = nil, nil
    return true
  end
  return self:reopen()
end

local methods = setmetatable({}, { __index = descriptor })
methods.__index = methods

function methods:wrote() return not is_due(self) or rotate(self) end

function methods:reopen()
  local ok, what, code = self:close()
  if not ok then return nil, what, code end
  return open_fd(self, false)
end

function methods:close()
  local fd, ok, what, code = self.fd, self:flush()
  if self.fd ~= fd then fd = self.fd end -- the flush rotated it
  local closed, why, closed_code = runtime.close_file(fd)
  if not ok then return nil, what, code end
  if not closed then return nil, why, closed_code end
  return true
end

function file.open(target, keys, log)
  if target == "" then return nil, "a path is missing, as in file:/var/log/tcp.jsonl", "EUSAGE" end
  local self = setmetatable(descriptor.new(), methods)
  self.path, self.log, self.keep = target, log, DEFAULT_KEEP
  if keys.rotate then
    self.rotate = units.size(keys.rotate)
    if not self.rotate or self.rotate == 0 then return nil, ("rotate=%s is no size; 100M is one"):format(keys.rotate), "EUSAGE" end
  end
  if keys.age then
    local seconds = units.seconds(keys.age)
    if not seconds or seconds <= 0 then return nil, ("age=%s is no time; 1h is one"):format(keys.age), "EUSAGE" end
    self.age_ns = math.floor(seconds * 1e9)
  end
  if keys.keep then
    self.keep = math.tointeger(tonumber(keys.keep))
    if not self.keep or self.keep < 0 then return nil, ("keep=%s is no number of files"):format(keys.keep), "EUSAGE" end
  end
  if keys.truncate and keys.truncate ~= "yes" then return nil, "truncate is yes or left out", "EUSAGE" end
  local ok, what, code = open_fd(self, keys.truncate ~= nil)
  if not ok then return nil, what, code end
  return self
end

return file
