-- The bindings below batch:filter, batch:top and batch:group_by: what they refuse. What they give is in batch_spec.lua.
local core = require "tcpstats.core"
local sockets = require "spec.support.sockets"

local function some() return sockets.batch { { state = 2, rtt_us = 1 }, { state = 5, rtt_us = 2 }, { state = 5 } } end
local function yes() return true end

describe("batch:select", function()
  it("want a function and the names of fields, or a filter", function()
    assert.equal(2, #some():select(function(_, rtt) return rtt end, { "rtt_us" }))
    assert.equal(3, #some():select(function(s) return s.state end))
    assert.same({ 7, 7, 7 }, (function()
      local seen = {}
      some():select(function(first) seen[#seen + 1] = first end, {}, 7)
      return seen
    end)())
    assert.error_matches(function() some():select(yes, { "rtt" }) end, "no field 'rtt'")
    assert.has_error(function() some():select("rtt_us") end)
    assert.has_error(function() some():select(yes, "rtt_us") end)
    assert.has_error(function() some():select(yes, { "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid",
      "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid", "pid" }) end)
    assert.has_error(function() some().select({}, yes) end)
    assert.has_error(function() some():select(core.tracker()) end)
    assert.equal(1, #some():select(assert(core.filter "rtt_us>1")))
  end)

  it("end the proxy with the call", function()
    local kept
    some():select(function(s) kept = s end)
    assert.error_matches(function() return kept.state end, "stale")
    pcall(some().select, some(), function(s) kept = s error "x" end)
    some():select(yes)
    collectgarbage()
    assert.is_true(pcall(tostring, kept))
  end)
end)

describe("core.column, core.top and core.fold", function()
  it("belong to one batch", function()
    local column = core.column(some(), "rtt_us")
    assert.equal(2, #core.top(some(), 9, column))
    assert.error_matches(function() core.top(sockets.batch {}, 1, column) end, "the column of another batch")
    assert.error_matches(function() core.fold(core.group_all(sockets.batch {}), column, "sum") end, "the column of another batch")
    assert.has_error(function() core.top(some(), 1, 5) end)
    assert.has_error(function() core.column(some(), "rtt") end)
    assert.has_error(function() core.fold(core.group_all(some()), column, "total") end)
    assert.has_error(function() core.fold(core.group_all(some()), column, "percentile", 0) end)
    assert.has_error(function() core.fold(core.group_all(some()), column, "percentile", 100.5) end)
    assert.has_error(function() core.fold(core.group_all(some()), column, "percentile") end)
    assert.has_error(function() core.fold(core.group_all(some()), column, "at_most") end)
    assert.same({ 2 }, core.fold(core.group_all(some()), column, "percentile", 100))
    assert.same({ 1 }, core.fold(core.group_all(some()), column, "at_most", 1))
    assert.same({ 0 }, core.fold(core.group_all(some()), column, "at_most", 0.5))
    assert.same({ false }, core.fold(core.group_all(some()), core.column(some(), "pid"), "max"))
  end)

  it("let an error of a function through, and free what was begun", function()
    for _ = 1, 100 do
      assert.error_matches(function() core.column(some(), function() error "oops" end) end, "oops")
      assert.error_matches(function() core.group_with(some(), function() error "oops" end) end, "oops")
    end
    collectgarbage()
  end)
end)

describe("core.group and core.group_with", function()
  it("want keys that are fields, and prefixes that are some", function()
    assert.has_error(function() core.group(some(), {}) end)
    assert.has_error(function() core.group(some(), { "state" }) end)
    assert.has_error(function() core.group(some(), { { field = "stat" } }) end)
    assert.has_error(function() core.group(some(), { { field = "state", prefix4 = 8, prefix6 = 64 } }) end)
    assert.has_error(function() core.group(some(), { { field = "local_addr", prefix4 = 33, prefix6 = 64 } }) end)
    assert.has_error(function() core.group(some(), { { field = "local_addr", prefix4 = 8 } }) end)
    local keys = {}
    for i = 1, 9 do keys[i] = { field = "state" } end
    assert.error_matches(function() core.group(some(), keys) end, "1 to 8 keys")
    keys[9] = nil
    local _, sizes, values = core.group(some(), keys)
    assert.same({ 1, 2 }, sizes)
    assert.same({ "LISTEN", "ESTABLISHED" }, values[8])
  end)

  it("take any value of a function as a key, but no NaN", function()
    local key = {}
    local _, sizes, values = core.group_with(sockets.batch { { pid = 1 }, { pid = 2 }, { pid = 3 }, { pid = 4 } }, function(s)
      return ({ key, false, 0 / 0, key })[s.pid]
    end)
    assert.same({ 2, 1 }, sizes)
    assert.equal(key, values[1][1])
    assert.is_false(values[1][2])
  end)

  it("tell text from text that begins alike, and empty from absent", function()
    local batch = sockets.batch { { command = "" }, {}, { command = "a" }, { command = "a " }, { command = ("x"):rep(100) }, { command = ("x"):rep(101) }, { command = "a" } }
    local _, sizes = core.group(batch, { { field = "command" } }, true)
    assert.same({ 1, 1, 2, 1, 1, 1 }, sizes)
  end)

  it("hold many groups", function()
    local list = {}
    for i = 1, 5000 do list[i] = { pid = i % 2500, local_port = i % 2 } end
    local _, sizes = core.group(sockets.batch(list), { { field = "pid" }, { field = "local_port" } })
    assert.equal(2500, #sizes)
    for _, size in ipairs(sizes) do assert.equal(2, size) end
  end)
end)
