local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local support = require "spec.support"

local MS <const> = 1000000

describe("runtime.wait", function()
  it("sleeps until the time that is given, and not at all when it is over", function()
    local begin = core.monotonic_ns()
    assert.is_nil(runtime.wait(begin + 20 * MS))
    assert.is_true(core.monotonic_ns() - begin >= 20 * MS)
    runtime.wait(begin - 1)
  end)

  it("is ended by a signal that the host asked for, and says by which", function()
    local program = [[
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      runtime.handle_signals()
      print("ready") io.stdout:flush()
      runtime.wait(core.monotonic_ns() + 20 * 1000000000)
      print(runtime.signals())
      print(runtime.signals())]]
    assert.equal("true\tfalse\tfalse\ntrue\tfalse\tfalse\nexit 0\n", support.signalled(program, "kill -TERM $pid"))
    assert.equal("true\tfalse\tfalse\ntrue\tfalse\tfalse\nexit 0\n", support.signalled(program, "kill -INT $pid"))
    assert.equal("false\ttrue\tfalse\nfalse\tfalse\tfalse\nexit 0\n", support.signalled(program, "kill -HUP $pid"))
  end)

  it("is ended by a descriptor that can be read", function()
    local fifo = os.tmpname()
    os.remove(fifo)
    assert(os.execute("mkfifo " .. fifo))
    local out = support.run(([[%s -e '
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      local begin = core.monotonic_ns()
      local fd = runtime.wait(begin + 20 * 1000000000, { 0 })
      print(fd, runtime.read(0, 100), core.monotonic_ns() - begin < 10 * 1000000000)
      runtime.wait(core.monotonic_ns() + 20 * 1000000000, { 0 })
      print(runtime.read(0, 100) == "")' <%s & { sleep 0.05; printf hello; } >%s; wait]]):format(support.lua, fifo, fifo))
    os.remove(fifo)
    assert.equal("0\thello\ttrue\ntrue\n", out)
  end)
end)

describe("runtime.wait_writable", function()
  it("ends when the descriptor can be written to, or at the time that is given", function()
    local path = support.temporary()
    local fd = assert(runtime.open_file(path))
    local begin = core.monotonic_ns()
    runtime.wait_writable(begin + 3600000 * MS, fd)
    runtime.wait_writable(begin, fd)
    assert(runtime.close_file(fd))
    os.remove(path)
  end)
end)
