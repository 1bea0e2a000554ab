local tcpstats = require "tcpstats"
local sockets = require "spec.support.sockets"
local support = require "spec.support"

local function address(text)
  local a, b, c, d = text:match "(%d+)%.(%d+)%.(%d+)%.(%d+)"
  return string.char(a, b, c, d)
end
local function mapped(text) return ("\0"):rep(10) .. "\255\255" .. address(text) end

local LISTEN, ESTABLISHED, TIME_WAIT = 2, 5, 11

local function example()
  return sockets.batch {
    { state = LISTEN, local_port = 80, accept_queue = 3, accept_backlog = 4 },
    { state = ESTABLISHED, remote_addr = address "10.0.0.1", local_port = 80, remote_port = 1, rtt_us = 100, tx_bytes = 10, pid = 7, command = "a" },
    { state = ESTABLISHED, remote_addr = address "10.0.0.9", local_port = 80, remote_port = 2, rtt_us = 400, tx_bytes = 30, pid = 7, command = "a" },
    { state = ESTABLISHED, remote_addr = mapped "10.0.0.2", local_port = 80, remote_port = 3, rtt_us = 200, tx_bytes = 20, pid = 8, command = "b" },
    { state = ESTABLISHED, remote_addr = address "10.0.1.1", local_port = 81, remote_port = 4, rtt_us = 300, in_loss_recovery = 1 },
    { state = TIME_WAIT, remote_addr = address "10.0.1.2", local_port = 81, remote_port = 5 },
  }
end

local function ports(view)
  local list = {}
  for _, port in view:each "remote_port" do list[#list + 1] = port or 0 end
  return list
end

describe("batch:filter", function()
  it("takes the filter language, an expression, what is compiled of either, and a function", function()
    local batch = example()
    local expected = { 2, 4 }
    assert.same(expected, ports(batch:filter "rtt_us>=300"))
    assert.same(expected, ports(batch:filter "rtt_us >= 300 and state == 'ESTABLISHED'"))
    assert.same(expected, ports(batch:filter(assert(tcpstats.filter "rtt_us>=300 include_state=established"))))
    assert.same(expected, ports(batch:filter(assert(tcpstats.where "rtt_us >= 300"))))
    assert.same(expected, ports(batch:filter(function(s) return (s.rtt_us or 0) >= 300 end)))
  end)

  it("gives a view that can be filtered again, walked, ranked, grouped and encoded", function()
    local view = example():filter("state == 'ESTABLISHED'"):filter("local_port == 80")
    assert.equal(3, #view)
    assert.same({ 2, 3, 1 }, ports(view:top(9, "rtt_us")))
    assert.equal(3, view:group_by("state")[1].count)
    assert.equal(3, select(2, view:flat():gsub("\n", "")))
  end)

  it("says why a text is neither a filter nor an expression", function()
    assert.error_matches(function() example():filter "rtt > 5" end, "no field 'rtt', did you mean rtt_us%?")
  end)

  it("refuses what cannot choose", function()
    assert.has_error(function() example():filter(5) end)
    assert.has_error(function() example():filter {} end)
  end)

  it("lets an error of a function through", function()
    local batch = example()
    assert.error_matches(function() batch:filter(function() error "oops" end) end, "oops")
    assert.equal(6, #batch)
  end)

  it("chooses what opened and closed since the last pass by the same", function()
    local tracker = tcpstats.tracker()
    local one = { state = ESTABLISHED, local_addr = address "1.1.1.1", remote_addr = address "2.2.2.2", local_port = 1, remote_port = 1 }
    local two = { state = ESTABLISHED, local_addr = address "1.1.1.1", remote_addr = address "2.2.2.2", local_port = 2, remote_port = 2 }
    tracker:update(sockets.batch {}, { monotonic_ns = 1000000000 })
    local batch = tracker:update(sockets.batch { one, two }, { monotonic_ns = 2000000000 })
    assert.equal(2, #batch:opened())
    assert.same({ 2 }, ports(batch:filter("remote_port == 2"):opened()))
    assert.same({ 1 }, ports(batch:filter("remote_port=1,2"):filter("local_port < 2"):opened()))
    batch = tracker:update(sockets.batch {}, { monotonic_ns = 3000000000 })
    assert.same({ 2 }, ports(batch:filter("remote_port == 2"):closed()))
    assert.same({ 2 }, ports(batch:filter("remote_port == 2"):top(1, "remote_port"):closed()))
    assert.same({ 2 }, ports(batch:select(assert(tcpstats.filter "remote_port=2")):closed()))
  end)

  it("asks a function about opened and closed connections when somebody wants them", function()
    local tracker, asked = tcpstats.tracker(), {}
    local one = { state = ESTABLISHED, local_addr = address "1.1.1.1", local_port = 1, remote_port = 1 }
    tracker:update(sockets.batch { one }, { monotonic_ns = 1000000000 })
    local batch = tracker:update(sockets.batch {}, { monotonic_ns = 2000000000 })
    local view = batch:filter(function(s)
      asked[#asked + 1] = s.remote_port
      return true
    end):filter "remote_port=1":filter(function(s) return s.delta_tx_bytes == nil end)
    assert.same({}, asked)
    assert.same({ 1 }, ports(view:closed()))
    assert.same({ 1 }, asked)
  end)
end)

describe("batch:flat", function()
  local function lines(metadata, list)
    local all = {}
    for line in sockets.batch(list, metadata):flat():gmatch "[^\n]+" do all[#all + 1] = line end
    return all
  end

  it("says on every line when, where and in which pass it was", function()
    local list = { { local_port = 1, command = ("x"):rep(100000) }, {}, { local_port = 3 } }
    local all = lines({ [1] = 1700000000123456789, [2] = 'a"b', [6] = "detail", [10] = 7 }, list)
    local start = '{"timestamp_ns":"1700000000123456789","hostname":"a\\"b","schedule_name":"detail","batch_sequence":7'
    assert.same({ start .. ',"local_port":1,"command":"' .. ("x"):rep(100000) .. '"}', start .. "}", start .. ',"local_port":3}' }, all)
    assert.same({ '{"hostname":"h","local_port":1}', "{\"hostname\":\"h\"}" }, lines({ [2] = "h" }, { { local_port = 1 }, {} }))
    assert.same({ '{"local_port":1}', "{}" }, lines(nil, { { local_port = 1 }, {} }))
  end)

  it("leaves out a name that no host can have", function()
    assert.same({ '{"batch_sequence":1,"local_port":1}' }, lines({ [2] = ("h"):rep(256), [10] = 1 }, { { local_port = 1 } }))
    assert.same({ ('{"hostname":"%s"}'):format(("\\u0001"):rep(255)) }, lines({ [2] = ("\1"):rep(255) }, { {} }))
  end)
end)

describe("batch:top", function()
  it("ranks by a field, an expression or a function, largest first, and leaves out what has none", function()
    local batch = example()
    assert.same({ 2, 4 }, ports(batch:top(2, "rtt_us")))
    assert.same({ 1, 3, 4, 2 }, ports(batch:top(9, "-rtt_us")))
    assert.same({ 2, 3 }, ports(batch:top(2, "rtt_us * tx_bytes")))
    assert.same({ 2, 4 }, ports(batch:top(2, function(s) return s.rtt_us end)))
    assert.same({ 2, 4 }, ports(batch:top(2, function(s) return s.rtt_us and s.rtt_us / 3 end)))
    assert.same({}, ports(batch:top(0, "rtt_us")))
  end)

  it("keeps the order of equal ones", function()
    assert.same({ 0, 1, 2, 3, 4, 5 }, ports(example():top(99, function() return 1 end)))
  end)

  it("orders signed, unsigned and mixed numbers right", function()
    local batch = sockets.batch { { remote_port = 1, delta_tx_bytes = -5 }, { remote_port = 2, delta_tx_bytes = 5 }, { remote_port = 3, delta_tx_bytes = 0 } }
    assert.same({ 2, 3, 1 }, ports(batch:top(3, "delta_tx_bytes")))
    batch = sockets.batch { { remote_port = 1, tx_bytes = -1 }, { remote_port = 2, tx_bytes = 5 } } -- -1: all 64 bits
    assert.same({ 1, 2 }, ports(batch:top(3, "tx_bytes")))
    local numbers = { [1] = 2, [2] = -0.5, [3] = 1e300, [4] = -3, [5] = 0 / 0, [6] = -1 / 0 }
    batch = sockets.batch { { remote_port = 1 }, { remote_port = 2 }, { remote_port = 3 }, { remote_port = 4 }, { remote_port = 5 }, { remote_port = 6 } }
    assert.same({ 3, 1, 2, 4, 6 }, ports(batch:top(9, function(s) return numbers[s.remote_port] end)))
  end)

  it("refuses what is not a number", function()
    assert.error_matches(function() example():top(1, "state") end, "'state' is not a number")
    assert.has_error(function() example():top(-1, "rtt_us") end)
  end)
end)

describe("batch:group_by", function()
  it("has the digits of what no integer of Lua holds", function()
    local batch = sockets.batch { { socket_id = -2, state = 5 }, { socket_id = -2, state = 5 }, { socket_id = -3, state = 5 }, { socket_id = math.maxinteger, state = 5 } }
    local groups = batch:group_by "socket_id"
    assert.equal(3, #groups)
    assert.equal(2, groups:get("18446744073709551614").count)
    assert.equal(1, groups:get("18446744073709551613").count)
    assert.equal(1, groups:get(math.maxinteger).count)
    assert.equal("18446744073709551614 ESTABLISHED", batch:group_by({ "socket_id", "state" })[1].key)
  end)

  it("counts by a field, most first", function()
    local groups = example():group_by "state"
    assert.same({ "ESTABLISHED", "LISTEN", "TIME_WAIT" }, { groups[1].key, groups[2].key, groups[3].key })
    assert.same({ 4, 1, 1 }, { groups[1].count, groups[2].count, groups[3].count })
    assert.equal(0, groups.without)
    assert.equal(1, groups:get("LISTEN").count)
    assert.is_nil(groups:get "CLOSED")
  end)

  it("leaves out sockets without the field and counts them, or makes a group of them", function()
    local groups = example():group_by "command"
    assert.equal(2, #groups)
    assert.equal(3, groups.without)
    groups = example():group_by("command", {}, { absent = true })
    assert.equal(3, #groups)
    assert.is_nil(groups[1].key)
    assert.equal(3, groups[1].count)
    assert.equal(0, groups.without)
  end)

  it("groups by network; a mapped address is its IPv4 address", function()
    local groups = example():group_by "remote_addr/24"
    assert.equal("10.0.0.0/24", groups[1].key)
    assert.equal(3, groups[1].count)
    assert.equal("10.0.1.0/24", groups[2].key)
    assert.equal(1, groups.without)
    assert.equal("10.0.0.0/24", example():group_by({ "remote_addr", 24 })[1].key)
    assert.equal(5, example():group_by("remote_addr/0")[1].count)
    assert.equal(5, #example():group_by "remote_addr/32")
    local six = sockets.batch { { remote_addr = "\32\1\13\184" .. ("\255"):rep(12) } }
    assert.equal("2001:db8:ffff:ffff::/64", six:group_by("remote_addr/24")[1].key)
    assert.equal("2001:db8:ffff::/48", six:group_by("remote_addr/24/48")[1].key)
    assert.equal("2001:db8::/33", six:group_by("remote_addr/33")[1].key:gsub("8000", ""):gsub(":+/", "::/"))
    assert.has_error(function() example():group_by "remote_addr/24/129" end)
    assert.has_error(function() example():group_by "remote_addr/33/24" end)
  end)

  it("groups by several, by an expression and by a function", function()
    local groups = example():group_by { "state", "local_port" }
    assert.equal("ESTABLISHED 80", groups[1].key)
    assert.same({ "ESTABLISHED", 80 }, groups[1].keys)
    groups = example():group_by "rtt_us // 200"
    assert.same({ 1, 2, 0 }, { groups[1].key, groups:get(2).key, groups:get(0).key })
    groups = example():group_by(function(s) return s.pid end)
    assert.same({ 7, 8 }, { groups[1].key, groups[2].key })
    assert.equal(3, groups.without)
    assert.error_matches(function() example():group_by "stat" end, "no field 'stat', did you mean state%?")
  end)

  it("folds fields, expressions and functions", function()
    local group = example():group_by("remote_addr/24", {
      "sum(tx_bytes)", "min(rtt_us)", "max(rtt_us)", "mean(rtt_us)", "p50(rtt_us)", "p99(rtt_us)", "count(rtt_us)",
      fast = "count(rtt_us < 300)", ratio = "sum(tx_bytes) / count()", twice = "sum(tx_bytes * 2)", median = "percentile(rtt_us, 50)",
      odd = { "sum", function(s) return (s.remote_port or 0) % 2 end }, top = { "p90", function(s) return s.rtt_us end },
      rule = "max(rtt_us) > 350 and min(rtt_us) < 150",
    })[1]
    assert.same({
      key = "10.0.0.0/24", count = 3, sum_tx_bytes = 60, min_rtt_us = 100, max_rtt_us = 400, mean_rtt_us = 700 / 3, p50_rtt_us = 200, p99_rtt_us = 400,
      count_rtt_us = 3, fast = 2, ratio = 20.0, twice = 120, median = 200, odd = 2, top = 400, rule = true,
    }, group)
    assert.equal("integer", math.type(group.sum_tx_bytes))
  end)

  it("has no number where no socket has one", function()
    local group = example():group_by("state", { "sum(rtt_us)", "p50(rtt_us)", "mean(rtt_us)", "count(rtt_us)", r = "sum(rtt_us) / 2" }):get "LISTEN"
    assert.same({ key = "LISTEN", count = 1, count_rtt_us = 0 }, group)
  end)

  it("finds percentiles by nearest rank", function()
    local list = {}
    for i = 1, 100 do list[i] = { rtt_us = (i * 37) % 101 } end -- 1 to 100 in some order
    local all = sockets.batch(list):aggregate { "p1(rtt_us)", "p7(rtt_us)", "p50(rtt_us)", "p95(rtt_us)", x = "percentile(rtt_us, 99.9)", y = "percentile(rtt_us, 100)" }
    assert.same({ count = 100, p1_rtt_us = 1, p7_rtt_us = 7, p50_rtt_us = 50, p95_rtt_us = 95, x = 100, y = 100 }, all)
  end)

  it("sums exactly beyond 53 bits, and as a real beyond 64", function()
    local batch = sockets.batch { { tx_bytes = 1 << 62 }, { tx_bytes = 1 }, { tx_bytes = 2 } }
    assert.equal((1 << 62) + 3, batch:aggregate({ "sum(tx_bytes)" }).sum_tx_bytes)
    batch = sockets.batch { { tx_bytes = -1 }, { tx_bytes = -1 } } -- all 64 bits, twice
    assert.equal(2.0 ^ 65, batch:aggregate({ "sum(tx_bytes)" }).sum_tx_bytes)
    batch = sockets.batch { { delta_tx_bytes = -3 }, { delta_tx_bytes = 1 } }
    assert.same({ count = 2, sum_delta_tx_bytes = -2, min_delta_tx_bytes = -3, mean_delta_tx_bytes = -1.0 },
      batch:aggregate { "sum(delta_tx_bytes)", "min(delta_tx_bytes)", "mean(delta_tx_bytes)" })
  end)

  it("ranks groups by any number, those without it last", function()
    local groups = example():group_by("remote_addr/32", { "max(rtt_us)" })
    local top = groups:top(2, "max_rtt_us")
    assert.same({ "10.0.0.9/32", "10.0.1.1/32" }, { top[1].key, top[2].key })
    assert.equal("10.0.1.2/32", groups:top(9, "max_rtt_us")[5].key)
    assert.equal("10.0.0.1/32", groups:top(1, function(g) return -(g.max_rtt_us or 1e9) end)[1].key)
    assert.equal(5, #groups)
  end)

  it("refuses aggregates that are none", function()
    local function by(what) return function() example():group_by("state", what) end end
    assert.error_matches(by { "sum(state)" }, "state is text, a number is needed")
    assert.error_matches(by { "sum(in_loss_recovery)" }, "count%(...%) counts")
    assert.error_matches(by { "total(rtt_us)" }, "no function 'total'")
    assert.error_matches(by { "rtt_us" }, "no aggregate 'rtt_us'")
    assert.error_matches(by { "p0(rtt_us)" }, "no function 'p0'")
    assert.error_matches(by { "percentile(rtt_us, 0)" }, "percentage")
    assert.error_matches(by { key = "sum(rtt_us)" }, "cannot be called key")
  end)

  it("groups nothing into nothing", function()
    local batch = sockets.batch {}
    assert.equal(0, #batch:group_by("state", { "p95(rtt_us)" }))
    assert.same({ count = 0, count_rtt_us = 0 }, batch:aggregate { "sum(rtt_us)", "count(rtt_us)" })
  end)

  it("gives what a loop gives, on a capture", function()
    local batch = assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/n500_plain.bin", { release = 15 }))
    local counts, values, sums = {}, {}, {}
    for s in batch:each() do
      counts[s.state] = (counts[s.state] or 0) + 1
      values[s.state] = values[s.state] or {}
      if s.rtt_us then
        table.insert(values[s.state], s.rtt_us)
        sums[s.state] = (sums[s.state] or 0) + s.rtt_us
      end
    end
    for _, group in ipairs(batch:group_by("state", { "sum(rtt_us)", "p95(rtt_us)", "min(rtt_us)", "max(rtt_us)" })) do
      local list = values[group.key]
      table.sort(list)
      assert.equal(counts[group.key], group.count)
      assert.equal(sums[group.key], group.sum_rtt_us)
      assert.equal(list[math.ceil(#list * 95 / 100)], group.p95_rtt_us)
      assert.equal(list[1], group.min_rtt_us)
      assert.equal(list[#list], group.max_rtt_us)
    end
  end)
end)

describe("rates", function()
  it("divide deltas by the seconds between the passes, and are absent in the first", function()
    local tracker = tcpstats.tracker()
    local function pass(second, bytes)
      local one = { state = ESTABLISHED, local_addr = address "1.1.1.1", remote_addr = address "2.2.2.2", local_port = 1, remote_port = 1, tx_bytes = bytes }
      return tracker:update(sockets.batch { one }, { monotonic_ns = second * 1000000000 })
    end
    local first, second = pass(10, 1000), pass(12, 5000)
    assert.is_nil(first:seconds())
    assert.equal(0, #first:filter "rate(tx_bytes) >= 0")
    assert.equal(2, second:seconds())
    assert.equal(1, #second:filter "rate(tx_bytes) == 2000")
    assert.equal(2000, second:aggregate({ r = "sum(rate(tx_bytes))" }).r)
    assert.equal(1, #second:top(1, "rate(delta_tx_bytes)"))
  end)
end)

describe("an integer in flat JSON", function()
  local function flat(fields, metadata) return sockets.batch({ fields }, metadata):flat() end

  it("is a number up to 2^53, and a string where jq would round it", function()
    for value, text in pairs { [1 << 53] = "9007199254740992", [(1 << 53) + 1] = '"9007199254740993"', [-2] = '"18446744073709551614"' } do
      assert.truthy(flat({ socket_id = value }):find('"socket_id":' .. text .. "[,}]"), text)
    end
    for value, text in pairs { [-(1 << 53)] = "-9007199254740992", [-(1 << 53) - 1] = '"-9007199254740993"' } do
      assert.truthy(flat({ delta_tx_bytes = value }):find('"delta_tx_bytes":' .. text:gsub("%-", "%%-") .. "[,}]"), text)
    end
    assert.truthy(flat({ rx_bytes = 1 }, { [1] = 1700000000000000001 }):find('{"timestamp_ns":"1700000000000000001",', 1, true))
  end)
end)
