-- tcpstats.collector: what the host is made of, as a module.
local core = require "tcpstats.core"
local host = require "spec.support.host"
local tcpstats = require "tcpstats"

-- A source that makes up its passes.
local function made_up(batches)
  local source = { asked = {} }
  function source.live() return true end
  function source.close() source.closed = true end
  function source.pass(_, ...)
    source.asked[#source.asked + 1] = { ... }
    return table.unpack(batches, 1, select("#", ...))
  end
  return source
end

describe("tcpstats.collect.collector", function()
  local path

  setup(function()
    path = os.tmpname()
    host.write(path, host.stream())
  end)
  teardown(function() os.remove(path) end)

  it("walks over a recording, with comings and goings", function()
    local seen = {}
    for batch in tcpstats.collector { source = "protobuf:" .. path }:batches() do seen[#seen + 1] = { #batch, #batch:opened(), #batch:closed() } end
    assert.are.same({ { 3, 0, 0 }, { 4, 1, 0 }, { 3, 0, 1 } }, seen)
  end)

  it("computes the deltas that a stream lacks, and keeps those that it has", function()
    local deltas = {}
    for batch in tcpstats.collector { source = "protobuf:" .. path, filter = "local_port=443" }:batches() do
      for s in batch:each() do deltas[#deltas + 1] = s.delta_tx_bytes or "none" end
    end
    assert.are.same({ "none", 2000, 500 }, deltas)
    local parts = {}
    for batch in tcpstats.collector { source = "protobuf:" .. path }:batches() do parts[#parts + 1] = batch:protobuf() end
    host.write(path .. ".2", table.concat(parts, "", 2))
    deltas = {}
    for batch in tcpstats.collector { source = "protobuf:" .. path .. ".2", filter = "local_port=443" }:batches() do
      for s in batch:each() do deltas[#deltas + 1] = s.delta_tx_bytes end
    end
    os.remove(path .. ".2")
    assert.are.same({ 2000, 500 }, deltas)
  end)

  it("follows connections of each schedule on its own", function()
    local sockets = require "spec.support.sockets"
    local function pass(name, bytes)
      return sockets.batch({ { local_port = 1, socket_id = 1, state = 5, tx_bytes = bytes } }, { [6] = name }):protobuf()
    end
    local other = os.tmpname()
    host.write(other, pass("a", 100) .. pass("b", 150) .. pass("a", 300) .. pass("b", 1000))
    local deltas = {}
    for batch, schedule in tcpstats.collector { source = "protobuf:" .. other }:batches() do
      for s in batch:each() do deltas[#deltas + 1] = ("%s %s"):format(schedule.name, s.delta_tx_bytes) end
    end
    os.remove(other)
    assert.are.same({ "a nil", "b nil", "a 200", "b 850" }, deltas)
  end)

  it("gives of hosts that take turns in a stream what each gives alone", function()
    local sockets = require "spec.support.sockets"
    local function pass(name, number, ids)
      local list = {}
      for i, id in ipairs(ids) do
        list[i] = { local_port = id, socket_id = id, state = 5, tx_bytes = number * 100 + id }
      end
      return sockets.batch(list, { [1] = number * 1000000000, [2] = name, [10] = number }):protobuf()
    end
    local a = { pass("a", 1, { 1, 2 }), pass("a", 2, { 1, 2, 3 }), pass("a", 3, { 2, 3 }) }
    local b = { pass("b", 1, { 7, 8, 9 }), pass("b", 2, { 7, 9 }), pass("b", 3, { 7, 9, 10 }) }
    local function read(messages)
      local name, said = host.write(os.tmpname(), table.concat(messages)), {}
      for batch, schedule in tcpstats.collector { source = "protobuf:" .. name }:batches() do
        local line = { batch.metadata.hostname, batch.metadata.batch_sequence, #batch:opened(), #batch:closed(), batch:seconds() or "first", schedule.name }
        for s in batch:each() do line[#line + 1] = ("%d:%s"):format(s.socket_id, s.delta_tx_bytes) end
        said[#said + 1] = table.concat(line, " ")
      end
      os.remove(name)
      return said
    end
    local alone, together = read(a), read { a[1], b[1], a[2], b[2], a[3], b[3] }
    table.move(read(b), 1, 3, 4, alone)
    table.sort(alone)
    table.sort(together)
    assert.same(alone, together)
    assert.equal("a 2 1 0 1.0  1:100 2:100 3:203", together[2])
  end)

  it("reads the running system as often as it is told, and never before an interval is over", function()
    local started, n = core.monotonic_ns(), 0
    for batch in tcpstats.collector { interval = 0.02, count = 5 }:batches() do
      assert.is_true(core.monotonic_ns() - started >= n * 20000000)
      assert.are.equal(20, batch.metadata.interval_ms)
      n = n + 1
    end
    assert.are.equal(5, n)
  end)

  it("asks once for schedules that are due together and want the same", function()
    local source = made_up { tcpstats.collect(), tcpstats.collect(), tcpstats.collect() }
    local c = tcpstats.collector {
      source = source,
      schedules = {
        { name = "sum", interval_ns = 10000000000, summary_only = true }, { name = "a", interval_ns = 10000000000 },
        { name = "b", interval_ns = 20000000000 }, { name = "detail", interval_ns = 10000000000, processes = true },
      },
    }
    local list = c:collect()
    assert.are.equal(3, #list)
    assert.are.same({ "a", "sum", "b" }, { list[1].schedule.name, list[2].schedule.name, list[3].schedule.name }) -- the one with rows leads
    list = c:collect()
    assert.are.same({ "detail" }, { list[1].schedule.name })
    assert.are.equal(2, #source.asked)
    assert.is_true(source.asked[2][1].processes)
    assert.is_true(source.asked[1][2].summary_only)
    assert.are_not.equal(source.asked[1][1].tracker, source.asked[1][3].tracker)
    c:close()
    assert.is_true(source.closed)
  end)

  it("does not share a dump when it is recorded, so that each can be replayed", function()
    local source = made_up { tcpstats.collect(), tcpstats.collect() }
    local c = tcpstats.collector { source = source, record = "kept", schedules = { { name = "a", interval_ns = 10000000000 }, { name = "b", interval_ns = 10000000000 } } }
    assert.are.equal(1, #c:collect())
    assert.are.equal(1, #c:collect())
  end)

  it("gives one dump's sockets to all that share it, each with its own deltas", function()
    local source = assert(core.open "auto")
    local a, b = core.tracker(), core.tracker()
    assert(source:pass { tracker = a })
    core.sleep(core.monotonic_ns() + 20000000)
    local one, two, sum = source:pass({ tracker = a, schedule_name = "a", sequence = 2 }, { tracker = b, schedule_name = "b", sequence = 1 }, { summary_only = true })
    assert.are.equal(#one, #two)
    assert.are.equal(0, #sum)
    assert.are.equal("a", one.metadata.schedule_name)
    assert.are.equal("b", two.metadata.schedule_name)
    assert.are.equal(one.metadata.hostname, two.metadata.hostname)
    assert.are.same(one.metadata.data_sources, two.metadata.data_sources)
    assert.are.equal(one.summary.total_sockets, sum.summary.total_sockets)
    assert.is_not_nil(one.summary.interval_ms)
    assert.is_nil(two.summary.interval_ms)
    local function identities(batch)
      local list = {}
      for s in batch:each() do list[#list + 1] = tostring(s) .. " " .. tostring(s.socket_id) .. " " .. tostring(s.inode) end
      return table.concat(list, "\n")
    end
    assert.are.equal(identities(one), identities(two))
  end)

  it("says what is wrong with its options", function()
    local c, what, code = tcpstats.collector { filter = "remote_prt=5" }
    assert.is_nil(c)
    assert.truthy(what:find("did you mean remote_port=5?", 1, true))
    assert.are.equal("EUSAGE", code)
    c, what, code = tcpstats.collector { source = "linx" }
    assert.is_nil(c)
    assert.truthy(what:find("did you mean linux?", 1, true))
    assert.are.equal("EUSAGE", code)
  end)

  it("raises in the loop when a pass fails", function()
    host.write(path .. ".cut", host.stream():sub(1, -5))
    local n = 0
    local ok, what = pcall(function()
      for _ in tcpstats.collector { source = "protobuf:" .. path .. ".cut" }:batches() do n = n + 1 end
    end)
    os.remove(path .. ".cut")
    assert.is_false(ok)
    assert.are.equal(2, n)
    assert.truthy(what:find("the message that begins at byte %d+ is cut"))
  end)
end)
