-- Connections that live for less than a pass, in a network namespace of their own: each is reported when it ended, with what it carried.
local support = require "spec.support"

if select(3, support.run "unshare -n true 2>/dev/null") ~= 0 then
  describe("connections between passes", function() pending "no network namespace of its own" end)
  return
end

local COUNT <const>, BYTES <const> = 2000, 400

-- Adds up what every pass says, begins the connections after the first, and ends when all of them were closed. What it emits is compared.
local SCRIPT <const> = [[
local COUNT <const> = %d
local n, sums, reasons, ids = 0, { tx = 0, rx = 0, lost = 0 }, {}, {}
local function add(s)
  sums.tx, sums.rx = sums.tx + (s.delta_tx_bytes or 0), sums.rx + (s.delta_rx_bytes or 0)
end
return {
  on_close = function(s)
    if s.state == "LISTEN" then return end
    assert(not ids[s.socket_id], "closed twice")
    ids[s.socket_id], n = true, n + 1
    reasons[s.close_reason] = (reasons[s.close_reason] or 0) + 1
    add(s)
  end,
  on_batch = function(batch, ctx)
    for s in batch:each() do add(s) end
    sums.lost = sums.lost + (batch.summary.delta_endings_lost or 0)
    if ctx.live and not ctx.state.begun then io.open("go", "w"):close() end
    ctx.state.begun = true
    if n < 2 * COUNT then return end
    ctx.state.left = (ctx.state.left or 5) - 1
    -- What is left of the connections in TIME_WAIT goes now, and must not be reported again. A kernel that kills no sockets keeps it for a minute.
    if ctx.live and ctx.state.left == 4 then os.execute("ss -K -tn state time-wait >/dev/null 2>&1") end
    if ctx.state.left == 0 then ctx:stop() end
  end,
  stop = function(ctx) ctx:emit { n = n, sums = sums, reasons = reasons } end,
}
]]

-- Runs it over that many connections. `options` are those of the command line. Gives what the script emitted, and the folder.
local function run(mode, options, folder)
  folder = folder or os.tmpname()
  os.remove(folder)
  os.execute("mkdir -p " .. folder)
  local file <close> = assert(io.open(folder .. "/sum.lua", "w"))
  file:write(SCRIPT:format(COUNT))
  file:close()
  local here = support.run("pwd"):gsub("\n", "")
  local bin = support.bin:find "^/" and support.bin or here .. "/" .. support.bin
  local out, err = support.run(([[cd %s && exec unshare -n sh -c '
    ip link set lo up
    python3 %s/spec/live/short_lived.py %d %s >made & made=$!
    until grep -qs ready made; do sleep 0.02; done
    %s -c 3000 %s ./sum.lua; kill $made']]):format(folder, here, COUNT, mode, bin, options))
  return out, err, folder
end

describe("connections between passes", function()
  for _, interval in ipairs { "0.05", "1" } do
    it("are all closed once, with every byte, at an interval of " .. interval, function()
      local out, err, folder = run("", "-i " .. interval)
      os.execute("rm -r " .. folder)
      assert.equal("", (err:gsub("[^\n]*skipped[^\n]*\n", "")))
      assert.equal(('"n":%d'):format(2 * COUNT), out:match '"n":%d+', out)
      assert.equal(('"tx":%d'):format(2 * COUNT * BYTES), out:match '"tx":%d+', out)
      -- The kernel counts a FIN as a byte received, and of one side in thousands it cannot be told whether it came.
      local received = tonumber(out:match '"rx":(%d+)')
      assert.is_true(received >= 2 * COUNT * BYTES and received <= 2 * COUNT * BYTES + COUNT // 20, out)
      assert.truthy(out:find(('"reasons":{"CLOSED":%d}'):format(2 * COUNT), 1, true), out)
      assert.truthy(out:find('"lost":0', 1, true), out)
    end)
  end

  it("are closed on both sides when one resets them", function()
    local out, err, folder = run("reset", "-i 0.2")
    os.execute("rm -r " .. folder)
    assert.equal("", (err:gsub("[^\n]*skipped[^\n]*\n", "")))
    assert.truthy(out:find(('"reasons":{"CLOSED":%d,"WIPED":%d}'):format(COUNT, COUNT), 1, true), out)
  end)

  it("are the same in a capture", function()
    local out, _, folder = run("", "-i 0.2 --record day.tcpcap")
    local again = support.run(("cd %s && %s -s capture:day.tcpcap ./sum.lua"):format(folder, support.bin:find "^/" and support.bin or "$OLDPWD/" .. support.bin))
    os.execute("rm -r " .. folder)
    assert.equal(out, again)
  end)

  it("are heard by a program that sleeps in source:wait and pumps", function()
    local tcpstats = require "tcpstats"
    local socket = require "socket"
    local source, tracker = assert(tcpstats.open "auto"), tcpstats.tracker()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local port = math.tointeger(select(2, listener:getsockname()))
    local options = { tracker = tracker, hearers = { tracker }, filter = tcpstats.filter("remote_port=" .. port) }
    assert(source:pass(options))
    local client = assert(socket.connect("127.0.0.1", port))
    local server = assert(listener:accept())
    client:send "12345"
    server:receive(5)
    client:close()
    server:close()
    local closed = {}
    while #closed == 0 do -- a worker of the kernel says it when it comes to it
      source:wait(require("tcpstats.core").monotonic_ns() + 20000000)
      source:pump()
      for s in assert(source:pass(options)):closed():each() do closed[#closed + 1] = s:totable() end
    end
    source:close()
    listener:close()
    assert.same({ 1, 5, "CLOSED" }, { #closed, closed[1].tx_bytes, closed[1].close_reason })
  end)

  it("are not heard with --no-events", function()
    local out, err, folder = run("", "-i 0.3 --no-events -c 12")
    os.execute("rm -r " .. folder)
    assert.equal("", (err:gsub("[^\n]*skipped[^\n]*\n", "")))
    assert.is_nil(out:find('"CLOSED"', 1, true), out)
  end)
end)
