--- Files.
local core = require "tcpstats.core"
local disk = require "tcpstats.output.disk"
local runtime = require "tcpstats.runtime"
local stream = require "tcpstats.output.stream"
local units = require "tcpstats.output.units"

local file = {
  help = "a file: its path alone, or file:PATH?rotate=100M&age=1d&keep=5",
  about = "A file, which is appended to. It can be rotated by size or age: PATH becomes PATH.1, PATH.1 becomes PATH.2, and so on up to `keep` old files. "
    .. "Rows are whole: a batch is written to one file, a part of a row that a full disk or a kill has left at its end is cut off, and CSV has its line of "
    .. "names once per file.",
}
file.keys = {
  rotate = "move the file away when it has this size, as 100M",
  age = "move the file away when it has been written to for this time, as 1h or 1d",
  keep = "keep that many old files (5)",
  mode = "permissions of new files, in octal (0640, less the umask)",
  truncate = "yes: empty the file first instead of appending",
  buffer = stream.buffer_help,
}

local DEFAULT_KEEP <const> = 5

-- The old one is closed when there is a new one: where the folder is away, it is written to on.
local function open_fd(self, truncate)
  local fd, what, code = runtime.open_file(self.path, not truncate, self.mode)
  if not fd then return nil, what, code end
  if self.fd then runtime.close_file(self.fd) end
  self.fd, self.opened_ns = fd, core.monotonic_ns()
  disk.begin(self)
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

local methods = setmetatable({}, { __index = disk.methods })
methods.__index = methods

function methods:rotate_if_due()
  if not is_due(self) then return end
  local ok, what = move_away(self)
  if ok then ok, what = open_fd(self, false) end
  if ok then return end
  self.log("error", "cannot rotate %s: %s; it goes on growing", self.path, what)
  self.rotate, self.age_ns = nil, nil
end

--- Leaves a file as it is, whatever its end, and begins a new one.
function methods:move_aside(why)
  local n = 1
  while runtime.size_of(("%s.%d"):format(self.path, n)) do n = n + 1 end
  local aside = ("%s.%d"):format(self.path, n)
  local ok, what = os.rename(self.path, aside)
  if not ok then return nil, what, "ESYSTEM" end
  self.log("warning", "%s: %s; it is now %s", self.path, why, aside)
  return open_fd(self, false)
end

function methods:reopen()
  self:tick()
  local ok, what = open_fd(self, false)
  if not ok then self.log("warning", "cannot open %s again: %s; the old file is written to", self.path, what) end
  return true
end

function methods:close() return runtime.close_file(self.fd) end

local function parse(self, keys)
  if keys.rotate then
    self.rotate = units.size(keys.rotate)
    if not self.rotate or self.rotate == 0 then return ("rotate=%s is not a size; 100M is one"):format(keys.rotate) end
  end
  if keys.age then
    local seconds = units.seconds(keys.age)
    if not seconds or seconds <= 0 then return ("age=%s is not a time; 1h is one"):format(keys.age) end
    self.age_ns = math.floor(seconds * 1e9)
  end
  self.keep = keys.keep and math.tointeger(tonumber(keys.keep)) or not keys.keep and DEFAULT_KEEP
  if not self.keep or self.keep < 0 then return ("keep=%s is not a number of files"):format(keys.keep) end
  if keys.mode then
    self.mode = keys.mode:find "^0?[0-7][0-7][0-7]$" and tonumber(keys.mode, 8)
    if not self.mode then return ("mode=%s is not permissions in octal; 0640 is"):format(keys.mode) end
  end
  if keys.truncate and keys.truncate ~= "yes" then return "truncate is yes or left out" end
end

function file.open(target, env)
  if target == "" then return nil, "a path is missing, as in file:/var/log/tcp.jsonl", "EUSAGE" end
  local self = setmetatable({ path = target, name = target, account = env.account, log = env.log, keys = env.keys }, methods)
  local wrong = parse(self, env.keys)
  if wrong then return nil, wrong, "EUSAGE" end
  local ok, what, code = stream.init(self)
  if ok then ok, what, code = open_fd(self, env.keys.truncate ~= nil) end
  if not ok then return nil, what, code end
  return self
end

return file
