-- Connections of this process on loopback, followed from their first to their last.
local socket = require "socket"
local tcpstats = require "tcpstats"
local sockets = require "spec.support.sockets"

local source = tcpstats.open("auto")
if not source or source:name() ~= "linux" then return end

describe("a live connection", function()
  local listener, port, pass

  before_each(function()
    listener = assert(socket.bind("127.0.0.1", 0))
    port = math.tointeger(select(2, listener:getsockname()))
    local tracker, filter = tcpstats.tracker(), assert(tcpstats.filter("remote_port=" .. port))
    pass = function() return assert(source:pass { tracker = tracker, filter = filter }) end
    assert.equal(0, #pass():opened())
  end)

  -- Passes until the connection is in a state; returns that pass. In those before it nothing may come or go.
  local function pass_until(state)
    for _ = 1, 1000 do
      local batch = pass()
      assert.equal(0, #batch:opened() + #batch:closed())
      if sockets.tables(batch)[1].state == state then return batch end
      socket.sleep(0.01)
    end
    error("never in " .. state)
  end

  after_each(function() listener:close() end)

  it("is opened, moves bytes, ends in TIME_WAIT and is the same all the time", function()
    local client = assert(socket.connect("127.0.0.1", port))
    local server = assert(listener:accept())
    local batch = pass()
    local id = sockets.tables(batch:opened())[1].socket_id
    assert.equal("ESTABLISHED", sockets.tables(batch)[1].state)

    client:send(("x"):rep(1000))
    server:receive(1000)
    server:send(("y"):rep(500))
    client:receive(500)
    local s = sockets.tables(pass())[1]
    assert.equal(id, s.socket_id)
    assert.equal(1000, s.delta_tx_bytes)
    assert.equal(500, s.delta_rx_bytes)
    assert.equal(0, s.delta_rexmit_packets)

    client:close()
    pass_until "FIN_WAIT_2"
    server:close()
    s = sockets.tables(pass_until "TIME_WAIT")[1]
    assert.equal(id, s.socket_id)
    assert.is_nil(s.delta_tx_bytes)
    socket.sleep(0.002)
    local later = sockets.tables(pass())[1]
    assert.is_true(later.connection_age_ms > s.connection_age_ms and later.time_in_state_ms > s.time_in_state_ms)
    assert.is_true(later.time_in_state_ms <= later.connection_age_ms)
  end)

  it("that is reset is told with its last values", function()
    local client = assert(socket.connect("127.0.0.1", port))
    local server = assert(listener:accept())
    client:send("unread")
    pass()
    server:setoption("linger", { on = true, timeout = 0 })
    server:close()
    local batch
    for _ = 1, 1000 do
      batch = pass()
      if #batch == 0 then break end
      socket.sleep(0.01)
    end
    local s = sockets.tables(batch:closed())[1]
    assert.equal("ESTABLISHED", s.state)
    assert.equal(6, s.tx_bytes)
    assert.equal(port, s.remote_port)
    client:close()
  end)

  it("without a filter is still only told once", function()
    local tracker = tcpstats.tracker()
    local function all() return assert(source:pass { tracker = tracker }) end
    all()
    local client = assert(socket.connect("127.0.0.1", port))
    local server = assert(listener:accept())
    local function ours(view)
      local n = 0
      for s in view:each() do if s.remote_port == port or s.local_port == port then n = n + 1 end end
      return n
    end
    assert.equal(2, ours(all():opened()))
    assert.equal(0, ours(all():opened()))
    client:close()
    server:close()
  end)
end)
