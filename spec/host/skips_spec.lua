local schedule = require "tcpstats.collect.schedule"
local skips = require "tcpstats.host.skips"

local MS <const>, SECOND <const> = 1000000, 1000000000

describe("skipped ticks", function()
  local said, s, noted
  before_each(function()
    said = {}
    s = schedule.new({ name = "", interval_ns = 100 * MS }, 0)
    noted = skips.new(function(...) said[#said + 1] = string.format(...) end)
  end)

  -- A pass that begins at a time and reads and runs scripts for so long, in seconds.
  local function pass(at, reading, scripts)
    local now = math.floor(at * SECOND)
    local late = now - s.next_ns
    local _, skipped = s:take(now)
    if skipped > 0 then noted:note(s, skipped, now, late) end
    local collected = now + math.floor((reading or 0) * SECOND)
    noted:worked(now, collected, collected + math.floor((scripts or 0) * SECOND), 0.25)
  end

  it("are not worth a word when it is one now and then", function()
    for i = 0, 200 do
      if i % 15 ~= 0 then pass(0.1 * i + 0.01) end
    end
    assert.same({}, said)
  end)

  it("are said when they are many, with what takes the time, and once a minute", function()
    for i = 0, 100 do pass(0.3 * i + 0.01, 0.25, 0.01) end
    assert.same({ "skipped 14 ticks of 0.1 s: reading the sockets took 0.25 s; the pass used the processor for 0.25 s" }, said)
    for i = 101, 300 do pass(0.3 * i + 0.01, 0.05, 0.2) end
    assert.equal(2, #said)
    assert.truthy(said[2]:find "the scripts took 0.2 s")
  end)

  it("are said when a whole second of them went by, and that nothing ran then", function()
    pass(0.01, 0.01, 0.01)
    pass(5.05)
    assert.same({ "skipped 49 ticks of 0.1 s: this process did not run for 5.0 s: it was stopped, or the machine was suspended or busy" }, said)
  end)

  it("are told apart by schedule", function()
    s.name = "fast"
    pass(0.01, 0, 3)
    pass(3.05)
    assert.same({ "fast: skipped 29 ticks of 0.1 s: the scripts took 3 s; the pass used the processor for 0.25 s" }, said)
  end)
end)
