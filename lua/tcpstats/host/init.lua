--- The script host: passes go to scripts, what scripts emit goes to outputs, and nothing that a script does ends the run by accident.
--
-- What a script is and what its hooks get stands at the top of tcpstats.script.
local collector = require "tcpstats.collect.collector"
local core = require "tcpstats.core"
local output = require "tcpstats.output"
local runtime = require "tcpstats.runtime"
local script = require "tcpstats.host.script"

local host = {}
host.__index = host

local DEFAULT_TIMEOUT <const> = 5 -- seconds
local MOST_FAILING_PASSES <const> = 10
local SHOWN_ERRORS <const>, SHOWN_WITHIN <const> = 3, 60000000000 -- so many reports of one hook in so many ns
local MOST_WARNINGS <const> = 100 -- different texts that are told

-- What ctx's methods raise when the run is over anyway: no error of the script's.
local STOP = setmetatable({}, { __tostring = function() return "the run ends" end, __metatable = false })

-- ## What scripts give
--
-- The host's functions are not interrupted (runtime.guard), so they must not touch a value whose metamethods are the script's: these make plain ones
-- of it, while it is still the script that runs.

local PLAIN = { ["nil"] = true, boolean = true, number = true, string = true }

local function as_text(value)
  if PLAIN[type(value)] then return value end
  return tostring(value)
end

local function as_texts(self, ...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = as_text(values[i]) end
  return self, table.unpack(values, 1, values.n)
end

-- A table's copy without metatables, of the tables in it too.
local function bare(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in next, value do copy[key] = bare(item) end
  return copy
end

local function with_bare_options(self, x, options) return self, x, bare(options) end

-- ## Telling people

local function say(text)
  runtime.write(2, "tcpstats-lua: " .. text .. "\n")
end

local LEVELS = { error = 1, warning = 2, info = 3, debug = 4 }

local function log(self, name, level, format, ...)
  if LEVELS[level] == 4 and not self.config.verbose then return end
  local ok, text = pcall(string.format, format, ...)
  if not ok then text = tostring(format) end
  say((name and name .. ": " or "") .. (level == "info" and "" or level .. ": ") .. text)
end

-- The part of a traceback that is the script's: the host's frames say nothing to its author, and a single one repeats the message.
local function own_part(traceback)
  local lines, in_stack = {}, false
  for line in traceback:gmatch("[^\n]+") do
    in_stack = in_stack or line == "stack traceback:"
    if line:find("in function 'tcpstats%.%l+%.[pv]%l+'") then break end
    local foreign = line:find("^%s*[^:]*tcpstats/host/%w+%.lua:%d") or line:find("^%s*%[C%]: in %?$")
      or line:find("^%s*%[C%]: in hook") or line:find("^%s*%(%.%.%.tail calls%.%.%.%)$")
    if not (foreign and in_stack) then lines[#lines + 1] = line end
  end
  local header
  for i, line in ipairs(lines) do
    if line == "stack traceback:" then header = i end
  end
  if header and #lines <= header + 1 then lines[header], lines[header + 1] = nil, nil end
  return table.concat(lines, "\n")
end

-- What an error says, whatever was raised.
local function text_of(message)
  if type(message) == "string" then return message end
  local metatable = getmetatable(message)
  if type(metatable) == "table" and metatable.__tostring then return tostring(message) end
  return ("(an error that is a %s)"):format(type(message))
end

local function with_text(message) return message, text_of(message) end

-- Counts an error of a hook, and tells it unless the same hook had its say already.
local function report(self, instance, hook, text)
  local now = core.monotonic_ns()
  local r = instance.reports[hook]
  if not r or now - r.since > SHOWN_WITHIN then
    r = { since = now, shown = 0, hidden = r and r.hidden or 0 }
    instance.reports[hook] = r
  end
  instance.failed = true
  if r.shown == SHOWN_ERRORS then
    r.hidden = r.hidden + 1
    return
  end
  r.shown = r.shown + 1
  log(self, instance.name, "error", "%s: %s", hook, text())
end

-- Tells how many errors were not told, once for each time that reports were held back, and `at_last` in any case.
local function tell_hidden(self, instance, at_last)
  for hook, r in pairs(instance.reports) do
    if r.hidden > 0 and (at_last or not r.told) then
      log(self, instance.name, "error", "%s: %d more errors like this", hook, r.hidden)
      r.hidden, r.told = 0, true
    end
  end
end

-- ## Calling scripts

-- The message handler of everything that a script does. It runs where the error happened, so it can see the stack.
local function make_handler(self)
  return runtime.guard(function(message, text)
    if rawequal(message, STOP) then return false end
    local instance, hook = self.calling, self.calling_hook
    if hook == "init" and type(message) == "string" and not message:find("^[^:\n]+:%d+: ") then
      instance.refusal = message
      return false
    end
    report(self, instance, hook, function()
      return own_part(debug.traceback(text or text_of(message)))
    end)
    return not (runtime.interrupted() or self.config.strict) -- a visit goes on with the next socket
  end, with_text)
end

-- --strict: nothing more of this pass is given to anybody.
local function abort(self)
  if not self.aborted then self:finish(1, "--strict: an error ends the run") end
  self.aborted = true
end

-- Calls a function of a script. True and its results, or false.
local function call(self, instance, hook, f, ...)
  self.calling, self.calling_hook = instance, hook
  local ok, a, b = runtime.protect(self.handler, self.timeout_ns, f, ...)
  self.calling, self.calling_hook = nil, nil
  if ok then return true, a, b end
  if type(a) == "string" then -- no memory: no handler was called
    report(self, instance, hook, function() return a end)
    collectgarbage()
  end
  if self.config.strict and instance.failed then abort(self) end
  return false
end

local function visit(self, instance, hook, view)
  if #view == 0 then return end
  local ok = call(self, instance, hook, core.visit, view, instance.script[hook], instance.ctx, self.handler)
  if ok and self.config.strict and instance.failed then abort(self) end
end

-- ## The end

--- Ends the run when what goes on now is done.
-- @param code for the process; the largest of several counts
-- @param message why, for people; may be nil
function host:finish(code, message)
  if message and not (self.ending and self.ending >= code) then say(message) end
  self.ending = math.max(self.ending or 0, code)
end

-- A write that failed: a reader that went away is a quiet end, a full disk is not.
local function output_failed(self, out, what, code)
  if code == "EPIPE" then
    self.ending = self.ending or 0
  else
    self:finish(1, ("cannot write %s: %s"):format(out.url == "-" and "standard output" or out.url, what))
  end
  out.failed = true
end

-- ## Outputs

local function open_output(self, url)
  local out = self.outputs[url]
  if out then return out end
  local what, code
  out, what, code = output.open(url, function(level, format, ...) log(self, nil, level, format, ...) end)
  if not out then return nil, what, code end
  self.outputs[url] = out
  self.output_list[#self.output_list + 1] = out
  return out
end

local function write(self, out, x, options, defaults)
  if out.failed then error(STOP, 0) end
  local ok, what, code = out:write(x, options, defaults)
  if ok then return end
  output_failed(self, out, what, code)
  error(STOP, 0)
end

local function flush(self, out)
  if out.failed then return end
  local ok, what, code = out:flush()
  if not ok then output_failed(self, out, what, code) end
end

local function flush_outputs(self)
  for _, out in ipairs(self.output_list) do flush(self, out) end
end

local function close_output(self, out)
  self.outputs[out.url] = nil
  for i, one in ipairs(self.output_list) do
    if one == out then table.remove(self.output_list, i) break end
  end
  local ok, what, code = out:close()
  if not ok and not out.failed then output_failed(self, out, what, code) end
end

-- What ctx:output gives.
local function output_proxy(self, instance, url)
  local proxy = { url = url }
  local function target()
    local out, what = open_output(self, url)
    return out or error(what, 0)
  end
  proxy.write = runtime.guard(function(_, x, options) write(self, target(), x, options, instance.defaults) end, with_bare_options)
  proxy.flush = runtime.guard(function() flush(self, target()) end)
  proxy.close = runtime.guard(function()
    local out = self.outputs[url]
    if out then close_output(self, out) end
  end)
  proxy.isatty = runtime.guard(function() return target():isatty() end)
  return proxy
end

-- ## ctx

local MEMBERS = { "name", "options", "state", "now_ns", "elapsed_ns", "since_ns", "schedule", "batch", "live", "format", "emit", "output", "flush",
  "isatty", "log", "stop" }

local function unknown_member(_, key)
  for _, member in ipairs(MEMBERS) do
    if member == key then return nil end -- one that has no value now
  end
  local alerting = require "tcpstats.alerting"
  if alerting[key] then return alerting[key] end
  local known = table.move(MEMBERS, 1, #MEMBERS, 1, {})
  for name in pairs(alerting) do known[#known + 1] = name end
  error(("ctx has no '%s'%s"):format(tostring(key), require("tcpstats.suggest").hint(tostring(key), known)), 2)
end

local function methods_of(self, instance)
  local methods = {}
  methods.emit = runtime.guard(function(_, x, options) write(self, instance.out, x, options, instance.defaults) end, with_bare_options)
  methods.flush = runtime.guard(function() flush(self, instance.out) end)
  methods.isatty = runtime.guard(function() return instance.out:isatty() end)
  methods.output = runtime.guard(function(_, url)
    if self.config.sandbox then error("ctx:output is not for a sandbox", 0) end
    if type(url) ~= "string" then error("ctx:output wants a URL, as file:PATH", 0) end
    local out, what = open_output(self, url)
    if not out then error(what, 0) end
    instance.proxies[url] = instance.proxies[url] or output_proxy(self, instance, url)
    return instance.proxies[url]
  end)
  methods.log = runtime.guard(function(_, level, format, ...)
    if not LEVELS[level] then error(("ctx:log: unknown level '%s'; there are: error, warning, info, debug"):format(tostring(level)), 0) end
    log(self, instance.name, level, format, ...)
  end, as_texts)
  methods.stop = runtime.guard(function(_, code, message)
    code = code or 0
    if math.type(code) ~= "integer" or code < 0 or code > 125 then error("ctx:stop: the code is 0 to 125", 0) end
    self:finish(code, message and ("%s: %s"):format(instance.name, tostring(message)))
  end, as_texts)
  return methods
end

local function make_ctx(self, instance, options)
  local values = methods_of(self, instance)
  values.name, values.options, values.state = instance.name, options, {}
  values.live, values.format = self.collector.live, instance.defaults.format
  setmetatable(values, { __index = unknown_member })
  instance.values = values
  local function refuse(_, key) error(("ctx.%s cannot be set; ctx.state is the place for own values"):format(tostring(key)), 2) end
  instance.ctx = setmetatable({}, { __index = values, __newindex = refuse, __metatable = false })
end

-- The clocks of ctx outside of a pass.
local function set_clocks(self, values, now_ns)
  values.now_ns = now_ns or core.realtime_ns()
  values.elapsed_ns = self.collector.live and self.started_ns and core.monotonic_ns() - self.started_ns or self.collector.elapsed_ns
end

-- ## Scripts

-- What of a batch the script sees: a function(batch) -> view. A list of filters and expressions, all of which hold.
local function narrowing(list)
  return function(batch)
    for _, one in ipairs(list) do batch = one(batch) end
    return batch
  end
end

local function by_filter(filter) return function(batch) return batch:select(filter) end end

local function by_expression(expression) return function(batch) return batch:filter(expression) end end

local function make_timers(t)
  local timers = {}
  for i, timer in ipairs(t.timers or {}) do
    local every = math.floor(timer.every * 1e9)
    timers[i] = { every_ns = every, next_ns = false, run = timer.run }
  end
  return timers
end

local function environment_of(self, name)
  if not self.config.sandbox then return nil end
  return require("tcpstats.host.sandbox").new(function(text) log(self, name, "info", "%s", text) end)
end

-- A script that is ready for its init. `section` is what the command line says of it: {name=, given=, filter=, where=, output=, format=, pretty=}.
local function prepare(self, section, loaded)
  local t, name, code = loaded, nil, nil
  if not t then t, name, code = self:load(section.name) end
  if not t then return nil, name, code end
  local options, what = script.options(t, section.given or {})
  if not options then return nil, ("%s: %s"):format(section.name, what), "EUSAGE" end
  local instance = {
    section = section, script = t, name = t.name or script.short_name(section.name), reports = {}, proxies = {}, failing = 0,
    timers = make_timers(t), defaults = { format = section.format, pretty = section.pretty }, schedules = {},
  }
  local parts = {}
  if t.filter then parts[#parts + 1] = by_filter(assert(core.filter(t.filter))) end
  if section.filter then parts[#parts + 1] = by_filter(section.filter) end
  if section.where then parts[#parts + 1] = by_expression(section.where) end
  instance.narrow = narrowing(parts)
  instance.out, what, code = open_output(self, section.output or "-")
  if not instance.out then return nil, what, code end
  make_ctx(self, instance, options)
  return instance
end

--- Loads a script's file within the limits of time and memory.
-- @return its table and name; or nil, text, code
function host:load(name)
  local failure
  return script.load(name, {
    environment = environment_of(self, name),
    call = function(chunk, ...)
      local handler = runtime.guard(function(message, text)
        failure = own_part(debug.traceback(text or text_of(message)))
        return false
      end, with_text)
      local ok, value = runtime.protect(handler, self.timeout_ns, chunk, ...)
      if not ok then return false, failure or value end
      return true, value
    end,
  })
end

-- Calls init. An error without a position is no bug: the script refuses what the command line says.
local function start(self, instance)
  local init = instance.script.init
  set_clocks(self, instance.values)
  if not init then return true end
  return (call(self, instance, "init", init, instance.ctx))
end

local function not_started(self, instance)
  if instance.refusal then return self:finish(2, ("%s: %s"):format(instance.name, instance.refusal)) end
  self:finish(1, not self.config.strict and ("%s: init failed, so it does not run"):format(instance.name) or nil)
end

-- What the scripts want of the time between passes.
local function look_at_scripts(self)
  self.timed, self.reads_input = false, false
  for _, instance in ipairs(self.instances) do
    if #instance.timers > 0 then self.timed = true end
    if instance.script.on_input and self.config.source ~= "protobuf:-" and not self.input_ended then self.reads_input = true end
  end
end

-- ## Reload

-- The new one is loaded, checked and started first. When any of that fails the old one goes on.
local function reload(self, old)
  local new, what = prepare(self, old.section)
  if not new then
    log(self, old.name, "error", "not reloaded: %s", what)
    return old
  end
  local ok = start(self, new)
  if ok and new.script.restore and old.script.save then
    local saved, state = call(self, old, "save", old.script.save, old.ctx)
    ok = saved and call(self, new, "restore", new.script.restore, state, new.ctx)
  end
  if not ok then
    log(self, old.name, "error", "not reloaded%s", new.refusal and ": " .. new.refusal or "; the old one goes on")
    return old
  end
  if old.script.stop then call(self, old, "stop", old.script.stop, old.ctx) end
  log(self, new.name, "info", "reloaded")
  return new
end

-- The kernel is asked only for what the one script wants, where that makes no difference to it: listeners alone are a thousand times cheaper
-- than everything.
local function push_filter(self)
  local only = #self.instances == 1 and self.instances[1]
  local text = only and not self.config.filter and not self.config.record and only.script.filter
  local filter = text and assert(core.filter(text)) or nil
  if filter and not filter:lasting() and not (self.collector.live and self.config.count == 1) then filter = nil end
  self.collector:choose(self.config.filter or filter)
end

local function reload_all(self)
  for _, out in ipairs(self.output_list) do
    local ok, what, code = out:reopen()
    if not ok then output_failed(self, out, what, code) end
  end
  for i, instance in ipairs(self.instances) do
    if script.is_path(instance.section.name) then self.instances[i] = reload(self, instance) end
  end
  push_filter(self)
  look_at_scripts(self)
end

-- ## Passes

local function schedule_of(instance, s)
  local own = instance.schedules[s]
  if not own then
    own = { name = s.name, interval_ms = s.interval_ns // 1000000, processes = s.processes, tcp_info = s.tcp_info, summary_only = s.summary_only }
    instance.schedules[s] = own
  end
  return own
end

local function end_of_pass(self, instance)
  tell_hidden(self, instance)
  instance.failing = instance.failed and instance.failing + 1 or 0
  instance.failed_last = instance.failed
  instance.failed = false
  if instance.failing >= MOST_FAILING_PASSES then self:finish(1, ("%s: %d passes in a row failed"):format(instance.name, instance.failing)) end
end

local function run_hooks(self, instance, view)
  local t = instance.script
  if t.on_open then visit(self, instance, "on_open", view:opened()) end
  if t.on_close and not self.aborted then visit(self, instance, "on_close", view:closed()) end
  if t.on_socket and not self.aborted then visit(self, instance, "on_socket", view) end
  if t.on_batch and not self.aborted then call(self, instance, "on_batch", t.on_batch, view, instance.ctx) end
end

local function give(self, instance, entry, batch)
  local values = instance.values
  local ok, view = pcall(instance.narrow, batch)
  if not ok then
    report(self, instance, "--where", function() return text_of(view) end)
    return end_of_pass(self, instance)
  end
  local timestamp = batch.metadata.timestamp_ns
  set_clocks(self, values, timestamp)
  values.elapsed_ns, values.since_ns = self.collector.elapsed_ns, entry.since_ns
  values.schedule, values.batch = schedule_of(instance, entry.schedule), view
  run_hooks(self, instance, view)
  values.schedule, values.batch, values.since_ns = nil, nil, nil
  end_of_pass(self, instance)
end

-- What makes a run over a recording end with 1: it was not read to its end, or not as what it is.
local DAMAGE = { ETRUNCATED = true, EFORMAT = true }

local function tell_warnings(self, batch)
  for _, warning in ipairs(batch.warnings) do
    if DAMAGE[warning.code] and not self.collector.live then self.failed_at_end = true end
    if not self.told[warning.what] and self.told_count < MOST_WARNINGS then
      self.told[warning.what], self.told_count = true, self.told_count + 1
      log(self, nil, "warning", "%s", warning.what)
    end
  end
end

local function give_to_all(self, entry)
  tell_warnings(self, entry.batch)
  local batch = entry.batch
  if self.narrow then
    local ok, narrowed = pcall(self.narrow, batch)
    if not ok then
      for _, instance in ipairs(self.instances) do
        report(self, instance, "--where", function() return text_of(narrowed) end)
        end_of_pass(self, instance)
      end
      if self.config.strict then abort(self) end
      return
    end
    batch = narrowed
  end
  for _, instance in ipairs(self.instances) do
    if not self.aborted then give(self, instance, entry, batch) end
  end
end

-- A pass that could not be made. The first one shows that nothing works; later ones may be a kernel that is short of memory.
local function pass_failed(self, what, code)
  if code == "EEND" or runtime.stopping() then -- a read that a signal ended is no failure
    self.ending, self.signalled = self.ending or 0, code ~= "EEND"
    return
  end
  self.failing = (self.failing or 0) + 1
  self.last_failed = true
  if not self.collected or not self.collector.live then return self:finish(1, what) end
  if self.failing >= MOST_FAILING_PASSES then return self:finish(1, ("%s; %d passes in a row failed"):format(what, self.failing)) end
  local now = core.monotonic_ns()
  if now - (self.told_failure or now - SHOWN_WITHIN) >= SHOWN_WITHIN then
    self.told_failure = now
    log(self, nil, "error", "a pass failed: %s", what)
  end
end

-- How far a recording is read, on a terminal that shows nothing else.
local PROGRESS_EVERY <const> = 200000000

local function show_progress(self)
  if self.shows_progress == nil then self.shows_progress = not self.collector.live and runtime.isatty(2) and not runtime.isatty(1) end
  local now = core.monotonic_ns()
  if not self.shows_progress or now < (self.progress_ns or 0) then return end
  self.progress_ns = now + PROGRESS_EVERY
  local read, total = self.collector:progress()
  if not read then return end
  local part = total > 0 and ("%3d %%  "):format(100 * read // total) or ""
  io.stderr:write(("\r%spass %d, %.1f MB\27[K"):format(part, self.collector.recorded, read / 1e6))
end

local function end_progress(self)
  if self.shows_progress and self.progress_ns then io.stderr:write("\r\27[K") end
end

local function collect(self)
  local list, what, code = self.collector:collect()
  show_progress(self)
  if not list then return pass_failed(self, what, code) end
  self.collected, self.failing, self.last_failed = true, 0, false
  for _, entry in ipairs(list) do
    give_to_all(self, entry)
    if self.ending and self.ending > 0 then break end
  end
  flush_outputs(self)
end

-- ## Between passes

-- Runs the timers that are due, by the script's own time. Like passes they do not drift, and what has gone by is skipped.
local function run_timers(self, instance)
  for _, timer in ipairs(instance.timers) do
    set_clocks(self, instance.values)
    local now = instance.values.elapsed_ns
    timer.next_ns = timer.next_ns or timer.every_ns
    if now >= timer.next_ns then
      timer.next_ns = timer.next_ns + ((now - timer.next_ns) // timer.every_ns + 1) * timer.every_ns
      call(self, instance, "timers", timer.run, instance.ctx)
    end
  end
end

local function tell_input(self, bytes)
  for _, instance in ipairs(self.instances) do
    if instance.script.on_input then
      set_clocks(self, instance.values)
      call(self, instance, "on_input", instance.script.on_input, bytes, instance.ctx)
    end
  end
end

local function tell_resize(self)
  for _, instance in ipairs(self.instances) do
    if instance.script.on_resize then
      set_clocks(self, instance.values)
      call(self, instance, "on_resize", instance.script.on_resize, instance.ctx)
    end
  end
end

local function read_input(self)
  local bytes = runtime.read(0, 4096)
  if not bytes or bytes == "" then self.reads_input, self.input_ended = false, true end
  tell_input(self, bytes or "")
end

-- When something is to be done next: the pass, a timer, a connection that is tried again; and the descriptors that become writable.
local function next_event(self, due)
  local until_ns, writable = due, {}
  for _, instance in ipairs(self.instances) do
    for _, timer in ipairs(instance.timers) do
      if self.collector.live then until_ns = math.min(until_ns, self.started_ns + (timer.next_ns or timer.every_ns)) end
    end
  end
  for _, out in ipairs(self.output_list) do
    local fd, again = out:pending()
    if fd then writable[#writable + 1] = fd end
    if again then until_ns = math.min(until_ns, again) end
  end
  return until_ns, writable
end

local function take_signals(self)
  local stop, reload_wanted, resized = runtime.signals()
  if stop then self.ending = self.ending or 0 self.signalled = true end
  if reload_wanted then reload_all(self) end
  if resized then tell_resize(self) end
end

-- Waits for the next pass, and does meanwhile what is to be done. False when the run ends.
local function wait(self)
  while not self.ending do
    take_signals(self)
    local due = self.collector:due()
    if self.ending or not due then break end
    if self.timed then
      for _, instance in ipairs(self.instances) do run_timers(self, instance) end
      flush_outputs(self)
    end
    if core.monotonic_ns() >= due then return true end
    local until_ns, writable = next_event(self, due)
    local readable = runtime.wait(until_ns, self.reads_input and { 0 } or nil, writable)
    if readable then
      read_input(self)
      flush_outputs(self)
    end
    for _, out in ipairs(self.output_list) do out:tick() end
  end
  return false
end

local function stop_all(self)
  for _, instance in ipairs(self.instances) do
    if instance.script.stop then
      set_clocks(self, instance.values)
      call(self, instance, "stop", instance.script.stop, instance.ctx)
    end
    tell_hidden(self, instance, true)
  end
  flush_outputs(self)
  for i = #self.output_list, 1, -1 do close_output(self, self.output_list[i]) end
end

-- ## The run

local function on_skip(self)
  local told_ns, told = 0, 0
  return function(s, skipped)
    told = told + skipped
    local now = core.monotonic_ns()
    if now - told_ns < SHOWN_WITHIN and told_ns > 0 then return end
    log(self, nil, "warning", "%s%d ticks were skipped: passes take longer than the interval of %g s", s.name ~= "" and s.name .. ": " or "", told,
      s.interval_ns / 1e9)
    told_ns, told = now, 0
  end
end

local function exit_code(self)
  local code = self.ending or 0
  if self.failed_at_end then code = math.max(code, 1) end
  if self.signalled then return code end
  if self.last_failed then code = math.max(code, 1) end
  for _, instance in ipairs(self.instances) do
    if instance.failed_last or instance.failed then code = math.max(code, 1) end -- an error is no "nothing found"
  end
  return code
end

local function open(self)
  local config = self.config
  local options = {
    source = config.source, interval = config.interval, count = config.count, filter = config.filter, processes = config.processes,
    tcp_info = config.tcp_info, tcp_info_limit = config.tcp_info_limit, realtime = config.realtime, schedules = config.schedules, record = config.record, on_skip = on_skip(self),
  }
  local what, code
  self.collector, what, code = collector.new(options)
  if not self.collector then return nil, what, code end
  self.narrow = config.where and by_expression(config.where) or nil
  for i, section in ipairs(config.scripts) do
    local instance
    instance, what, code = prepare(self, section, section.loaded)
    if not instance then return nil, what, code end
    self.instances[i] = instance
  end
  push_filter(self)
  return true
end

local function run(self)
  local ok, what, code = open(self)
  if not ok then
    say(what)
    return code == "EUSAGE" and 2 or 1
  end
  runtime.handle_signals()
  look_at_scripts(self)
  self.started_ns = core.monotonic_ns()
  for _, instance in ipairs(self.instances) do
    if not start(self, instance) then
      not_started(self, instance)
      break
    end
  end
  while wait(self) do
    collect(self)
    collectgarbage("step") -- Lua sees a batch as some bytes and would let many megabytes wait for its next collection
  end
  end_progress(self)
  stop_all(self)
  local whole, why = self.collector:close()
  if not whole then
    if not self.told[why] then log(self, nil, "error", "%s", why) end
    self.failed_at_end = true
  end
  return exit_code(self)
end

--- A host for a command line.
-- @param config {source=, interval=, count=, filter=, where=, schedules=, processes=, tcp_info=, record=, strict=, timeout= seconds (0: none),
--   memory= bytes (0: no limit), sandbox=, verbose=, scripts = list of {name=, loaded= the script's table, given= words of its options, filter=, where=,
--   output=, format=, pretty=}}; filters are compiled, expressions too
-- @return the host, whose load(name) loads scripts as it would for running them
function host.new(config)
  local self = setmetatable({
    config = config, timeout_ns = math.floor((config.timeout or DEFAULT_TIMEOUT) * 1e9), instances = {}, outputs = {}, output_list = {}, told = {}, told_count = 0,
  }, host)
  self.handler = make_handler(self)
  runtime.set_texts(("interrupted: it ran longer than --script-timeout %s"):format(config.timeout or DEFAULT_TIMEOUT),
    "tcpstats-lua: a script hangs where Lua cannot interrupt it; giving up\n")
  runtime.watch_coroutines()
  if config.sandbox then require("tcpstats.host.sandbox").close_doors() end
  runtime.limit_memory(config.memory or 0)
  -- What makes batches comfortable is loaded when a script first asks for it: it takes as long as a pass over some hundred sockets.
  setmetatable(core.batch_methods, {
    __index = function(methods, name)
      if not package.loaded["tcpstats.batch"] then require "tcpstats" end
      setmetatable(methods, nil)
      return methods[name]
    end,
  })
  return self
end

--- Runs until it is over.
-- @return the exit code of the process
function host:run()
  local ok, code = xpcall(run, debug.traceback, self)
  if not ok then
    say(code)
    return 1
  end
  return code
end

--- Gives back what the host took of the process.
function host.close() runtime.limit_memory() end

return host
