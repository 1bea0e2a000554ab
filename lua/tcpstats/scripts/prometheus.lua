--- Prometheus' exposition text: gauges of the sockets as they stand, counters since the start.
--
--   tcpstats-lua prometheus                                      one exposition a pass, to the output
--   tcpstats-lua prometheus --textfile /var/lib/node_exporter/tcp.prom      replaced as a whole at every pass: for node_exporter's textfile collector
--   tcpstats-lua prometheus --labels local_port,remote_addr/16   series for each
--
-- Counters of the system are those of the summary; counters of sockets add up what each connection did from pass to pass (of one that
-- began in between, all that it did). What a connection does between the last pass that sees it and its end is in no counter of ours.
--
-- Of several schedules the first one's passes are taken: another one's would count everything twice.
--
-- A label has few values or a database suffers: the first --series combinations of labels, the busiest of the first pass before others, get
-- series of their own for as long as we run; everything else is counted under "other".
local tcpstats = require "tcpstats"

-- From a group's numbers to samples. Counters add `aggregate` of every pass.
local gauges = {
  { name = "tcpstats_sockets", value = "count", by_state = true, help = "Sockets by state." },
  { name = "tcpstats_send_queue_bytes", aggregate = "sum(snd_buf_used)", help = "Bytes in send buffers, unacknowledged and unsent." },
  { name = "tcpstats_receive_queue_bytes", aggregate = "sum(rcv_buf_used)", help = "Bytes in receive buffers that nobody has read yet." },
  { name = "tcpstats_accept_queue", aggregate = "sum(accept_queue)", help = "Connections that wait for accept." },
  { name = "tcpstats_accept_queue_limit", aggregate = "sum(accept_backlog)", help = "Limits of the accept queues, summed." },
  { name = "tcpstats_in_loss_recovery", aggregate = "count(in_loss_recovery ~= nil) > 0 and count(in_loss_recovery)", help = "Connections that recover from loss." },
}
local counters = {
  { name = "tcpstats_sent_bytes_total", aggregate = "sum(delta_tx_bytes)", help = "Bytes sent by connections." },
  { name = "tcpstats_received_bytes_total", aggregate = "sum(delta_rx_bytes)", help = "Bytes received by connections." },
  { name = "tcpstats_sent_segments_total", aggregate = "sum(delta_tx_packets)", help = "Segments sent by connections." },
  { name = "tcpstats_received_segments_total", aggregate = "sum(delta_rx_packets)", help = "Segments received by connections." },
  { name = "tcpstats_retransmitted_segments_total", aggregate = "sum(delta_rexmit_packets)", help = "Segments that connections sent again." },
  { name = "tcpstats_retransmitted_bytes_total", aggregate = "sum(delta_retransmit_bytes)", help = "Bytes that connections sent again." },
}
local quantiles = { { "0.5", "p50(rtt_us)" }, { "0.95", "p95(rtt_us)" }, { "0.99", "p99(rtt_us)" }, { "1", "max(rtt_us)" } }

local aggregates = {}
for _, gauge in ipairs(gauges) do aggregates[gauge.name] = gauge.aggregate end
for _, counter in ipairs(counters) do aggregates[counter.name] = counter.aggregate end

-- Gauges of the summary; everything else there is a counter, derived, or in the sockets already.
local summary_gauges = { current_established = true, orphans = true, sockets_allocated = true, sockets_in_use = true, memory_pages = true }

-- ## Exposition

local function escaped(value) return (tostring(value):gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" })) end

-- {state="LISTEN",local_port="22"}, "" without labels. An empty value is the same as no label.
local function label_text(names, values)
  local parts = {}
  for i, name in ipairs(names) do
    if values[i] ~= nil and values[i] ~= "" then parts[#parts + 1] = ('%s="%s"'):format(name, escaped(values[i])) end
  end
  return #parts > 0 and "{" .. table.concat(parts, ",") .. "}" or ""
end

local function number_text(n)
  if math.type(n) == "integer" then return ("%d"):format(n) end
  local short = ("%.15g"):format(n)
  return tonumber(short) == n and short or ("%.17g"):format(n)
end

-- Samples by metric, in the order in which metrics come first.
local Exposition = {}
Exposition.__index = Exposition

local function new_exposition() return setmetatable({ metrics = {}, by_name = {} }, Exposition) end

-- The same labels again (groups that became "other") are added up: a series stands in an exposition once.
function Exposition:add(name, kind, help, labels, value)
  local metric = self.by_name[name]
  if not metric then
    metric = { name = name, kind = kind, help = help, labels = {}, values = {} }
    self.by_name[name] = metric
    self.metrics[#self.metrics + 1] = metric
  end
  if metric.values[labels] == nil then metric.labels[#metric.labels + 1] = labels end
  metric.values[labels] = (metric.values[labels] or 0) + value
end

function Exposition:text()
  local lines = {}
  for _, metric in ipairs(self.metrics) do
    lines[#lines + 1] = ("# HELP %s %s"):format(metric.name, (metric.help:gsub("\\", "\\\\"):gsub("\n", "\\n")))
    lines[#lines + 1] = ("# TYPE %s %s"):format(metric.name, metric.kind)
    for _, labels in ipairs(metric.labels) do lines[#lines + 1] = metric.name .. labels .. " " .. number_text(metric.values[labels]) end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- ## Labels

-- What rows are grouped by, and the names of the labels; or nil and what is wrong.
local function parse_labels(text)
  local keys, names, fields, seen = {}, {}, {}, { state = true }
  for key in text:gmatch "[^,%s]+" do
    local field, slash = key:match "^([%w_]+)(/?)[%d/]*$"
    local known, what = tcpstats.where(field or key)
    if not known then return nil, what end
    local name = field .. (slash == "/" and "_network" or "") -- remote_addr/24: remote_addr_network
    if seen[name] then return nil, name .. " is a label already" end
    seen[name] = true
    keys[#keys + 1], names[#names + 1], fields[#fields + 1] = key, name, field
  end
  return keys, names, fields
end

-- The labels of a combination, or "other" for each when there is no room for it.
local function admitted(state, values)
  if #state.keys == 0 then return values end
  for i = 1, #state.keys do values[i] = values[i] == nil and "" or values[i] end
  local id = table.concat(values, "\31")
  if not state.admitted[id] then
    if state.series >= state.limit then return state.other, true end
    state.admitted[id], state.series = true, state.series + 1
  end
  return values
end

-- What group_by gives, one key or several, as a list of label values; `from` leaves out the first ones.
local function values_of(group, n, from)
  local values = {}
  for i = from, n do values[i - from + 1] = (n == 1) and group.key or (n > 1 and group.keys[i]) or nil end
  return values
end

-- ## A pass

local function add_gauges(exposition, state, batch)
  local names = table.move(state.names, 1, #state.names, 2, { "state" })
  for _, group in ipairs(batch:group_by(table.move(state.keys, 1, #state.keys, 2, { "state" }), aggregates, { absent = true })) do
    local all = values_of(group, #names, 1)
    local labels = admitted(state, values_of(group, #names, 2))
    local plain = label_text(state.names, labels)
    for _, gauge in ipairs(gauges) do
      local value = gauge.value and group[gauge.value] or group[gauge.name]
      if gauge.by_state then
        exposition:add(gauge.name, "gauge", gauge.help, label_text(names, { all[1] or "UNKNOWN", table.unpack(labels, 1, #state.keys) }), value)
      elseif value then
        exposition:add(gauge.name, "gauge", gauge.help, plain, value)
      end
    end
    for _, counter in ipairs(counters) do
      if group[counter.name] then state.totals[counter.name][plain] = (state.totals[counter.name][plain] or 0) + group[counter.name] end
    end
  end
end

-- Percentiles do not add up, so "other" has none.
local function add_quantiles(exposition, state, batch)
  local wanted = {}
  for i, quantile in ipairs(quantiles) do wanted["q" .. i] = quantile[2] end
  local groups = #state.keys > 0 and batch:group_by(state.keys, wanted, { absent = true }) or { batch:aggregate(wanted) }
  local names = table.move(state.names, 1, #state.names, 1, {})
  names[#names + 1] = "quantile"
  for _, group in ipairs(groups) do
    local labels, is_other = admitted(state, values_of(group, #state.keys, 1))
    for i, quantile in ipairs(quantiles) do
      local value = group["q" .. i]
      local with_quantile = table.move(labels, 1, #state.keys, 1, {})
      with_quantile[#state.keys + 1] = quantile[1]
      if value and not is_other then
        exposition:add("tcpstats_rtt_seconds", "gauge", "Smoothed round trip time of connections, by rank.", label_text(names, with_quantile), value / 1e6)
      end
    end
  end
end

-- delta_memory_pressure_ms is tcpstats_memory_pressure_seconds_total: Prometheus counts in base units.
local function counter_of(field)
  local name, ms = field:gsub("^delta_", ""):gsub("_ms$", "_seconds")
  return "tcpstats_system_" .. name .. "_total", ms > 0 and 1e-3 or 1
end

local function add_summary(exposition, state, summary)
  for _, field in ipairs(tcpstats.summary_fields()) do
    local value = summary[field.name]
    local help = (field.help:match "^(.-%.)%f[%s\0]" or field.help):gsub("milliseconds", "seconds")
    if field.name:find "^delta_" then
      local name, unit = counter_of(field.name)
      if value then state.system[name] = (state.system[name] or 0) + (unit == 1 and value or value * unit) end
      if state.system[name] then exposition:add(name, "counter", help, "", state.system[name]) end
    elseif value and summary_gauges[field.name] then
      exposition:add("tcpstats_system_" .. field.name, "gauge", help, "", value)
    end
  end
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- A reader sees the old file or the new one, never half of one.
local function replace_file(path, text)
  local temporary = path .. ".tmp"
  local file, what = io.open(temporary, "w")
  if not file then error(what, 0) end
  local written, why = file:write(text)
  local closed, why_not = file:close()
  if written and closed then
    local renamed, reason = os.rename(temporary, path)
    if renamed then return end
    why = reason
  end
  os.remove(temporary)
  error(("%s: %s"):format(path, why or why_not), 0)
end

return {
  name = "prometheus",
  help = "exposition text for Prometheus",
  options = {
    labels = { type = "string", default = "", help = "fields whose values become labels, with commas between; remote_addr/24 for networks" },
    series = { type = "integer", default = 50, min = 0, help = "combinations of labels that get series of their own; the rest is \"other\"" },
    textfile = { type = "string", help = "replace this file at every pass instead of writing to the output" },
  },

  init = function(ctx)
    local state = ctx.state
    local keys, names, fields = parse_labels(ctx.options.labels)
    if not keys then return ctx:stop(2, "--labels: " .. names) end
    state.keys, state.names = keys, names
    for name, why in pairs(ctx:wants(fields)) do ctx:log("warning", "--labels %s is always empty: %s", name, why) end
    state.limit, state.series, state.admitted, state.other = ctx.options.series, 0, {}, {}
    for i = 1, #state.keys do state.other[i] = "other" end
    state.system, state.totals = {}, {}
    for _, counter in ipairs(counters) do state.totals[counter.name] = {} end
  end,

  on_batch = function(batch, ctx)
    local state, exposition = ctx.state, new_exposition()
    local schedule = ctx.schedule and ctx.schedule.name
    state.schedule = state.schedule or schedule
    if schedule ~= state.schedule then return end
    add_gauges(exposition, state, batch)
    add_quantiles(exposition, state, batch)
    for _, counter in ipairs(counters) do
      local totals = state.totals[counter.name]
      for _, labels in ipairs(sorted_keys(totals)) do exposition:add(counter.name, "counter", counter.help, labels, totals[labels]) end
    end
    add_summary(exposition, state, batch.summary or {})
    if ctx.options.textfile then
      replace_file(ctx.options.textfile, exposition:text())
    else
      ctx:emit(exposition:text())
    end
  end,

  -- Counters go on through a reload with the same labels.
  save = function(ctx) return { labels = ctx.options.labels, system = ctx.state.system, totals = ctx.state.totals, admitted = ctx.state.admitted, series = ctx.state.series } end,
  restore = function(saved, ctx)
    ctx.state.system = saved.system
    if saved.labels ~= ctx.options.labels then return end
    for name, totals in pairs(saved.totals) do ctx.state.totals[name] = totals end
    ctx.state.admitted, ctx.state.series = saved.admitted, saved.series
  end,
}
