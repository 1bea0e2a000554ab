--- Takes passes from the collector to the scripts.
local call = require "tcpstats.host.call"
local core = require "tcpstats.core"
local ctx = require "tcpstats.host.ctx"
local outputs = require "tcpstats.host.outputs"
local report = require "tcpstats.host.report"
local runtime = require "tcpstats.runtime"
local scripts = require "tcpstats.host.instance"
local wants = require "tcpstats.host.wants"

local passes = {}

local MOST_FAILING <const> = 10 -- passes in a row

-- Warnings that make a run over a recording end with 1: it was not read to its end, or part of it could not be decoded.
local DAMAGE = { ETRUNCATED = true, EFORMAT = true }

local function report_warnings(host, batch)
  for _, warning in ipairs(batch.warnings) do
    if DAMAGE[warning.code] and not host.collector.live then host.failed_at_end = true end
    report.warn_once(host, warning.what)
  end
end

-- A schedule as ctx.schedule shows it.
local function schedule_of(instance, s)
  local own = instance.schedules[s]
  if not own then
    own = { name = s.name, interval_ms = s.interval_ns // 1000000, processes = s.processes, tcp_info = s.tcp_info, summary_only = s.summary_only }
    instance.schedules[s] = own
  end
  return own
end

local function end_pass(host, instance)
  report.hidden(host, instance)
  instance.failing = instance.failed and instance.failing + 1 or 0
  instance.failed_last = instance.failed
  instance.failed = false
  if instance.failing >= MOST_FAILING then scripts.retire(host, instance, ("%d passes in a row failed"):format(instance.failing)) end
end

local function fail_expression(host, instance, what)
  report.failure(instance, "--where", function() return report.text_of(what) end)
  end_pass(host, instance)
end

local function run_hooks(host, instance, view)
  local t = instance.script
  if t.on_open then call.visit(host, instance, "on_open", view:opened()) end
  if t.on_close and not host.aborted then call.visit(host, instance, "on_close", view:closed()) end
  if t.on_socket and not host.aborted then call.visit(host, instance, "on_socket", view) end
  if t.on_batch and not host.aborted then call.hook(host, instance, "on_batch", t.on_batch, view, instance.ctx) end
end

local function deliver(host, instance, entry, batch)
  if instance.retired then return end
  local values = instance.values
  local ok, view = pcall(instance.select, batch)
  if not ok then return fail_expression(host, instance, view) end
  ctx.set_clocks(host, values, batch.metadata.timestamp_ns)
  values.elapsed_ns, values.since_ns = host.collector.elapsed_ns, entry.since_ns
  values.schedule, values.batch = schedule_of(instance, entry.schedule), view
  core.missed() -- by other scripts, and between passes
  run_hooks(host, instance, view)
  wants.hear(host, instance, entry.schedule)
  values.schedule, values.batch, values.since_ns = nil, nil, nil
  end_pass(host, instance)
end

local function deliver_to_all(host, entry)
  report_warnings(host, entry.batch)
  local batch = entry.batch
  if host.select then
    local ok, selected = pcall(host.select, batch)
    if not ok then
      for _, instance in ipairs(host.instances) do fail_expression(host, instance, selected) end
      if host.config.strict then call.abort(host) end
      return
    end
    batch = selected
  end
  for _, instance in ipairs(host.instances) do
    if not host.aborted then deliver(host, instance, entry, batch) end
  end
end

-- A pass failed. If it is the first, nothing works; later ones may fail because the kernel is short of memory.
local function fail(host, what, code)
  if code == "EEND" or runtime.stopping() then -- a read that a signal ended is not a failure
    host.ending, host.signalled = host.ending or 0, code ~= "EEND"
    return
  end
  host.failing = (host.failing or 0) + 1
  host.last_failed = true
  if not host.collected or not host.collector.live then return host:finish(1, what) end
  if host.failing >= MOST_FAILING then return host:finish(1, ("%s; %d passes in a row failed"):format(what, host.failing)) end
  local now = core.monotonic_ns()
  if now - (host.failure_reported or now - report.SHOWN_WITHIN) >= report.SHOWN_WITHIN then
    host.failure_reported = now
    report.log(host, nil, "error", "a pass failed: %s", what)
  end
end

--- Makes the passes that are due and delivers them to the scripts.
---@param host tcpstats.Host
function passes.collect(host)
  local began_ns, processor = core.monotonic_ns(), os.clock()
  local list, what, code = host.collector:collect()
  local collected_ns = core.monotonic_ns()
  host.progress:update()
  if not list then return fail(host, what, code) end
  host.collected, host.failing, host.last_failed = true, 0, false
  for _, entry in ipairs(list) do
    deliver_to_all(host, entry)
    if host.ending and host.ending > 0 then break end
  end
  outputs.flush_all(host)
  host.skips:worked(began_ns, collected_ns, core.monotonic_ns(), os.clock() - processor)
end

return passes
