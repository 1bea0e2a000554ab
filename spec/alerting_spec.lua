local alerting = require "tcpstats.alerting"

-- A ctx whose time is set by the test.
local function at(ctx, seconds)
  ctx.elapsed_ns = seconds * 1000000000
  return ctx
end
local function new() return { state = {}, elapsed_ns = 0 } end

describe("hold", function()
  it("is true after the condition was true for so long without a break", function()
    local ctx = new()
    assert.is_false(alerting.hold(at(ctx, 0), "k", true, 2))
    assert.is_false(alerting.hold(at(ctx, 1), "k", true, 2))
    assert.same({ true, 2.0 }, { alerting.hold(at(ctx, 2), "k", true, 2) })
    assert.is_false(alerting.hold(at(ctx, 3), "k", false, 2))
    assert.is_false(alerting.hold(at(ctx, 4), "k", true, 2))
    assert.is_true(alerting.hold(at(ctx, 6), "k", true, 2))
  end)

  it("forgets what nobody asked about for a pass", function()
    local ctx = new()
    alerting.hold(at(ctx, 0), "k", true, 2)
    alerting.hold(at(ctx, 1), "other", true, 2)
    alerting.hold(at(ctx, 2), "other", true, 2)
    assert.is_false(alerting.hold(at(ctx, 3), "k", true, 2))
  end)

  it("keeps schedules apart", function()
    local ctx = new()
    ctx.schedule = { name = "slow" }
    alerting.hold(at(ctx, 0), "k", true, 3)
    for second = 1, 3 do
      ctx.schedule = { name = "fast" }
      alerting.hold(at(ctx, second), "x", true, 3)
    end
    ctx.schedule = { name = "slow" }
    assert.is_true(alerting.hold(at(ctx, 4), "k", true, 3))
  end)

  it("keeps scripts apart", function()
    local one, two = new(), new()
    alerting.hold(at(one, 0), "k", true, 1)
    assert.is_false(alerting.hold(at(two, 1), "k", true, 1))
  end)
end)

describe("hysteresis", function()
  it("stays until the other limit is passed", function()
    local ctx, seen = new(), {}
    for i, value in ipairs { 5, 11, 9, 8, 4, 9, 11 } do seen[i] = alerting.hysteresis(at(ctx, i), "k", value, 10, 5) end
    assert.same({ false, true, true, true, false, false, true }, seen)
  end)

  it("works downwards, and keeps its state while the value is not known", function()
    local ctx, seen = new(), {}
    for i, value in ipairs { 5, 1, 3, false, 6, 3 } do seen[i] = alerting.hysteresis(at(ctx, i), "k", value or nil, 2, 5) end
    assert.same({ false, true, true, true, false, false }, seen)
  end)
end)

describe("limit", function()
  it("lets so many through and counts the rest", function()
    local ctx = new()
    assert.same({ true, 0 }, { alerting.limit(at(ctx, 0), "k", 2, 10) })
    assert.same({ true, 0 }, { alerting.limit(at(ctx, 0), "k", 2, 10) })
    assert.is_false(alerting.limit(at(ctx, 0), "k", 2, 10))
    assert.is_false(alerting.limit(at(ctx, 4), "k", 2, 10))
    assert.same({ true, 2 }, { alerting.limit(at(ctx, 5), "k", 2, 10) })
    assert.is_false(alerting.limit(at(ctx, 6), "k", 2, 10))
    assert.same({ true, 1 }, { alerting.limit(at(ctx, 1000), "k", 2, 10) })
    assert.is_true(alerting.limit(at(ctx, 1000), "k", 2, 10))
    assert.is_false(alerting.limit(at(ctx, 1000), "k", 2, 10))
  end)
end)

describe("limit, with a key for each of very many", function()
  it("forgets those that could go on as new ones", function()
    local ctx = new()
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1, 100000 do alerting.limit(at(ctx, i), "key " .. i, 1, 10) end
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 2000)
    assert.is_false(alerting.limit(at(ctx, 100001), "key 100000", 1, 10))
  end)
end)

describe("an alarm", function()
  local function run(options, values)
    local ctx, events = new(), {}
    local alarm = alerting.alarm(ctx, options)
    for i, value in ipairs(values) do
      at(ctx, i)
      events[i] = value ~= "gone" and alarm:set(ctx, "k", value) or false
      for _ in ipairs(alarm:finish(ctx)) do events[i] = "cleared" end
    end
    return events
  end

  it("raises, repeats and clears", function()
    assert.same({ "raised", false, "cleared", false, "raised" }, run({}, { true, true, false, false, true }))
    assert.same({ false, false, "raised", false }, run({ hold = 2 }, { true, true, true, true }))
    assert.same({ "raised", false, "again", false, "again" }, run({ every = 2 }, { true, true, true, true, true }))
    assert.same({ "raised", false, false, "cleared" }, run({ release = 2 }, { true, false, false, false }))
    assert.same({ "raised", false, false, false, false }, run({ release = 2 }, { true, false, true, false, true }))
  end)

  it("clears what is not spoken of any more", function()
    assert.same({ "raised", "cleared", false }, run({}, { true, "gone", "gone" }))
    assert.same({ false, false, false }, run({ hold = 5 }, { true, "gone", "gone" }))
  end)

  it("is not cleared by the end of another schedule's pass", function()
    local ctx = new()
    local alarm = alerting.alarm(ctx)
    ctx.schedule = { name = "slow" }
    assert.equal("raised", (alarm:set(at(ctx, 0), "k", true)))
    alarm:finish(ctx)
    ctx.schedule = { name = "fast" }
    for second = 1, 3 do assert.same({}, alarm:finish(at(ctx, second))) end
    ctx.schedule = { name = "slow" }
    assert.same({ "k" }, alarm:finish(at(ctx, 4)))
  end)

  it("counts what is raised", function()
    local ctx = new()
    local alarm = alerting.alarm(ctx)
    alarm:set(ctx, "a", true)
    alarm:set(ctx, "b", false)
    assert.equal(1, alarm:raised())
    assert.is_true(alarm:raised "a")
    assert.is_false(alarm:raised "b")
  end)
end)
