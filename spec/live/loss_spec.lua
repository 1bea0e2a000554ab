-- Two network namespaces, joined by a pair of veth, that lose one segment in twenty each way. Needs root, and a kernel with nftables.
local cjson = require "cjson"
local support = require "spec.support"

local port, connections, bytes = 9009, 8, 2000000
local pid = support.run "echo $PPID":match "%d+"
local near, far = ("tcpstats-%s-a"):format(pid), ("tcpstats-%s-b"):format(pid)

local function sh(command)
  local out, err, code = support.run(command)
  return code == 0, out, err
end

local setup = [[
set -e
ip netns add NEAR; ip netns add FAR
ip link add near0 netns NEAR type veth peer name far0 netns FAR
ip -n NEAR addr add 10.77.0.1/24 dev near0; ip -n FAR addr add 10.77.0.2/24 dev far0
ip -n NEAR link set near0 up; ip -n FAR link set far0 up; ip -n NEAR link set lo up
for n in NEAR FAR; do
  ip netns exec $n nft add table ip loss
  ip netns exec $n nft 'add chain ip loss input { type filter hook input priority 0; }'
  ip netns exec $n nft 'add rule ip loss input tcp flags & (syn|fin|rst) == 0 numgen random mod 20 < 1 drop'
done]]

local function in_both(command) return (command:gsub("NEAR", near):gsub("FAR", far)) end

describe("on live connections that lose segments", function()
  local result

  lazy_setup(function()
    if not sh("[ $(id -u) = 0 ]") or not sh(in_both(setup)) then return end
    local echo = assert(io.popen(("ip netns exec %s lua5.4 spec/live/echo.lua 10.77.0.2 %d"):format(far, port), "r"))
    assert.equal("ready", echo:read("l"))
    local _, out, err = sh(("ip netns exec %s timeout 300 lua5.4 spec/live/loss.lua 10.77.0.2 %d %d %d"):format(near, port, connections, bytes))
    assert.is_truthy(out:match("^{"), err)
    result = cjson.decode(out)
    echo:close()
  end)

  lazy_teardown(function() sh(in_both("ip netns del NEAR; ip netns del FAR")) end)

  local function live(name, check)
    it(name, function()
      if not result then return pending("needs root, ip netns and nftables") end
      check()
    end)
  end

  live("everything arrived, over several passes, and segments were lost", function()
    assert.is_true(result.passes > 5)
    assert.is_true(result.system.delta_snd_rexmit_packets > 10)
    assert.equal(0, result.opened)
    assert.equal(0, result.closed)
  end)

  live("the deltas of every connection add up to what the kernel says of it", function()
    local seen = 0
    for from, sums in pairs(result.connections) do
      local before, after = result.before.ss[from], result.after.ss[from]
      seen = seen + 1
      for _, counter in ipairs { "tx_bytes", "rx_bytes", "retransmit_bytes", "rexmit_packets", "tx_packets", "rx_packets" } do
        assert.equal(after[counter] - before[counter], sums[counter], counter)
      end
      assert.equal(bytes, sums.rx_bytes)
      assert.equal(bytes, sums.tx_bytes - sums.retransmit_bytes)
    end
    assert.equal(connections, seen)
  end)

  live("the retransmits of all connections are the system's", function()
    local sum = 0
    for _, sums in pairs(result.connections) do sum = sum + sums.rexmit_packets end
    assert.equal(result.after.nstat.TcpRetransSegs - result.before.nstat.TcpRetransSegs, sum)
    assert.equal(sum, result.system.delta_snd_rexmit_packets)
  end)

  live("the system's deltas are those of nstat", function()
    local function change(...)
      local sum = 0
      for _, name in ipairs { ... } do sum = sum + assert(result.after.nstat[name], name) - result.before.nstat[name] end
      return sum
    end
    local system = result.system
    assert.equal(change("TcpInSegs"), system.delta_rcv_total_packets)
    assert.equal(change("TcpOutSegs", "TcpRetransSegs"), system.delta_snd_total_packets)
    assert.equal(change("TcpExtDelayedACKLost", "TcpExtTCPOFOMerge"), system.delta_rcv_dup_packets)
    for name, field in pairs {
      TcpActiveOpens = "delta_conn_attempts", TcpPassiveOpens = "delta_accepts", TcpEstabResets = "delta_drops", TcpOutRsts = "delta_resets_sent",
      TcpExtTCPTimeouts = "delta_timeouts", TcpExtTCPFastRetrans = "delta_fast_retransmits", TcpExtTCPOFOQueue = "delta_rcv_ooo_packets",
      TcpExtTCPLostRetransmit = "delta_lost_retransmits", TcpExtTCPLossProbes = "delta_tail_loss_probes",
      TcpExtTCPOrigDataSent = "delta_snd_data_packets",
      TcpExtListenOverflows = "delta_listen_overflows", TcpExtTCPSynRetrans = "delta_syn_retransmits", TcpExtTCPDelivered = "delta_delivered_packets",
    } do
      assert.equal(change(name), system[field], field)
    end
  end)

  live("intervals and ages are those of the clock", function()
    local took_ms = (result.last_ns - result.first_ns) / 1000000
    -- each pass rounds its interval; the wall clock and the monotonic one are read one after the other
    assert.is_true(math.abs(result.interval_ms - took_ms) <= 2 * result.passes)
    for _, sums in pairs(result.connections) do assert.is_true(math.abs(sums.age_ms - result.interval_ms) <= result.passes) end
  end)
end)
