local core = require "tcpstats.core"

describe("the clocks", function()
  it("tell nanoseconds, one of them since the epoch", function()
    local a, b = core.monotonic_ns(), core.monotonic_ns()
    assert.is_true(a > 0 and b >= a)
    local before, now, after = os.time(), core.realtime_ns() // 1000000000, os.time()
    assert.is_true(before <= now and now <= after) -- a clock that is set back meanwhile is nobody's fault, and rare
  end)
end)

describe("core.sleep", function()
  it("sleeps until the time that is given, and not at all when it is over", function()
    local begin = core.monotonic_ns()
    core.sleep(begin + 20000000)
    assert.is_true(core.monotonic_ns() >= begin + 20000000)
    core.sleep(begin)
  end)
end)
