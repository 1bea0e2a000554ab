local tcpstats = require "tcpstats"
local cjson = require "cjson"
local fixtures = require "spec.fixtures.macos"

local folder = "spec/fixtures/macos/"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

-- JSON with every integer exact: cjson makes doubles of them, so that long ones go through text.
local function u64(text)
  local n = 0
  for digit in text:gmatch "%d" do n = n * 10 + tonumber(digit) end
  return n
end

local function exact(value)
  if type(value) == "table" then
    for k, v in pairs(value) do value[k] = exact(v) end
    return value
  end
  if type(value) == "string" and value:find "^#%d+$" then return u64(value) end
  return value
end

local function capture(file)
  local json = read(folder .. file .. ".json"):gsub(":(%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d+)", ':"#%1"')
  return exact(cjson.decode(json)), read(folder .. file .. ".bin")
end

local function parse(bytes, release) return assert(tcpstats.parse("macos", bytes, { release = release or "15" })) end

local function sockets_of(batch)
  local all = {}
  for s in batch:each() do all[#all + 1] = s:totable() end
  return all
end

local null = cjson.null

-- The fields that a socket of a capture stands for, by the rules of its release.
local function expected(s, release)
  local t = s.tcp
  local e = {
    local_addr = s.laddr, remote_addr = s.faddr, ip_version = s.family == "ipv4" and 4 or 6, state = s.state,
    snd_wnd = t.snd_wnd, snd_cwnd = t.snd_cwnd, pid = s.pid, sources = "MACOS_PCBLIST_N",
    rcv_buf_used = s.rcv.cc, rcv_buf_hiwat = s.rcv.hiwat, snd_buf_used = s.snd.cc, snd_buf_hiwat = s.snd.hiwat,
    tx_bytes = s.tc_data.txbytes,
  }
  if tonumber(release) < 15 then
    e.rx_bytes, e.tx_packets, e.rx_packets = s.tc_data.rxbytes, s.tc_data.txpackets, s.tc_data.rxpackets
  end
  if s.lport ~= 0 then e.local_port = s.lport end
  if s.fport ~= 0 then e.remote_port = s.fport end
  if s.e_pid ~= 0 then e.effective_pid = s.e_pid end
  local scope = s.laddr_scope ~= 0 and s.laddr_scope or s.faddr_scope
  if scope ~= 0 then e.scope_id = scope end
  if s.userland then
    e.user_space = true
    return e
  end
  e.uid, e.socket_id, e.inp_gencnt, e.socket_error = s.uid, s.xso_so, s.inp_gencnt, s.so_error
  if s.vflag & 1 ~= 0 then e.tos = s.ip_tos end
  if s.state == "LISTEN" then
    e.accept_queue, e.incomplete_queue, e.accept_backlog = s.so_qlen, s.so_incqlen, s.so_qlimit
    if s.vflag & 2 ~= 0 then e.dual_stack = s.dual_stack ~= null and s.dual_stack end
  end
  for _, name in ipairs { "snd_ssthresh", "rcv_wnd", "snd_nxt", "snd_una", "snd_max", "rcv_nxt", "rcv_adv" } do e[name] = t[name] end
  e.tcp_flags, e.maxseg, e.dupacks, e.rxt_shift, e.rtt_update_count = t.t_flags, t.t_maxseg, t.t_dupacks, t.t_rxtshift, t.t_rttupdated
  if t.t_srtt ~= 0 then e.rtt_us = t.srtt_us end
  e.rttvar_us, e.rto_us, e.rtt_min_us = t.rttvar_us, t.rto_us, t.rttmin_us
  if t.t_flags & 0x60 == 0x60 then e.snd_wscale, e.rcv_wscale = t.snd_scale, t.rcv_scale end
  e.timers_armed = 0
  for i, name in ipairs { "timer_rexmt_ms", "timer_persist_ms", "timer_keep_ms", "timer_2msl_ms" } do
    if t.t_timer[i] ~= 0 then e.timers_armed = e.timers_armed | 1 << (i - 1) else e[name] = 0 end
  end
  return e
end

describe("pcblist_n of", function()
  for _, fixture in ipairs(fixtures.pcblist) do
    it(fixture.file .. " decodes field by field", function()
      local meaning, bytes = capture(fixture.file)
      local batch = parse(bytes, fixture.release)
      assert.equal(fixture.sockets, #batch)
      assert.equal(#meaning.sockets, #batch)
      local got = sockets_of(batch)
      for i, s in ipairs(meaning.sockets) do assert.same(expected(s, fixture.release), got[i]) end
      assert.equal(meaning.header.gen, batch.metadata.pcblist_generation)
      assert.equal(fixture.inconsistent, batch.metadata.inconsistent)
      assert.equal(fixture.inconsistent and 1 or 0, #batch.warnings)
    end)
  end

  it("an unknown release lacks byte and packet counters and says why, once", function()
    local batch = assert(tcpstats.parse("macos", read(folder .. "15/n7.bin")))
    assert.equal(1, #batch.warnings)
    assert.equal("EUNSUPPORTED", batch.warnings[1].code)
    for s in batch:each() do
      assert.is_nil(s.tx_bytes)
      assert.is_nil(s.rx_packets)
      assert.is_truthy(s.socket_id)
    end
  end)
end)

-- The records of a dump, as a list of {kind=, bytes=} with header and trailer, so that they can be changed and put together again.
local function take_apart(bytes)
  local parts, at = {}, 1
  while at <= #bytes do
    local len, kind = ("<I4I4"):unpack(bytes, at)
    parts[#parts + 1] = { len = len, kind = kind, bytes = bytes:sub(at, at + len - 1), offset = at - 1 }
    at = at + (len + 7 & ~7)
  end
  return parts
end

local function put_together(parts)
  local out = {}
  for i, part in ipairs(parts) do out[i] = part.bytes .. ("\0"):rep(-#part.bytes % 8) end
  return table.concat(out)
end

local function with_len(part, len) return ("<I4"):pack(len) .. part.bytes:sub(5) end

local INPCB, SOCKET, RCVBUF, SNDBUF, STATS, TCPCB = 0x10, 0x01, 0x02, 0x04, 0x08, 0x20

describe("a dump of seven sockets", function()
  local whole = read(folder .. "15/n7.bin")
  local all = sockets_of(parse(whole))
  local parts = take_apart(whole)

  -- Asserts that `bytes` are the first `count` sockets, and how the dump ends: a code and an offset, or nothing.
  local function assert_sockets(bytes, count, code, offset)
    local batch = parse(bytes)
    local got = sockets_of(batch)
    assert.equal(count, #got)
    for i = 1, count do assert.same(all[i], got[i]) end
    local warning = batch.warnings[1]
    assert.equal(code, warning and warning.code)
    if offset then
      assert.equal(offset, warning.offset)
      assert.is_truthy(warning.what:find("offset " .. offset, 1, true), warning.what)
    end
    return warning
  end

  it("cut at any byte gives the sockets that are complete, and says where it was cut", function()
    local ends = {}
    for _, part in ipairs(parts) do
      if part.kind == TCPCB and part.len > 24 then ends[#ends + 1] = part.offset + part.len end
    end
    assert.equal(7, #ends)
    for cut = 24, #whole - 1 do
      local count = 0
      while ends[count + 1] and ends[count + 1] <= cut do count = count + 1 end
      local batch = parse(whole:sub(1, cut))
      assert.equal(count, #batch, cut)
      local warning = batch.warnings[1]
      assert.equal("ETRUNCATED", warning.code)
      assert.is_true(warning.offset <= cut)
      if cut % 97 == 0 then assert_sockets(whole:sub(1, cut), count, "ETRUNCATED") end
    end
    for cut = 0, 23 do
      local batch, what, code = tcpstats.parse("macos", whole:sub(1, cut), { release = 15 })
      assert.is_nil(batch)
      assert.equal("ETRUNCATED", code)
      assert.is_truthy(what:find "pcblist_n", what)
    end
  end)

  it("with a length that cannot be ends there", function()
    for i = 2, #parts do
      local part, before = parts[i], (i - 2) // 6
      for _, len in ipairs { 0, 1, 4, 7 } do
        local bytes = whole:sub(1, part.offset) .. ("<I4"):pack(len) .. whole:sub(part.offset + 5)
        if before > 0 then
          assert_sockets(bytes, before, "EFORMAT", part.offset)
        else -- nothing could be read at all
          local batch, what, code = tcpstats.parse("macos", bytes, { release = 15 })
          assert.is_nil(batch)
          assert.equal("EFORMAT", code)
          assert.is_truthy(what:find("offset " .. part.offset, 1, true), what)
        end
      end
      for _, len in ipairs { 0xffffffff, 0xfffffff9, 0x7fffffff, #whole } do
        local bytes = whole:sub(1, part.offset) .. ("<I4"):pack(len) .. whole:sub(part.offset + 5)
        assert_sockets(bytes, before, "ETRUNCATED", part.offset)
      end
    end
  end)

  it("whose count looks like a kind is read to its end and no further", function()
    for _, count in ipairs { 0, 1, 2, 4, 8, 16, 32, 0xffffffff } do
      local trailer = parts[#parts]
      local counted = ("<I4I4"):pack(24, count)
      local bytes = counted .. whole:sub(9, trailer.offset) .. counted .. whole:sub(trailer.offset + 9)
      assert_sockets(bytes, 7, nil)
    end
  end)

  it("says what follows the trailer", function()
    assert_sockets(whole .. "\0", 7, "EFORMAT", #whole)
    assert_sockets(whole .. whole, 7, "EFORMAT", #whole)
  end)

  it("skips kinds that are not known, kind 0 among them", function()
    for _, kind in ipairs { 0, 3, 0x40, 0x80000010, 0xffffffff } do
      local changed = {}
      for _, part in ipairs(parts) do
        if part.kind == INPCB then changed[#changed + 1] = { bytes = ("<I4I4"):pack(40, kind) .. ("\xff"):rep(32) } end
        changed[#changed + 1] = part
        if part.kind == STATS then changed[#changed + 1] = { bytes = ("<I4I4"):pack(30, kind) .. ("\xff"):rep(22) } end
      end
      assert_sockets(put_together(changed), 7, nil)
    end
  end)

  it("of records that have grown is the same", function()
    for _, more in ipairs { 1, 4, 8, 100 } do
      local changed = { parts[1] }
      for i = 2, #parts - 1 do changed[i] = { bytes = with_len(parts[i], parts[i].len + more) .. ("\xee"):rep(more) } end
      changed[#parts] = parts[#parts]
      assert_sockets(put_together(changed), 7, nil)
    end
  end)

  it("of a header that has grown is the same", function()
    assert_sockets(("<I4"):pack(40) .. whole:sub(5, 24) .. ("\xee"):rep(16) .. whole:sub(25), 7, nil)
  end)

  it("with a header that lies is refused", function()
    for _, len in ipairs { 0, 7, 23, #whole + 1, 0xffffffff, 0xfffffff9 } do
      local batch, what, code = tcpstats.parse("macos", ("<I4"):pack(len) .. whole:sub(5), { release = 15 })
      assert.is_nil(batch)
      assert.equal("EFORMAT", code)
      assert.is_truthy(what:find("header of " .. len, 1, true), what)
    end
  end)

  -- What each record gives; gone when the record is.
  local gives = {
    [SOCKET] = { "socket_id", "pid", "effective_pid", "uid", "socket_error", "accept_queue", "accept_backlog", "incomplete_queue" },
    [RCVBUF] = { "rcv_buf_used", "rcv_buf_hiwat" },
    [SNDBUF] = { "snd_buf_used", "snd_buf_hiwat" },
    [STATS] = { "tx_bytes" },
    [TCPCB] = {
      "state", "tcp_flags", "snd_cwnd", "snd_ssthresh", "snd_wnd", "rcv_wnd", "maxseg", "rtt_us", "rttvar_us", "rto_us", "rtt_min_us",
      "rtt_update_count", "snd_nxt", "snd_una", "snd_max", "rcv_nxt", "rcv_adv", "dupacks", "rxt_shift", "snd_wscale", "rcv_wscale",
      "timers_armed", "timer_rexmt_ms", "timer_persist_ms", "timer_keep_ms", "timer_2msl_ms",
      "dual_stack", "accept_queue", "accept_backlog", "incomplete_queue", -- of a listener: without its state nobody knows that it is one
    },
  }

  it("without a record lacks what that gives", function()
    for kind, fields in pairs(gives) do
      local changed = {}
      for _, part in ipairs(parts) do
        if part.kind ~= kind or part.len == 24 then changed[#changed + 1] = part end
      end
      local got = sockets_of(parse(put_together(changed)))
      assert.equal(7, #got)
      for i, socket in ipairs(all) do
        local left = {}
        for name, value in pairs(socket) do left[name] = value end
        for _, name in ipairs(fields) do left[name] = nil end
        assert.same(left, got[i])
      end
    end
  end)

  it("without an xinpcb_n is no socket", function()
    for n = 1, 7 do
      local changed = {}
      for i, part in ipairs(parts) do
        if i ~= 2 + 6 * (n - 1) then changed[#changed + 1] = part end
      end
      assert.equal(6, #parse(put_together(changed)))
    end
  end)

  it("whose last group the trailer closes is whole", function()
    local changed = {}
    for i, part in ipairs(parts) do
      if i ~= #parts - 1 then changed[#changed + 1] = part end
    end
    local batch = parse(put_together(changed))
    assert.equal(7, #batch)
    assert.equal(0, #batch.warnings)
  end)

  it("of shrunk records lacks the fields that do not fit, and only those", function()
    -- {kind, length, a field that is gone, one that is left}
    local cases = {
      { SOCKET, 72, "effective_pid", "pid" },
      { SOCKET, 68, "pid", "uid" },
      { STATS, 39, "tx_bytes", "rcv_buf_used" },
      { STATS, 40, nil, "tx_bytes" },
      { TCPCB, 167, "rcv_wscale", "snd_nxt" },
      { TCPCB, 155, "rtt_update_count", "rtt_min_us" },
      { TCPCB, 39, "state", "dupacks" },
      { INPCB, 79, "local_addr", "inp_gencnt" },
      { INPCB, 35, "inp_gencnt", "local_port" },
    }
    for _, case in ipairs(cases) do
      local kind, len, gone, left = table.unpack(case, 1, 4)
      local changed = {}
      for i, part in ipairs(parts) do
        changed[i] = part.kind == kind and part.len > 24 and { bytes = with_len(part, len):sub(1, len) } or part
      end
      local got = sockets_of(parse(put_together(changed)))
      assert.equal(7, #got)
      for i, socket in ipairs(got) do
        if gone then assert.is_nil(socket[gone], gone) end
        assert.same(all[i][left], socket[left], left)
      end
    end
  end)
end)

describe("a socket of pcblist_n", function()
  local parts = take_apart(read(folder .. "15/n1.bin"))

  -- The one socket with bytes of its records replaced: {[kind] = {[offset] = bytes}}
  local function changed(changes)
    local out = {}
    for i, part in ipairs(parts) do
      local bytes = part.bytes
      for offset, new in pairs(part.len > 24 and changes[part.kind] or {}) do
        bytes = bytes:sub(1, offset) .. new .. bytes:sub(offset + #new + 1)
      end
      out[i] = { bytes = bytes }
    end
    return sockets_of(parse(put_together(out), changes.release))[1]
  end

  it("reads addresses by vflag", function()
    local local_addr = "\xfe\x80\0\x05" .. ("\0"):rep(11) .. "\1"
    local s = changed { [INPCB] = { [44] = "\2", [64] = local_addr, [48] = "\x20\x01\x0d\xb8" .. ("\0"):rep(11) .. "\2" } }
    assert.equal("fe80::1", s.local_addr)
    assert.equal("2001:db8::2", s.remote_addr)
    assert.equal(5, s.scope_id)
    assert.equal(6, s.ip_version)

    s = changed { [INPCB] = { [44] = "\2", [64] = ("\0"):rep(16), [48] = "\xff\x02\0\x07" .. ("\0"):rep(11) .. "\1" } }
    assert.equal("ff02::1", s.remote_addr)
    assert.equal(7, s.scope_id)

    -- a global address has no scope in its bytes 2 and 3
    s = changed { [INPCB] = { [44] = "\2", [64] = "\x20\x01\0\x05" .. ("\0"):rep(11) .. "\1", [48] = ("\0"):rep(16) } }
    assert.equal("2001:5::1", s.local_addr)
    assert.is_nil(s.scope_id)

    s = changed { [INPCB] = { [44] = "\3", [64] = ("\0"):rep(16), [48] = ("\0"):rep(16) }, [TCPCB] = { [36] = "\1\0\0\0" } }
    assert.equal("::", s.local_addr)
    assert.equal(6, s.ip_version)
    assert.is_true(s.dual_stack)

    s = changed { [INPCB] = { [44] = "\0" } }
    assert.is_nil(s.local_addr)
    assert.is_nil(s.remote_addr)
    assert.is_nil(s.ip_version)
    assert.is_truthy(s.local_port)
  end)

  it("whose inp_socket is gone has what the control block says and no more", function()
    local s = changed {
      [SOCKET] = { [8] = ("\0"):rep(96) }, [STATS] = { [8] = ("\0"):rep(128) },
      [RCVBUF] = { [4] = ("\0"):rep(28) }, [SNDBUF] = { [4] = ("\0"):rep(28) },
    }
    for _, name in ipairs { "socket_id", "uid", "pid", "tx_bytes", "rcv_buf_used", "snd_buf_hiwat", "socket_error", "user_space" } do
      assert.is_nil(s[name], name)
    end
    for _, name in ipairs { "local_addr", "state", "snd_cwnd", "inp_gencnt", "tcp_flags" } do assert.is_truthy(s[name], name) end
  end)

  it("of the user-space stack has its counters in the first class only", function()
    local s = changed {
      release = "14", [INPCB] = { [8] = ("\0"):rep(8) }, [SOCKET] = { [8] = ("\0"):rep(8) },
      [STATS] = { [8] = ("<I8I8I8I8"):pack(1, 2, 3, 4) .. ("\xaa"):rep(96) },
    }
    assert.is_true(s.user_space)
    assert.same({ 1, 2, 3, 4 }, { s.rx_packets, s.rx_bytes, s.tx_packets, s.tx_bytes })
  end)

  it("saturates times instead of wrapping them", function()
    local s = changed { [TCPCB] = { [136] = "\xff\xff\xff\x7f", [140] = "\xff\xff\xff\x7f", [128] = "\xff\xff\xff\xff" } }
    assert.equal(0xffffffff, s.rtt_us)
    assert.equal(0xffffffff, s.rttvar_us)
    assert.equal(0xffffffff, s.rto_us)
    s = changed { [TCPCB] = { [136] = ("<I4"):pack(33), [140] = ("<I4"):pack(17) } }
    assert.equal(33 * 1000 // 32, s.rtt_us)
    assert.equal(17 * 1000 // 16, s.rttvar_us)
  end)

  it("has window scales only when both ends asked for them", function()
    for flags, scaled in pairs { [0] = false, [0x20] = false, [0x40] = false, [0x60] = true } do
      local s = changed { [TCPCB] = { [40] = ("<I4"):pack(flags) } }
      assert.equal(scaled, s.snd_wscale ~= nil)
      assert.equal(scaled, s.rcv_wscale ~= nil)
    end
  end)

  it("of a state that is not known has none", function()
    assert.is_nil(changed { [TCPCB] = { [36] = "\11\0\0\0" } }.state)
    assert.is_nil(changed { [TCPCB] = { [36] = "\xff\xff\xff\xff" } }.state)
    assert.equal("TIME_WAIT", changed { [TCPCB] = { [36] = "\10\0\0\0" } }.state)
  end)

  it("keeps counters of 64 bits exact", function()
    assert.equal(-1, changed { [STATS] = { [32] = ("\xff"):rep(8) } }.tx_bytes) -- Lua's bits of 2^64 - 1
  end)
end)

describe("bytes that are no pcblist_n", function()
  it("are refused with one line", function()
    local pcblist = ("<I4I4I8I8"):pack(24, 2, 7, 7) .. (("<I4I4"):pack(524, 0x7000) .. ("\0"):rep(520)):rep(2) .. ("<I4I4I8I8"):pack(24, 2, 7, 7)
    for _, bytes in ipairs { "root:x:0:0:root:/root:/bin/bash\n", ("\0"):rep(100), ("\xff"):rep(4096), pcblist } do
      local batch, what, code = tcpstats.parse("macos", bytes, { release = 15 })
      assert.is_nil(batch)
      assert.equal("EFORMAT", code)
      assert.is_nil(what:find "\n")
    end
  end)
end)
