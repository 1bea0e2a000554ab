-- When passes are due, and what a schedule's text may be.
local host = require "spec.support.host"
local schedule = require "tcpstats.collect.schedule"

local MS <const>, SECOND <const> = 1000000, 1000000000

describe("a schedule's text", function()
  it("names an interval and what is collected", function()
    assert.are.same({ name = "fast", interval_ns = SECOND }, schedule.parse "fast=1s")
    assert.are.same({ name = "a", interval_ns = 10 * MS }, schedule.parse "a=10ms")
    assert.are.same({ name = "a", interval_ns = 24 * 3600 * SECOND }, schedule.parse "a=24h")
    assert.are.same({ name = "a.b-c", interval_ns = 90 * SECOND, processes = true, tcp_info = true }, schedule.parse "a.b-c=1.5m,processes,tcp-info")
    assert.are.same({ name = "sum", interval_ns = 300 * SECOND, summary_only = true }, schedule.parse "sum=5m,summary-only")
  end)

  for text, message in pairs {
    ["fast"] = "'fast' is not a schedule; detail=30s,processes is one", ["=1s"] = "'=1s' is not a schedule; detail=30s,processes is one",
    ["a="] = "'a=' is not a schedule; detail=30s,processes is one", ["a=x"] = "a: 'x' is not an interval; 500ms, 1s, 5m and 2h are",
    ["a=1"] = "a: '1' lacks its unit: 1ms, 1s, 1m or 1h", ["a=1d"] = "a: '1d' has the unit 'd'; there are ms, s, m, h",
    ["a=9ms"] = "a: '9ms' is not within 10ms and 24h", ["a=1s,"] = "a: unknown word ''; there are: processes, tcp-info, summary-only",
    ["a=1s,summary"] = "a: unknown word 'summary'",
  } do
    it("is refused: " .. text, function()
      local parsed, what = schedule.parse(text)
      assert.is_nil(parsed)
      assert.are.equal(message, what:sub(1, #message))
    end)
  end
end)

describe("a schedule", function()
  local function new() return schedule.new({ name = "a", interval_ns = SECOND }, 100) end

  it("is due at start + n * interval, whenever its passes were made", function()
    local s = new()
    assert.are.equal(100, s.next_ns)
    assert.are.same({ 1, 0 }, { s:take(100) })
    assert.are.equal(100 + SECOND, s.next_ns)
    assert.are.same({ 2, 0 }, { s:take(100 + SECOND + 700 * MS) }) -- late, but before the next tick
    assert.are.equal(100 + 2 * SECOND, s.next_ns)
    assert.are.same({ 3, 0 }, { s:take(100 + 2 * SECOND + 1) })
  end)

  it("skips the ticks that have gone by, and its numbers show them", function()
    local s = new()
    s:take(100)
    assert.are.same({ 5, 3 }, { s:take(100 + 4 * SECOND + 10) })
    assert.are.equal(100 + 5 * SECOND, s.next_ns)
    assert.are.same({ 6, 0 }, { s:take(100 + 5 * SECOND) })
    assert.are.equal(3, s.skipped)
    assert.are.equal(3, s.passes)
  end)

  it("stays exact over a day of passes", function()
    local s = schedule.new({ name = "a", interval_ns = 10 * MS }, 7)
    for n = 0, 8639999 do
      if s.next_ns ~= 7 + n * 10 * MS then error(n) end
      s:take(s.next_ns + (n % 3) * MS)
    end
    assert.are.equal(0, s.skipped)
  end)
end)

describe("schedules side by side", function()
  local folder

  setup(function() folder = host.folder() end)
  teardown(function() os.execute("rm -r " .. folder) end)

  local script = [[return { on_batch = function(b, ctx)
    local m = b.metadata
    ctx:emit(("%s %d %d %d %d %s\n"):format(m.schedule_name, m.interval_ms, m.batch_sequence, ctx.elapsed_ns // 1000000, #b, b.summary ~= nil))
  end }]]

  it("are never early, and independent", function()
    local path = host.write(folder .. "/s.lua", script)
    local out, err, code = host.run("-c 4 --schedule fast=20ms --schedule slow=60ms,tcp-info --schedule sum=40ms,summary-only " .. path)
    assert.are.equal(0, code, err)
    local passes, last = { fast = 0, slow = 0, sum = 0 }, { fast = 0, slow = 0, sum = 0 }
    for name, interval, sequence, at, count, summary in out:gmatch("(%a+) (%d+) (%d+) (%d+) (%d+) (%a+)\n") do
      passes[name] = passes[name] + 1
      assert.is_true(tonumber(sequence) > last[name], name .. " " .. sequence) -- a busy machine skips some
      last[name] = tonumber(sequence)
      assert.is_true(tonumber(at) >= (last[name] - 1) * tonumber(interval), name .. " at " .. at)
      assert.are.equal("true", summary)
      if name == "sum" then assert.are.equal("0", count) end
    end
    assert.are.same({ fast = 4, slow = 4, sum = 4 }, passes)
  end)

  it("make -c passes each", function()
    local path = host.write(folder .. "/s.lua", script)
    local out = host.run("-c 2 --schedule a=20ms --schedule b=50ms " .. path)
    assert.are.equal(2, select(2, out:gsub("a 20", "")))
    assert.are.equal(2, select(2, out:gsub("b 50", "")))
  end)

  it("that overrun skip ticks and say so", function()
    local path = host.write(folder .. "/slow.lua", [[return { on_batch = function(b, ctx)
      ctx:emit(b.metadata.batch_sequence .. "\n")
      local t = os.clock() while os.clock() - t < 0.13 do end
    end }]])
    local out, err, code = host.run("-c 10 -i 0.05 " .. path)
    assert.are.equal(0, code)
    assert.truthy(err:find("warning: skipped %d+ ticks of 0.05 s: the scripts took [%d.]+ s; the pass used the processor for [%d.]+ s\n"), err)
    local last = 0
    for sequence in out:gmatch("%d+") do
      assert.is_true(tonumber(sequence) >= last + (last > 0 and 2 or 1))
      last = tonumber(sequence)
    end
  end)
end)
