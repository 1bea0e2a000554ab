local runtime = require "tcpstats.runtime"
local support = require "spec.support"

describe("files", function()
  it("are begun anew or appended to, and tell their size", function()
    local path = support.temporary "before"
    local fd = assert(runtime.open_file(path, true))
    assert.is_true(runtime.write(fd, " and after"))
    assert.equal(16, runtime.file_size(fd))
    assert.is_false(runtime.isatty(fd))
    assert.is_false(runtime.is_journal())
    runtime.pipe_room(fd) -- no pipe: nothing happens
    assert.is_true(runtime.close_file(fd))
    assert.equal("before and after", support.read(path))
    fd = assert(runtime.open_file(path))
    assert.equal(0, runtime.file_size(fd))
    assert.is_true(runtime.close_file(fd))
    os.remove(path)
  end)

  it("that cannot be opened or written give nil, text and code", function()
    local fd, what, code = runtime.open_file "/nowhere/at/all"
    assert.is_nil(fd)
    assert.truthy(what:find "[Nn]o such file")
    assert.equal("ENOENT", code)
    assert.is_nil((runtime.write(-1, "x")))
    assert.is_nil((runtime.close_file(-1)))
    assert.is_nil((runtime.file_size(-1)))
    assert.is_nil((runtime.read(-1, 1)))
  end)

  it("that are full say so", function()
    if not io.open "/dev/full" then return pending "no /dev/full here" end
    local fd = assert(runtime.open_file("/dev/full", true))
    local ok, _, code = runtime.write(fd, "x")
    runtime.close_file(fd)
    assert.is_nil(ok)
    assert.equal("ENOSPC", code)
  end)

  it("whose reader has gone are told from other failures", function()
    local out = support.run(([[
      { %s -e '
        local runtime = require "tcpstats.runtime"
        runtime.handle_signals()
        runtime.pipe_room(1)
        local code
        for _ = 1, 1000 do
          local ok
          ok, _, code = runtime.write(1, ("x"):rep(4096))
          if not ok then break end
        end
        io.stderr:write(code, "\n")' | head -c 1 >/dev/null; } 2>&1]]):format(support.lua))
    assert.equal("EPIPE\n", out)
  end)
end)

describe("descriptors", function()
  it("say what they lead to", function()
    local path = support.temporary "some"
    local fd = assert(runtime.open_file(path, true))
    assert.equal("file", runtime.kind_of(fd))
    assert.equal(4, runtime.size_of(path))
    assert.is_true(runtime.truncate(fd, 1))
    assert.is_true(runtime.write(fd, "x"))
    runtime.close_file(fd)
    assert.equal("sx", support.read(path))
    os.remove(path)
    assert.is_nil(runtime.size_of(path))
    assert.is_nil(runtime.size_of "/dev/null")
    fd = assert(runtime.open_file("/dev/null", true))
    assert.equal("device", runtime.kind_of(fd))
    assert.is_nil((runtime.truncate(fd, 0)))
    runtime.close_file(fd)
    assert.equal("device", runtime.kind_of(1 << 20))
  end)

  it("of a pipe take what it has room for, under a name of their own", function()
    local fifo = os.tmpname()
    local program = support.temporary [[
      local runtime = require "tcpstats.runtime"
      local fd = runtime.open_again(1)
      local before = not fd and runtime.set_blocking(1, false)
      local own, total, n, code = fd or 1, 0, nil, nil
      repeat
        n, _, code = runtime.send(own, ("x"):rep(4096))
        total = total + (n or 0)
      until not n
      if before then runtime.set_blocking(1, true) end
      io.stderr:write(code, " ", runtime.kind_of(own), " ", tostring(runtime.unsent(own) == total), " ", tostring(total > 0), "\n")
      io.stderr:write(tostring(runtime.set_blocking(1, true)), "\n")]]
    local _, err = support.run(("rm %s; mkfifo %s; exec 3<>%s; %s %s >%s"):format(fifo, fifo, fifo, support.lua, program, fifo)) -- 3 never reads
    os.remove(fifo)
    os.remove(program)
    assert.equal("EAGAIN pipe true true\ntrue\n", err)
  end)

  it("say whether there is a terminal", function()
    local program = support.temporary 'print(require("tcpstats.runtime").has_terminal())'
    local command = support.lua .. " " .. program
    local without = support.run("setsid -w " .. command)
    local has_script = select(3, support.run "script -qec true /dev/null") == 0
    local with = has_script and support.run(("script -qec '%s' /dev/null"):format(command))
    os.remove(program)
    assert.equal("false\n", without)
    if not has_script then return pending "no terminal is to be had" end
    assert.equal("true\r\n", with)
  end)
end)
