-- tcp.stats and tcp_info, by way of spec/parse/freebsd_structs.c.
local fixtures = require "spec.fixtures.freebsd"
local support = require "spec.support"

local folder = "spec/fixtures/freebsd/"

local function fields_of(kind, bytes)
  local path = support.temporary(bytes)
  local said = support.run(("%s/parse/freebsd_structs %s %s"):format(support.programs, kind, path))
  os.remove(path)
  local fields = {}
  for name, value in said:gmatch "([%w_]+)=(%d+)\n" do
    local n = 0
    for digit in value:gmatch "%d" do n = n * 10 + digit end -- unsigned, as Lua holds the bits
    fields[name] = math.tointeger(n)
  end
  return fields
end

describe("struct tcpstat of FreeBSD", function()
  local bytes14 = support.read(folder .. fixtures.tcp_stats .. ".bin")
  local at, names = {}, {} -- counters by name, and their names in order
  for name, value in support.read(folder .. fixtures.tcp_stats .. ".json"):gmatch '"tcps_([%w_]+)": "(%d+)"' do
    local n = 0
    for digit in value:gmatch "%d" do n = n * 10 + math.tointeger(digit) end
    at[name], names[#names + 1] = n, name
  end

  -- The counters that a release has, by the summary's field.
  local function expected(missing)
    local e = { code = 0 }
    for field, parts in pairs {
      delta_conn_attempts = { "connattempt" }, delta_accepts = { "accepts" }, delta_connects = { "connects" }, delta_drops = { "drops" },
      delta_snd_total_packets = { "sndtotal" }, delta_snd_bytes = { "sndbyte" }, delta_snd_rexmit_packets = { "sndrexmitpack" },
      delta_snd_rexmit_bytes = { "sndrexmitbyte" }, delta_rcv_total_packets = { "rcvtotal" }, delta_rcv_bytes = { "rcvbyte" },
      delta_rcv_dup_packets = { "rcvduppack" }, delta_rcv_badsum = { "rcvbadsum" }, delta_listen_drops = { "listendrop" },
      delta_syncookies_sent = { "sc_sendcookie" }, delta_syncookies_received = { "sc_recvcookie" }, delta_syncookies_failed = { "sc_failcookie" },
      delta_embryonic_resets = { "sc_reset" }, delta_attempt_fails = { "conndrops" },
      delta_aborts_on_timeout = { "timeoutdrop", "persistdrop", "keepdrops" }, delta_timeouts = { "rexmttimeo" },
      delta_spurious_timeouts = { "sndrexmitbad" }, delta_lost_retransmits = { "sack_lostrexmt" }, delta_tail_loss_probes = { "tlpresends" },
      delta_dsacks_received = { "dsack_count" }, delta_snd_data_packets = { "sndpack" }, delta_rcv_ooo_packets = { "rcvoopack" },
      delta_rcv_ooo_bytes = { "rcvoobyte" }, delta_rcv_errors = { "rcvbadsum", "rcvbadoff", "rcvshort" }, delta_ooo_drops = { "rcvreassfull" },
      delta_paws_drops = { "pawsdrop" }, delta_window_probes = { "sndprobe" }, delta_keepalives = { "keepprobe" },
    } do
      local sum = 0
      for _, part in ipairs(parts) do sum = sum and at[part] and not missing[part] and sum + at[part] end
      e[field] = sum or nil
    end
    return e
  end

  local function pack(list, size)
    local bytes = {}
    for i, name in ipairs(list) do bytes[i] = ("<i8"):pack(at[name] or 0x1111 * i) end
    bytes = table.concat(bytes)
    return bytes .. ("\0"):rep(size - #bytes)
  end

  it("of 14 is the capture's", function()
    assert.equal(984, #bytes14)
    assert.same(expected {}, fields_of("tcp_stats", bytes14))
  end)

  it("of 13 lacks what came into the middle later", function()
    local later = {}
    for _, name in ipairs {
      "progdrops", "sack_lostrexmt", "dsack_count", "dsack_bytes", "dsack_tlp_bytes", "ace_nect", "ace_ect1", "ace_ect0", "ace_ce",
      "ecn_sndect0", "ecn_sndect1", "tlpresends", "tlpresend_bytes",
    } do later[name] = true end
    local list = {}
    for _, name in ipairs(names) do
      if not later[name] then list[#list + 1] = name end
    end
    assert.same(expected(later), fields_of("tcp_stats", pack(list, 904)))
  end)

  it("of 15 has more", function()
    local list = {}
    for _, name in ipairs(names) do
      list[#list + 1] = name
      if name == "sc_recvcookie" then
        list[#list + 1], list[#list + 2] = "sc_spurcookie", "sc_failcookie"
      elseif name == "sack_rexmits" then
        list[#list + 1] = "sack_rexmits_tso"
      end
    end
    list[#list + 1], list[#list + 2] = "rcvghostack", "rcvacktooold"
    at.sc_failcookie = 4711
    assert.same(expected {}, fields_of("tcp_stats", pack(list, 1000)))
    at.sc_failcookie = nil
  end)

  it("of an unknown length gives what has never moved", function()
    for _, len in ipairs { 912, 992, 1008, 900, 128 } do
      local e = expected {}
      local got = fields_of("tcp_stats", (bytes14 .. ("\0"):rep(100)):sub(1, len))
      assert.not_equal(0, got.code)
      for _, name in ipairs { "conn_attempts", "accepts", "connects", "drops", "attempt_fails", "timeouts", "keepalives" } do
        assert.equal(e["delta_" .. name], got["delta_" .. name])
      end
      assert.is_nil(got.delta_snd_total_packets)
      assert.is_nil(got.delta_aborts_on_timeout)
    end
    assert.is_nil(fields_of("tcp_stats", bytes14:sub(1, 20)).delta_connects)
    assert.is_nil(fields_of("tcp_stats", "").delta_conn_attempts)
  end)
end)

describe("struct tcp_info of FreeBSD", function()
  -- The struct of 15 with a value of its own in every field, and what it means.
  local value, meaning = {}, {}
  local function put(offset, format, n, field, as)
    value[offset] = format:pack(n)
    if field then meaning[field] = as or n end
  end
  put(0, "B", 4, "state", 5)
  put(5, "B", 1 | 4 | 8 | 32, "negotiated_options", 1 | 4 | 8 | 16)
  put(6, "B", 7 | 9 << 4)
  meaning.snd_wscale, meaning.rcv_wscale = 7, 9
  put(8, "<I4", 230000, "rto_us")
  put(16, "<I4", 1448, "maxseg")
  put(52, "<I4", 12345678, "idle_time_ms", 12345)
  put(68, "<I4", 25001, "rtt_us")
  put(72, "<I4", 3001, "rttvar_us")
  put(76, "<I4", 1073725440, "snd_ssthresh")
  put(80, "<I4", 14480, "snd_cwnd")
  put(96, "<I4", 65700, "rcv_wnd")
  put(100, "<I4", 65800, "snd_wnd")
  put(108, "<I4", 0xf0000001, "snd_nxt")
  put(112, "<I4", 0xf0000002, "rcv_nxt")
  put(120, "<I4", 11, "rexmit_packets")
  put(124, "<I4", 12, "ooo_packets")
  put(128, "<I4", 13, "zerowin_probes")
  put(132, "<I4", 14, "ecn_ce_delivered")
  put(136, "<I4", 15, "ecn_ce_received")
  put(164, "<I4", 16, "tlp_probes_sent")
  put(168, "<I8", 1 << 40, "tlp_bytes_sent")
  put(176, "<I4", 0xf0000003, "snd_una")
  put(180, "<I4", 0xf0000004, "snd_max")
  put(184, "<I4", 17, "sack_blocks")
  put(188, "<I4", 0xf0000005, "rcv_adv")
  put(192, "<I4", 18, "dupacks")
  meaning.sources = 1 << 4 -- DATA_SOURCE_FREEBSD_TCP_INFO

  local function info(size)
    local bytes, at = {}, 0
    while at < 256 do
      bytes[#bytes + 1] = value[at] or "\0"
      at = at + #bytes[#bytes]
    end
    return table.concat(bytes):sub(1, size)
  end

  it("of 14 and 15 is read whole", function()
    assert.same(meaning, fields_of("tcp_info", info(240)))
    assert.same(meaning, fields_of("tcp_info", info(256)))
  end)

  it("of 13 has padding where the later ones go on", function()
    local e = {}
    for name, n in pairs(meaning) do e[name] = n end
    for _, name in ipairs {
      "ecn_ce_delivered", "ecn_ce_received", "tlp_probes_sent", "tlp_bytes_sent", "snd_una", "snd_max", "sack_blocks", "rcv_adv", "dupacks",
    } do e[name] = nil end
    assert.same(e, fields_of("tcp_info", info(236)))
  end)

  it("cut short is nothing", function()
    assert.same({}, fields_of("tcp_info", info(235)))
    assert.same({}, fields_of("tcp_info", ""))
  end)

  it("has no round trip time before the first sample, and of a listener only the state", function()
    local before = value[68]
    value[68] = ("<I4"):pack(0)
    assert.is_nil(fields_of("tcp_info", info(240)).rtt_us)
    assert.is_nil(fields_of("tcp_info", info(240)).rttvar_us)
    value[68], value[0] = before, "\1"
    assert.same({ state = 2, sources = 1 << 4 }, fields_of("tcp_info", info(240)))
    value[0] = "\4"
  end)
end)
