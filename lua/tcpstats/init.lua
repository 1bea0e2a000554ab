--- System-wide telemetry of TCP sockets: what the kernel knows of every connection, as records that Lua can read.
local core = require "tcpstats.core"
local where = require "tcpstats.where"
require "tcpstats.batch"

--- What `require "tcpstats"` returns: everything that tcpstats-lua does except options and signals, for any Lua 5.4. Misuse raises. What can fail
--- for other reasons returns `nil, text, code`.
---@class tcpstats
---@field version string
local tcpstats = { version = core.version }

--- The fields of a socket in the order of their numbers; `words` are the values of an enum.
tcpstats.fields = core.fields

--- The fields of a batch's summary (gauges, and counters of the system since the previous pass) in the order of their numbers.
---@return { name: string, number: integer, help: string }[]
function tcpstats.summary_fields() return core.message_fields "SystemSummary" end

--- Where sockets can be read from.
tcpstats.sources = core.sources

--- Compiles a filter ([the language](filter.md)). The message names word and column; the code is "EUSAGE".
---@param text string as in "remote_port=443 include_state=established rtt_us>50000"
---@return tcpstats.Filter?
---@return string? what went wrong
---@return string? code
tcpstats.filter = core.filter

--- Compiles an [expression](#filters-and-expressions) over the fields of a socket. `expression(s)` is its value; batch:filter, batch:top and batch:group_by take it.
---@param text string as in "rtt_us > 50000 and remote_port == 443"
---@return tcpstats.Expression?
---@return string? what went wrong
---@return string? code
tcpstats.where = where.compile

--- An empty tracker: it compares each batch with the one before it.
tcpstats.tracker = core.tracker

--- Reads one length-delimited BatchMessage. The code is "ETRUNCATED" if the message goes on after the bytes.
tcpstats.decode = core.decode

--- A value as JSON on one line, as ctx:emit writes tables. Integers have all their digits, numbers that are not finite are null, keys are sorted.
--- A table whose keys are 1 to n is an array; one with holes, too, with null in them, if n is at most 10 or half of it exists. Any other table is an
--- object, an empty one, too; its numbers as keys are text. `__jsontype = "array"` or `"object"` in a table's metatable decides. A socket is an object
--- of its fields, a batch an array of them. No metamethod is called. Under the name of an unsigned 64-bit field (socket_id) a negative integer is
--- the bits of a value of 2^63 or more, and is written as that value. The code is "EUSAGE" if part of the value has no JSON: a function, a table that
--- contains itself or lies in more than 100 tables; the message says which.
---@param value any
---@return string? json
---@return string? what where the first number stood that is not finite ("peers[3].rate"); or what went wrong
---@return string? code
tcpstats.json = core.json

--- Opens a source.
---@param spec string "auto", a name, or NAME:FILE[,KEY=VALUE...]; protobuf:FILE is a recorded stream
---@return tcpstats.Source?
---@return string? what went wrong
---@return string? code
function tcpstats.open(spec)
  if spec:find("^protobuf:?") then return require("tcpstats.collect.collector").open_source(spec) end
  return core.open(spec)
end

--- What a collector is made with.
---@class tcpstats.CollectorOptions
---@field source? string|tcpstats.Source A spec as for -s, or an open source ("auto").
---@field interval? number Seconds between passes (1; a recording is read as fast as possible).
---@field count? integer Passes of each schedule, of a recording in all; 0 no end (0).
---@field filter? string|tcpstats.Filter Only these sockets are collected.
---@field processes? boolean Look up owners.
---@field tcp_info? boolean Ask for the counters that cost one call per connection (macOS).
---@field tcp_info_limit? integer Make at most that many such calls a pass.
---@field realtime? boolean Replay a recording at its original speed.
---@field record? string Name of a capture that keeps every answer of the kernel.
---@field schedules? tcpstats.Schedule[] Several passes with intervals of their own, instead of interval.
---@field endings? boolean Hear from the kernel how connections end, also those that no pass saw (true).
---@field on_skip? fun(schedule: tcpstats.Schedule, n: integer, now_ns: integer, late_ns: integer) Called when n ticks were skipped, the first of them due late_ns ago.

---@class tcpstats.Schedule
---@field name string
---@field interval_ns integer
---@field processes? boolean
---@field tcp_info? boolean
---@field summary_only? boolean

--- Passes one after the other, each compared with the one before it.
---
---   for batch in tcpstats.collector { interval = 1, filter = "remote_port=443" }:batches() do print(#batch, #batch:opened()) end
---
---@param options? tcpstats.CollectorOptions
---@return tcpstats.Collector?
---@return string? what went wrong
---@return string? code
function tcpstats.collector(options) return require("tcpstats.collect.collector").new(options) end

--- What the system knows of one of this process's own TCP sockets, without a dump and without privilege: TCP_INFO on Linux and FreeBSD,
--- TCP_CONNECTION_INFO on macOS. The code is "EUSAGE" if the descriptor is not an open TCP socket.
---@param descriptor integer|table|userdata a number, or anything with getfd(), as LuaSocket's sockets have it
---@return tcpstats.Socket? s as in a batch; it stays valid
---@return string? what went wrong
---@return string? code
function tcpstats.socket_info(descriptor)
  if type(descriptor) ~= "number" then descriptor = descriptor:getfd() end
  return core.socket_info(descriptor)
end

local function compiled(filter)
  if type(filter) ~= "string" then return filter end
  return assert(core.filter(filter))
end

--- One pass over a source that is opened and closed for it.
---@param options? { source?: string, filter?: string|tcpstats.Filter, processes?: boolean, tcp_info?: boolean, tcp_info_limit?: integer } as of collector
---@return tcpstats.Batch?
---@return string? what went wrong
---@return string? code
function tcpstats.collect(options)
  options = options or {}
  local source, what, code = tcpstats.open(options.source or "auto")
  if not source then return nil, what, code end
  local batch
  batch, what, code = source:pass {
    filter = compiled(options.filter),
    processes = options.processes, tcp_info = options.tcp_info, tcp_info_limit = options.tcp_info_limit,
  }
  source:close()
  if not batch then return nil, what, code end
  return batch
end

--- Parses raw bytes of a kernel. `batch.warnings` says what was cut.
---@param name "macos"|"linux"|"freebsd" whose bytes they are
---@param bytes string
---@param options? table the source's keys, as in {release = 15}, with bytes where the command line names a file; and filter
---@return tcpstats.Batch?
---@return string? what went wrong
---@return string? code
function tcpstats.parse(name, bytes, options)
  local keys, filter = {}, nil
  for key, value in pairs(options or {}) do
    if key == "filter" then filter = compiled(value) else keys[key] = value end
  end
  local source, what, code = core.open_bytes(name, bytes, keys)
  if not source then return nil, what, code end
  local batch
  batch, what, code = source:pass { filter = filter }
  source:close()
  if not batch then return nil, what, code end
  return batch
end

---@class tcpstats.Batch
local methods = core.batch_methods

--- The batch as canonical proto3 JSON, on one line unless it is pretty.
---@param options? { pretty?: boolean, addresses?: "base64"|"text" } addresses: base64 (the default) loads as protobuf JSON
---@return string
function methods:json(options) return self:encode("json", options) end

--- The batch as one length-delimited BatchMessage.
---@return string
function methods:protobuf() return self:encode "protobuf" end

--- One JSON object per line and socket: the proto's names, addresses as text, integers as numbers up to 2^53 and as strings above, which readers such
--- as jq would round. It begins with timestamp_ns, hostname, schedule_name and batch_sequence of the pass, as far as they are known.
---@return string
function methods:flat() return self:encode "flat" end

return tcpstats
