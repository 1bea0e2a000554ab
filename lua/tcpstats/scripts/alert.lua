--- Reports when something is wrong, names the worst sockets, and reports when it is over.
--
--   tcpstats-lua alert --when "rtt_us > 200000 until rtt_us < 150000 for 10"
--   tcpstats-lua alert --when "stuck: count(state == 'CLOSE_WAIT') > 100" --warn "retransmit_rate > 0.02 for 30"
--   tcpstats-lua alert --check 2 --when "delta_listen_overflows > 0"        a check for Nagios, Icinga, Sensu, a health probe
--
-- A rule is    [NAME:] CONDITION [until CONDITION] [for SECONDS]
-- CONDITION is an expression (tcpstats.where) of one of two kinds:
--   over a socket's fields: the rule holds while it is true of some socket; `for` and `until` apply to each connection, so ten connections that are
--     slow for a second each are not one slow connection;
--   over all of them, with count(), sum(), p95() ... and the fields of the summary: the rule holds while it is true.
-- `until`: once true, the rule holds until this is true (hysteresis). `for`: it must have been true for that long (hold-down).
--
-- A rule over a field that this system or this run never has is refused: it could not hold. One that has an `or` is reported instead.
--
-- --check N judges the Nth pass, prints one line and exits as monitoring plugins do: 0 if no rule holds, 1 if a --warn rule does, 2 if a --when rule
-- does, 3 if a rule cannot be judged (a field that this system never has, a counter that it lacks, a rate in the first pass, owners that are hidden), if
-- the source cannot be read, or if it ends before.
require "tcpstats"
local text = require "tcpstats.text"
local where = require "tcpstats.where"

local STOPS = { ["until"] = true, ["for"] = true }

-- ## Rules

-- A rule that is wrong is reported by raising a table, which read_rules turns into words.
local function wrong(rule, what) error({ what = ("rule '%s': %s"):format(rule, what) }, 0) end

-- A condition of either kind, and what follows it.
local function compile(source, rule)
  local of_socket, not_socket = where.compile(source, STOPS)
  if of_socket then return of_socket, not_socket, false end
  local of_batch, not_batch = where.compile_aggregate(source, "batch", STOPS)
  if of_batch then return of_batch, not_batch, true end
  -- the error of the kind that was probably meant
  local aggregate = source:find "%f[%w_]count%s*%(" or source:find "%f[%w_]sum%s*%(" or source:find "%f[%w_][mp][%w]+%s*%(" or source:find "%f[%w_]delta_[%w_]+"
  wrong(rule, aggregate and not_batch or not_socket)
end

local function parse_rule(source, severity)
  local name, body = source:match "^%s*([%w_%-]+):%s+(.+)$" -- command:find("x") is not a name
  if not name then body = source end
  local condition, rest, is_batch = compile(body, source)
  local rule = { condition = condition, is_batch = is_batch, severity = severity, name = name or condition.text, hold = 0, since = {} }
  local clear = rest and rest:match "^until%f[%W]%s*(.*)$"
  if clear then
    local kind
    rule.clear, rest, kind = compile(clear, source)
    if kind ~= is_batch then wrong(source, "the condition after 'until' is of another kind") end
    if not is_batch then rule.between = assert(where.compile(("not (%s) and not (%s)"):format(condition.text, rule.clear.text))) end
  end
  if rest then
    local seconds = tonumber(rest:match "^for%s+([%d.]+)%s*s?%s*$")
    if not seconds then wrong(source, ("'%s': expected 'for SECONDS' at the end"):format(rest)) end
    rule.hold = seconds
  end
  local measure, direction = where.measure(condition)
  if measure and not is_batch then
    rule.measure_text = measure
    rule.rank = assert(where.compile(direction > 0 and measure or "-(" .. measure .. ")"))
    rule.measure = assert(where.compile(measure))
  elseif measure then
    rule.measure_text, rule.measure = measure, assert(where.compile_aggregate(measure, "batch"))
  end
  return rule
end

-- Every rule of the options; or nil and what is wrong with one.
local function read_rules(options)
  local rules = {}
  local ok, what = pcall(function()
    for _, severity in ipairs { "when", "warn" } do
      for _, source in ipairs(options[severity] or {}) do rules[#rules + 1] = parse_rule(source, severity) end
    end
  end)
  if not ok and type(what) ~= "table" then error(what, 0) end
  if not ok then return nil, what.what end
  if #rules == 0 then return nil, "no rule: say what is wrong with --when \"rtt_us > 200000\"" end
  return rules
end

-- ## What can never be known

local function fields_of(rule)
  local names = {}
  for _, expression in ipairs { rule.condition, rule.clear } do
    for _, name in ipairs(expression.fields) do names[name] = true end
  end
  return names
end

local function has_or(expression)
  return expression.text:gsub("%b''", ""):gsub('%b""', ""):find "%f[%w_]or%f[^%w_]" ~= nil
end

-- Why the rule can never hold or be over, nil when it can. With an `or` it may do without the field.
local function find_missing(ctx, rule)
  local parts = {}
  for name, why in pairs(ctx:wants(fields_of(rule))) do parts[#parts + 1] = ("%s: %s"):format(name, why) end
  if #parts == 0 then return nil end
  table.sort(parts)
  local what = table.concat(parts, "; ")
  if not has_or(rule.condition) then return what end
  ctx:log("warning", "rule '%s': %s", rule.name, what)
end

-- Whether the rule compares with the previous pass.
local function compares(rule)
  return rule.condition.needs_seconds or rule.condition.text:find "%f[%w_]delta_" ~= nil
end

-- ## Judging

local identity = { "local_addr", "local_port", "remote_addr", "remote_port", "socket_id", "inp_gencnt" }

local function key_of(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  return table.concat(parts, " ")
end

-- The view of the connections of which a rule holds, for long enough. What lasts is remembered of those only that are on the way.
local function judge_sockets(rule, batch, ctx)
  local view = batch:filter(rule.condition)
  if rule.hold == 0 and not rule.clear then return view end
  local schedule = ctx.schedule and ctx.schedule.name or "" -- each looks at its own sockets, at its own times
  local before, now = rule.since[schedule] or {}, {}
  local function note(candidates, begins)
    for _, a, b, c, d, e, f in candidates:each(table.unpack(identity)) do
      local key = key_of(a, b, c, d, e, f)
      now[key] = before[key] or begins and ctx.elapsed_ns or nil
    end
  end
  note(view, true)
  if rule.between and next(before) then
    note(batch:filter(rule.between), false)
    view = batch:filter(("not (%s)"):format(rule.clear.text))
  end
  rule.since[schedule] = now
  return view:filter(function(s)
    local since = now[key_of(s.local_addr, s.local_port, s.remote_addr, s.remote_port, s.socket_id, s.inp_gencnt)]
    return since ~= nil and (ctx.elapsed_ns - since) / 1e9 >= rule.hold
  end)
end

local function shown_value(value)
  if type(value) == "string" then return text.clean(value) end
  if math.type(value) == "float" then return ("%.6g"):format(value) end
  return tostring(value)
end

-- The worst few, each as text and as a table.
local function worst(rule, view, n)
  local seconds, list = view:seconds(), {}
  for s in view:top(n, rule.rank or function() return 0 end):each() do
    local value
    if rule.measure then value = rule.measure(s, seconds) end
    local process = text.process(s)
    list[#list + 1] = {
      text = ("%s%s > %s%s"):format(process and process .. " " or "", text.local_end(s), text.remote_end(s),
        value ~= nil and (" %s=%s"):format(rule.measure_text, shown_value(value)) or " " .. tostring(s.state)),
      process = s.command, pid = s.pid, ["local"] = text.local_end(s), remote = text.remote_end(s), state = s.state, value = value,
    }
  end
  return list
end

-- Whether the rule reads what only a second pass tells, and this is the first. A recorded stream may have it in its first pass.
local function is_early(rule, batch)
  if batch:seconds() then return false end
  local early = rule.condition.needs_seconds
  for _, name in ipairs(rule.condition.fields) do
    if name:find "^delta_" then early = batch:aggregate({ n = ("count(%s ~= nil)"):format(name) }).n == 0 end
  end
  return early
end

local OF_OWNERS <const> = { "pid", "fd", "command", "holders" }

-- The pass's warning that owners are not known, if the rule reads their fields: that it holds of nobody means nothing then.
local function hidden_owners(rule, batch)
  local read = fields_of(rule)
  for _, name in ipairs(OF_OWNERS) do
    for _, warning in ipairs(read[name] and batch.warnings or {}) do
      if warning.what:find "owners? of" or warning.what:find "owners are" then return warning.what end
    end
  end
end

-- How a rule stands: {holds=, unknown=, sockets=, value=, worst= function(n)}.
local function judge(rule, batch, ctx)
  if rule.missing then return { holds = false, unknown = true } end
  if not rule.is_batch then
    local view = judge_sockets(rule, batch, ctx)
    return {
      holds = #view > 0, sockets = #view, unknown = is_early(rule, batch),
      worst = function(n) return worst(rule, view, n) end,
    }
  end
  local value = rule.measure and batch:evaluate(rule.measure)
  local holds = batch:evaluate(rule.condition) or false
  local schedule = ctx.schedule and ctx.schedule.name or ""
  local since = rule.since[schedule]
  if not holds and since and rule.clear then holds = not batch:evaluate(rule.clear) end
  since = holds and (since or ctx.elapsed_ns) or nil
  rule.since[schedule] = since
  local lasted = since and (ctx.elapsed_ns - since) / 1e9 or 0
  return { holds = holds and lasted >= rule.hold, unknown = rule.measure and value == nil or is_early(rule, batch), value = value, worst = function() return {} end }
end

-- ## Reporting

local function details(rule, standing, offenders)
  local parts = {}
  if standing.sockets then parts[1] = ("%d socket%s with %s"):format(standing.sockets, standing.sockets == 1 and "" or "s", rule.condition.text) end
  if not standing.sockets then
    parts[1] = standing.value ~= nil and ("%s=%s (%s)"):format(rule.measure_text, shown_value(standing.value), rule.condition.text) or rule.condition.text
  end
  for _, offender in ipairs(offenders) do parts[#parts + 1] = offender.text end
  return table.concat(parts, "; ")
end

local words = { raised = { when = "CRITICAL", warn = "WARNING" }, again = { when = "CRITICAL", warn = "WARNING" }, cleared = { when = "OK", warn = "OK" } }

local function tell(ctx, rule, event, standing, seconds)
  local allowed, refused = ctx:limit("lines", ctx.options.limit, 60)
  if not allowed then return end
  local offenders = event ~= "cleared" and standing.worst(ctx.options.top) or {}
  if ctx.options.json then
    for _, offender in ipairs(offenders) do offender.text = nil end
    ctx:emit {
      time = text.timestamp(ctx.now_ns), event = event, severity = rule.severity == "when" and "critical" or "warning", rule = rule.name,
      condition = rule.condition.text, sockets = standing.sockets, value = standing.value, seconds = seconds, suppressed = refused,
      offenders = #offenders > 0 and offenders or nil,
    }
    return
  end
  local line = ("%s %s %s"):format(text.timestamp(ctx.now_ns), words[event][rule.severity], rule.name)
  if event == "cleared" then
    line = ("%s: over after %s"):format(line, text.milliseconds(seconds * 1000))
  else
    local said = details(rule, standing, offenders)
    line = ("%s: %s"):format(line, rule.name == rule.condition.text and said:gsub(" with " .. rule.name:gsub("%p", "%%%0"), "", 1) or said)
  end
  if refused > 0 then line = ("%s (%s not reported)"):format(line, refused == 1 and "1 alert was" or refused .. " alerts were") end
  ctx:emit(line .. "\n")
end

-- The line and the exit code of a monitoring plugin.
local function check(ctx, standings)
  local level, parts, perfdata = 0, {}, {}
  for i, rule in ipairs(ctx.state.rules) do
    local standing = standings[i]
    local code = standing.holds and (rule.severity == "when" and 2 or 1) or (standing.unknown or standing.hidden) and 3 or 0
    if code == 3 then
      local why = rule.missing or standing.hidden or compares(rule) and ctx.options.check == 1 and "it takes two passes to know: --check 2" or "not known here"
      parts[#parts + 1] = ("%s: %s"):format(rule.name, why)
    elseif code > 0 then
      parts[#parts + 1] = details(rule, standing, standing.worst(ctx.options.top))
    end
    -- critical before warning before unknown
    local order = { [0] = 0, [3] = 1, [1] = 2, [2] = 3 }
    if order[code] > order[level] then level = code end
    local value = standing.sockets or standing.value
    if type(value) == "number" then
      local label = rule.name:gsub("['=]", { ["'"] = "''", ["="] = "" })
      perfdata[#perfdata + 1] = ("'%s'=%s"):format(label, value - value == 0 and shown_value(value) or "U") -- U: undetermined, as plugins say it
    end
  end
  local line = ("TCP %s: %s"):format(({ [0] = "OK", "WARNING", "CRITICAL", "UNKNOWN" })[level], #parts > 0 and table.concat(parts, "; ") or "no rule holds")
  ctx:emit(line:gsub("|", "/") .. (#perfdata > 0 and " | " .. table.concat(perfdata, " ") or "") .. "\n")
  ctx.state.judged = true
  ctx:stop(level)
end

return {
  name = "alert",
  help = "reports when a rule holds: [NAME:] CONDITION [until CONDITION] [for SECONDS]",
  options = {
    when = { type = "string", many = true, help = "a rule that is critical" },
    warn = { type = "string", many = true, help = "a rule that is a warning" },
    top = { type = "integer", default = 3, min = 0, help = "how many of the worst sockets to name" },
    release = { type = "number", default = 0, min = 0, help = "seconds for which a rule must not hold before it is over" },
    every = { type = "number", min = 0, help = "seconds after which a rule that still holds is reported again (never)" },
    limit = { type = "integer", default = 60, min = 1, help = "at most this many alerts a minute; the rest are counted, and reported with the next" },
    json = { type = "boolean", default = false, help = "one JSON object per alert" },
    check = { type = "integer", default = 0, min = 0, help = "judge the pass of this number, print one line and exit with 0, 1, 2 or 3" },
  },

  init = function(ctx)
    local rules, what = read_rules(ctx.options)
    if not rules then return ctx:stop(2, what) end
    for _, rule in ipairs(rules) do
      rule.missing = find_missing(ctx, rule)
      if rule.missing and ctx.options.check == 0 then return ctx:stop(2, ("rule '%s': %s"):format(rule.name, rule.missing)) end
    end
    ctx.state.rules, ctx.state.passes = rules, 0
    ctx.state.alarm = ctx:alarm { release = ctx.options.release, every = ctx.options.every }
  end,

  on_failure = function(what, options)
    if options.check > 0 then return 3, "TCP UNKNOWN: " .. what end
  end,

  -- A check that came to no verdict is not an all-clear.
  stop = function(ctx)
    local state = ctx.state
    if ctx.options.check == 0 or state.judged or not state.rules then return end
    ctx:emit(("TCP UNKNOWN: %d of %d pass%s were read\n"):format(state.passes, ctx.options.check, ctx.options.check == 1 and "" or "es"))
    ctx:stop(3)
  end,

  on_batch = function(batch, ctx)
    local standings = {}
    for i, rule in ipairs(ctx.state.rules) do
      standings[i] = judge(rule, batch, ctx)
      standings[i].hidden = hidden_owners(rule, batch)
    end
    ctx.state.passes = ctx.state.passes + 1
    if ctx.options.check > 0 then
      if ctx.state.passes == ctx.options.check then check(ctx, standings) end
      return
    end
    for i, rule in ipairs(ctx.state.rules) do
      local event, seconds = ctx.state.alarm:set(ctx, ("%d %s"):format(i, ctx.schedule and ctx.schedule.name or ""), standings[i].holds)
      if event then tell(ctx, rule, event, standings[i], seconds) end
    end
  end,
}
