--- Metrics for Prometheus: gauges of the sockets as they are, counters and a histogram since the start.
--
--   tcpstats-lua prometheus                                      an exposition a pass, to the output
--   tcpstats-lua prometheus --openmetrics                        in the OpenMetrics format
--   tcpstats-lua prometheus --textfile /var/lib/node_exporter/tcp.prom      replaced as a whole at every pass: for node_exporter's textfile collector
--   tcpstats-lua prometheus --labels local_port,remote_addr/16   series for each
--
-- Each exposition is complete and ends with `# EOF`. The text format is what `promtool check metrics` reads.
--
-- Counters of the system are those of the summary; counters of sockets add up what each connection did from pass to pass (of one that began in
-- between, all that it did). What a connection does between the last pass that sees it and its end is in no counter. All of them are there from the
-- first pass on, as 0. An observation of the round trip time's histogram is a connection that received something in the pass.
--
-- With several schedules the passes of the first one count; those of the others would count everything twice. Of a recorded stream of several hosts
-- the first one counts as well, and a warning names the others: numbers of two hosts are not one number.
--
-- A label has few values or a database suffers. The first --series combinations of labels, the busiest first, have series of their own, everything
-- else is counted under "other". A combination without sockets keeps its series, which fall to 0, until another one needs its place. A local port
-- that the system chose, and the remote port of a connection to a port that we listen on, are "ephemeral".
local core = require "tcpstats.core"
local exposition = require "tcpstats.exposition"
local tcpstats = require "tcpstats"

local STATES <const> = {
  "CLOSED", "LISTEN", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT",
}

-- `from`: fields of which the platform must feed one. Counters add `aggregate` of every pass.
local gauges <const> = {
  { name = "send_queue_bytes", from = { "snd_buf_used" }, aggregate = "sum(snd_buf_used)", help = "Bytes in send buffers, unacknowledged and unsent." },
  { name = "receive_queue_bytes", from = { "rcv_buf_used" }, aggregate = "sum(rcv_buf_used)", help = "Bytes in receive buffers that nobody has read yet." },
  { name = "accept_queue", from = { "accept_queue" }, aggregate = "sum(accept_queue)", help = "Connections that wait for accept." },
  { name = "accept_queue_limit", from = { "accept_backlog" }, aggregate = "sum(accept_backlog)", help = "Connections that may wait for accept." },
  { name = "in_loss_recovery", from = { "in_loss_recovery" }, aggregate = "count(in_loss_recovery)", help = "Connections that recover from loss." },
}
local counters <const> = {
  { name = "sent_bytes", from = { "tx_bytes" }, aggregate = "sum(delta_tx_bytes)", help = "Bytes sent by connections." },
  { name = "received_bytes", from = { "rx_bytes" }, aggregate = "sum(delta_rx_bytes)", help = "Bytes received by connections." },
  { name = "sent_segments", from = { "tx_packets" }, aggregate = "sum(delta_tx_packets)", help = "Segments sent by connections." },
  { name = "received_segments", from = { "rx_packets" }, aggregate = "sum(delta_rx_packets)", help = "Segments received by connections." },
  {
    name = "retransmitted_segments", from = { "rexmit_packets", "retransmit_packets_total" }, aggregate = "sum(delta_rexmit_packets)",
    help = "Segments that connections sent again.",
  },
  { name = "retransmitted_bytes", from = { "retransmit_bytes" }, aggregate = "sum(delta_retransmit_bytes)", help = "Bytes that connections sent again." },
}
local RTT_BOUNDS <const> = { 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1 } -- seconds
local RTT_HELP <const> = "Smoothed round trip times; an observation is a connection that received something in a pass."

-- Gauges of the summary; everything else there is a counter, derived, or in the sockets already.
local summary_gauges <const> = { current_established = true, orphans = true, sockets_allocated = true, sockets_in_use = true, memory_pages = true }

local aggregates, rtt_aggregates = {}, { sum = "sum(rtt_us)", n = { "count", "rtt_us" } }
for _, gauge in ipairs(gauges) do aggregates[gauge.name] = gauge.aggregate end
for _, counter in ipairs(counters) do aggregates[counter.name] = counter.aggregate end
for i, bound in ipairs(RTT_BOUNDS) do rtt_aggregates["b" .. i] = { "at_most", "rtt_us", bound * 1e6 } end

-- ## Labels

local RESERVED <const> = { state = "is a label already", le = "is a label of histograms" }

-- What rows are grouped by, the names of the labels, and the fields; or nil and what is wrong.
local function parse_labels(text)
  local keys, names, fields, seen = {}, {}, {}, {}
  for key in text:gmatch "[^,%s]+" do
    local field, slash = key:match "^([%w_]+)(/?)[%d/]*$"
    local known, what = tcpstats.where(field or key)
    if not known then return nil, what end
    local name = field .. (slash == "/" and "_network" or "") -- remote_addr/24: remote_addr_network
    if RESERVED[name] or seen[name] then return nil, ("%s %s"):format(name, RESERVED[name] or RESERVED.state) end
    seen[name] = true
    keys[#keys + 1], names[#names + 1], fields[#fields + 1] = key, name, field
  end
  return keys, names, fields
end

-- NAME=VALUE, several times: the names in the order in which they are given, and the values; or nil and what is wrong.
local function parse_constants(list, labels)
  local names, values, seen = {}, {}, {}
  for _, name in ipairs(labels) do seen[name] = true end
  for _, text in ipairs(list) do
    local name, value = text:match "^([%a_][%w_]*)=(.+)$"
    if not name or name:find "^__" then return nil, ("'%s': expected NAME=VALUE"):format(text) end
    if RESERVED[name] or seen[name] then return nil, ("%s %s"):format(name, RESERVED[name] or RESERVED.state) end
    seen[name] = true
    names[#names + 1], values[#values + 1] = name, value
  end
  return names, values
end

-- Where ports that the system chooses begin: net.ipv4.ip_local_port_range, net.inet.ip.portrange.first of FreeBSD and of macOS, as they come.
local EPHEMERAL_FROM <const> = { LINUX = 32768, FREEBSD = 10000, MACOS = 49152 }

local function listening_ports(batch)
  local ports = {}
  for _, port in batch:filter("include_state=listen"):each "local_port" do
    if port then ports[port] = true end
  end
  return ports
end

-- The parts of a view whose labels are made differently: with a label remote_port, connections to a port that we listen on, and all others.
local function parts_of(state, view, listening)
  if not state.by_remote_port then return { { view = view } } end
  local function is_incoming(s)
    local own, peer = s.local_port or 0, s.remote_port or 0
    return listening[own] or own < state.ephemeral_from and peer >= state.ephemeral_from
  end
  return { { view = view:filter(is_incoming), incoming = true }, { view = view:filter(function(s) return not is_incoming(s) end) } }
end

-- A group's values as values of labels.
local function label_values(state, group, first, incoming, listening)
  local values = {}
  for i, field in ipairs(state.fields) do
    local n = first + i - 1
    local value
    if group.keys then value = group.keys[n] elseif n == 1 then value = group.key end
    if field == "local_port" and value and value >= state.ephemeral_from and not listening[value] then value = "ephemeral" end
    if field == "remote_port" and value and incoming then value = "ephemeral" end
    values[i] = value == nil and "" or tostring(value)
  end
  return values
end

-- ## Slots: a combination of labels and what its series are at

local function new_slot(state, values)
  local all = table.move(values, 1, #state.keys, #state.constants + 1, table.move(state.constants, 1, #state.constants, 1, {}))
  local slot = { labels = exposition.labels(state.names, all), totals = {}, states = {}, gauges = {}, seen = state.passes, rtt = { sum = 0, count = 0 } }
  for i = 1, #RTT_BOUNDS do slot.rtt[i] = 0 end
  for _, counter in ipairs(counters) do slot.totals[counter.name] = 0 end
  return slot
end

-- A slot whose combination had no socket in this pass and the one before, the longest of them; nil when all are in use.
local function unused(state)
  local oldest
  for id, slot in pairs(state.slots) do
    if slot.seen < state.passes - 1 and (not oldest or slot.seen < state.slots[oldest].seen or slot.seen == state.slots[oldest].seen and id < oldest) then
      oldest = id
    end
  end
  return oldest
end

-- Gives the combination that `count` sockets have a slot, if there is room.
local function admit(state, id, values)
  if state.series >= state.limit then
    local gone = unused(state)
    if not gone then return end
    state.slots[gone] = nil
    state.series = state.series - 1
  end
  state.slots[id] = new_slot(state, values)
  state.series = state.series + 1
end

local function id_of(values) return table.concat(values, "\31") end

-- Says which combinations there are now, and gives the busiest new ones slots.
local function admit_all(state, groups)
  local counts, new = {}, {}
  for _, one in ipairs(groups) do
    local id = id_of(one.values)
    local slot = state.slots[id]
    if slot then
      slot.seen = state.passes
    else
      if not counts[id] then new[#new + 1] = { id = id, values = one.values } end
      counts[id] = (counts[id] or 0) + one.group.count
    end
  end
  table.sort(new, function(a, b)
    if counts[a.id] ~= counts[b.id] then return counts[a.id] > counts[b.id] end
    return a.id < b.id
  end)
  for _, one in ipairs(new) do admit(state, one.id, one.values) end
end

local function slot_of(state, values)
  if #state.keys == 0 then return state.only end
  local slot = state.slots[id_of(values)]
  if slot then return slot end
  state.other = state.other or new_slot(state, state.other_values)
  return state.other
end

-- In the order of their labels, so that every exposition has the same order.
local function sorted_slots(state)
  local list = { state.only }
  for _, slot in pairs(state.slots) do list[#list + 1] = slot end
  table.sort(list, function(a, b) return a.labels < b.labels end)
  list[#list + 1] = state.other
  return list
end

-- ## A pass

-- The groups of a view by the labels, or with `by_state` by state and labels: a list of {group=, values=, state=}.
local function grouped(state, view, wanted, listening, by_state)
  local list, keys = {}, by_state and table.move(state.keys, 1, #state.keys, 2, { "state" }) or state.keys
  if #keys == 0 then return { { group = view:aggregate(wanted), values = {} } } end
  for _, part in ipairs(parts_of(state, view, listening)) do
    for _, group in ipairs(part.view:group_by(keys, wanted, { absent = true })) do
      local of_state
      if by_state then of_state = group.keys and group.keys[1] or not group.keys and group.key or nil end
      list[#list + 1] = { group = group, state = of_state or "UNKNOWN", values = label_values(state, group, by_state and 2 or 1, part.incoming, listening) }
    end
  end
  return list
end

local function count_totals(state, list)
  for _, one in ipairs(list) do
    local totals = slot_of(state, one.values).totals
    for _, counter in ipairs(counters) do totals[counter.name] = totals[counter.name] + math.max(0, one.group[counter.name] or 0) end
  end
end

local function observe_rtt(state, view, listening)
  for _, one in ipairs(grouped(state, view, rtt_aggregates, listening)) do
    local rtt = slot_of(state, one.values).rtt
    for i = 1, #RTT_BOUNDS do rtt[i] = rtt[i] + (one.group["b" .. i] or 0) end
    rtt.sum, rtt.count = rtt.sum + (one.group.sum or 0) / 1e6, rtt.count + (one.group.n or 0)
  end
end

local function take(state, batch)
  local listening = listening_ports(batch)
  local groups = grouped(state, batch, aggregates, listening)
  if #state.keys > 0 then admit_all(state, groups) end
  for _, slot in ipairs(sorted_slots(state)) do
    for name in pairs(slot.states) do slot.states[name] = 0 end
    for name in pairs(slot.gauges) do slot.gauges[name] = 0 end
  end
  for _, one in ipairs(groups) do
    local slot = slot_of(state, one.values)
    for _, gauge in ipairs(gauges) do
      local value = one.group[gauge.name]
      if value and (value > 0 or gauge.name ~= "in_loss_recovery") then slot.gauges[gauge.name] = (slot.gauges[gauge.name] or 0) + value end
    end
  end
  for _, one in ipairs(grouped(state, batch, {}, listening, true)) do
    local states = slot_of(state, one.values).states
    states[one.state] = (states[one.state] or 0) + one.group.count
  end
  count_totals(state, groups)
  count_totals(state, grouped(state, batch:closed(), aggregates, listening)) -- what came after the last pass that saw them
  observe_rtt(state, batch:filter(state.received), listening)
end

-- ## The exposition

local function is_fed(state, metric)
  for _, field in ipairs(metric.from) do
    if state.fed[field] then return true end
  end
  return false
end

local function add_sockets(state, out)
  local slots = sorted_slots(state)
  for _, slot in ipairs(slots) do
    for _, name in ipairs(STATES) do
      local n = slot.states[name] or slot == state.only and 0
      if n then out:add("tcpstats_sockets", "gauge", "Sockets by state.", exposition.with(slot.labels, "state", name), n) end
    end
    if slot.states.UNKNOWN then out:add("tcpstats_sockets", "gauge", "Sockets by state.", exposition.with(slot.labels, "state", "UNKNOWN"), slot.states.UNKNOWN) end
  end
  for _, gauge in ipairs(gauges) do
    for _, slot in ipairs(slots) do
      local value = slot.gauges[gauge.name] or slot == state.only and is_fed(state, gauge) and 0
      if value then out:add("tcpstats_" .. gauge.name, "gauge", gauge.help, slot.labels, value) end
    end
  end
  for _, counter in ipairs(counters) do
    for _, slot in ipairs(is_fed(state, counter) and slots or {}) do
      out:add("tcpstats_" .. counter.name .. "_total", "counter", counter.help, slot.labels, slot.totals[counter.name])
    end
  end
  for _, slot in ipairs(slots) do
    out:add_histogram("tcpstats_rtt_seconds", RTT_HELP, slot.labels, RTT_BOUNDS, slot.rtt, slot.rtt.sum, slot.rtt.count)
  end
end

-- delta_memory_pressure_ms is tcpstats_system_memory_pressure_seconds_total: Prometheus counts in base units.
local function counter_of(field)
  local name, ms = field:gsub("^delta_", ""):gsub("_ms$", "_seconds")
  return "tcpstats_system_" .. name .. "_total", ms > 0 and 1e-3 or 1
end

-- A counter is there from the first pass on if the platform has it. Of a kernel that turns out to lack it, it goes.
local function add_counter(state, out, field, help, value)
  local name, unit = counter_of(field)
  local total = state.system[name]
  if value then
    total = (total or 0) + (unit == 1 and value or value * unit)
    state.counted[name] = true
  elseif not total and state.passes == 1 and state.fed_summary[field] then
    total = 0
  end
  if state.passes > 1 and not state.counted[name] then total = nil end
  state.system[name] = total
  if total then out:add(name, "counter", help, state.constant_labels, total) end
end

local function add_summary(state, out, summary)
  for _, field in ipairs(tcpstats.summary_fields()) do
    local value = summary[field.name]
    local help = (field.help:match "^(.-%.)%f[%s\0]" or field.help):gsub("milliseconds", "seconds")
    if field.name:find "^delta_" then
      add_counter(state, out, field.name, help, value)
    elseif value and summary_gauges[field.name] then
      out:add("tcpstats_system_" .. field.name, "gauge", help, state.constant_labels, value)
    end
  end
end

-- Whether the pass is one of those that count.
local function is_counted(ctx, batch)
  local state, schedule, hostname = ctx.state, ctx.schedule and ctx.schedule.name, batch.metadata.hostname or ""
  state.schedule, state.hostname = state.schedule or schedule, state.hostname or hostname
  if hostname ~= state.hostname and not state.left_out[hostname] then
    state.left_out[hostname] = true
    ctx:log("warning", "the passes of %s are left out: metrics are those of %s", hostname, state.hostname)
  end
  return schedule == state.schedule and hostname == state.hostname
end

-- What is known only when a pass is there: the platform.
local function begin(state, batch)
  local platform = batch.metadata.platform or "UNKNOWN"
  state.fed, state.fed_summary = core.fed_by(platform, "TcpSocketRecord"), core.fed_by(platform, "SystemSummary")
  state.ephemeral_from = EPHEMERAL_FROM[platform] or EPHEMERAL_FROM.LINUX
  state.received = state.fed.rx_packets and "delta_rx_packets>0" or "delta_rx_bytes>0"
end

return {
  name = "prometheus",
  help = "metrics for Prometheus, as text or for node_exporter",
  options = {
    labels = { type = "string", default = "", help = "fields whose values become labels, separated by commas; remote_addr/24 for networks" },
    label = { type = "string", many = true, default = {}, help = "NAME=VALUE, a label that every series has" },
    series = { type = "integer", default = 50, min = 0, help = "combinations of labels that have series of their own; the rest is \"other\"" },
    openmetrics = { type = "boolean", default = false, help = "the OpenMetrics format instead of the text format" },
    textfile = { type = "string", help = "replace this file at every pass instead of writing to the output" },
    textfile_remove = { type = "boolean", default = false, help = "remove that file when the run ends, so that its series end" },
  },

  init = function(ctx)
    local state, options = ctx.state, ctx.options
    local keys, names, fields = parse_labels(options.labels)
    if not keys then return ctx:stop(2, "--labels: " .. names) end
    local constants, values = parse_constants(options.label, names)
    if not constants then return ctx:stop(2, "--label: " .. values) end
    if options.textfile_remove and not options.textfile then return ctx:stop(2, "--textfile-remove takes a --textfile") end
    for name, why in pairs(ctx:wants(fields)) do ctx:log("warning", "--labels %s is always empty: %s", name, why) end
    state.keys, state.fields, state.passes, state.limit = keys, fields, 0, options.series
    for _, field in ipairs(fields) do state.by_remote_port = state.by_remote_port or field == "remote_port" end
    state.names = table.move(names, 1, #names, #constants + 1, table.move(constants, 1, #constants, 1, {}))
    state.constants, state.constant_labels = values, exposition.labels(constants, values)
    state.slots, state.series, state.other_values = {}, 0, {}
    for i = 1, #keys do state.other_values[i] = "other" end
    state.system, state.counted, state.left_out = {}, {}, {}
  end,

  on_batch = function(batch, ctx)
    local state = ctx.state
    if not is_counted(ctx, batch) then return end
    if not state.fed then begin(state, batch) end
    state.passes = state.passes + 1
    if #state.keys == 0 then state.only = state.only or new_slot(state, {}) end
    take(state, batch)
    local out = exposition.new(ctx.options.openmetrics)
    add_sockets(state, out)
    add_summary(state, out, batch.summary or {})
    if not ctx.options.textfile then return ctx:emit(out:text()) end
    local written, what = core.replace_file(ctx.options.textfile, out:text())
    if not written then error(what, 0) end
  end,

  stop = function(ctx)
    if not ctx.options.textfile_remove or not ctx.options.textfile then return end
    local removed, what = core.remove_file(ctx.options.textfile)
    if not removed then error(what, 0) end
  end,
}
