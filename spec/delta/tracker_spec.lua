local tcpstats = require "tcpstats"
local sockets = require "spec.support.sockets"

local LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_2, TIME_WAIT = 2, 3, 4, 5, 10, 11
local LINUX = { 7 }
local SECOND = 1000000000

-- Passes of one tracker, a second apart, from second 100 on.
local function passes()
  local tracker, now = tcpstats.tracker(), 99
  local function pass(list, seconds)
    now = now + (seconds or 1)
    return tracker:update(sockets.batch(list), { monotonic_ns = math.tointeger(now * SECOND) })
  end
  return pass, tracker
end

-- A connection, with what the test says of it.
local function connection(fields)
  local s = { socket_id = 1, local_addr = "\10\0\0\1", remote_addr = "\10\0\0\2", local_port = 443, remote_port = 50000, ip_version = 1,
    state = ESTABLISHED }
  for name, value in pairs(fields or {}) do s[name] = value ~= false and value or nil end
  return s
end

local function first(batch) return sockets.tables(batch)[1] end

local function ids(view)
  local list = {}
  for _, s in ipairs(sockets.tables(view)) do list[#list + 1] = s.socket_id end
  return list
end

-- What a counter's fields of `before` and then `after` give, and whether that is a connection still the same.
local function follow(before, after)
  local pass = passes()
  pass { connection(before) }
  local batch = pass { connection(after) }
  return first(batch), #batch:opened() == 0 and #batch:closed() == 0
end

describe("a delta", function()
  it("is absent in the first pass, when nothing is opened either", function()
    local pass = passes()
    local batch = pass { connection { tx_bytes = 5, rexmit_packets = 1 } }
    local s = first(batch)
    assert.is_nil(s.delta_tx_bytes)
    assert.is_nil(s.delta_rexmit_packets)
    assert.equal(0, s.connection_age_ms)
    assert.equal(0, s.time_in_state_ms)
    assert.is_true(batch.tracked)
    assert.equal(0, #batch:opened())
    assert.equal(0, #batch:closed())
  end)

  it("is the change of its counter", function()
    local counters = {
      rexmit_packets = "delta_rexmit_packets", retransmit_packets_total = "delta_rexmit_packets", ooo_packets = "delta_ooo_packets",
      zerowin_probes = "delta_zerowin", tx_bytes = "delta_tx_bytes", rx_bytes = "delta_rx_bytes",
      retransmit_bytes = "delta_retransmit_bytes", tx_packets = "delta_tx_packets", rx_packets = "delta_rx_packets",
    }
    for counter, delta in pairs(counters) do
      local s, same = follow({ [counter] = 100 }, { [counter] = 142 })
      assert.equal(42, s[delta], counter)
      assert.is_true(same)
      for _, other in pairs(counters) do
        if other ~= delta then assert.is_nil(s[other], counter .. " gives " .. other) end
      end
      assert.equal(0, follow({ [counter] = 100 }, { [counter] = 100 })[delta], counter)
    end
  end)

  it("of retransmits comes from rexmit_packets where both are known", function()
    local both = function(a, b) return { rexmit_packets = a, retransmit_packets_total = b } end
    assert.equal(2, follow(both(1, 10), both(3, 15)).delta_rexmit_packets)
    assert.equal(5, follow({ retransmit_packets_total = 10 }, both(3, 15)).delta_rexmit_packets)
  end)

  it("is absent when its counter is absent now or was then", function()
    assert.is_nil(follow({ tx_bytes = 1 }, {}).delta_tx_bytes)
    assert.is_nil(follow({}, { tx_bytes = 1 }).delta_tx_bytes)
    local pass = passes()
    pass { connection { tx_bytes = 1 } }
    pass { connection() }
    assert.is_nil(first(pass { connection { tx_bytes = 9 } }).delta_tx_bytes)
    assert.equal(1, first(pass { connection { tx_bytes = 10 } }).delta_tx_bytes)
  end)

  it("is absent where other sources count than in the pass before, and the connection goes on", function()
    -- macOS 15: tx_bytes is payload by pcblist_n and segments with headers by tcp_info, which was asked in the second pass only.
    local PCBLIST, BOTH = { 1 }, { 1, 9 }
    local pass = passes()
    pass { connection { sources = PCBLIST, tx_bytes = 1000, rx_bytes = 50 } }
    local batch = pass { connection { sources = BOTH, tx_bytes = 1400, rx_bytes = 40, rexmit_packets = 2 } }
    local s = first(batch)
    for _, delta in ipairs { "delta_tx_bytes", "delta_rx_bytes", "delta_rexmit_packets" } do assert.is_nil(s[delta], delta) end
    assert.equal(1000, s.connection_age_ms)
    assert.equal(1000, s.time_in_state_ms)
    assert.equal(0, #batch:opened() + #batch:closed())
    s = first(pass { connection { sources = BOTH, tx_bytes = 1500, rx_bytes = 45, rexmit_packets = 3 } })
    assert.same({ 100, 5, 1 }, { s.delta_tx_bytes, s.delta_rx_bytes, s.delta_rexmit_packets })
    -- Back again: less than tcp_info said is no counter that fell.
    batch = pass { connection { sources = PCBLIST, tx_bytes = 1200 } }
    assert.is_nil(first(batch).delta_tx_bytes)
    assert.equal(3000, first(batch).connection_age_ms)
    assert.equal(0, #batch:opened() + #batch:closed())
    assert.equal(10, first(pass { connection { sources = PCBLIST, tx_bytes = 1210 } }).delta_tx_bytes)
  end)

  it("is there when only the owner became known or unknown", function()
    for owners, counters in pairs { [6] = 3, [8] = 7 } do -- kern.file beside FreeBSD's pcblist, /proc beside inet_diag
      local with, without = { counters, owners }, { counters }
      assert.equal(5, follow({ tx_bytes = 1, sources = without }, { tx_bytes = 6, sources = with }).delta_tx_bytes)
      assert.equal(5, follow({ tx_bytes = 1, sources = with }, { tx_bytes = 6, sources = without }).delta_tx_bytes)
    end
  end)

  it("goes over the wrap of 32 bits", function()
    for counter, delta in pairs { rexmit_packets = "delta_rexmit_packets", ooo_packets = "delta_ooo_packets", zerowin_probes = "delta_zerowin" } do
      local s, same = follow({ [counter] = 0xfffffffa }, { [counter] = 10 })
      assert.equal(16, s[delta], counter)
      assert.is_true(same)
    end
    -- A difference of 31 bits is a wrap, more is a counter that fell: another connection.
    local wrapped, goes_on = follow({ rexmit_packets = 0xffffffff }, { rexmit_packets = 0x7ffffffe })
    assert.equal(0x7fffffff, wrapped.delta_rexmit_packets)
    assert.is_true(goes_on)
    assert.is_false(select(2, follow({ rexmit_packets = 0xffffffff }, { rexmit_packets = 0x7fffffff })))
    -- Linux counts segments in 32 bits, others in 64.
    for counter, delta in pairs { tx_packets = "delta_tx_packets", rx_packets = "delta_rx_packets" } do
      local s, same = follow({ [counter] = 0xffffffff, sources = LINUX }, { [counter] = 1, sources = LINUX })
      assert.equal(2, s[delta], counter)
      assert.is_true(same)
      s, same = follow({ [counter] = 0xffffffff }, { [counter] = 1 })
      assert.equal(1, s[delta]) -- of another connection
      assert.is_false(same)
    end
  end)

  it("stops at the largest value of its field", function()
    assert.equal(0x7fffffff, follow({ rexmit_packets = 0 }, { rexmit_packets = 0xffffffff }).delta_rexmit_packets)
    assert.equal(0x7fffffff, follow({ retransmit_packets_total = 0 }, { retransmit_packets_total = 1 << 40 }).delta_rexmit_packets)
    assert.equal(math.maxinteger, follow({ tx_bytes = 0 }, { tx_bytes = -1 }).delta_tx_bytes) -- 2^64 - 1
    assert.equal(math.maxinteger, follow({ tx_bytes = 1 }, { tx_bytes = math.mininteger }).delta_tx_bytes)
    assert.equal(1 << 62, follow({ rx_bytes = 1 << 62 }, { rx_bytes = 1 << 63 }).delta_rx_bytes)
  end)

  it("adds up when an inconsistent dump repeats a socket", function()
    local pass = passes()
    pass { connection { tx_bytes = 100 } }
    local batch = pass { connection { tx_bytes = 110 }, connection { tx_bytes = 113 } }
    local list = sockets.tables(batch)
    assert.equal(10, list[1].delta_tx_bytes)
    assert.equal(3, list[2].delta_tx_bytes)
    assert.equal(0, #batch:opened())
    batch = pass { connection { tx_bytes = 120 } }
    assert.equal(7, first(batch).delta_tx_bytes)
    assert.equal(0, #batch:closed())
  end)

  it("that a batch brings along is forgotten", function()
    local pass = passes()
    local s = first(pass { connection { tx_bytes = 1, delta_tx_bytes = 77, delta_zerowin = 5, connection_age_ms = 12345 } })
    assert.is_nil(s.delta_tx_bytes)
    assert.is_nil(s.delta_zerowin)
    assert.equal(0, s.connection_age_ms)
  end)
end)

describe("a connection", function()
  it("ages by the clock that is given, and in its state", function()
    local pass = passes()
    pass { connection { state = SYN_SENT } }
    local s = first(pass({ connection { state = SYN_SENT } }, 1.5))
    assert.equal(1500, s.connection_age_ms)
    assert.equal(1500, s.time_in_state_ms)
    s = first(pass { connection() })
    assert.equal(2500, s.connection_age_ms)
    assert.equal(0, s.time_in_state_ms)
    s = first(pass({ connection() }, 0.25))
    assert.equal(2750, s.connection_age_ms)
    assert.equal(250, s.time_in_state_ms)
  end)

  it("does not grow younger or very old when a clock goes back", function()
    local pass = passes()
    pass { connection { tx_bytes = 1 } }
    local s = first(pass({ connection { tx_bytes = 2 } }, -50))
    assert.equal(0, s.connection_age_ms)
    assert.equal(1, s.delta_tx_bytes)
  end)

  it("is another one behind the same socket_id with another address, port or generation", function()
    for _, other in ipairs { { remote_addr = "\10\0\0\3" }, { local_addr = "\10\0\0\3" }, { remote_port = 1 }, { local_port = 1 }, { inp_gencnt = 8 },
      { ip_version = 2, remote_addr = ("\0"):rep(12) .. "\10\0\0\2" } } do
      local pass = passes()
      pass { connection { tx_bytes = 100, inp_gencnt = 7 } }
      other.tx_bytes, other.inp_gencnt = 300, other.inp_gencnt or 7
      local batch = pass { connection(other) }
      assert.equal(300, first(batch).delta_tx_bytes)
      assert.equal(0, first(batch).connection_age_ms)
      assert.same({ 1 }, ids(batch:opened()))
      assert.same({ 1 }, ids(batch:closed()))
    end
  end)

  it("is another one with the same generation and another socket_id", function()
    local pass = passes()
    pass { connection { inp_gencnt = 7, socket_id = 1 } }
    local batch = pass { connection { inp_gencnt = 7, socket_id = 2 } }
    assert.same({ 2 }, ids(batch:opened()))
    assert.same({ 1 }, ids(batch:closed()))
  end)

  it("is another one when a counter fell", function()
    for counter, values in pairs { tx_bytes = { 1000, 999 }, rx_packets = { 1 << 40, 5 }, rexmit_packets = { 1000, 5 },
      ooo_packets = { 0x7fffffff, 0 } } do
      local s, same = follow({ [counter] = values[1], retransmit_bytes = 10 }, { [counter] = values[2], retransmit_bytes = 20 })
      assert.is_false(same, counter)
      assert.equal(0, s.connection_age_ms)
      assert.equal(20, s.delta_retransmit_bytes)
    end
  end)

  it("stays the same into TIME_WAIT, where Linux has no counters, and FIN_WAIT_2 without a socket", function()
    local pass = passes()
    pass { connection { tx_bytes = 100 } }
    pass { connection { state = FIN_WAIT_2 } }
    local batch = pass { connection { state = TIME_WAIT } }
    assert.equal(2000, first(batch).connection_age_ms)
    assert.equal(0, #batch:opened())
    assert.equal(0, #batch:closed())
    batch = pass {}
    assert.equal("TIME_WAIT", first(batch:closed()).state)
  end)

  it("stays the same when a BSD takes its socket away and leaves the generation", function()
    local pass = passes()
    pass { connection { inp_gencnt = 7 } }
    local batch = pass { connection { inp_gencnt = 7, socket_id = 0, state = TIME_WAIT } }
    assert.equal(0, #batch:opened())
    assert.equal(1000, first(batch).connection_age_ms)
    batch = pass { connection { inp_gencnt = 7, socket_id = false, state = TIME_WAIT } }
    assert.equal(0, #batch:closed())
    assert.equal(2000, first(batch).connection_age_ms)
  end)

  it("without a handle is known by its addresses, ports and scope", function()
    local half_open = { socket_id = 0, state = SYN_RECEIVED, remote_addr = "\xfe\x80" .. ("\0"):rep(13) .. "\2", scope_id = 3 }
    local pass = passes()
    pass { connection(half_open), connection { socket_id = 0, state = SYN_RECEIVED } }
    local batch = pass { connection { socket_id = 0, state = SYN_RECEIVED }, connection(half_open) }
    assert.equal(0, #batch:opened())
    half_open.scope_id = 4
    batch = pass { connection(half_open), connection { socket_id = false, state = SYN_RECEIVED } }
    assert.equal(1, #batch:opened())
    assert.equal(1, #batch:closed())
  end)

  it("goes on when a half-open one gets its handle", function()
    local pass = passes()
    pass { connection { socket_id = 0, state = SYN_RECEIVED } }
    local batch = pass { connection { socket_id = 77, inp_gencnt = 5 } }
    assert.equal(0, #batch:opened())
    assert.equal(0, #batch:closed())
    assert.equal(1000, first(batch).connection_age_ms)
    assert.equal(0, first(batch).time_in_state_ms)
  end)

  it("without a handle is another one when it opens again", function()
    local pass = passes()
    pass { connection { socket_id = 0, state = TIME_WAIT } }
    local batch = pass { connection { socket_id = 0, state = SYN_SENT } }
    assert.equal(1, #batch:opened())
    assert.equal("TIME_WAIT", first(batch:closed()).state)
  end)

  it("is not mixed up with others on the same address", function()
    local pass, list = passes(), {}
    for id = 1, 50 do list[id] = connection { socket_id = id, state = LISTEN, remote_addr = false, remote_port = false } end
    pass(list)
    table.remove(list, 10)
    local batch = pass(list)
    assert.same({ 10 }, ids(batch:closed()))
    assert.equal(0, #batch:opened())
  end)
end)

describe("comings and goings", function()
  local function some(...)
    local list = {}
    for _, id in ipairs { ... } do list[#list + 1] = connection { socket_id = id, remote_port = id, tx_bytes = id * 10 } end
    return list
  end

  it("are told in order, whatever the order of the dump", function()
    local pass = passes()
    pass(some(1, 2, 3, 4, 5, 6))
    local batch = pass(some(6, 9, 2, 4, 8, 5))
    assert.same({ 9, 8 }, ids(batch:opened()))
    assert.same({ 1, 3 }, ids(batch:closed()))
    for _, s in ipairs(sockets.tables(batch)) do
      local old = s.socket_id < 7
      assert.equal(old and 0 or s.tx_bytes, s.delta_tx_bytes)
      assert.equal(old and 1000 or 0, s.connection_age_ms)
    end
    batch = pass(some(5, 4, 2, 6, 8, 9))
    assert.equal(0, #batch:opened())
    assert.equal(0, #batch:closed())
  end)

  it("tell the last known values, how long they were seen and how they ended, and no deltas", function()
    local pass = passes()
    pass { connection { tx_bytes = 1, cc_algo = "cubic" } }
    pass { connection { tx_bytes = 5, cc_algo = "cubic" } }
    pass { connection { tx_bytes = 9, cc_algo = "cubic", state = TIME_WAIT } }
    local batch = pass {}
    local s = first(batch:closed())
    assert.equal(9, s.tx_bytes)
    assert.equal("cubic", s.cc_algo)
    assert.equal("10.0.0.2", s.remote_addr)
    assert.equal("TIME_WAIT", s.state)
    assert.equal(2000, s.connection_age_ms)
    assert.equal(0, s.time_in_state_ms)
    assert.is_nil(s.delta_tx_bytes)
    assert.equal(0, #pass({}):closed())
  end)

  it("see one that vanishes and returns as a new one", function()
    local pass = passes()
    pass(some(1, 2))
    assert.same({ 1 }, ids(pass(some(2)):closed()))
    local batch = pass(some(1, 2))
    assert.same({ 1 }, ids(batch:opened()))
    assert.is_nil(first(batch).delta_tx_bytes)
    assert.equal(0, first(batch).connection_age_ms)
  end)

  it("do not count what an inconsistent dump repeats", function()
    local pass = passes()
    pass(some(1, 2, 1, 3, 2))
    local batch = pass(some(2, 1, 3))
    assert.equal(0, #batch:closed())
    batch = pass(some(4, 1, 4, 2, 3, 4))
    assert.same({ 4 }, ids(batch:opened()))
    batch = pass(some(4, 2))
    assert.same({ 1, 3 }, ids(batch:closed()))
  end)

  it("do not take for closed what a cut dump does not have", function()
    local support = require "spec.support"
    local tracker = tcpstats.tracker()
    local whole = support.read("spec/fixtures/macos/15/n7.bin")
    local function read(bytes)
      local name = support.temporary(bytes)
      local source = assert(tcpstats.open(("macos:%s,release=15"):format(name)))
      local batch = assert(source:pass { tracker = tracker })
      source:close()
      os.remove(name)
      return batch
    end
    assert.equal(7, #read(whole))
    local cut = read(whole:sub(1, #whole // 2))
    assert.is_true(#cut > 0 and #cut < 7)
    assert.equal(0, #cut:closed())
    local batch = read(whole)
    assert.equal(7, #batch)
    assert.equal(0, #batch:opened() + #batch:closed())
    -- Whoever is missing twice is forgotten, so that nobody knows whether it has been there.
    read(whole:sub(1, #whole // 2))
    read(whole:sub(1, #whole // 2))
    batch = read(whole)
    assert.equal(7, #batch)
    assert.equal(0, #batch:opened() + #batch:closed())
  end)

  it("are not told of after a first dump that was cut", function()
    local support = require "spec.support"
    local whole = support.read("spec/fixtures/macos/15/n7.bin")
    local tracker = tcpstats.tracker()
    local function read(bytes)
      return tracker:update(assert(tcpstats.parse("macos", bytes, { release = 15 })), { monotonic_ns = 0 })
    end
    assert.is_true(#read(whole:sub(1, #whole // 2)) < 7)
    local batch = read(whole)
    assert.equal(7, #batch)
    assert.equal(0, #batch:opened())
    for s in batch:each() do assert.is_true((s.delta_tx_bytes or 0) == 0) end
    assert.equal(0, #read(whole):opened())
  end)

  it("leave out the closed when nobody wants them", function()
    local tracker = tcpstats.tracker { closed = false }
    tracker:update(sockets.batch(some(1, 2)))
    local batch = tracker:update(sockets.batch(some(2, 3)))
    assert.equal(0, #batch:closed())
    assert.same({ 3 }, ids(batch:opened()))
    assert.equal(0, sockets.tables(batch)[1].delta_tx_bytes)
  end)

  it("are those of each tracker alone", function()
    local one, other = passes(), passes()
    one(some(1))
    other(some(1, 2))
    assert.equal(0, #one(some(1)):closed())
    assert.same({ 2 }, ids(other(some(1)):closed()))
  end)
end)

describe("the first deltas of a connection", function()
  local counters = { tx_bytes = 500, rx_bytes = 7, tx_packets = 3, rx_packets = 2, rexmit_packets = 1, retransmit_bytes = 4 }
  local deltas = {
    tx_bytes = "delta_tx_bytes", rx_bytes = "delta_rx_bytes", tx_packets = "delta_tx_packets", rx_packets = "delta_rx_packets",
    rexmit_packets = "delta_rexmit_packets", retransmit_bytes = "delta_retransmit_bytes",
  }
  local function fresh(fields)
    local s = connection(counters)
    s.socket_id, s.remote_port = 9, 9
    for name, value in pairs(fields or {}) do s[name] = value end
    return s
  end
  local function of_fresh(batch)
    for _, s in ipairs(sockets.tables(batch)) do
      if s.socket_id == 9 then return s end
    end
  end

  it("are its counters when it began after the pass before", function()
    local pass = passes()
    pass { connection() }
    local batch = pass { connection(), fresh() }
    assert.same({ 9 }, ids(batch:opened()))
    for counter, delta in pairs(deltas) do assert.equal(counters[counter], of_fresh(batch)[delta], delta) end
    batch = pass { connection(), fresh { tx_bytes = 510 } }
    assert.equal(10, of_fresh(batch).delta_tx_bytes)
  end)

  it("add up with those of the next when an inconsistent dump shows it twice", function()
    local pass = passes()
    pass {}
    local list = sockets.tables(pass { fresh(), fresh { tx_bytes = 503 } })
    assert.same({ 500, 3 }, { list[1].delta_tx_bytes, list[2].delta_tx_bytes })
  end)

  it("are there when it was half-open, which the kernel has no counters for", function()
    for _, state in ipairs { SYN_SENT, SYN_RECEIVED } do
      local pass = passes()
      pass { connection { socket_id = 9, remote_port = 9, state = state } }
      assert.equal(500, of_fresh(pass { fresh() }).delta_tx_bytes)
    end
  end)

  it("are absent of one that a dump missed", function()
    local pass = passes()
    pass { fresh() }
    pass {}
    local batch = pass { fresh { tx_bytes = 600 } }
    assert.same({ 9 }, ids(batch:opened()))
    assert.is_nil(of_fresh(batch).delta_tx_bytes)
    assert.equal(1, of_fresh(pass { fresh { tx_bytes = 601 } }).delta_tx_bytes)
  end)

  it("are absent in TIME_WAIT, and after an inconsistent dump", function()
    local pass = passes()
    pass {}
    assert.is_nil(of_fresh(pass { fresh { state = TIME_WAIT } }).delta_tx_bytes)
    local tracker = tcpstats.tracker()
    tracker:update(sockets.batch({}, { [1] = SECOND, [100] = 1 }))
    assert.is_nil(of_fresh(tracker:update(sockets.batch({ fresh() }, { [1] = 2 * SECOND }))).delta_tx_bytes)
  end)

  it("are absent when a recorded pass between is lost", function()
    for lost, expected in pairs { [0] = 500, [1] = false } do
      local tracker = tcpstats.tracker()
      tracker:update(sockets.batch({ connection() }, { [1] = SECOND, [10] = 7 }))
      local batch = tracker:update(sockets.batch({ connection(), fresh() }, { [1] = 2 * SECOND, [10] = 8 + lost }))
      assert.equal(expected, of_fresh(batch).delta_tx_bytes or false)
      assert.same({ 9 }, ids(batch:opened()))
    end
  end)

  it("are absent where a filter of states, or a view, let it in", function()
    local core = require "tcpstats.core"
    local function after(filter)
      local tracker = tcpstats.tracker()
      core.replay(sockets.batch { connection { state = SYN_SENT } }, tracker, assert(core.filter(filter)))
      return of_fresh(core.replay(sockets.batch { fresh() }, tracker, assert(core.filter(filter)))).delta_tx_bytes
    end
    assert.is_nil(after "include_state=established")
    assert.is_nil(after "exclude=fin_wait_1")
    assert.equal(500, after "exclude=listen,time_wait")
    assert.equal(500, after "remote_port=9 tx_bytes>100")
    local tracker = tcpstats.tracker()
    tracker:update(sockets.batch {})
    assert.is_nil(of_fresh(tracker:update(sockets.batch { fresh() }:filter "remote_port=9")).delta_tx_bytes)
  end)

  it("that were recorded stay as they are, absent ones too", function()
    local core = require "tcpstats.core"
    local tracker = tcpstats.tracker()
    core.replay(sockets.batch { connection { connection_age_ms = 5 } }, tracker)
    local list = sockets.tables(core.replay(sockets.batch {
      connection { connection_age_ms = 6 }, fresh { connection_age_ms = 0 }, fresh { socket_id = 10, connection_age_ms = 0, delta_tx_bytes = 77 },
    }, tracker))
    assert.is_nil(list[2].delta_tx_bytes)
    assert.equal(77, list[3].delta_tx_bytes)
  end)
end)

describe("tracker:update", function()
  it("keeps what else the batch says", function()
    local tracker = tcpstats.tracker()
    local batch = tracker:update(sockets.batch({ connection() }, { [2] = "host-1", [6] = "fast", [10] = 7 }))
    collectgarbage()
    assert.equal("host-1", batch.metadata.hostname)
    assert.equal("fast", batch.metadata.schedule_name)
    assert.equal(7, batch.metadata.batch_sequence)
    assert.equal(1, #batch)
  end)

  it("takes the batch's timestamp when no clock is given", function()
    local tracker = tcpstats.tracker()
    tracker:update(sockets.batch({ connection() }, { [1] = 5 * SECOND }))
    assert.equal(2000, first(tracker:update(sockets.batch({ connection() }, { [1] = 7 * SECOND }))).connection_age_ms)
  end)

  it("works on a view", function()
    local pass = passes()
    pass { connection { socket_id = 1 } }
    local view = pass({ connection { socket_id = 1 }, connection { socket_id = 2 } }):opened()
    assert.same({ 2 }, ids(tcpstats.tracker():update(view)))
  end)

  it("takes empty batches and records of nothing", function()
    local pass = passes()
    assert.equal(0, #pass {})
    pass { {}, {} }
    local batch = pass { {}, {} }
    assert.equal(0, #batch:opened())
    assert.equal(0, #pass({}):opened())
  end)
end)

describe("memory and time", function()
  local function churning(from, to)
    local list = {}
    for id = from, to do list[#list + 1] = { socket_id = id, local_port = 80, remote_port = id & 0xffff, state = ESTABLISHED, tx_bytes = id } end
    return list
  end

  -- Resident memory of this process, KB; nil where /proc does not say, and under a sanitizer, which keeps what was freed.
  local function resident()
    local file <close> = not (os.getenv("LD_PRELOAD") or ""):find("asan") and io.open("/proc/self/status") or nil
    collectgarbage()
    return file and tonumber(file:read("a"):match("VmRSS:%s+(%d+)"))
  end

  it("stay flat over 10,000 passes of a churning table", function()
    local tracker = tcpstats.tracker()
    local size, kilobytes
    for n = 1, 10000 do
      local batch = tracker:update(sockets.batch(churning(n * 8, n * 8 + 40)), { monotonic_ns = n * SECOND })
      if n > 1 then
        assert(#batch:opened() == 8 and #batch:closed() == 8)
      end
      if n == 2000 then size, kilobytes = tracker:size(), resident() end
    end
    assert.equal(size, tracker:size())
    if kilobytes then assert.is_true(resident() - kilobytes < 512, ("%d KB and then %d"):format(kilobytes, resident())) end
  end)

  it("follow the connections down again", function()
    local tracker = tcpstats.tracker()
    tracker:update(sockets.batch(churning(1, 20000)))
    local many = tracker:size()
    for n = 2, 4 do tracker:update(sockets.batch(churning(n * 100000, n * 100000 + 10))) end
    assert.is_true(tracker:size() < many / 50, ("%d after %d"):format(tracker:size(), many))
  end)

  it("find what they know of after its index has grown", function()
    local function list(from, to, step)
      local all = {}
      for id = from, to, step do all[#all + 1] = { socket_id = id, local_port = 80, remote_port = id } end
      return all
    end
    local tracker = tcpstats.tracker()
    tracker:update(sockets.batch(list(1, 100, 1)))
    -- twice as many as the index has room for come first, so that those of the last pass are looked for in the grown one
    local both = table.move(list(100, 1, -1), 1, 100, 1001, list(101, 1100, 1))
    local batch = tracker:update(sockets.batch(both))
    assert.equal(1000, #batch:opened())
    assert.equal(0, #batch:closed())
  end)

  it("stay linear whatever the order and however alike the sockets", function()
    local alike = {}
    for id = 1, 30000 do alike[id] = { socket_id = id, inp_gencnt = 5, local_port = 80 } end
    local anonymous = {}
    for id = 1, 30000 do anonymous[id] = { local_port = 80 } end
    local started = os.clock()
    for _, list in ipairs { alike, anonymous } do
      local tracker = tcpstats.tracker()
      local there, back = sockets.batch(list), {}
      for i = #list, 1, -1 do back[#back + 1] = list[i] end
      back = sockets.batch(back)
      for _ = 1, 3 do
        tracker:update(there)
        tracker:update(back)
      end
    end
    assert.is_true(os.clock() - started < 5) -- quadratic: minutes
  end)
end)
