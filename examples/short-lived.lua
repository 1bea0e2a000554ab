-- Which connections opened and closed within a minute? Many to the same peer ask for a pool or for keepalive.
--
--   $ tcpstats-lua --processes -i 0.2 -c 20 examples/short-lived.lua
--   OUTPUT
local text = require "tcpstats.text"

return {
  help = "connections that opened and closed within a minute, by peer and program",
  options = { seconds = { type = "number", default = 60, min = 0, help = "what short is" } },
  filter = "exclude=listen",

  init = function(ctx) ctx.state.peers = {} end,

  on_batch = function(batch, ctx)
    local state = ctx.state
    state.began = state.began or ctx.elapsed_ns
    local watched = (ctx.elapsed_ns - state.began) / 1e6

    -- An age counts from when we first saw the connection. What was there when we came is as old as our watch: it may be older, so it is not judged.
    local function note(ended, watched_then)
      local short = ended:filter(("connection_age_ms < %.17g and connection_age_ms + 1 < %.17g"):format(ctx.options.seconds * 1000, watched_then))
      for _, group in ipairs(short:group_by({ "remote_addr", "remote_port", "command" }, { ms = "sum(connection_age_ms)" }, { absent = true })) do
        local peer = state.peers[group.key] or { keys = group.keys, count = 0, ms = 0 }
        peer.count, peer.ms = peer.count + group.count, peer.ms + group.ms
        state.peers[group.key] = peer
      end
    end

    -- Whoever closes first keeps the connection in TIME_WAIT for a minute: it ended when that began, not when it goes.
    note(batch:filter "state == 'TIME_WAIT' and time_in_state_ms == 0", watched)
    note(batch:closed():filter "state ~= 'TIME_WAIT'", state.watched_before or 0)
    state.watched_before = watched
  end,

  stop = function(ctx)
    local peers = {}
    for _, peer in pairs(ctx.state.peers) do peers[#peers + 1] = peer end
    table.sort(peers, function(a, b)
      if a.count ~= b.count then return a.count > b.count end
      return table.concat({ tostring(a.keys[1]), tostring(a.keys[2]) }, " ") < table.concat({ tostring(b.keys[1]), tostring(b.keys[2]) }, " ")
    end)
    if #peers == 0 then return ctx:emit(("no connection opened and closed within %gs\n"):format(ctx.options.seconds)) end
    for _, peer in ipairs(peers) do
      ctx:emit(("%6d  of %s each  > %s  %s\n"):format(peer.count, text.milliseconds(peer.ms / peer.count),
        text.remote_end { remote_addr = peer.keys[1], remote_port = peer.keys[2] }, text.clean(peer.keys[3] or "")))
    end
  end,
}
