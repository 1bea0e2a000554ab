local core = require "tcpstats.core"
local support = require "spec.support"

local MS <const> = 1000000

-- What a Lua program prints that runs in a process of its own, with `ready` as its first line; `command` is done to it then ($pid).
local function signalled(program, command)
  local file = support.temporary(program)
  local fifo = os.tmpname()
  local out = support.run(([[
    rm -f %s && mkfifo %s || exit 1
    %s %s >%s & pid=$!
    { read -r ready; %s; cat; } <%s
    wait $pid; echo "exit $?"]]):format(fifo, fifo, support.lua, file, fifo, command, fifo))
  os.remove(file)
  os.remove(fifo)
  return out
end

describe("the clocks", function()
  it("tell nanoseconds, one of them since the epoch", function()
    local a, b = core.monotonic_ns(), core.monotonic_ns()
    assert.is_true(a > 0 and b >= a)
    assert.is_true(math.abs(core.realtime_ns() // 1000000000 - os.time()) <= 2)
  end)
end)

describe("core.wait", function()
  it("sleeps until the time that is given, and not at all when it is over", function()
    local begin = core.monotonic_ns()
    assert.is_nil(core.wait(begin + 20 * MS))
    local slept = core.monotonic_ns() - begin
    assert.is_true(slept >= 20 * MS, slept)
    begin = core.monotonic_ns()
    core.wait(begin - 1)
    core.sleep(begin)
    assert.is_true(core.monotonic_ns() - begin < 20 * MS)
  end)

  it("is ended by a signal that the host asked for, and says by which", function()
    local program = [[
      local core = require "tcpstats.core"
      core.handle_signals()
      print("ready") io.stdout:flush()
      core.wait(core.monotonic_ns() + 20 * 1000000000)
      print(core.signals())
      print(core.signals())]]
    assert.equal("true\tfalse\tfalse\ntrue\tfalse\tfalse\nexit 0\n", signalled(program, "kill -TERM $pid"))
    assert.equal("true\tfalse\tfalse\ntrue\tfalse\tfalse\nexit 0\n", signalled(program, "kill -INT $pid"))
    assert.equal("false\ttrue\tfalse\nfalse\tfalse\tfalse\nexit 0\n", signalled(program, "kill -HUP $pid"))
  end)

  it("is ended by a descriptor that can be read", function()
    local fifo = os.tmpname()
    os.remove(fifo)
    assert(os.execute("mkfifo " .. fifo))
    local out = support.run(([[%s -e '
      local core = require "tcpstats.core"
      local begin = core.monotonic_ns()
      local fd = core.wait(begin + 20 * 1000000000, { 0 })
      print(fd, core.read(0, 100), core.monotonic_ns() - begin < 10 * 1000000000)
      core.wait(core.monotonic_ns() + 20 * 1000000000, { 0 })
      print(core.read(0, 100) == "")' <%s & { sleep 0.05; printf hello; } >%s; wait]]):format(support.lua, fifo, fifo))
    os.remove(fifo)
    assert.equal("0\thello\ttrue\ntrue\n", out)
  end)
end)

describe("files", function()
  it("are begun anew or appended to, and tell their size", function()
    local path = support.temporary "before"
    local fd = assert(core.open_file(path, true))
    assert.is_true(core.write(fd, " and after"))
    assert.equal(16, core.file_size(fd))
    assert.is_false(core.isatty(fd))
    core.pipe_room(fd) -- no pipe: nothing happens
    assert.is_true(core.close_file(fd))
    assert.equal("before and after", support.read(path))
    fd = assert(core.open_file(path))
    assert.equal(0, core.file_size(fd))
    assert.is_true(core.close_file(fd))
    os.remove(path)
  end)

  it("that cannot be opened or written give nil, text and code", function()
    local fd, what, code = core.open_file "/nowhere/at/all"
    assert.is_nil(fd)
    assert.truthy(what:find "[Nn]o such file")
    assert.equal("ENOENT", code)
    assert.is_nil((core.write(-1, "x")))
    assert.is_nil((core.close_file(-1)))
    assert.is_nil((core.file_size(-1)))
    assert.is_nil((core.read(-1, 1)))
  end)

  it("that are full say so", function()
    if not io.open "/dev/full" then return pending "no /dev/full here" end
    local fd = assert(core.open_file("/dev/full", true))
    local ok, _, code = core.write(fd, "x")
    core.close_file(fd)
    assert.is_nil(ok)
    assert.equal("ENOSPC", code)
  end)

  it("whose reader has gone are told from other failures", function()
    local out = support.run(([[
      { %s -e '
        local core = require "tcpstats.core"
        core.handle_signals()
        core.pipe_room(1)
        local code
        for _ = 1, 1000 do
          local ok
          ok, _, code = core.write(1, ("x"):rep(4096))
          if not ok then break end
        end
        io.stderr:write(code, "\n")' | head -c 1 >/dev/null; } 2>&1]]):format(support.lua))
    assert.equal("EPIPE\n", out)
  end)
end)

describe("core.stopping", function()
  it("tells of a signal that ends the run and leaves it to be told by core.signals", function()
    local out = signalled([[
      local core = require "tcpstats.core"
      core.handle_signals()
      print(core.stopping())
      io.stdout:flush()
      core.wait(core.monotonic_ns() + 5000000000)
      print(core.stopping(), core.stopping(), (core.signals()))]], "kill -TERM $pid")
    assert.equal("true\ttrue\ttrue\nexit 0\n", out)
  end)
end)
