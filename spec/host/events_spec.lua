local core = require "tcpstats.core"
local events = require "tcpstats.host.events"
local socket = require "socket"
local support = require "spec.support"

local MS <const> = 1000000

local function fd_of(s) return math.tointeger(s:getfd()) end

-- Two ends of a connection.
local function pair()
  local server = assert(socket.bind("127.0.0.1", 0))
  local address, port = server:getsockname()
  local here = assert(socket.connect(address, port))
  local there = assert(server:accept())
  server:close()
  here:settimeout(0)
  there:settimeout(0)
  return here, there
end

describe("the event loop", function()
  local loop, here, there

  before_each(function()
    loop = events.new()
    here, there = pair()
  end)

  after_each(function()
    here:close()
    there:close()
  end)

  it("calls back for a descriptor that has something to read, and no other", function()
    local other, its = pair()
    local calls = {}
    loop:watch(fd_of(here), "r", function(readable, writable) calls[#calls + 1] = { "here", readable, writable } end)
    loop:watch(fd_of(other), "r", function() calls[#calls + 1] = { "other" } end)
    loop:step(core.monotonic_ns() - 1)
    assert.same({}, calls)
    there:send "x"
    loop:step()
    assert.same({ { "here", true, false } }, calls)
    other:close()
    its:close()
  end)

  it("calls back for one that takes bytes, and can be told to wait for something else", function()
    local calls = {}
    local watch = loop:watch(fd_of(here), "rw", function(readable, writable) calls[#calls + 1] = { readable, writable } end)
    loop:step()
    watch:set "r"
    there:send "x"
    loop:step()
    watch:close()
    loop:step(core.monotonic_ns())
    assert.same({ { false, true }, { true, false } }, calls)
    assert.has_error(function() watch:set "x" end)
  end)

  it("has a descriptor above 1024", function()
    -- Lua has no dup: a program with many open files says what it saw.
    local out = support.run(([[ulimit -n 2048 && %s -e '
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      local loop = require("tcpstats.host.events").new()
      local fd
      for i = 1, 1100 do fd = assert(runtime.open_file("/dev/null", true)) end
      loop:watch(fd, "w", function(_, writable) print(fd > 1024, writable) end)
      loop:step()']]):format(support.lua))
    assert.equal("true\ttrue\n", out)
  end)

  it("reports the end of a connection to whoever reads from it", function()
    local readable
    loop:watch(fd_of(here), "r", function(r) readable = r end)
    there:close()
    loop:step()
    assert.is_true(readable)
  end)

  it("rings at a time, once, and in their order", function()
    local now, rung = core.monotonic_ns(), {}
    loop:at(now - 1 * MS, function() rung[#rung + 1] = "second" end)
    local first = loop:at(now - 2 * MS, function() rung[#rung + 1] = "first" end)
    loop:at(now - 3 * MS, function() rung[#rung + 1] = "never" end):close()
    loop:step()
    assert.same({ "first", "second" }, rung)
    first:set(now + 10 * MS)
    while #rung < 3 do loop:step() end
    assert.is_true(core.monotonic_ns() >= now + 10 * MS)
    assert.same({ "first", "second", "first" }, rung)
    loop:step(core.monotonic_ns())
    assert.equal(3, #rung)
  end)

  it("may have callbacks that close one another", function()
    local calls, first, second = 0, nil, nil
    local function once()
      calls = calls + 1
      first:close()
      second:close()
    end
    first, second = loop:watch(fd_of(here), "w", once), loop:watch(fd_of(there), "w", once)
    loop:step()
    loop:step(core.monotonic_ns())
    assert.equal(1, calls)
  end)

  it("asks a source before each wait what to wait for", function()
    local ticks = 0
    local source = { pending = function() return nil, nil, core.monotonic_ns() + 5 * MS end, tick = function() ticks = ticks + 1 end }
    loop:attend(source)
    loop:step()
    source.pending = function() return fd_of(here), fd_of(here), nil end
    loop:step()
    assert.equal(2, ticks)
    source.pending = function() return fd_of(here), nil, nil end
    loop:step(core.monotonic_ns())
    assert.equal(2, ticks)
    there:send "x"
    loop:step()
    assert.equal(3, ticks)
    loop:dismiss(source)
    loop:step(core.monotonic_ns())
    assert.equal(3, ticks)
  end)

  it("reports signals, a stop once, and goes on waiting after it", function()
    local program = [[
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      local loop = require("tcpstats.host.events").new()
      local seen = {}
      for _, name in ipairs { "stop", "reload", "resize" } do loop:signal(name, function() seen[#seen + 1] = name end) end
      runtime.handle_signals()
      print "ready" io.stdout:flush()
      while #seen < 3 do loop:step() end
      local before = core.monotonic_ns()
      loop:step(before + 20 * 1000000)
      table.sort(seen)
      print(table.concat(seen, " "), core.monotonic_ns() - before >= 20 * 1000000)]]
    assert.equal("reload resize stop\ttrue\nexit 0\n", support.signalled(program, "kill -HUP $pid; kill -WINCH $pid; kill -TERM $pid"))
  end)
end)
