--- How the machine's TCP stands: states, what happened per second, what is wrong.
local tcpstats = require "tcpstats"
local text = require "tcpstats.text"

-- What happens all the time, as rates.
local rates = {
  { "opened", "delta_conn_attempts" }, { "accepted", "delta_accepts" }, { "segments sent", "delta_snd_total_packets" },
  { "segments received", "delta_rcv_total_packets" }, { "resets sent", "delta_resets_sent" },
}

-- Counters that are no sign of trouble; every other counter that moved is shown under "trouble".
local harmless = {
  delta_conn_attempts = true, delta_accepts = true, delta_connects = true, delta_snd_total_packets = true, delta_snd_bytes = true,
  delta_snd_data_packets = true, delta_rcv_total_packets = true, delta_rcv_bytes = true, delta_resets_sent = true, delta_delivered_packets = true,
  delta_keepalives = true, delta_syncookies_received = true, delta_endings = true,
}

local gauges = {
  { "orphans", "orphans" }, { "half-open", "embryonic_connections" }, { "allocated", "sockets_allocated" }, { "memory pages", "memory_pages" },
}

local order = { "ESTABLISHED", "LISTEN", "SYN_SENT", "SYN_RECEIVED", "CLOSE_WAIT", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING", "LAST_ACK", "TIME_WAIT", "CLOSED", "UNKNOWN" }

local function line(title, parts)
  if #parts > 0 then return ("%-11s %s"):format(title, table.concat(parts, "   ")) end
end

local function states(batch, summary)
  local counts = {}
  for _, bucket in ipairs(summary.state_counts or {}) do counts[bucket.state or "UNKNOWN"] = bucket.count end
  if not next(counts) then
    for _, group in ipairs(batch:group_by "state") do counts[group.key or "UNKNOWN"] = group.count end
  end
  local parts = {}
  for _, state in ipairs(order) do
    if counts[state] then parts[#parts + 1] = ("%s %d"):format(state, counts[state]) end
  end
  return parts
end

local function per_second(summary, seconds)
  local parts = {}
  for _, rate in ipairs(rates) do
    if seconds and summary[rate[2]] then parts[#parts + 1] = ("%s %s"):format(rate[1], text.number(summary[rate[2]] / seconds)) end
  end
  if summary.retransmit_rate then parts[#parts + 1] = ("retransmitted %s"):format(text.percent(summary.retransmit_rate)) end
  if summary.duplicate_rate then parts[#parts + 1] = ("received twice %s"):format(text.percent(summary.duplicate_rate)) end
  return parts
end

local function trouble(summary)
  local parts = {}
  for _, field in ipairs(tcpstats.summary_fields()) do
    local n = field.name:find "^delta_" and not harmless[field.name] and summary[field.name]
    if n and n > 0 then
      parts[#parts + 1] = ("%s %s"):format(field.name:gsub("^delta_", ""):gsub("_", " "), text.count(n))
    end
  end
  return parts
end

local function gauge_parts(summary)
  local parts = {}
  for _, gauge in ipairs(gauges) do
    if summary[gauge[2]] then parts[#parts + 1] = ("%s %d"):format(gauge[1], summary[gauge[2]]) end
  end
  return parts
end

-- Of the connections that are open: how long, how much waits.
local function connections(batch)
  local all = batch:aggregate {
    "p50(rtt_us)", "p95(rtt_us)", "p99(rtt_us)", unsent = "sum(snd_buf_used)", unread = "sum(rcv_buf_used)", full = "count(accept_queue >= accept_backlog and accept_backlog > 0)",
  }
  local parts = {}
  if all.p50_rtt_us then
    parts[1] = ("rtt p50 %s  p95 %s  p99 %s"):format(text.microseconds(all.p50_rtt_us), text.microseconds(all.p95_rtt_us), text.microseconds(all.p99_rtt_us))
  end
  if all.unsent then parts[#parts + 1] = "in send buffers " .. text.bytes(all.unsent) end
  if all.unread then parts[#parts + 1] = "unread " .. text.bytes(all.unread) end
  if all.full > 0 then parts[#parts + 1] = ("listeners with a full queue %d"):format(all.full) end
  return parts
end

local function heading(batch, summary)
  local metadata = batch.metadata
  local parts = { (metadata.timestamp_ns or 0) > 0 and text.timestamp(metadata.timestamp_ns) or nil }
  if metadata.hostname then parts[#parts + 1] = text.clean(metadata.hostname) end
  if metadata.platform then parts[#parts + 1] = metadata.platform:lower() .. (metadata.os_version and " " .. text.clean(metadata.os_version) or "") end
  local n = summary.total_sockets or #batch
  parts[#parts + 1] = text.plural(n, "socket")
  return table.concat(parts, "  ")
end

return {
  name = "summary",
  help = "the system's counters and states, a few lines per pass",

  on_batch = function(batch, ctx)
    local summary = batch.summary or {}
    local lines = { ctx.state.again and "" or nil }
    ctx.state.again = true
    lines[#lines + 1] = heading(batch, summary)
    lines[#lines + 1] = line("states", states(batch, summary))
    lines[#lines + 1] = line("connections", connections(batch))
    lines[#lines + 1] = line("per second", per_second(summary, batch:seconds()))
    lines[#lines + 1] = line("trouble", trouble(summary))
    lines[#lines + 1] = line("system", gauge_parts(summary))
    for _, warning in ipairs(batch.warnings) do lines[#lines + 1] = line("warning", { text.clean(warning.what) }) end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
