-- How does each container (or service) use the network? On Linux, sockets belong to control groups.
--
--   $ tcpstats-lua --processes -c 2 examples/per_container.lua
--   LISTEN   OPEN     TX/s     RX/s     SENT RECEIVED    AGAIN  CONTAINER
--        6     24        -        -     980K     931K        5  /
--        0      0        -        -        -        -        -  none: TIME_WAIT and other connections without a socket
--   LISTEN   OPEN     TX/s     RX/s     SENT RECEIVED    AGAIN  CONTAINER
--        6     24      400        0     980K     931K        6  /
--        0      0        -        -        -        -        -  none: TIME_WAIT and other connections without a socket
local text = require "tcpstats.text"

-- /system.slice/docker-3f2a...c1.scope: docker-3f2a..., /kubepods/.../cri-containerd-...: the last part, its long hexadecimal name cut
local function container(path, id)
  if not path then return id and ("control group %d"):format(id) or "none: TIME_WAIT and other connections without a socket" end
  local name = path:match "([^/]+)/*$" or "/"
  name = name:gsub("%.scope$", ""):gsub("%.service$", ""):gsub("(%x%x%x%x%x%x%x%x%x%x%x%x)%x+", "%1")
  return text.clean(name)
end

local function bytes(n) return n and text.bytes(n) or "-" end

return {
  help = "connections, bytes and retransmits by control group",
  options = { top = { type = "integer", default = 20, min = 1, help = "show at most this many groups" } },

  on_batch = function(batch, ctx)
    local groups = batch:group_by({ "cgroup", "cgroup_id" }, {
      listeners = "count(state == 'LISTEN')", open = "count(state == 'ESTABLISHED')", tx = "sum(tx_bytes)", rx = "sum(rx_bytes)",
      tx_rate = "sum(rate(tx_bytes))", rx_rate = "sum(rate(rx_bytes))", again = "sum(rexmit_packets or retransmit_packets_total)",
    }, { absent = true })
    if #groups == 0 then return ctx:emit "there are no sockets\n" end
    local lines = { ("%6s %6s %8s %8s %8s %8s %8s  %s"):format("LISTEN", "OPEN", "TX/s", "RX/s", "SENT", "RECEIVED", "AGAIN", "CONTAINER") }
    for _, group in ipairs(groups:top(ctx.options.top, function(g) return (g.tx or 0) + (g.rx or 0) end)) do
      lines[#lines + 1] = ("%6d %6d %8s %8s %8s %8s %8s  %s"):format(
        group.listeners, group.open, bytes(group.tx_rate), bytes(group.rx_rate), bytes(group.tx), bytes(group.rx), group.again or "-",
        container(group.keys[1], group.keys[2]))
    end
    ctx:emit(table.concat(lines, "\n") .. "\n")
  end,
}
