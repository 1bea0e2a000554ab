--- When to report and when not: hold-down, hysteresis, rate limit, and alarms made of them.
--
-- Every function takes the hook's ctx first, so that a script calls ctx:hold(...). They keep their memory as long as the script runs, for each
-- schedule separately, and measure time with ctx.elapsed_ns, so a recording gives what the live run would have given.
-- A `key` is anything that names what is judged: text of a connection, a command, a constant. What is remembered of a key is forgotten when a
-- whole pass goes by without a call for it: the connection is gone.
--- What `ctx` has of it, as functions whose first argument is the ctx.
---@class tcpstats.alerting
local alerting = {}

local memories = setmetatable({}, { __mode = "k" }) -- by ctx.state, which lives as long as the script

local function schedule_of(ctx) return ctx.schedule and ctx.schedule.name or "" end

-- What `use` remembers in this pass, as a table by key; what the previous pass did not touch is gone.
local function memory(ctx, use)
  local all = memories[ctx.state]
  if not all then
    all = {}
    memories[ctx.state] = all
  end
  local place = use .. "\0" .. schedule_of(ctx)
  local own = all[place]
  if not own then
    own = { now = ctx.elapsed_ns, current = {}, previous = {} }
    all[place] = own
  end
  if own.now ~= ctx.elapsed_ns then
    own.now, own.previous, own.current = ctx.elapsed_ns, own.current, {}
  end
  return own
end

-- The entry of a key, kept for another pass.
local function entry(own, key)
  local found = own.current[key]
  if found == nil then
    found = own.previous[key]
    own.current[key] = found
  end
  return found
end

--- Hold-down: whether a condition has been true for some time without a break.
---@param ctx tcpstats.Ctx
---@param key any what is judged
---@param condition boolean whether it is true now
---@param seconds number how long it must be true
---@return boolean held whether it has been true that long
---@return number lasted for how many seconds it has been true
function alerting.hold(ctx, key, condition, seconds)
  local own = memory(ctx, "hold")
  local since = entry(own, key)
  if not condition then
    own.current[key] = nil
    own.previous[key] = nil
    return false, 0
  end
  if not since then
    since = ctx.elapsed_ns
    own.current[key] = since
  end
  local lasted = (ctx.elapsed_ns - since) / 1e9
  return lasted >= seconds, lasted
end

--- Hysteresis: true from when the value passes `on` until it passes `off`, so that a value that wavers around a limit alarms once.
---@param ctx tcpstats.Ctx
---@param key any what is judged
---@param value? number nil (not known) changes nothing
---@param on number the value above which it becomes true. If `off` is above `on`, it becomes true below `on` and false again above `off`
---@param off number the limit on the way back
---@return boolean
function alerting.hysteresis(ctx, key, value, on, off)
  local own = memory(ctx, "hysteresis")
  local active = entry(own, key) or false
  if value then
    local rising = on >= off
    local passed_on = rising and value > on or not rising and value < on
    local passed_off = rising and value < off or not rising and value > off
    active = passed_on or active and not passed_off
  end
  own.current[key] = active or nil
  if not active then own.previous[key] = nil end
  return active
end

-- A bucket that had the time to fill up equals a new one. Those go when there are many more than the last time.
local function add_bucket(buckets, key, bucket, now)
  if buckets.count >= buckets.most then
    for old, other in pairs(buckets.by_key) do
      if now >= other.full_at and other.refused == 0 then
        buckets.by_key[old] = nil
        buckets.count = buckets.count - 1
      end
    end
    buckets.most = math.max(1024, 2 * buckets.count)
  end
  buckets.by_key[key] = bucket
  buckets.count = buckets.count + 1
end

--- Rate limit: on average at most `count` in `seconds`, and at most `count` at once.
---@param ctx tcpstats.Ctx
---@param key any what is limited, as in "mail"
---@param count integer
---@param seconds number
---@return boolean allowed whether it may happen now
---@return integer refused if it may, how often it was refused since the last time
function alerting.limit(ctx, key, count, seconds)
  local all = memories[ctx.state] or {}
  memories[ctx.state] = all
  local buckets = all.limit or { count = 0, most = 1024, by_key = {} }
  all.limit = buckets
  local bucket = buckets.by_key[key]
  if not bucket then
    bucket = { tokens = count, at = ctx.elapsed_ns, refused = 0 }
    add_bucket(buckets, key, bucket, ctx.elapsed_ns)
  end
  bucket.tokens = math.min(count, bucket.tokens + (ctx.elapsed_ns - bucket.at) / 1e9 * count / seconds)
  bucket.at, bucket.full_at = ctx.elapsed_ns, ctx.elapsed_ns + seconds * 1000000000
  if bucket.tokens < 1 then
    bucket.refused = bucket.refused + 1
    return false, 0
  end
  bucket.tokens = bucket.tokens - 1
  local refused = bucket.refused
  bucket.refused = 0
  return true, refused
end

--- Conditions by key that become events, from `ctx:alarm`.
---@class tcpstats.Alarm
local Alarm = {}
Alarm.__index = Alarm

--- An alarm, which turns conditions into few events. Make it in init and keep it in ctx.state.
---@param _ tcpstats.Ctx
---@param options? { hold?: number, release?: number, every?: number } seconds that a condition must last before it is raised (0), that it must be
---  gone before it is cleared (0), and after which a raised one is reported again (never)
---@return tcpstats.Alarm
function alerting.alarm(_, options)
  options = options or {}
  return setmetatable({ hold = options.hold or 0, release = options.release or 0, every = options.every, entries = {}, passes = {} }, Alarm)
end

local function judge(alarm, key, item, active, now)
  if active then item.gone = nil else item.gone = item.gone or now end
  if active and not item.since then item.since = now end
  if not item.raised then
    if not active then
      alarm.entries[key] = nil
    elseif (now - item.since) / 1e9 >= alarm.hold then
      item.raised, item.told = now, now
      return "raised"
    end
  elseif not active then
    if (now - item.gone) / 1e9 >= alarm.release then
      alarm.entries[key] = nil
      return "cleared"
    end
  elseif alarm.every and (now - item.told) / 1e9 >= alarm.every then
    item.told = now
    return "again"
  end
end

--- Sets whether a condition is true in this pass.
---@param ctx tcpstats.Ctx the hook's
---@param key any what is judged
---@param active boolean
---@return "raised"|"again"|"cleared"|nil event nil if there is nothing to report
---@return number lasted for how many seconds the condition has been true
function Alarm:set(ctx, key, active)
  local item = self.entries[key]
  if not item then
    if not active then return nil, 0 end
    item = {}
    self.entries[key] = item
  end
  item.schedule = schedule_of(ctx)
  item.pass = self.passes[item.schedule] or 0
  return judge(self, key, item, active, ctx.elapsed_ns), (ctx.elapsed_ns - (item.since or ctx.elapsed_ns)) / 1e9
end

--- Ends a pass: conditions that were set in an earlier pass of the same schedule but not in this one are no longer true.
---@param ctx tcpstats.Ctx the hook's
---@return any[] keys that were cleared by that
function Alarm:finish(ctx)
  local cleared, schedule = {}, schedule_of(ctx)
  local pass = self.passes[schedule] or 0
  for key, item in pairs(self.entries) do
    if item.schedule == schedule and item.pass ~= pass and judge(self, key, item, false, ctx.elapsed_ns) == "cleared" then cleared[#cleared + 1] = key end
  end
  table.sort(cleared, function(a, b) return tostring(a) < tostring(b) end)
  self.passes[schedule] = pass + 1
  return cleared
end

--- The number of conditions that are raised now; with a key, whether that one is.
---@param key? any
---@return integer|boolean
function Alarm:raised(key)
  if key ~= nil then return self.entries[key] ~= nil and self.entries[key].raised ~= nil end
  local n = 0
  for _, item in pairs(self.entries) do
    if item.raised then n = n + 1 end
  end
  return n
end

return alerting
