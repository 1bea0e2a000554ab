-- Run by numbers_spec.lua, with a module that has far_bytes (300), far_text (1000), far_state (2048) and far_sources (65535).
local tcpstats = require "tcpstats"
local sockets = require "spec.support.sockets"

local function same(expected, got) if expected ~= got then error(("%s, not %s"):format(got, expected), 2) end end

local batch = sockets.batch {
  { local_port = 1, far_bytes = -1, far_text = "x,y", far_state = 5, far_sources = { 1, 7 } },
  { local_port = 2, far_bytes = 7, far_text = "z", far_state = 2, far_sources = { 7 } },
  { local_port = 3 },
}

local function check(view)
  same(3, #view)
  local list = sockets.tables(view)
  same(-1, list[1].far_bytes) -- all 64 bits
  same("x,y", list[1].far_text)
  same("ESTABLISHED", list[1].far_state)
  same("MACOS_PCBLIST_N,LINUX_INET_DIAG", list[1].far_sources)
  same(7, list[2].far_bytes)
  same(nil, list[3].far_bytes)
end

check(batch)
check((assert(tcpstats.decode(batch:protobuf()))))
for s, bytes, state in batch:each("far_bytes", "far_state") do
  same(s.far_bytes, bytes)
  same(s:copy().far_state, state)
end
same(1, #batch:filter "far_bytes>7")
same(1, #batch:filter "far_bytes == 7 and far_text == 'z'")
same(2, batch:filter("far_state == 'LISTEN'"):top(1, "far_bytes"):encode("csv", { fields = { "local_port" }, header = false }):byte() - ("0"):byte())
same(2, #batch:group_by("far_state", { bytes = "max(far_bytes)" }))
same('"x,y",18446744073709551615\r\n', batch:filter("local_port=1"):csv { fields = { "far_text", "far_bytes" }, header = false })
local flat = batch:flat()
same('"far_bytes":"18446744073709551615",', flat:match '"far_bytes":"?%d+"?,')
local json = batch:json()
same('"farState":"TCP_STATE_ESTABLISHED"', json:match '"farState":"[%w_]+"')
same('"farSources":["DATA_SOURCE_MACOS_PCBLIST_N","DATA_SOURCE_LINUX_INET_DIAG"]', json:match '"farSources":%[.-%]')
local tracker = tcpstats.tracker()
tracker:update(batch, { monotonic_ns = 1 })
check(tracker:update(batch, { monotonic_ns = 2 }))
print "fine"
