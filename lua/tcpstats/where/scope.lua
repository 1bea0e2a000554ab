--- The names that may stand in an expression, by what the expression is about: one socket, a group of sockets, a whole pass.
--
-- A scope: {what= (what its names are, for messages), foreign= {name elsewhere = name here}, fields= {name = {type=, words=, held=}}, names= (list of them),
-- calls= function(name) -> function(compiler, node) that compiles a call of the scope's own, nil where it is not one}
local core = require "tcpstats.core"

local scope = {}

-- The type of the values that a field of the schema has in Lua.
local types = {
  uint32 = "integer", int32 = "integer", uint64 = "unsigned", int64 = "integer", bool = "boolean", enum = "text", set = "text", string = "text",
  address = "address", holders = "mixed",
}

-- The words of some enums are numbers: 4 and 6 of ip_version.
local function type_of(field)
  if field.type == "enum" and math.type(field.words[#field.words]) then return "integer" end
  return types[field.type]
end

local function no_calls() return nil end

--- The fields of a socket.
scope.socket = { what = "field", fields = {}, names = {}, calls = no_calls }
scope.socket.foreign = { -- what ss calls them
  src = "local_addr", sport = "local_port", dst = "remote_addr", dport = "remote_port", ino = "inode", sk = "socket_id", cwnd = "snd_cwnd",
  users = "command", process = "command", dev = "interface", recv_q = "rcv_buf_used", send_q = "snd_buf_used", rto = "rto_us", rtt = "rtt_us",
}
for i, field in ipairs(core.fields()) do
  scope.socket.fields[field.name] = { type = type_of(field), words = field.type == "enum" and field.words or nil }
  scope.socket.names[i] = field.name
end

-- What each holder of a socket has of its own: an expression is true of a socket when it is true of any of them.
for _, name in ipairs { "pid", "fd", "command" } do scope.socket.fields[name].held = true end

--- The counters of the system, which stand in expressions over a pass.
scope.summary = { what = "field of the summary", fields = {}, names = {}, calls = no_calls }
for _, field in ipairs(core.message_fields "SystemSummary") do
  if field.name ~= "state_counts" then
    scope.summary.fields[field.name] = { type = "number" }
    table.insert(scope.summary.names, field.name)
  end
end

--- The field that holds a counter's change since the previous pass: tx_bytes = "delta_tx_bytes", and delta_tx_bytes is its own.
scope.deltas = { retransmit_packets_total = "delta_rexmit_packets", zerowin_probes = "delta_zerowin" }
for name in pairs(scope.socket.fields) do
  if scope.socket.fields["delta_" .. name] then scope.deltas[name] = "delta_" .. name end
  if name:find "^delta_" then scope.deltas[name] = name end
end

return scope
