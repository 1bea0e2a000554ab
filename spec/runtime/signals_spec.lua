local support = require "spec.support"

describe("runtime.stopping", function()
  it("tells of a signal that ends the run and leaves it to be told by runtime.signals", function()
    local out = support.signalled([[
      local core = require "tcpstats.core"
      local runtime = require "tcpstats.runtime"
      runtime.handle_signals()
      print(runtime.stopping())
      io.stdout:flush()
      runtime.poll(core.monotonic_ns() + 5000000000, {}, {}, {})
      print(runtime.stopping(), runtime.stopping(), (runtime.signals()))]], "kill -TERM $pid")
    assert.equal("true\ttrue\ttrue\nexit 0\n", out)
  end)
end)
