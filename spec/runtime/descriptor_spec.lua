local runtime = require "tcpstats.runtime"
local support = require "spec.support"

describe("files", function()
  it("are begun anew or appended to, and tell their size", function()
    local path = support.temporary "before"
    local fd = assert(runtime.open_file(path, true))
    assert.is_true(runtime.write(fd, " and after"))
    assert.equal(16, runtime.file_size(fd))
    assert.is_false(runtime.isatty(fd))
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
