---@meta tcpstats.alerting
-- Made by `make docs`; do not edit.

---What `ctx` has of it, as functions whose first argument is the ctx.
---@class tcpstats.alerting
local alerting = {}

---Hold-down: whether a condition has been true for some time without a break.
---@param ctx tcpstats.Ctx
---@param key any what is judged
---@param condition boolean whether it is true now
---@param seconds number how long it has to be
---@return boolean # whether it has been
---@return number # for how many seconds it has been true
function alerting.hold(ctx, key, condition, seconds) end

---Hysteresis: true from when the value passes `on` until it passes `off`, so that a value that trembles about a limit alarms once.
---@param ctx tcpstats.Ctx
---@param key any what is judged
---@param value? number nil: not known, which leaves things as they are
---@param on number above it: true. With `off` above `on` it is the other way round: true below `on`, false again above `off`
---@param off number the limit on the way back
---@return boolean # whether it is true
function alerting.hysteresis(ctx, key, value, on, off) end

---Rate limit: at most `count` in any `seconds`, on the average; at most `count` at once.
---@param ctx tcpstats.Ctx
---@param key any what is limited, e.g. "mail"
---@param count integer
---@param seconds number
---@return boolean # whether it may happen now
---@return integer # when it may, how often it was refused since the last time
function alerting.limit(ctx, key, count, seconds) end

---An alarm, which turns conditions into the few events that somebody wants to hear of. Make it in init and keep it in ctx.state.
---@param _ any
---@param options? { hold?: number, release?: number, every?: number }
---@return tcpstats.Alarm # an alarm with set(), finish() and count()
function alerting.alarm(_, options) end

return alerting
