--- Where rows go. An output is named by a URL; what a scheme does is one file, lua/tcpstats/output/SCHEME.lua.
--
-- Such a file returns { help = a phrase for --list, about = sentences for the reference, keys = {name = what it does},
-- open = function(target, env) }. `env` has what the output is given: `keys` of the URL, `account` for its rows (tcpstats.output.account),
-- `log(level, format, ...)` for what goes wrong. `open` returns nil and a message, or a table:
--   put_chunks(self, chunks, form, whole, header)  takes the rows of a batch (see tcpstats.output.queue), false when there is no room for them
--   put_bytes(self, bytes, form)  takes a row that is encoded
--   tick(self)        goes on: connects, writes what can be written without waiting, says to the account what became of rows
--   pending(self)     -> a descriptor that is waited for to become readable or nil, one to become writable or nil, when to look again (monotonic ns) or
--                     nil; then tick is called
--   queue             what waits
--   failure           {text, code} when it will never write again, and the run must end; else nil
--   is_settled(self)  whether every row is written, dropped or acknowledged
--   is_stalled(self)  whether it is in vain to wait for that
--   give_up(self, reason)  drops what is not settled
--   reopen(self)      after SIGHUP
--   close(self)       frees what it has. true; or nil, text, code
-- None of them waits. Every row that was put is counted by the account exactly once; what is not taken, its caller counts.
local account = require "tcpstats.output.account"
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"

local output = {}

--- The schemes there are, as `--list` shows them.
output.schemes = { "file", "stdout", "tcp", "udp", "unix" }

local REPORT_EVERY <const> = 60000000000
local LAST_MOMENT <const> = 2000000000 -- for what is left when a signal ends the run

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
---@param url string
---@return string? scheme
---@return string target or what is wrong
---@return string? keys as they are written
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
---@param url string "-", a path, file:PATH?rotate=100M&keep=5, tcp://HOST:PORT, udp://HOST:PORT, unix:PATH
---@param log? function(level, format, ...) for what goes wrong later
---@return table? output or nil, message, "EUSAGE" (the URL is wrong) or the system's code
function output.open(url, log)
  log = log or function() end
  local scheme, target, text = output.parse(url)
  if not scheme then return nil, target, "EUSAGE" end
  local kind = require("tcpstats.output." .. scheme)
  local keys, what = parse_keys(url, text, kind.keys)
  if not keys then return nil, what, "EUSAGE" end
  local self = setmetatable({ url = url, log = log, rows = account.new(), reported = 0, report_ns = 0 }, front)
  local code
  self.backend, what, code = kind.open(target, { keys = keys, account = self.rows, log = log })
  if not self.backend then return nil, ("%s: %s"):format(url, what), code or "ESYSTEM" end
  return self
end

local function encode_socket(s, format)
  if format == "protobuf" then return core.socket_protobuf(s), false end
  return core.socket_json(s, format == "json" and "canonical" or "flat") .. "\n", true
end

-- What a format is to a file: see tcpstats.output.queue.
local FORMS = { json = "lines", flat = "lines", csv = "csv", protobuf = "messages" }
local WHOLE = { json = true, protobuf = true }

local function put_batch(self, batch, options, defaults)
  local format = options.format or defaults.format or "json"
  local how = {
    pretty = options.pretty or defaults.pretty, addresses = options.addresses, fields = options.fields, header = options.header, defuse = options.defuse,
  }
  local chunks = core.chunks(batch, format, how)
  return self.backend:put_chunks(chunks, FORMS[format], WHOLE[format] or false, chunks:header()), #batch
end

local NONE <const> = {}

-- Puts something; whether it was taken, and how many rows it is.
local function put(self, x, options, defaults)
  local kind = type(x)
  if kind == "string" then return self.backend:put_bytes(x, "text"), 1 end
  if kind == "table" then
    local line, what = core.json(x)
    if not line then error(what, 0) end
    return self.backend:put_bytes(line .. "\n", "lines"), 1
  end
  local name = kind == "userdata" and (getmetatable(x) or NONE).__name
  if name == "tcpstats.batch" then return put_batch(self, x, options, defaults) end
  if name == "tcpstats.socket" then
    local bytes, is_text = encode_socket(x, options.format or defaults.format)
    return self.backend:put_bytes(bytes, is_text and "lines" or "messages"), 1
  end
  error(("cannot write %s: expected a batch, a socket, a table or a string"):format(kind == "nil" and "nil" or "a " .. kind), 0)
end

-- Says what was lost, at most once a minute.
local function report(self)
  local lost = self.rows:lost() + self.rows.unknown
  if lost == self.reported then return end
  local now = core.monotonic_ns()
  if now < self.report_ns then return end
  self.reported, self.report_ns = lost, now + REPORT_EVERY
  self.log("warning", "%s: so far %s", self.backend.name, self.rows:text())
end

local function result(self)
  local failure = self.backend.failure
  if failure then return nil, failure[1], failure[2] end
  report(self)
  return true
end

--- Writes something: a batch, a socket, a table (a line of JSON) or a string (as it is). Rows for which there is no room are dropped and counted.
---@param x any what
---@param options? table {format = "json", "flat", "protobuf" or "csv", and what batch:encode takes for it: pretty=, addresses=, fields=, header=, defuse=}. The
---  header of CSV is written where the output, or a file of it, begins
---@param defaults? table for what options leave out: {format=, pretty=}
---@return true? ok or nil, message, code when the run must end. Raises when x is nothing that can be written
function front:write(x, options, defaults)
  if not self.backend then return nil, "it is closed", "ESYSTEM" end
  local before = self.backend.failure
  if before then return nil, before[1], before[2] end
  local taken, count = put(self, x, options or NONE, defaults or NONE)
  self.rows:collect(count)
  if not taken then self.rows:drop(count, "buffer") end
  return result(self)
end

--- Writes what can be written without waiting. Results as of write.
function front:flush()
  if not self.backend then return true end
  self.backend:tick()
  return result(self)
end

--- Opens it again under its name, after somebody moved a file away. Results as of write.
function front:reopen()
  if not self.backend then return true end
  return self.backend:reopen()
end

--- What to wait for: a descriptor that becomes readable, one that becomes writable, and when to look again (monotonic ns). Each may be nil.
function front:pending()
  if not self.backend then return end
  local to_read, to_write, again = self.backend:pending()
  if not self.finish_ns then return to_read, to_write, again end
  local now = core.monotonic_ns()
  local deadline = self.hurry_ns and self.hurry_ns + LAST_MOMENT or now + LAST_MOMENT
  return to_read, to_write, again and math.min(again, deadline) or deadline
end

--- Whether no pass should be made before it has taken what it was given.
---@param live boolean whether passes are of the running system, which does not wait
---@param alone boolean whether it is the run's only output
function front:is_waited_for(live, alone)
  local backend = self.backend
  if not backend or backend.failure or backend:is_stalled() then return false end
  if alone and backend.waited_for then return not backend.queue:is_empty() end
  return not live and backend.queue:is_full()
end

--- Takes nothing any more, and tries to write what is left.
function front:finish()
  if not self.backend or self.finish_ns then return end
  local now = core.monotonic_ns()
  local backend = self.backend
  self.finish_ns = now
  if not backend:is_stalled() then backend.progress_ns = now end
  backend.finishing, backend.retry_ns = true, 0
  backend:tick()
end

--- A signal ends the run: what is left has a moment.
function front:hurry() self.hurry_ns = self.hurry_ns or core.monotonic_ns() end

--- Whether nothing is left, after `finish`: what cannot be written is given up.
function front:is_finished()
  local backend = self.backend
  if not backend or backend.failure or backend:is_settled() then return true end
  local over = self.hurry_ns and core.monotonic_ns() >= self.hurry_ns + LAST_MOMENT
  if not over and not backend:is_stalled() then return false end
  backend:give_up(backend.stuck and "disk" or "reader")
  return true
end

--- Ends it. What cannot be written without waiting is given up, unless `finish` came first and is_finished was waited for. Results as of write.
function front:close()
  local backend = self.backend
  if not backend then return true end
  self:finish()
  if not backend.failure then backend:give_up(backend.stuck and "disk" or "reader") end
  local failure = backend.failure
  local ok, what, code = backend:close()
  self.backend = nil
  local lost = self.rows:text()
  if lost then self.log("warning", "%s: %s", backend.name, lost) end
  if failure then return nil, failure[1], failure[2] end
  return ok, what, code
end

--- What became of its rows: {collected=, written=, unknown=, waiting=, dropped = {reason = rows}}.
function front:account() return self.rows:copy() end

--- Whether rows were lost, or may have been.
function front:has_lost() return self.rows:lost() + self.rows.unknown > 0 end

--- Whether it is a terminal.
function front:isatty() return self.backend ~= nil and self.backend.fd ~= nil and runtime.isatty(self.backend.fd) end

return output
