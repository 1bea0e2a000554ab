local tcpstats = require "tcpstats"
local socket = require "socket"

describe("tcpstats.socket_info", function()
  it("tells what the kernel knows of a connection of this process", function()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local client = assert(socket.connect("127.0.0.1", port))
    local server = assert(listener:accept())
    assert(client:send(("x"):rep(1000)))
    assert(server:receive(1000))

    local s = assert(tcpstats.socket_info(client:getfd()))
    assert.equal("ESTABLISHED", s.state)
    assert.is_true(s.maxseg > 500)
    assert.is_true(s.rtt_us > 0)
    assert.is_true(s.snd_cwnd > s.maxseg)
    assert.is_nil(s.local_addr) -- which getpeername and getsockname know
    assert.is_truthy(s.sources:find "INFO")
    assert.equal("LISTEN", tcpstats.socket_info(listener:getfd()).state)
    client:close()
    server:close()
    listener:close()
    collectgarbage()
    assert.equal("ESTABLISHED", s:totable().state) -- it is a picture of then
  end)

  it("gives the reason when there is none", function()
    local s, what, code = tcpstats.socket_info(1 << 20)
    assert.is_nil(s)
    assert.equal("ESYSTEM", code)
    assert.is_truthy(what:find "1048576", what)
    assert.is_nil((tcpstats.socket_info(0))) -- busted's standard input is no connection
  end)

  it("refuses what is no descriptor", function()
    for _, wrong in ipairs { -1, "x", 1 << 40, {} } do assert.has_error(function() tcpstats.socket_info(wrong) end) end
  end)
end)
