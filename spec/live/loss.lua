-- Connections with traffic both ways, followed by a tracker: lua loss.lua ADDRESS PORT CONNECTIONS BYTES.
-- Says as one line of JSON what the deltas of all passes add up to, beside what the kernel itself says before the first and after the last.
local cjson = require "cjson"
local socket = require "socket"
local tcpstats = require "tcpstats"

local address, port, count, bytes = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])

-- Everything that nstat knows of this namespace.
local function nstat()
  local values = {}
  local pipe <close> = assert(io.popen("nstat -asz"))
  for name, value in pipe:read("a"):gmatch("(%w+)%s+(%d+)%s+[%d.]+\n") do values[name] = tonumber(value) end
  return values
end

-- What `ss` says of the connections to the server, by local port.
local function ss()
  local all = {}
  local pipe <close> = assert(io.popen(("ss -tinOH dport = :%d"):format(port)))
  for line in pipe:lines() do
    local from = line:match("%S+%s+%d+%s+%d+%s+%S+:(%d+)")
    all[from] = {
      tx_bytes = tonumber(line:match("bytes_sent:(%d+)") or 0), rx_bytes = tonumber(line:match("bytes_received:(%d+)") or 0),
      retransmit_bytes = tonumber(line:match("bytes_retrans:(%d+)") or 0), rexmit_packets = tonumber(line:match("retrans:%d+/(%d+)") or 0),
      tx_packets = tonumber(line:match("segs_out:(%d+)") or 0), rx_packets = tonumber(line:match("segs_in:(%d+)") or 0),
    }
  end
  return all
end

local connections = {}
for i = 1, count do
  connections[i] = assert(socket.connect(address, port))
  connections[i]:settimeout(0)
end
local counters = {
  tx_bytes = "delta_tx_bytes", rx_bytes = "delta_rx_bytes", retransmit_bytes = "delta_retransmit_bytes",
  rexmit_packets = "delta_rexmit_packets", tx_packets = "delta_tx_packets", rx_packets = "delta_rx_packets",
}
local source, tracker = assert(tcpstats.open "linux"), tcpstats.tracker()
local result = { passes = 0, opened = 0, closed = 0, connections = {}, system = {} }
local busy -- bytes in send buffers at the last pass

local function pass()
  local batch = assert(source:pass { tracker = tracker })
  result.passes = result.passes + 1
  result.opened, result.closed = result.opened + #batch:opened(), result.closed + #batch:closed()
  busy = 0
  for s in batch:each() do
    if s.remote_port == port then
      local from = tostring(s.local_port)
      local sums = result.connections[from] or {}
      result.connections[from] = sums
      for counter, delta in pairs(counters) do sums[counter] = (sums[counter] or 0) + (s[delta] or 0) end
      sums.age_ms = s.connection_age_ms
      busy = busy + (s.snd_buf_used or 0)
    end
  end
  for field, value in pairs(batch.summary) do
    if field:match("^delta_") then result.system[field] = (result.system[field] or 0) + value end
  end
  result.interval_ms = (result.interval_ms or 0) + (batch.summary.interval_ms or 0)
  result.last_ns = batch.metadata.timestamp_ns
  result.first_ns = result.first_ns or result.last_ns
end

-- What the kernel says, and a pass at which it said the same: nstat and ss before and after agree. Forgets what passes that came too early counted.
local function quiet_pass()
  local kept = cjson.encode(result)
  while true do
    local said = { nstat = nstat(), ss = ss() }
    pass()
    local same, again = true, { nstat = nstat(), ss = ss() }
    for name, value in pairs(said.nstat) do same = same and again.nstat[name] == value end
    for from, values in pairs(said.ss) do
      for name, value in pairs(values) do same = same and again.ss[from][name] == value end
    end
    if same then return said end
    if result.passes == 1 then result, tracker = cjson.decode(kept), tcpstats.tracker() end
    socket.sleep(0.05)
  end
end

local before = quiet_pass()
local next_pass = 0
local sent, received, chunk = {}, 0, ("x"):rep(16384)
for i = 1, count do sent[i] = 0 end
repeat
  local writers = {}
  for i, c in ipairs(connections) do
    if sent[i] < bytes then writers[#writers + 1] = c end
  end
  local readable, writable = socket.select(connections, writers, 0.05)
  for _, c in ipairs(writable) do
    for i, other in ipairs(connections) do
      if other == c then
        local n, _, part = c:send(chunk, 1, math.min(#chunk, bytes - sent[i]))
        sent[i] = sent[i] + ((n or part) - 0)
      end
    end
  end
  for _, c in ipairs(readable) do
    local all, _, part = c:receive(65536)
    received = received + #(all or part)
  end
  if socket.gettime() > next_pass then
    next_pass = socket.gettime() + 0.05
    pass()
  end
until received == count * bytes
repeat
  socket.sleep(0.05)
  pass()
until busy == 0
result.before, result.after = before, quiet_pass()
print(cjson.encode(result))
for _, c in ipairs(connections) do c:close() end
