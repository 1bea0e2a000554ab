--- The watchdog belongs to a process, so each of these has one of its own. What scripts see of it is in spec/host/safety_spec.lua.
local support = require "spec.support"

-- What a program prints; `core`, `runtime`, `guarded` (a handler that gives the message back) and `LIMIT` (50 ms) are there.
local function run(program)
  local file = support.temporary([[
    local core = require "tcpstats.core"
    local runtime = require "tcpstats.runtime"
    local guarded = runtime.guard(function(message) return message end)
    local LIMIT = 50000000
    runtime.set_texts("too long", "hangs\n")
    runtime.watch_coroutines()
  ]] .. program)
  local out, err = support.run(("timeout 20 %s %s"):format(support.lua, file))
  os.remove(file)
  return out .. err
end

describe("runtime.protect", function()
  it("gives what the function gives, or what the handler made of its error", function()
    assert.equal("true\t1\tnil\t3\nfalse\tno\n", run [[
      print(runtime.protect(guarded, LIMIT, function(...) return ... end, 1, nil, 3))
      print(runtime.protect(guarded, 0, function() error("no", 0) end))]])
  end)

  it("interrupts what runs too long, wherever it loops", function()
    local loops = {
      "while true do end", "pcall(function() while true do end end) while true do end", "while true do pcall(error) end",
      "coroutine.wrap(function() while true do end end)()", "coroutine.resume(coroutine.create(function() while true do end end)) while true do end",
      "xpcall(error, function() while true do end end)", "string.rep('x', 100):gsub('x', function() while true do end end)",
    }
    for _, loop in ipairs(loops) do
      local out = run(([[
        local begin = core.monotonic_ns()
        local interrupted
        local handler = runtime.guard(function(message) interrupted = runtime.interrupted() return message end)
        local ok, what = runtime.protect(handler, LIMIT, function() %s end)
        print(ok, tostring(what):match "too long", core.monotonic_ns() - begin < 5000000000, interrupted)
        print(runtime.protect(guarded, LIMIT, function() return "goes on" end))
        print(runtime.interrupted())]]):format(loop))
      assert.equal("false\ttoo long\ttrue\ttrue\ntrue\tgoes on\nfalse\n", out, loop)
    end
  end)

  it("does not interrupt what the host lends, but the script behind it", function()
    assert.equal("lent: done\nfalse\n", run [[
      local lent = runtime.guard(function()
        local till = core.monotonic_ns() + 3 * LIMIT
        while core.monotonic_ns() < till do end
        print "lent: done"
      end)
      print((runtime.protect(guarded, LIMIT, function()
        lent()
        print "not reached"
      end)))]])
  end)

  it("does not nest", function()
    assert.truthy(run [[print(runtime.protect(guarded, LIMIT, function() runtime.protect(guarded, LIMIT, print) end))]]:find "do not nest")
  end)
end)

describe("runtime.guard", function()
  it("makes a function that says where it was called when it raises", function()
    assert.truthy(run [[
      local raises = runtime.guard(function() error("no", 0) end)
      print(pcall(function() raises() end))]]:find "false\t[^\n]+:%d+: no\n")
  end)
end)

describe("runtime.limit_memory", function()
  it("is an error of the script that wants more, and leaves the host its memory", function()
    assert.equal("false\tnot enough memory\ntrue\t1000\n20000000\n", run [[
      runtime.limit_memory(16 << 20)
      print(runtime.protect(guarded, 0, function() return #("x"):rep(20000000) end))
      print(runtime.protect(guarded, 0, function() return #("x"):rep(1000) end))
      collectgarbage()
      print(#("x"):rep(20000000)) -- outside of a script
      runtime.limit_memory()]])
  end)
end)
