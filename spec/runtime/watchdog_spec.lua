--- The watchdog belongs to a process, so each of these has one of its own. What scripts see of it is in spec/host/safety_spec.lua.
local run = require "spec.support.watched"
local support = require "spec.support"

describe("runtime.protect", function()
  it("gives what the function gives, or what the handler made of its error", function()
    assert.equal("true\t1\tnil\t3\nfalse\tno\n", run [[
      print(runtime.protect(guarded, LIMIT, "label", function(...) return ... end, 1, nil, 3))
      print(runtime.protect(guarded, 0, "label", function() error("no", 0) end))]])
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
        local ok, what = runtime.protect(handler, LIMIT, "label", function() %s end)
        print(ok, tostring(what):match "too long", core.monotonic_ns() - begin < 5000000000, interrupted)
        print(runtime.protect(guarded, LIMIT, "label", function() return "goes on" end))
        print(runtime.interrupted())]]):format(loop))
      assert.equal("false\ttoo long\ttrue\ttrue\ntrue\tgoes on\nfalse\n", out, loop)
    end
  end)

  it("does not interrupt what the host lends, but the script behind it", function()
    assert.equal("lent: done\nfalse\n", run [[
      local lent = runtime.guard(function()
        local till = os.clock() + 0.15
        while os.clock() < till do end
        print "lent: done"
      end)
      print((runtime.protect(guarded, LIMIT, "label", function()
        lent()
        print "not reached"
      end)))]])
  end)

  it("interrupts what waits too long, and comes back from reading a pipe that stays empty", function()
    local path = os.tmpname()
    os.remove(path)
    assert(os.execute("mkfifo " .. path))
    assert.equal("false\twaited\ntrue\tgoes on\n", run(([[
      local pipe = io.open(%q, "r+")
      local ok, what = runtime.protect(guarded, LIMIT, "label", function() pipe:read(1) end)
      print(ok, what:match "waited")
      print(runtime.protect(guarded, LIMIT, "label", function() return "goes on" end))]]):format(path)))
    os.remove(path)
  end)

  it("takes no time that the process was stopped for that of the script", function()
    assert.equal("true\twas stopped\n", run [[
      local LIMIT <const> = 10 * LIMIT -- a child is waited for, which may take its time on a busy machine: 2 s of it
      print(runtime.protect(guarded, LIMIT, "label", function()
        os.execute "{ sleep 3; kill -CONT $PPID; } & kill -STOP $PPID"
        return "was stopped"
      end))]])
  end)

  it("interrupts what runs when a signal ends the run, whatever its limit", function()
    local out = support.signalled([[
      local runtime = require "tcpstats.runtime"
      runtime.set_texts({ ran = "ran", waited = "waited", ends = "ends", memory = "memory" }, ": hangs\n")
      runtime.handle_signals()
      local guarded = runtime.guard(function(message) return message end)
      for _, limit in ipairs { 0, 3600000000000 } do
        print(runtime.protect(guarded, limit, "label", function()
          print "ready"
          io.stdout:flush()
          while true do end
        end))
      end]], "kill -TERM $pid")
    assert.equal(2, select(2, out:gsub("false\t[^\n]+: ends\n", "")), out)
    assert.truthy(out:find "exit 0")
  end)

  it("does not nest", function()
    assert.truthy(run [[print(runtime.protect(guarded, LIMIT, "label", function() runtime.protect(guarded, LIMIT, "label", print) end))]]:find "do not nest")
  end)
end)

describe("a call that cannot be interrupted", function()
  it("ends the process, with its label", function()
    assert.equal("s: on_batch: hangs\n", run [[
      runtime.protect(guarded, LIMIT, "s: on_batch", function() string.find(("a"):rep(40), ("a?"):rep(40) .. ("a"):rep(40) .. "b") end)]])
  end)
end)

describe("runtime.guard", function()
  it("makes a function that says where it was called when it raises", function()
    assert.truthy(run [[
      local raises = runtime.guard(function() error("no", 0) end)
      print(pcall(function() raises() end))]]:find "false\t[^\n]+:%d+: no\n")
  end)
end)
