local run = require "spec.support.watched"

describe("runtime.limit_memory", function()
  it("is an error of the script that wants more, and leaves the host its memory", function()
    assert.equal("false\tnot enough memory\ntrue\t1000\n20000000\n", run [[
      runtime.limit_memory(16 << 20)
      print(runtime.protect(guarded, 0, "label", function() return #("x"):rep(20000000) end))
      print(runtime.protect(guarded, 0, "label", function() return #("x"):rep(1000) end))
      collectgarbage()
      print(#("x"):rep(20000000)) -- outside of a script
      runtime.limit_memory()]])
  end)

  it("is not got round by a pcall: the call ends", function()
    assert.equal("false\ttoo much\n", run [[
      runtime.limit_memory(16 << 20)
      local ok, what = runtime.protect(guarded, 0, "label", function() while true do pcall(string.rep, "x", 20000000) end end)
      print(ok, what:match "too much")
      runtime.limit_memory()]])
  end)

  it("is no matter of garbage that Lua has not collected yet", function()
    assert.equal("true\t1000\n", run [[
      runtime.limit_memory(16 << 20)
      collectgarbage "stop"
      print(runtime.protect(guarded, 0, "label", function()
        for _ = 1, 100 do local _ = ("x"):rep(1000000) end
        return 1000
      end))
      runtime.limit_memory()]])
  end)
end)
