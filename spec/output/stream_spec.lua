-- Outputs over sockets: readers that are slow, come late, go away, or never listen.
local core = require "tcpstats.core"
local host = require "spec.support.host"
local output = require "tcpstats.output"
local socket = require "socket"
local unix = require "socket.unix"

local function wait(seconds) core.sleep(core.monotonic_ns() + math.floor(seconds * 1e9)) end

describe("an output over a socket", function()
  local logged

  before_each(function() logged = {} end)

  local function log(level, format, ...) logged[#logged + 1] = level .. " " .. format:format(...) end
  local function open(url) return assert(output.open(url, log)) end

  local function listen(port)
    local server = assert(socket.tcp4())
    server:setoption("reuseaddr", true)
    assert(server:bind("127.0.0.1", port or 0))
    assert(server:listen(8))
    server:settimeout(2)
    local _, bound = server:getsockname()
    return server, math.tointeger(tonumber(bound))
  end

  -- Lets the output go on for a while, as the host does between passes.
  local function go_on(out, seconds, done)
    local deadline = core.monotonic_ns() + math.floor(seconds * 1e9)
    while core.monotonic_ns() < deadline and not (done and done()) do
      out:tick()
      wait(0.005)
    end
  end

  it("tcp sends messages in order", function()
    local server, port = listen()
    local out = open("tcp://127.0.0.1:" .. port)
    out:write("one\n")
    out:flush()
    local client = assert(server:accept())
    client:settimeout(2)
    out:write("two\n")
    out:close()
    assert.are.equal("one\ntwo\n", client:receive("*a"))
    assert.are.same({}, logged)
    client:close()
    server:close()
  end)

  it("unix does the same", function()
    local path = os.tmpname()
    os.remove(path)
    local server = assert(unix.stream())
    assert(server:bind(path))
    assert(server:listen(4))
    local out = open("unix:" .. path)
    out:write("one\n")
    local client = assert(server:accept())
    client:settimeout(2)
    out:close()
    assert.are.equal("one\n", client:receive("*a"))
    client:close()
    server:close()
    os.remove(path)
  end)

  it("keeps messages for a reader that comes later", function()
    local server, port = listen()
    server:close()
    local out = open("tcp://127.0.0.1:" .. port)
    out:write("early\n")
    go_on(out, 0.2)
    assert.truthy(logged[1]:find("^warning tcp://127.0.0.1:%d+: connection refused; trying again"))
    server = listen(port)
    go_on(out, 2, function() return out.backend.state == "connected" and out.backend.held == 0 end)
    local client = assert(server:accept())
    client:settimeout(2)
    out:close()
    assert.are.equal("early\n", client:receive("*a"))
    assert.truthy(logged[2]:find("connected, 0 messages were dropped so far", 1, true))
    client:close()
    server:close()
  end)

  it("connects again when the reader went away, and sends a torn message from its beginning", function()
    local server, port = listen()
    local out = open("tcp://127.0.0.1:" .. port)
    out:write("first\n")
    go_on(out, 1, function() return out.backend.held == 0 and out.backend.state == "connected" end)
    local client = assert(server:accept())
    client:settimeout(2)
    assert.are.equal("first", client:receive("*l"))
    client:close()
    wait(0.02)
    out:write("second\n")
    go_on(out, 0.05)
    assert.truthy(logged[1]:find("the reader closed the connection", 1, true))
    go_on(out, 1, function() return out.backend.held == 0 end)
    client = assert(server:accept())
    client:settimeout(2)
    assert.are.equal("second", client:receive("*l"))
    out:close()
    client:close()
    server:close()
  end)

  it("drops whole messages when the reader is slow, never waits, and counts what was lost", function()
    local server, port = listen()
    local out = open(("tcp://127.0.0.1:%d?buffer=1M"):format(port))
    local message = ("x"):rep(99999) .. "\n"
    go_on(out, 0.05)
    local client = assert(server:accept())
    local started = core.monotonic_ns()
    for _ = 1, 300 do
      assert.is_true(out:write(message))
      out:flush()
    end
    assert.is_true(core.monotonic_ns() - started < 1000000000)
    local lost = out.backend.lost
    assert.is_true(lost > 100, lost)
    assert.are.equal(lost * #message, out.backend.lost_bytes)
    assert.is_true(out.backend.held <= 1 << 20)
    assert.truthy(table.concat(logged, "\n"):find("messages were dropped so far %(%d+ bytes%): the reader is too slow"))
    client:settimeout(0)
    local received, line = 0, nil
    go_on(out, 3, function()
      repeat
        local whole, _, part = client:receive(1 << 16)
        line = whole or part or ""
        received = received + #line
      until #line == 0
      return received >= (300 - lost) * #message
    end)
    assert.are.equal((300 - lost) * #message, received)
    out:close()
    assert.truthy(logged[#logged]:find(("%d messages (%d bytes) were dropped"):format(lost, lost * #message), 1, true))
    client:close()
    server:close()
  end)

  it("gives up after a moment at the end, and counts", function()
    local out = open "tcp://127.0.0.1:1"
    out:write("a\n")
    out:write("b\n")
    local started = core.monotonic_ns()
    out:close()
    assert.is_true(core.monotonic_ns() - started < 3000000000)
    assert.truthy(logged[#logged]:find("2 messages (4 bytes) were dropped", 1, true))
  end)

  it("has wrong urls told", function()
    for url, message in pairs {
      ["tcp://localhost"] = "expected tcp://HOST:PORT", ["tcp://h:0"] = "expected tcp://HOST:PORT", ["udp://x"] = "expected udp://HOST:PORT",
      ["tcp://127.0.0.1:1?buffer=x"] = "buffer=x is no size; 8M is one", ["unix:"] = "a path is missing",
      ["udp://127.0.0.1:9?size=0"] = "size=0 is no datagram's size",
    } do
      local out, what, code = output.open(url, log)
      assert.is_nil(out)
      assert.truthy(what:find(message, 1, true), what)
      assert.are.equal("EUSAGE", code)
    end
  end)

  describe("udp", function()
    local function receiver()
      local s = assert(socket.udp4())
      assert(s:setsockname("127.0.0.1", 0))
      s:settimeout(1)
      local _, port = s:getsockname()
      return s, port
    end

    it("gathers whole lines in datagrams of a size", function()
      local s, port = receiver()
      local out = open(("udp://127.0.0.1:%s?size=20"):format(port))
      out:write("12345678\n12345678\n12345678\n")
      out:write("a line that is longer than that\n")
      out:close()
      assert.are.same({ "12345678\n12345678\n", "12345678\n", "a line that is longer than that\n" }, { s:receive(), s:receive(), s:receive() })
      assert.are.same({}, logged)
      s:close()
    end)

    it("sends a protobuf message as one", function()
      local s, port = receiver()
      local out = open("udp://127.0.0.1:" .. port)
      local batch = require("tcpstats").decode(host.stream(1))
      out:write(batch, { format = "protobuf" })
      out:close()
      assert.are.equal(batch:protobuf(), s:receive())
      s:close()
    end)

    it("counts what fits no datagram", function()
      local s, port = receiver()
      local out = open("udp://127.0.0.1:" .. port)
      out:write(("x"):rep(70000) .. "\n")
      out:close()
      assert.truthy(logged[1]:find("1 datagrams (70001 bytes) were dropped: larger than a datagram", 1, true), logged[1])
      s:close()
    end)
  end)
end)

describe("the binary with a reader that stands still", function()
  it("goes on collecting, and tells at the end what was lost", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local folder = host.folder()
    local path = host.write(folder .. "/s.lua", [[return { on_batch = function(b, ctx)
      ctx:output("tcp://127.0.0.1:]] .. port .. [[?buffer=1M"):write(("x"):rep(400000))
      ctx:emit("pass\n")
    end }]])
    local out, err, code = host.run("-c 20 -i 0.02 " .. path)
    assert.are.equal(20, select(2, out:gsub("pass\n", "")))
    assert.truthy(err:find("messages %(%d+ bytes%) were dropped"), err)
    assert.are.equal(0, code)
    os.execute("rm -r " .. folder)
    server:close()
  end)
end)
