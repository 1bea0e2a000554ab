--- System-wide telemetry of TCP sockets: what the kernel knows of every connection, as records that Lua can read.
-- Everything that tcpstats-lua does but options and signals is here, for any Lua 5.4.
-- Failure of the world returns nil, text, code; misuse raises.
local core = require "tcpstats.core"
local where = require "tcpstats.where"
require "tcpstats.batch"

local tcpstats = { version = core.version }

--- The fields of a socket.
-- @return a list of {name=, number=, type=string, help=, words=} in the order of their numbers; `words` are those of an enum
tcpstats.fields = core.fields

--- The fields of a batch's summary (counters of the system since the previous pass, gauges).
-- @return a list of {name=, number=, help=} in the order of their numbers
function tcpstats.summary_fields() return core.message_fields "SystemSummary" end

--- Where sockets can be read from.
-- @return a list of {name=, help=, live=, keys={{key=string, help=}}}
tcpstats.sources = core.sources

--- Compiles a filter (doc/filter.md has the language).
-- @param text the filter, e.g. "remote_port=443 include_state=established rtt_us>50000"
-- @return a filter; or nil, text, code: the text names word and column, the code is "EUSAGE"
tcpstats.filter = core.filter

--- Compiles an expression over the fields of a socket (doc/scripting.md has the language).
-- @param text the expression, e.g. "rtt_us > 50000 and remote_port == 443"
-- @return an expression: expression(s) is its value; batch:filter, batch:top and batch:group_by take it; or nil, text, code
tcpstats.where = where.compile

--- An empty tracker: it compares each batch with the one before it.
-- @param options {closed=true}; false: nobody is told as closed, and the last batch is not kept for that. May be nil
-- @return a tracker
tcpstats.tracker = core.tracker

--- Reads one length-delimited BatchMessage out of bytes.
-- @param bytes a string
-- @param position where it begins (1)
-- @return the batch; or nil, text, code ("ETRUNCATED" when the message goes on behind the bytes)
-- @return the position behind it
tcpstats.decode = core.decode

--- Opens a source.
-- @param spec "auto", a name, or NAME:FILE[,KEY=VALUE...]; protobuf:FILE is a recorded stream
-- @return a source with pass{}, close(), name(), live(); or nil, text, code
function tcpstats.open(spec)
  if spec:find("^protobuf:?") then return require("tcpstats.collect.collector").open_source(spec) end
  return core.open(spec)
end

--- Passes one after the other, each compared with the one before it.
--
--   for batch in tcpstats.collector { interval = 1, filter = "remote_port=443" }:batches() do print(#batch, #batch:opened()) end
--
-- @param options {source = "auto" (a spec, or an open source), interval = seconds (1; on a recording: as fast as it can be read), count = passes of
--   each schedule, of a recording in all (0: no end), filter = text or object, processes=, tcp_info=, tcp_info_limit=, record = name of a capture,
--   schedules = list of {name=, interval_ns=, processes=, tcp_info=, summary_only=} instead of interval,
--   on_skip = function(schedule, n), told when n ticks were skipped}; may be nil
-- @return a collector; or nil, text, code
function tcpstats.collector(options) return require("tcpstats.collect.collector").new(options) end

--- What the system tells of one of this process's own TCP sockets, without a dump and without privilege: TCP_INFO on Linux and FreeBSD,
-- TCP_CONNECTION_INFO on macOS.
-- @param descriptor (integer|table|userdata) a number, or anything with getfd() as LuaSocket's sockets have it
-- @return a socket as in a batch, which stays valid; or nil, text, code ("EUSAGE" when it is no open TCP socket)
function tcpstats.socket_info(descriptor)
  if type(descriptor) ~= "number" then descriptor = descriptor:getfd() end
  return core.socket_info(descriptor)
end

local function compiled(filter)
  if type(filter) ~= "string" then return filter end
  return assert(core.filter(filter))
end

--- One pass over a source that is opened and closed for it.
-- @param options {source="auto", filter=text or object, processes=, tcp_info=, tcp_info_limit=}; may be nil
-- @return a batch; or nil, text, code
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

--- Raw kernel bytes to a batch.
-- @param name of the source whose kernel gave them: "macos", "linux", "freebsd"
-- @param bytes what it gave
-- @param options the source's keys, e.g. {release = 15}; bytes where the command line names a file; and filter
-- @return a batch, whose `warnings` tell what was cut; or nil, text, code
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

--- The batch as canonical proto3 JSON: one line, or many with pretty.
-- @param options {pretty=, addresses=}; may be nil. `addresses` is "base64", which loads as protobuf JSON, or "text"
-- @return a string
function core.batch_methods.json(batch, options) return batch:encode("json", options) end

--- The batch as one length-delimited BatchMessage.
-- @return a string
function core.batch_methods.protobuf(batch) return batch:encode("protobuf") end

--- One JSON object a line and socket: the proto's names, integers as numbers, addresses as text.
-- @return a string
function core.batch_methods.flat(batch) return batch:encode("flat") end

return tcpstats
