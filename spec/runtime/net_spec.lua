local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local socket = require "socket"
local unix = require "socket.unix"

local SECOND <const> = 1000000000

local function wait_for(fd, mode)
  local ready = {}
  assert.equal(1, runtime.poll(core.monotonic_ns() + 20 * SECOND, { fd }, { mode }, ready))
end

-- What a thread answers.
local function resolve(host, port, kind)
  local resolver = assert(runtime.resolve(host, port, kind))
  local list, what, code
  repeat
    wait_for(resolver:fd(), 1)
    list, what, code = resolver:addresses()
  until list ~= false
  resolver:close()
  return list, what, code
end

describe("runtime.resolve", function()
  it("gives addresses of both families, which can be connected to", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local list = assert(resolve("127.0.0.1", math.tointeger(tonumber(port)), "stream"))
    assert.equal(1, #list)
    local fd = assert(runtime.connect(list[1], "stream"))
    wait_for(fd, 2)
    assert.is_true(runtime.socket_error(fd))
    local client = assert(server:accept())
    assert.equal(5, runtime.send(fd, "hello"))
    assert.equal("hello", client:receive(5))
    runtime.close_file(fd)
    client:close()
    server:close()
    assert.equal(1, #assert(resolve("::1", 1, "datagram")))
  end)

  it("says of a name that there is none", function()
    local list, what, code = resolve("no.such.host.invalid", 1, "stream")
    assert.is_nil(list)
    assert.is_string(what)
    assert.equal("ESYSTEM", code)
  end)

  it("need not be waited for", function()
    local resolver = assert(runtime.resolve("127.0.0.1", 1, "stream"))
    resolver:close()
    resolver:close()
    assert.has_error(function() resolver:addresses() end)
    assert(runtime.resolve("127.0.0.1", 1, "stream"))
    collectgarbage()
  end)
end)

describe("runtime.connect", function()
  it("tells a refusal", function()
    local list = assert(resolve("127.0.0.1", 1, "stream"))
    local fd, what, code = runtime.connect(list[1], "stream")
    if fd then
      wait_for(fd, 2)
      local ok
      ok, what, code = runtime.socket_error(fd)
      assert.is_nil(ok)
      assert.is_true(runtime.socket_error(fd)) -- once
      runtime.close_file(fd)
    end
    assert.same({ "Connection refused", "ECONNREFUSED" }, { what, code })
    assert.has_error(function() runtime.connect("x", "stream") end)
  end)

  it("connects to a Unix socket at once, or not", function()
    local path = os.tmpname()
    os.remove(path)
    local address = assert(runtime.unix_address(path))
    assert.same({ nil, "No such file or directory", "ENOENT" }, { runtime.connect(address, "stream") })
    local server = assert(unix.stream())
    assert(server:bind(path))
    assert(server:listen(1))
    local fd, at_once = runtime.connect(address, "stream")
    assert.is_true(at_once)
    runtime.close_file(fd)
    server:close()
    os.remove(path)
    assert.is_nil((runtime.unix_address(("x"):rep(200))))
  end)
end)

describe("runtime.unsent", function()
  -- What is written to a reader who does not read, and then does.
  local function try(server, address, exact)
    local fd = assert(runtime.connect(address, "stream"))
    wait_for(fd, 2)
    local client = assert(server:accept())
    assert.equal(0, runtime.unsent(fd))
    local total = 0
    while true do
      local n, _, code = runtime.send(fd, ("x"):rep(1 << 16))
      if not n then
        assert.equal("EAGAIN", code)
        break
      end
      total = total + n
    end
    local unsent = runtime.unsent(fd)
    if exact then assert.is_true(unsent > 0 and unsent < total) else assert.is_nil(unsent) end
    assert.equal(total, #client:receive(total))
    local deadline = core.monotonic_ns() + 20 * SECOND
    while (runtime.unsent(fd)) ~= 0 do assert.is_true(core.monotonic_ns() < deadline) end
    client:close()
    wait_for(fd, 1)
    assert.equal(exact and 0 or nil, (runtime.unsent(fd)))
    runtime.close_file(fd)
    server:close()
  end

  it("is what the other system has not acknowledged", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    try(server, assert(resolve("127.0.0.1", math.tointeger(tonumber(port)), "stream"))[1], true)
  end)

  it("is known of a Unix socket only when it is nothing, and its reader is there", function()
    local path = os.tmpname()
    os.remove(path)
    local server = assert(unix.stream())
    assert(server:bind(path))
    assert(server:listen(1))
    try(server, assert(runtime.unix_address(path)), false)
    os.remove(path)
  end)
end)
