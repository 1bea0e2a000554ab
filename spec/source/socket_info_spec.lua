-- tcpstats.socket_info against the dump's record of the same socket.
local socket = require "socket"
local tcpstats = require "tcpstats"

--- A connection over loopback.
local function connection(address)
  local listener = assert(socket.bind(address, 0))
  local _, port = listener:getsockname()
  local client = assert(socket.connect(address, port))
  local server = assert(listener:accept())
  return listener, client, server, math.tointeger(tonumber(port))
end

describe("socket_info", function()
  for _, address in ipairs { "127.0.0.1", "::1" } do
    it("knows endpoints, state and counters of a connection at " .. address, function()
      local listener, client, server, port = connection(address)
      client:send(("x"):rep(1000))
      server:receive(400)
      local s = assert(tcpstats.socket_info(client))
      local _, own = client:getsockname()
      assert.same({ address, address, math.tointeger(tonumber(own)), port }, { s.local_addr, s.remote_addr, s.local_port, s.remote_port })
      assert.equal("ESTABLISHED", s.state)
      assert.equal(client:getfd(), s.fd)
      assert.equal(s.fd, tcpstats.socket_info(client:getfd()).fd)
      assert.is_truthy(s.rtt_us)
      assert.is_truthy(tostring(s):find("ESTABLISHED", 1, true))
      local kept = s:copy()
      client:close() server:close() listener:close()
      collectgarbage()
      assert.equal(port, s.remote_port)
      assert.equal(port, kept.remote_port)
    end)
  end

  it("says the same as the dump", function()
    local listener, client, server, port = connection "127.0.0.1"
    client:send(("x"):rep(30000))
    server:receive(30000)
    -- until the dump lies between two looks that agree: acknowledgements are on their way
    local function look()
      local s = assert(tcpstats.socket_info(client)):totable()
      s.last_data_sent_ms, s.idle_time_ms, s.last_ack_recv_ms = nil, nil, nil
      return s
    end
    local ours, dumped
    for _ = 1, 1000 do
      ours = look()
      for s in assert(tcpstats.collect { filter = "remote_port=" .. port }):each() do dumped = s:totable() end
      if pcall(assert.same, ours, look()) then break end
    end
    assert.is_truthy(dumped)
    local other = { sources = true, fd = true }
    local compared = 0
    for name, value in pairs(ours) do
      if not other[name] then
        assert.equal(dumped[name], value, name)
        compared = compared + 1
      end
    end
    assert.is_true(compared > 20, compared .. " fields")
    client:close() server:close() listener:close()
  end)

  it("of a listener has its queue", function()
    local listener = assert(socket.bind("127.0.0.1", 0, 9))
    local _, port = listener:getsockname()
    local waiting = assert(socket.connect("127.0.0.1", port))
    local s = assert(tcpstats.socket_info(listener))
    assert.equal("LISTEN", s.state)
    assert.is_nil(s.remote_addr)
    if tcpstats.open("auto"):name() == "linux" then assert.same({ 1, 9 }, { s.accept_queue, s.accept_backlog }) end
    waiting:close() listener:close()
  end)

  it("of what is no TCP socket is nothing, with the reason", function()
    local udp = assert(socket.udp4())
    for fd, reason in pairs { [udp:getfd()] = "not a TCP socket", [0] = "descriptor 0 is not a", [9999] = "not open" } do
      local s, what, code = tcpstats.socket_info(fd)
      assert.is_nil(s)
      assert.matches(reason, what, 1, true)
      assert.equal("EUSAGE", code)
    end
    udp:close()
  end)

  it("raises when it is asked for nothing", function()
    assert.error(function() tcpstats.socket_info() end)
    assert.error(function() tcpstats.socket_info(-1) end)
    assert.error(function() tcpstats.socket_info {} end)
  end)
end)
