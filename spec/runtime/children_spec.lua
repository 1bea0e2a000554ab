local run = require "spec.support.watched"
local runtime = require "tcpstats.runtime"
local support = require "spec.support"

describe("runtime.execute", function()
  it("gives what os.execute gives", function()
    for _, command in ipairs { "true", "exit 3", "kill -9 $$", "no-such-command 2>/dev/null" } do
      assert.same({ os.execute(command) }, { runtime.execute(command) }, command)
    end
    assert.is_true(runtime.execute())
  end)

  it("ends a child that is waited for too long", function()
    assert.equal("false\n", run [[print((runtime.protect(guarded, LIMIT, "label", function() runtime.execute "sleep 1000; true" end)))]])
    assert.equal("false\n", run [[
      print((runtime.protect(guarded, LIMIT, "label", function() runtime.execute "trap '' TERM; while :; do sleep 0.1; done" end)))]])
  end)
end)

describe("a command that is interrupted", function()
  it("takes what it started with it", function()
    local path = os.tmpname()
    run(([[runtime.protect(guarded, LIMIT, "label", function() runtime.execute "sleep 1000 & echo $! >%s; wait; true" end)]]):format(path))
    local pid = support.read(path):match "%d+"
    -- Not by ps, which hangs with AddressSanitizer preloaded.
    local lives = support.run(("n=0; while grep -s '^State:.[RSD]' /proc/%s/status && [ $((n += 1)) -lt 100 ]; do sleep 0.05; done"):format(pid))
    assert.is_true(select(2, lives:gsub("\n", "")) < 100)
    os.remove(path)
  end)
end)

describe("runtime.popen", function()
  it("gives a file that reads from a child, and closes with its end", function()
    local file = assert(runtime.popen "echo one; echo two; exit 5")
    assert.equal("file", io.type(file))
    assert.equal("one", file:read())
    assert.equal("two\n", file:read "a")
    assert.same({ nil, "exit", 5 }, { file:close() })
    assert.equal("closed file", io.type(file))
  end)

  it("gives a file that writes to a child, and waits until that is done", function()
    local path = support.temporary()
    local file = assert(runtime.popen("cat >" .. path, "w"))
    file:write "through"
    assert.is_true(file:close())
    assert.equal("through", support.read(path))
    os.remove(path)
  end)

  it("lets a pipeline end as it does in a shell, though the host ignores SIGPIPE", function()
    assert.equal("y\n", run [[
      runtime.handle_signals()
      io.write(runtime.popen("yes | head -n 1"):read "a")]])
  end)

  it("ends a child whose file is collected or that is waited for too long", function()
    for _, what in ipairs { "read(1)", "close()", "seek()" } do
      assert.truthy(run(([[
        print(pcall(runtime.protect, guarded, LIMIT, "label", function() runtime.popen("sleep 1000"):%s end))
        collectgarbage()
        print "goes on"]]):format(what)):find "goes on\n", what)
    end
  end)

  it("refuses a mode that popen(3) does not know", function()
    assert.has_error(function() runtime.popen("true", "rw") end)
  end)
end)
