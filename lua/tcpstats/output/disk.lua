--- What a file and a standard output that leads to one have in common: rows are whole on disk, also when it is full.
--
-- A write that fails leaves no torn row: it is cut off again. Its rows wait with the others, in a bounded queue, until there is room.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local stream = require "tcpstats.output.stream"
local tail = require "tcpstats.output.tail"

local disk = {}

local RETRY_AFTER <const> = 1000000000

local methods = setmetatable({}, { __index = stream.methods })
disk.methods = methods

--- Notes that another file is written to from here on, which may have content.
function disk.begin(self)
  self.header, self.inspected = nil, runtime.kind_of(self.fd) ~= "file"
  self.size = runtime.file_size(self.fd) or 0
end

-- The file's first row from us: its torn tail goes, and a line of names that it has already is not repeated. What a shell has redirected is not ours to
-- cut or to refuse.
local function inspect(self, item)
  if self.is_redirected then
    if self.size > 0 and item.header and tail.first_line(self.path) == item.header then self.header = item.header end
    self.inspected = true
    return true
  end
  local ok, cut, missing = tail.mend(self.path, self.fd, item.form)
  if not ok and missing == "EFBIG" then return self:move_aside(cut) end
  if not ok then return nil, cut, missing end
  if cut then self.log("warning", "%s: %d bytes of a torn row were cut off its end", self.name, cut) end
  self.size = runtime.file_size(self.fd) or 0
  self.inspected = true
  if self.size > 0 and item.header then
    local line = tail.first_line(self.path)
    if line and line ~= item.header then
      return nil, ("it has other columns: %s"):format((line:gsub("%s+$", ""))), "EFORMAT"
    end
    self.header = item.header
  end
  if missing then self.queue:put_mark(missing) end
  return true
end

function methods:before(item)
  if self.header and item.header and item.header ~= self.header then return nil, "other columns were written to it before", "EFORMAT" end
  if self.inspected then return true end
  return inspect(self, item)
end

-- Nobody else must have written meanwhile.
local function cut_torn(self, torn)
  if torn > 0 and runtime.kind_of(self.fd) == "file" then
    local size = runtime.file_size(self.fd)
    if size == self.size then
      runtime.truncate(self.fd, size - torn)
      self.size = size - torn
    end
  end
end

local function stuck(self, what, code)
  if code == "EFORMAT" then
    self.failure = { what, code }
    self.account:drop(self.queue:clear(), "form")
    return
  end
  cut_torn(self, self:rewind())
  if not self.stuck then self.log("warning", "cannot write %s: %s; rows are kept until there is room", self.name, what) end
  self.stuck, self.retry_ns = what, core.monotonic_ns() + RETRY_AFTER
end

--- Goes on.
function methods:tick()
  if self.failure or self.stuck and core.monotonic_ns() < self.retry_ns then return end
  local sent = self.sent
  local how, what, code = self:drain()
  self.size = self.size + self.sent - sent
  if not how then return stuck(self, what, code) end
  if self.stuck then
    self.log("info", "%s is written again", self.name)
    self.stuck = nil
  end
  if how == "idle" and self.rotate_if_due then self:rotate_if_due() end
end

--- What to wait for: see tcpstats.output.
function methods:pending()
  if self.failure or self.queue:is_empty() then return end
  if self.stuck then return nil, nil, self.retry_ns end
  return nil, self.fd
end

--- Whether waiting for it is in vain.
function methods:is_stalled() return self.stuck ~= nil end

return disk
