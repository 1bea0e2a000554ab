-- Where do all the connections in TIME_WAIT come from? The side that closes first keeps one; a client that always closes first may run out of ports.
--
--   $ tcpstats-lua -c 1 examples/time_wait_by_port.lua
--   34 in TIME_WAIT
--        3  of our port 8083: we close first
--       31  of connections that we made to port 8083

return {
  help = "connections in TIME_WAIT by the service they were of: our port when we listen there, else the peer's",
  options = { top = { type = "integer", default = 20, min = 1, help = "show at most this many services" } },

  on_batch = function(batch, ctx)
    local served = {}
    for _, port in batch:filter("state == 'LISTEN'"):each "local_port" do served[port or 0] = true end
    local waiting = batch:filter "state == 'TIME_WAIT'"
    if #waiting == 0 then return ctx:emit "no connection is in TIME_WAIT\n" end

    local ours = waiting:filter(function(s) return served[s.local_port] == true end)
    local theirs = waiting:filter(function(s) return not served[s.local_port] end)
    local lines = { ("%d in TIME_WAIT"):format(#waiting) }
    for _, group in ipairs(ours:group_by("local_port"):top(ctx.options.top)) do
      lines[#lines + 1] = ("%6d  of our port %d: we close first"):format(group.count, group.key)
    end
    for _, group in ipairs(theirs:group_by("remote_port"):top(ctx.options.top)) do
      lines[#lines + 1] = ("%6d  of connections that we made to port %d"):format(group.count, group.key)
    end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
