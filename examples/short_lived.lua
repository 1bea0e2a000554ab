-- Which connections opened and closed within a minute? Many of one kind suggest a connection pool or keepalive.
--
--   $ tcpstats-lua --processes -i 0.1 -c 20 examples/short_lived.lua
--        9  of 97ms each, accepted on port 8083
--        9  of 196ms each, made to 127.0.0.1:8083
local text = require "tcpstats.text"

return {
  help = "connections that opened and closed within a minute: where to, or on which of our ports",
  options = { seconds = { type = "number", default = 60, min = 0, help = "the longest life that counts as short" } },

  init = function(ctx)
    ctx:wants { "command" }
    ctx.state.kinds, ctx.state.served = {}, {}
  end,

  on_batch = function(batch, ctx)
    local state = ctx.state
    state.began = state.began or ctx.elapsed_ns
    local watched = (ctx.elapsed_ns - state.began) / 1e6
    for _, port in batch:filter("state == 'LISTEN'"):each "local_port" do state.served[port or 0] = true end

    local function kind(s)
      if state.served[s.local_port] then return ("accepted on port %d"):format(s.local_port) end
      return ("made to %s %s"):format(text.remote_end(s), s.command and "by " .. text.clean(s.command) or "")
    end

    -- An age counts from when we first saw the connection. One that existed in the first pass may be older than our watch, so it is not counted.
    local function note(ended, watched_then)
      local short = ended:filter(("connection_age_ms < %.17g and connection_age_ms + 1 < %.17g"):format(ctx.options.seconds * 1000, watched_then))
      for _, group in ipairs(short:group_by(kind, { ms = "sum(connection_age_ms)" })) do
        local all = state.kinds[group.key] or { key = group.key, count = 0, ms = 0 }
        all.count, all.ms = all.count + group.count, all.ms + group.ms
        state.kinds[group.key] = all
      end
    end

    -- The side that closes first keeps the connection in TIME_WAIT for a minute: it ended when that began, not when it disappears.
    note(batch:filter "state == 'TIME_WAIT' and time_in_state_ms == 0", watched)
    note(batch:closed():filter "state ~= 'TIME_WAIT' and state ~= 'LISTEN'", state.watched_before or 0)
    state.watched_before = watched
  end,

  stop = function(ctx)
    local kinds = {}
    for _, kind in pairs(ctx.state.kinds) do kinds[#kinds + 1] = kind end
    if #kinds == 0 then return ctx:emit(("no connection opened and closed within %gs\n"):format(ctx.options.seconds)) end
    table.sort(kinds, function(a, b)
      if a.count ~= b.count then return a.count > b.count end
      return a.key < b.key
    end)
    for _, kind in ipairs(kinds) do ctx:emit(("%6d  of %s each, %s\n"):format(kind.count, text.milliseconds(kind.ms / kind.count), kind.key)) end
  end,
}
