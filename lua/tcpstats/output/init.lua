--- Where bytes go. An output is named by a URL; what a scheme does is one file, lua/tcpstats/output/SCHEME.lua.
--
-- Such a file returns { help = "what --list says", keys = {name = "what it is"}, open = function(target, keys, log) } where open gives nil and a
-- message, or a table:
--   send(self, bytes, is_text)  takes a message: true; or nil, text, code when it is lost for good and the run must end
--   flush(self)                 what is held back goes out, as far as that needs no waiting; results as of send
--   close(self)                 the end: may wait a moment; results as of send
--   reopen(self)                after SIGHUP; results as of send
-- and if it has them
--   fd                          a descriptor that batches may be written to without becoming a string; `wrote(self)` is called after that
--   pending(self)               -> a descriptor that is waited for to become readable or nil, one to become writable or nil, when to look again
--                               (monotonic ns) or nil
--   tick(self)                  looks again
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"

local output = {}

--- The schemes there are, as `--list` shows them.
output.schemes = { "file", "stdout", "tcp", "udp", "unix" }

-- Taken before a sandbox hides them: a script there has no business with descriptors.
local write_batch = core.batch_methods.write

local function parse_keys(url, text, known)
  local keys = {}
  for pair in (text or ""):gmatch("[^&]+") do
    local key, value = pair:match("^([^=]*)=(.*)$")
    key = key or pair
    if not known[key] then
      local suggest = require "tcpstats.suggest"
      return nil, ("%s: unknown key '%s'%s"):format(url, key, suggest.hint(key, suggest.keys(known), "there"))
    end
    if not value or value == "" then return nil, ("%s: %s wants a value: %s"):format(url, key, known[key]) end
    keys[key] = value
  end
  return keys
end

--- What a URL names.
-- @return scheme, target, text of its keys; or nil, message
function output.parse(url)
  if url == "-" then return "stdout", "" end
  if url == "" then return nil, "an output needs a name: -, a path, or SCHEME:..." end
  local scheme, rest = url:match("^([%a][%w+.-]*):(.*)$")
  if not scheme then return "file", url end
  for _, known in ipairs(output.schemes) do
    if scheme == known then
      local target, keys = rest:match("^([^?]*)%??(.*)$")
      return scheme, (target:gsub("^//", "", scheme == "file" and 0 or 1)), keys
    end
  end
  local hint = require("tcpstats.suggest").hint(scheme, output.schemes, "there")
  return nil, ("unknown output '%s:'%s (a file of that name: ./%s)"):format(scheme, hint, url)
end

local front = {}
front.__index = front
front.__name = "tcpstats.output"

--- Opens what a URL names.
-- @param url "-", a path, file:PATH?rotate=100M&keep=5, tcp://HOST:PORT, udp://HOST:PORT, unix:PATH
-- @param log function(level, format, ...) for what goes wrong later
-- @return an output; or nil, message, "EUSAGE" (the URL is wrong) or "ESYSTEM"
function output.open(url, log)
  local scheme, target, text = output.parse(url)
  if not scheme then return nil, target, "EUSAGE" end
  local kind = require("tcpstats.output." .. scheme)
  local keys, what = parse_keys(url, text, kind.keys)
  if not keys then return nil, what, "EUSAGE" end
  local backend, code
  backend, what, code = kind.open(target, keys, log)
  if not backend then return nil, ("%s: %s"):format(url, what), code or "ESYSTEM" end
  return setmetatable({ url = url, backend = backend }, front)
end

local function encode_socket(s, format)
  if format == "protobuf" then return core.socket_protobuf(s), false end
  return core.socket_json(s, format == "json" and "canonical" or "flat") .. "\n", true
end

--- Writes something: a batch, a socket, a table (a line of JSON) or a string (as it is).
-- @param x what
-- @param options {format = "json", "flat", "protobuf" or "csv", and what batch:encode takes for it: pretty=, addresses=, fields=, header=}; may be nil
-- @param defaults for what options leave out: {format=, pretty=}; may be nil
-- @return true; or nil, message, code when the run must end. Raises when x is nothing that can be written
function front:write(x, options, defaults)
  local backend, kind = self.backend, type(x)
  if not backend then return nil, self.url .. ": closed", "ESYSTEM" end
  if kind == "string" then return backend:send(x, true) end
  local format = options and options.format or defaults and defaults.format
  if kind == "userdata" then
    local name = (getmetatable(x) or {}).__name
    if name == "tcpstats.socket" then return backend:send(encode_socket(x, format)) end
    if name == "tcpstats.batch" then
      format = format or "json"
      options, defaults = options or {}, defaults or {}
      local how = { pretty = options.pretty or defaults.pretty, addresses = options.addresses, fields = options.fields, header = options.header }
      if not backend.fd then return backend:send(x:encode(format, how), format ~= "protobuf") end
      local ok, what, code = backend:flush()
      if ok then ok, what, code = write_batch(x, backend.fd, format, how) end
      if not ok then return nil, what, code end
      return backend:wrote()
    end
  elseif kind == "table" then
    local line, what = core.json(x)
    if not line then error(what, 0) end
    return backend:send(line .. "\n", true)
  end
  error(("cannot write %s: expected a batch, a socket, a table or a string"):format(kind == "nil" and "nil" or "a " .. kind), 0)
end

--- What is held back goes out. Results as of write.
function front:flush()
  if not self.backend then return true end
  return self.backend:flush()
end

--- Opens it again under its name, after somebody moved a file away. Results as of write.
function front:reopen()
  if not self.backend then return true end
  return self.backend:reopen()
end

--- Ends it. Results as of write.
function front:close()
  local backend = self.backend
  if not backend then return true end
  self.backend = nil
  return backend:close()
end

--- What to wait for: a descriptor that becomes readable, one that becomes writable, and when to look again (monotonic ns). Each may be nil.
function front:pending()
  if self.backend and self.backend.pending then return self.backend:pending() end
end

--- Goes on with what could not be done without waiting.
function front:tick()
  if self.backend and self.backend.tick then self.backend:tick() end
end

--- Whether it is a terminal.
function front:isatty() return self.backend ~= nil and self.backend.fd ~= nil and runtime.isatty(self.backend.fd) end

return output
