local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local support = require "spec.support"

local MS <const> = 1000000

describe("runtime.poll", function()
  it("sleeps until the time that is given, and not at all when it is over", function()
    local begin = core.monotonic_ns()
    assert.equal(0, runtime.poll(begin + 20 * MS, {}, {}, {}))
    assert.is_true(core.monotonic_ns() - begin >= 20 * MS)
    assert.equal(0, runtime.poll(begin - 1, {}, {}, {}))
  end)

  it("is ended by a signal that the host asked for", function()
    local program = [[
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      runtime.handle_signals()
      print("ready") io.stdout:flush()
      runtime.poll(core.monotonic_ns() + 20 * 1000000000, {}, {}, {})
      print(runtime.signals())
      print(runtime.signals())]]
    assert.equal("true\tfalse\tfalse\ntrue\tfalse\tfalse\nexit 0\n", support.signalled(program, "kill -TERM $pid"))
    assert.equal("true\tfalse\tfalse\ntrue\tfalse\tfalse\nexit 0\n", support.signalled(program, "kill -INT $pid"))
    assert.equal("false\ttrue\tfalse\nfalse\tfalse\tfalse\nexit 0\n", support.signalled(program, "kill -HUP $pid"))
  end)

  it("sleeps through a signal if it is asked to", function()
    local program = [[
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      runtime.handle_signals()
      print("ready") io.stdout:flush()
      local begin = core.monotonic_ns()
      while not runtime.stopping() do runtime.poll(begin + 20 * 1000000000, {}, {}, {}) end
      begin = core.monotonic_ns()
      runtime.poll(begin + 20 * 1000000, {}, {}, {}, true)
      print(core.monotonic_ns() - begin >= 20 * 1000000)]]
    assert.equal("true\nexit 0\n", support.signalled(program, "kill -TERM $pid"))
  end)

  it("is ended by a descriptor that can be read or written, and says by which", function()
    local fifo = os.tmpname()
    os.remove(fifo)
    assert(os.execute("mkfifo " .. fifo))
    local out = support.run(([[%s -e '
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      local begin, ready = core.monotonic_ns(), {}
      local n = runtime.poll(begin + 20 * 1000000000, { 0 }, { 1 }, ready)
      print(n, ready[1], runtime.read(0, 100), core.monotonic_ns() - begin < 10 * 1000000000)
      runtime.poll(core.monotonic_ns() + 20 * 1000000000, { 0 }, { 1 }, ready)
      print(runtime.read(0, 100) == "", runtime.poll(0, { 0, 1 }, { 0, 2 }, ready), ready[1], ready[2])' <%s & { sleep 0.05; printf hello; } >%s; wait]])
      :format(support.lua, fifo, fifo))
    os.remove(fifo)
    assert.equal("1\t1\thello\ttrue\ntrue\t1\t0\t2\n", out)
  end)

  it("calls a descriptor that is not one ready, so that its use says what is wrong", function()
    local ready = {}
    assert.equal(1, runtime.poll(core.monotonic_ns() + 3600000 * MS, { 1 << 20 }, { 1 }, ready))
    assert.same({ 1 }, ready)
    assert.has_error(function() runtime.poll(0, { -1 }, { 1 }, ready) end)
    assert.has_error(function() runtime.poll(0, { 0 }, {}, ready) end)
  end)
end)
