-- NETLINK_SOCK_DIAG from files: recorded dumps against what ss said of the same sockets, and bytes as no kernel should send them.
local cjson = require "cjson"
local fixtures = require "spec.fixtures.linux"
local ss = require "spec.support.ss"
local support = require "spec.support"
local tcpstats = require "tcpstats"

local function parse(bytes) return tcpstats.parse("linux", bytes) end

-- ------------------------------------------------------------------ other kernels

--- A decimal number of up to 64 bits, as Lua has it: above 2^63 it is negative.
local function integer(text)
  local n = 0
  for digit in text:gmatch "%d" do n = 10 * n + math.tointeger(digit) end
  return n
end

local congestion_states = { "OPEN", "DISORDER", "CWR", "RECOVERY", "LOSS" }

for _, fixture in ipairs(fixtures.decoded) do
  describe("the dump " .. fixture.file, function()
    local path = "spec/fixtures/linux/" .. fixture.file
    local expected = cjson.decode((support.read(path .. ".json"):gsub(": (%d+)", ': "%1"'))) -- all 64 bits
    local batch = assert(tcpstats.parse("linux", support.read(path .. ".bin"), { release = fixture.release }))

    it("has all its sockets", function()
      assert.equal(fixture.sockets, #expected)
      assert.equal(fixture.sockets, #batch)
      assert.same({}, batch.warnings)
      assert.equal(fixture.release, batch.metadata.os_version)
    end)

    it("agrees in every value with another decoder", function()
      local ours_alone = { sources = true, ecn_mode = true, accecn_opt_seen = true, accecn_fail_mode = true, usec_ts = true, tfo_child = true }
      local by_id, deferred = {}, 0
      for _, want in ipairs(expected) do
        for name, value in pairs(want) do
          if type(value) == "string" and value:find "^%d+$" then want[name] = integer(value) end
        end
        by_id[want.socket_id] = want
      end
      for s in batch:each() do -- subflows of MPTCP come last
        local got, want = s:totable(), by_id[s.socket_id]
        for name in pairs(got) do
          if ours_alone[name] then got[name] = nil end
        end
        got.ip_version = math.tointeger(tonumber(got.ip_version))
        if want.state == "SYN_SENT" and want.socket_options & 1 << 10 ~= 0 then -- it waits for data, and the kernel says nonsense
          assert.is_true(want.snd_buf_used > 1 << 31)
          want.snd_buf_used, deferred = 0, deferred + 1
        end
        if got.scope_id then want.scope_id = want.interface_index end
        if want.congestion_state then want.congestion_state = congestion_states[want.congestion_state + 1] end
        assert.same(want, got)
      end
      assert.equal(1, deferred)
    end)
  end)
end

-- ------------------------------------------------------------------ making messages

local DONE, ERROR, NOOP, DIAG = 3, 2, 1, 20
local DUMP_INTR = 0x10
local states = {
  ESTABLISHED = 1, SYN_SENT = 2, SYN_RECV = 3, FIN_WAIT1 = 4, FIN_WAIT2 = 5, TIME_WAIT = 6, CLOSE_WAIT = 8, LAST_ACK = 9, LISTEN = 10, CLOSING = 11,
  NEW_SYN_RECV = 12,
}

local function padded(bytes) return bytes .. ("\0"):rep(-#bytes & 3) end
local function message(kind, body, flags) return padded(string.pack("=I4I2I2I4I4", 16 + #body, kind, flags or 0, 1, 0) .. body) end
local function attribute(kind, payload) return padded(string.pack("=I2I2", 4 + #payload, kind) .. payload) end
local done = message(DONE, string.pack("=i4", 0))

--- A socket's message.
-- @param m fields of inet_diag_msg that matter
-- @param attributes bytes
local function socket(m, attributes, flags)
  local here, there = m.here or "\10\0\0\1", m.there or "\10\0\0\2"
  local body = string.pack("=BBBB >I2I2 =c16c16 I4I4I4 I4I4I4I4I4", #here == 4 and 2 or 10, states[m.state or "ESTABLISHED"], m.timer or 0, m.retrans or 0,
    m.sport or 1000, m.dport or 443, here .. ("\0"):rep(16 - #here), there .. ("\0"):rep(16 - #there), m.interface or 0, m.cookie or 7, 0,
    m.expires or 0, m.rqueue or 0, m.wqueue or 0, m.uid or 0, m.inode or 99)
  return message(DIAG, body .. (attributes or ""), flags)
end

--- The only socket of a batch, as a table.
local function only(batch)
  assert.equal(1, #batch)
  for s in batch:each() do return s:totable() end
end

local function one(...) return only(assert(parse(socket(...) .. done))) end

local function tcp_info(values)
  local bytes = {}
  for i = 1, 280 do bytes[i] = 0 end
  for offset, value in pairs(values) do
    local packed = type(value) == "table" and string.pack("=I8", value[1]) or string.pack(offset < 8 and "B" or "=I4", value)
    for i = 1, #packed do bytes[offset + i] = packed:byte(i) end
  end
  local text = {}
  for i, byte in ipairs(bytes) do text[i] = string.char(byte) end
  return attribute(2, table.concat(text))
end

local function warning(batch) return batch.warnings[1] and batch.warnings[1].what end

-- ------------------------------------------------------------------ recorded dumps

for _, fixture in ipairs(fixtures) do
  local path = "spec/fixtures/linux/" .. fixture.file
  local bytes = support.read(path .. ".bin")

  describe("the dump " .. fixture.file, function()
    local batch = assert(parse(bytes))
    local seen = { ours = {}, first = ss.parse(support.read(path .. ".before"), 6.01), second = ss.parse(support.read(path .. ".after"), 6.01) }
    for s in batch:each() do
      local words = s:totable()
      if words.interface_index == 1 then words.interface = "lo" end -- a file does not know names
      seen.ours[s.socket_id] = words
    end

    it("has all its sockets", function()
      assert.equal(fixture.sockets, #batch)
      assert.same({}, batch.warnings)
      assert.is_nil(batch.metadata.inconsistent)
    end)

    for _, key in ipairs((ss.keys(seen.first))) do
      if key ~= "users" and key ~= "cgroup" then
        it("agrees with ss on " .. key, function() assert.equal("", ss.differences(key, seen)) end)
      end
    end

    it("twice over is twice as many sockets", function() assert.equal(2 * fixture.sockets, #assert(parse(bytes .. bytes))) end)

    it("cut anywhere keeps what is complete, and says where it ends", function()
      for cut = 1, #bytes - 21, 611 do
        local part, what = parse(bytes:sub(1, #bytes - cut))
        local at = 1
        local complete = 0
        while at + 15 <= #bytes - cut do
          local len = string.unpack("=I4", bytes, at)
          if at + len - 1 > #bytes - cut then break end
          complete, at = complete + 1, at + (len + 3 & ~3)
        end
        local told = part and warning(part) or what
        assert.equal(complete > 0, part ~= nil)
        if part then assert.equal(math.min(complete, fixture.sockets), #part) end
        assert.matches("byte " .. at - 1, told, 1, true)
      end
    end)

    it("with bytes changed is read or refused, and nothing worse", function()
      local random = 4711
      local function below(n)
        random = (random * 1103515245 + 12345) & 0x7fffffff
        return (random >> 8) % n
      end
      local sample = bytes:sub(1, 8000)
      for _ = 1, 1000 do
        local changed = sample
        for _ = 0, below(4) do
          local at = below(#changed) + 1
          changed = changed:sub(1, at - 1) .. string.char(below(256)) .. changed:sub(at + 1)
        end
        local part, what = parse(changed)
        assert(part and part:encode("json") or what)
      end
    end)
  end)
end

-- ------------------------------------------------------------------ how dumps end

describe("a netlink dump", function()
  it("that is empty has no sockets", function() assert.equal(0, #assert(parse(done))) end)

  it("of no bytes is an error", function()
    local batch, what, code = parse ""
    assert.is_nil(batch)
    assert.matches("nothing to read", what, 1, true)
    assert.equal("EFORMAT", code)
  end)

  it("without its end is a warning", function()
    local batch = assert(parse(socket {}))
    assert.equal(1, #batch)
    assert.matches("NLMSG_DONE is missing", warning(batch), 1, true)
  end)

  it("that ends with an error is a warning, without sockets an error", function()
    for _, kind in ipairs { ERROR, DONE } do
      local refusal = message(kind, string.pack("=i4", -1))
      assert.matches("NLMSG_ERROR", warning(assert(parse(socket {} .. refusal))), 1, true)
      local batch, what, code = parse(refusal)
      assert.is_nil(batch)
      assert.matches("NLMSG_ERROR", what, 1, true)
      assert.equal("EPERMISSION", code)
    end
  end)

  it("that was interrupted is inconsistent", function()
    local batch = assert(parse(socket({}, nil, DUMP_INTR) .. done))
    assert.is_true(batch.metadata.inconsistent)
    assert.equal(1, #batch)
  end)

  it("passes over messages of other kinds, and sockets of other families or too short", function()
    local short = message(DIAG, ("\2"):rep(71))
    local other = message(DIAG, "\1" .. ("\0"):rep(71))
    local batch = assert(parse(message(NOOP, "") .. message(99, "abc") .. short .. other .. socket {} .. done))
    assert.equal(1, #batch)
    assert.same({}, batch.warnings)
  end)

  it("whose message claims fewer bytes than its header is cut there", function()
    local batch = assert(parse(socket {} .. string.pack("=I4I2I2I4I4", 15, DIAG, 0, 0, 0) .. done))
    assert.equal(1, #batch)
    assert.matches("byte 88", warning(batch), 1, true)
  end)

  it("is read in linear time", function()
    local bytes = support.read("spec/fixtures/linux/" .. fixtures[1].file .. ".bin")
    local function seconds(text)
      local best
      for _ = 1, 3 do
        local begin = os.clock()
        assert(parse(text))
        local took = os.clock() - begin
        best = best and math.min(best, took) or took
      end
      return best
    end
    local few, many = seconds(bytes:rep(10)), seconds(bytes:rep(160))
    assert.is_true(many < 16 * few * 3, ("%g s, 16 times as much %g s"):format(few, many))
  end)
end)

-- ------------------------------------------------------------------ what a socket's message says

describe("a Linux socket", function()
  it("has its endpoints, its identity and its owner", function()
    local s = one { cookie = 0x10203, inode = 4242, uid = 1000, rqueue = 5, wqueue = 6 }
    assert.equal("10.0.0.1", s.local_addr)
    assert.equal("10.0.0.2", s.remote_addr)
    assert.equal(1000, s.local_port)
    assert.equal(443, s.remote_port)
    assert.equal(0x10203, s.socket_id)
    assert.equal(4242, s.inode)
    assert.equal(1000, s.uid)
    assert.equal(5, s.rcv_buf_used)
    assert.equal(6, s.snd_buf_used)
    assert.equal("ESTABLISHED", s.state)
  end)

  it("that listens has queues instead of buffers, and no timers", function()
    local s = one { state = "LISTEN", dport = 0, rqueue = 3, wqueue = 128 }
    assert.equal(3, s.accept_queue)
    assert.equal(128, s.accept_backlog)
    assert.is_nil(s.rcv_buf_used)
    assert.is_nil(s.timer_rexmt_ms)
    assert.is_nil(s.remote_port)
  end)

  it("in TIME_WAIT or half-open has no owner, queues and buffers", function()
    for _, state in ipairs { "TIME_WAIT", "SYN_RECV", "NEW_SYN_RECV" } do
      local s = one { state = state, inode = 0 }
      assert.is_nil(s.uid)
      assert.is_nil(s.inode)
      assert.is_nil(s.rcv_buf_used)
      assert.equal(state ~= "TIME_WAIT" or nil, s.half_open)
    end
  end)

  it("has one timer that runs; what the kernel does not name is not known", function()
    local s = one { timer = 1, expires = 203, retrans = 2 }
    assert.same({ 203, 0, 2 }, { s.timer_rexmt_ms, s.timer_persist_ms, s.timer_retransmits })
    assert.is_nil(s.timer_keep_ms)
    s = one { timer = 4, expires = 5 }
    assert.same({ 0, 5 }, { s.timer_rexmt_ms, s.timer_persist_ms })
    s = one { timer = 2, expires = 7000 }
    assert.same({ 0, 0, 7000 }, { s.timer_rexmt_ms, s.timer_persist_ms, s.timer_keep_ms })
    s = one {}
    assert.same({ 0, 0, 0 }, { s.timer_rexmt_ms, s.timer_persist_ms, s.timer_keep_ms })
    s = one { state = "TIME_WAIT", timer = 3, expires = 59000, inode = 0 }
    assert.equal(59000, s.timer_2msl_ms)
    assert.is_nil(s.timer_rexmt_ms)
  end)

  it("is scoped by its interface only where addresses are link-local", function()
    local far, near = "\x20\1\13\xb8" .. ("\0"):rep(11) .. "\1", "\xfe\x80" .. ("\0"):rep(13) .. "\1"
    local s = one { here = far, there = far, interface = 3 }
    assert.same({ 3, nil }, { s.interface_index, s.scope_id })
    s = one { here = near, there = near, interface = 3 }
    assert.same({ 3, 3 }, { s.interface_index, s.scope_id })
    assert.equal("fe80::1", s.local_addr)
  end)

  it("has of tcp_info what the kernel's length holds", function()
    local info = string.pack("=BBBBBBBB", 1, 3, 1, 0, 0, 0x0f, 0x7a, 1)
    for i = 1, 70 do info = info .. string.pack("=I4", 1000 + i) end
    local at = { -- offset behind the field: the last one that a struct of that length has
      { 104, "rexmit_packets" }, { 112, "pacing_rate" }, { 128, "bytes_acked" }, { 136, "rx_bytes" }, { 148, "notsent_bytes" }, { 152, "rtt_min_us" },
      { 160, "data_segs_out" }, { 168, "delivery_rate" }, { 192, "sndbuf_limited_us" }, { 200, "ecn_ce_delivered" }, { 208, "tx_bytes" },
      { 216, "retransmit_bytes" }, { 224, "reord_seen" }, { 232, "snd_wnd" }, { 236, "rcv_wnd" }, { 240, "rehash" }, { 248, "total_rto_time_ms" },
    }
    for _, field in ipairs(at) do
      assert.is_truthy(one({}, attribute(2, info:sub(1, field[1])))[field[2]], field[2] .. " at " .. field[1])
      assert.is_nil(one({}, attribute(2, info:sub(1, field[1] - 1)))[field[2]], field[2] .. " below " .. field[1])
    end
    local s = one({}, attribute(2, info))
    assert.equal("RECOVERY", s.congestion_state)
    assert.is_true(s.in_loss_recovery)
    assert.equal(15, s.negotiated_options)
    assert.same({ 10, 7 }, { s.snd_wscale, s.rcv_wscale })
    assert.is_true(s.delivery_rate_app_limited)
    assert.equal(1001, s.rto_us)
    assert.equal(1019 * 1003, s.snd_cwnd) -- segments times the segment size
    assert.same({}, (function()
      local none = {}
      for length = 0, 7 do
        local short = one({}, attribute(2, info:sub(1, length)))
        none[#none + 1] = short.rto_us or short.congestion_state
      end
      return none
    end)())
  end)

  it("has infinite numbers and missing samples absent", function()
    local info = ("\0"):rep(16) .. string.pack("=I4", 1448) .. ("\0"):rep(56) .. string.pack("=I4I4", 0x7fffffff, 10) .. ("\0"):rep(20)
      .. string.pack("=i8i8", -1, -1) .. ("\0"):rep(28) .. string.pack("=i4", -1) .. ("\0"):rep(16)
    local s = one({}, attribute(2, info))
    for _, name in ipairs { "snd_ssthresh", "rtt_us", "rttvar_us", "pacing_rate", "max_pacing_rate", "rtt_min_us", "delivery_rate", "rcv_rtt_us" } do
      assert.is_nil(s[name], name)
    end
    assert.equal(14480, s.snd_cwnd)
  end)

  it("has what Vegas, DCTCP and BBR say of themselves", function()
    local s = one({}, attribute(3, string.pack("=I4I4I4I4", 1, 20, 300, 0x7fffffff)))
    assert.same({ true, 20, 300 }, { s.vegas_enabled, s.vegas_rtt_count, s.vegas_rtt_us })
    assert.is_nil(s.vegas_min_rtt_us)
    s = one({}, attribute(9, string.pack("=I2I2I4I4I4", 1, 1, 512, 3, 4)))
    assert.same({ true, true, 512, 3, 4 }, { s.dctcp_enabled, s.dctcp_ce_state, s.dctcp_alpha, s.dctcp_ab_ecn, s.dctcp_ab_tot })
    s = one({}, attribute(16, string.pack("=I4I4I4I4I4", 5, 1, 0xffffffff, 739, 512)))
    assert.same({ (1 << 32) + 5, 739, 512 }, { s.bbr_bw, s.bbr_pacing_gain, s.bbr_cwnd_gain })
    assert.is_nil(s.bbr_min_rtt_us)
    s = one({}, attribute(16, string.pack("=I4I4I4I4", 5, 1, 2, 3)))
    assert.is_nil(s.bbr_bw)
  end)

  it("has its upper layer: TLS", function()
    local tls = attribute(1, string.pack("=I2", 0x0304)) .. attribute(2, string.pack("=I2", 52)) .. attribute(3, string.pack("=I2", 2))
      .. attribute(4, string.pack("=I2", 3)) .. attribute(5, "")
    local s = one({}, attribute(19 | 0x8000, attribute(1, "tls\0") .. attribute(2 | 0x8000, tls)))
    assert.same({ "tls", 0x0304, 52, 3, 2, true }, { s.ulp, s.tls_version, s.tls_cipher, s.tls_rxconf, s.tls_txconf, s.tls_zerocopy })
  end)

  it("has its upper layer: MPTCP", function()
    local subflow = attribute(1, string.pack("=I4", 11)) .. attribute(2, string.pack("=I4", 12)) .. attribute(4, string.pack("=I8", 1 << 40))
      .. attribute(5, string.pack("=I4", 13)) .. attribute(6, string.pack("=I4", 14)) .. attribute(7, string.pack("=I2", 15))
      .. attribute(8, string.pack("=I4", 0x1c2)) .. attribute(9, "\1") .. attribute(10, "\2")
    local s = one({}, attribute(19, attribute(1, "mptcp\0") .. attribute(3 | 0x8000, subflow)))
    assert.equal("mptcp", s.ulp)
    assert.same({ 11, 12, 1 << 40, 13, 14, 15, 0x1c2, 1, 2 }, { s.mptcp_token_remote, s.mptcp_token_local, s.mptcp_map_seq, s.mptcp_map_subflow_seq,
      s.mptcp_subflow_offset, s.mptcp_map_length, s.mptcp_flags, s.mptcp_id_remote, s.mptcp_id_local })
  end)

  it("has marks, classes, groups and keys", function()
    local s = one({}, attribute(15, string.pack("=I4", 0xbeef)) .. attribute(17, string.pack("=I4", 3)) .. attribute(21, string.pack("=I8", 1 << 33))
      .. attribute(22, "\3\1") .. attribute(18, ("\0"):rep(200)) .. attribute(8, "\2") .. attribute(5, "\16") .. attribute(6, "\32"))
    assert.same({ 0xbeef, 3, 1 << 33, 0x103, 2, 2, 16, 32 },
      { s.mark, s.class_id, s.cgroup_id, s.socket_options, s.md5sig_keys, s.shutdown, s.tos, s.tclass })
  end)

  it("keeps to its message when an attribute claims more, or nothing", function()
    local long = string.pack("=I2I2", 200, 15) .. "abcd"
    local s = one({}, attribute(17, string.pack("=I4", 3)) .. long)
    assert.equal(3, s.class_id)
    assert.is_nil(s.mark)
    s = one({}, attribute(17, string.pack("=I4", 3)) .. string.pack("=I2I2", 0, 15) .. attribute(5, "\1"))
    assert.equal(3, s.class_id)
    assert.is_nil(s.tos)
    s = one({}, attribute(15, "abc") .. attribute(21, "abcdefg") .. attribute(17, "") .. attribute(8, "") .. attribute(5, ""))
    assert.same({}, { s.mark, s.cgroup_id, s.class_id, s.shutdown, s.tos })
  end)

  it("has an algorithm's name as text, whatever the kernel's bytes", function()
    assert.equal("cubic", one({}, attribute(4, "cubic\0")).cc_algo)
    assert.equal("bbr", one({}, attribute(4, "bbr")).cc_algo)
    assert.equal("a?", one({}, attribute(4, "a\xff\0")).cc_algo)
    assert.is_nil(one({}, attribute(4, "\0")).cc_algo)
  end)
end)

describe("what the kernel says and does not mean:", function()
  -- tcpi_bytes_received is at 128.
  for _, state in ipairs { "CLOSE_WAIT", "LAST_ACK", "CLOSING" } do
    it("a FIN is no byte in " .. state, function()
      local s = one({ state = state, rqueue = 51 }, tcp_info { [128] = { 1001 } })
      assert.equal(50, s.rcv_buf_used)
      assert.equal(1000, s.rx_bytes)
      s = one({ state = state, rqueue = 1 }, tcp_info { [128] = { 1 } })
      assert.equal(0, s.rcv_buf_used)
      assert.equal(0, s.rx_bytes)
    end)

    it("a FIN that was read is none either, in " .. state, function()
      local s = one({ state = state, rqueue = 0 }, tcp_info { [128] = { 1001 } })
      assert.equal(0, s.rcv_buf_used)
      assert.equal(1000, s.rx_bytes)
    end)
  end

  for _, state in ipairs { "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2" } do
    it("bytes are bytes in " .. state, function()
      local s = one({ state = state, rqueue = 51 }, tcp_info { [128] = { 1001 } })
      assert.equal(51, s.rcv_buf_used)
      assert.equal(1001, s.rx_bytes)
    end)
  end

  it("a connect() that waits for data (TCP_FASTOPEN_CONNECT) has nothing to send", function()
    local info = tcp_info { [144] = 1782362147 } -- tcpi_notsent_bytes
    local s = one({ state = "SYN_SENT", wqueue = 3511783267 }, info .. attribute(22, string.pack("=I2", 1 << 10)))
    assert.equal(0, s.snd_buf_used)
    assert.equal(0, s.notsent_bytes)
    s = one({ state = "SYN_SENT", wqueue = 1 }, info .. attribute(22, string.pack("=I2", 1 << 9)))
    assert.equal(1, s.snd_buf_used)
  end)

  it("times before anything happened", function()
    local info = tcp_info { [44] = 4294763852, [52] = 4294763852, [56] = 4294763852 }
    local s = one({ state = "SYN_SENT" }, info)
    assert.is_nil(s.last_data_sent_ms or s.idle_time_ms or s.last_ack_recv_ms)
    s = one({ state = "ESTABLISHED" }, info)
    assert.equal(4294763852, s.last_ack_recv_ms)
  end)
end)

describe("the end of tcp_info", function()
  local info = tcp_info { [276] = 0x12345e } -- ecn_mode 2, opt_seen 3, fail_mode 5
  local function of(release) return only(assert(tcpstats.parse("linux", socket({}, info) .. done, { release = release }))) end

  it("is bits from kernel 7.0 on", function()
    for _, release in ipairs { "7.0", "7.0.1-amd64", "7.10", "10.1" } do
      local s = of(release)
      assert.same({ 2, 3, 5 }, { s.ecn_mode, s.accecn_opt_seen, s.accecn_fail_mode })
    end
  end)

  it("is something else before, and nothing when the release is not known", function()
    for _, release in ipairs { "6.18", "6.19.2", "5.10" } do assert.is_nil(of(release).ecn_mode) end
    assert.is_nil(one({}, info).ecn_mode)
  end)

  it("is not asked for by a release that is none", function()
    local batch, what, code = tcpstats.parse("linux", done, { release = "sid" })
    assert.is_nil(batch)
    assert.equal("EUSAGE", code)
    assert.truthy(what:find("'sid' is not a release of the kernel", 1, true))
  end)
end)

describe("tcpi_options", function()
  it("tells of timestamps in microseconds and of a child of fast open", function()
    local s = one({}, tcp_info { [5] = 1 | 64 | 128 })
    assert.same({ true, true, 1 }, { s.usec_ts, s.tfo_child, s.negotiated_options })
    s = one({}, tcp_info { [5] = 1 })
    assert.is_nil(s.usec_ts or s.tfo_child)
  end)
end)
