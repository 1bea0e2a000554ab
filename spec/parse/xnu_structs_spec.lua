-- tcp_info, tcp_connection_info and tcp.stats, by way of spec/parse/xnu_structs.c.
local cjson = require "cjson"

local program = os.getenv "TCPSTATS_SPEC_PROGRAMS" .. "/parse/xnu_structs"
local folder = "spec/fixtures/macos/structs/"

local function values_of(file)
  local f = assert(io.open(folder .. file .. ".json"))
  local json = f:read "a"
  f:close()
  local values = {}
  for name, text in json:gmatch '"(tcp[a-z_0-9]+)": (%d+)' do values[name] = math.tointeger(text) end
  assert.is_truthy(cjson.decode(json).values)
  return values
end

local function fields_of(kind, file, len)
  local pipe = assert(io.popen(("%s %s %s%s.bin %s"):format(program, kind, folder, file, len or "")))
  local fields = {}
  for line in pipe:lines() do
    local name, value = line:match "^([%w_]+)=(.*)$"
    fields[name] = math.tointeger(value) or value
  end
  assert.is_true((pipe:close()))
  return fields
end

local SATURATED = 0xffffffff
local function us(ms) return math.min(ms * 1000, SATURATED) end

local tfo = {
  "cookie_req", "cookie_rcv", "syn_loss", "syn_data_sent", "syn_data_acked", "syn_data_rcv", "cookie_req_rcv", "cookie_sent", "cookie_invalid",
  "cookie_wrong", "no_cookie_rcv", "heuristics_disable", "send_blackhole", "recv_blackhole", "onebyte_proxy",
}

local function bits(v, names, prefix)
  local set = 0
  for i, name in ipairs(names) do set = set | v[prefix .. name] << (i - 1) end
  return set
end

-- What both structs say in the same words.
local function common(v)
  return {
    state = v.tcpi_state + 1, negotiated_options = v.tcpi_options, in_loss_recovery = v.tcpi_flags & 1,
    rto_us = us(v.tcpi_rto), rtt_cur_us = us(v.tcpi_rttcur), rtt_us = us(v.tcpi_srtt), rttvar_us = us(v.tcpi_rttvar),
    snd_ssthresh = v.tcpi_snd_ssthresh, snd_cwnd = v.tcpi_snd_cwnd, snd_wnd = v.tcpi_snd_wnd, snd_buf_used = v.tcpi_snd_sbbytes,
    tx_packets = v.tcpi_txpackets, tx_bytes = v.tcpi_txbytes, rx_packets = v.tcpi_rxpackets, rx_bytes = v.tcpi_rxbytes,
    retransmit_bytes = v.tcpi_txretransmitbytes, retransmit_packets_total = v.tcpi_txretransmitpackets, ooo_bytes = v.tcpi_rxoutoforderbytes,
    tfo_state_macos = bits(v, tfo, "tcpi_tfo_"), tfo_negotiated = v.tcpi_tfo_syn_data_acked | v.tcpi_tfo_syn_data_rcv,
    snd_wscale = v.tcpi_options & 4 ~= 0 and v.tcpi_snd_wscale or nil, rcv_wscale = v.tcpi_options & 4 ~= 0 and v.tcpi_rcv_wscale or nil,
  }
end

-- What struct tcp_info of `len` bytes says: each field as far as it fits.
local function tcp_info(v, len)
  local e = common(v)
  e.sources = 1 << 9
  e.maxseg, e.snd_nxt, e.rcv_nxt, e.rcv_space = v.tcpi_snd_mss, v.tcpi_snd_nxt, v.tcpi_rcv_nxt, v.tcpi_rcv_space
  e.rtt_min_us = us(v.tcpi_rttbest)
  e.tx_unacked_bytes, e.rx_duplicate_bytes, e.snd_bw_bps = v.tcpi_txunacked, v.tcpi_rxduplicatebytes, v.tcpi_snd_bw
  e.syn_retransmits, e.last_out_interface = v.tcpi_synrexmits, v.tcpi_last_outif
  for _, kind in ipairs { "cell", "wifi", "wired" } do
    for _, way in ipairs { "rx", "tx" } do e[kind .. "_" .. way .. "_bytes"] = v["tcpi_" .. kind .. "_" .. way .. "bytes"] end
  end
  e.last_out_interface_type = bits(v, { "cell", "wifi", "wired", "wifi_infra", "wifi_awdl" }, "tcpi_if_")
  e.ecn_setup = bits(v, { "client_setup", "server_setup", "success", "lost_syn", "lost_synack" }, "tcpi_ecn_")
  e.background = v.tcpi_snd_background | v.tcpi_rcv_background << 1
  e.local_peer = v.tcpi_local_peer
  e.ecn_ce_received, e.ecn_cwr_received, e.ooo_packets, e.paws_drops = v.tcpi_ecn_recv_ce, v.tcpi_ecn_recv_cwr, v.tcpi_rcvoopack, v.tcpi_pawsdrop
  e.sack_recoveries, e.reordered_packets, e.reordering_detected = v.tcpi_sack_recovery_episode, v.tcpi_reordered_pkts, 1
  e.dsack_sent, e.dsack_packets = v.tcpi_dsack_sent, v.tcpi_dsack_recvd
  if len >= 296 then e.rcv_rtt_us = us(v.tcpi_rcv_srtt) end
  if len >= 352 then
    e.accecn_client_state, e.accecn_server_state = v.tcpi_client_accecn_state, v.tcpi_server_accecn_state
    for _, what in ipairs { "sent", "acked", "marked", "lost" } do e["ecn_packets_" .. what] = v["tcpi_ecn_capable_packets_" .. what] end
  end
  if len >= 408 then
    e.l4s_enabled, e.accecn_ce_packets_received = v.tcpi_l4s_enabled, v.tcpi_received_ce_packets
    for _, way in ipairs { "received", "delivered" } do
      e[way .. "_e0_bytes"], e[way .. "_e1_bytes"] = v["tcpi_" .. way .. "_ect0_bytes"], v["tcpi_" .. way .. "_ect1_bytes"]
      e[way .. "_ce_bytes"] = v["tcpi_" .. way .. "_ce_bytes"]
    end
    e.flow_control_us, e.rwnd_limited_us = v.tcpi_flow_control_total_time, v.tcpi_rcvwnd_limited_total_time
  end
  return e
end

describe("struct tcp_info", function()
  it("of macOS 15 is read field by field", function()
    assert.same(tcp_info(values_of "tcp_info_macos15", 408), fields_of("tcp_info", "tcp_info_macos15"))
  end)

  it("of macOS 12 is read field by field", function()
    assert.same(tcp_info(values_of "tcp_info_macos12", 296), fields_of("tcp_info", "tcp_info_macos12"))
  end)

  it("of macOS 10.14 ends before rcv_srtt", function()
    assert.same(tcp_info(values_of "tcp_info_macos15", 292), fields_of("tcp_info", "tcp_info_macos15", 292))
  end)

  it("of macOS 14 has the two times where macOS 15 has other counters", function()
    local v = values_of "tcp_info_macos15"
    local e = tcp_info(v, 352)
    e.flow_control_us, e.rwnd_limited_us = v.tcpi_received_ce_packets, v.tcpi_received_ect0_bytes
    assert.same(e, fields_of("tcp_info", "tcp_info_macos15", 352))
  end)

  it("may be of any length", function()
    for len = 0, 408 do
      local count = 0
      for _ in pairs(fields_of("tcp_info", "tcp_info_macos15", len)) do count = count + 1 end
      assert.is_true(count >= 1) -- sources at least
    end
  end)
end)

-- What a filter has to wait for: fields that no record of the table has, or that are replaced.
describe("a field that tcp_info gives and net.inet.tcp.pcblist_n does not", function()
  local waited, in_table = {}, {}
  local pipe = assert(io.popen(program .. " added"))
  for name in pipe:lines() do waited[name] = true end
  assert(pipe:close())
  local tcpstats = require "tcpstats"
  for _, file in ipairs { "n500_plain", "states_v4v6" } do
    for s in assert(tcpstats.collect { source = ("macos:spec/fixtures/macos/15/%s.bin,release=15"):format(file) }):each() do
      for _, field in ipairs(tcpstats.fields()) do in_table[field.name] = in_table[field.name] or s[field.name] ~= nil end
    end
  end
  for name in pairs(fields_of("tcp_info", "tcp_info_macos15")) do
    if not in_table[name] then
      it("is waited for: " .. name, function() assert.is_true(waited[name]) end)
    end
  end

  it("is waited for if it replaces what the table says, and if it is a name", function()
    for _, name in ipairs { "tx_bytes", "rtt_min_us", "command", "interface" } do assert.is_true(waited[name], name) end
  end)

  it("is all that is waited for", function()
    for _, name in ipairs { "state", "rto_us", "rtt_us", "snd_cwnd", "local_port", "pid", "uid" } do assert.is_nil(waited[name], name) end
  end)
end)

describe("struct tcp_connection_info", function()
  for _, release in ipairs { "12", "15" } do
    it("of macOS " .. release .. " is read field by field", function()
      local v = values_of("tcp_connection_info_macos" .. release)
      local e = common(v)
      e.sources, e.maxseg, e.rcv_wnd = 1 << 2, v.tcpi_maxseg, v.tcpi_rcv_wnd
      e.reordering_detected = v.tcpi_flags >> 1 & 1
      assert.same(e, fields_of("tcp_connection_info", "tcp_connection_info_macos" .. release))
    end)
  end
end)

describe("net.inet.tcp.stats", function()
  local map = {
    delta_conn_attempts = { "connattempt" },
    delta_accepts = { "accepts" },
    delta_connects = { "connects" },
    delta_drops = { "drops" },
    delta_snd_total_packets = { "sndtotal" },
    delta_snd_bytes = { "sndbyte" },
    delta_snd_rexmit_packets = { "sndrexmitpack" },
    delta_snd_rexmit_bytes = { "sndrexmitbyte" },
    delta_rcv_total_packets = { "rcvtotal" },
    delta_rcv_bytes = { "rcvbyte" },
    delta_rcv_dup_packets = { "rcvduppack" },
    delta_rcv_badsum = { "rcvbadsum" },
    delta_listen_drops = { "listendrop" },
    delta_attempt_fails = { "conndrops" },
    delta_timeouts = { "rexmttimeo" },
    delta_spurious_timeouts = { "sndrexmitbad" },
    delta_snd_data_packets = { "sndpack" },
    delta_rcv_ooo_packets = { "rcvoopack" },
    delta_rcv_ooo_bytes = { "rcvoobyte" },
    delta_ooo_drops = { "rcvmemdrop" },
    delta_paws_drops = { "pawsdrop" },
    delta_window_probes = { "sndprobe" },
    delta_keepalives = { "keepprobe" },
    delta_aborts_on_timeout = { "timeoutdrop", "persistdrop", "keepdrops" },
    delta_rcv_errors = { "rcvbadsum", "rcvbadoff", "rcvshort" },
    delta_challenge_acks = { "synchallenge", "rstchallenge" },
  }
  for _, release in ipairs { "12", "15" } do
    it("of macOS " .. release .. " is read counter by counter, each of 32 bits", function()
      local v = values_of("tcp_stats_macos" .. release)
      local expected = {}
      for field, names in pairs(map) do
        local sum = 0
        for _, name in ipairs(names) do sum = sum + v["tcps_" .. name] end
        expected[field] = sum & 0xffffffff
      end
      assert.same(expected, fields_of("tcp_stats", "tcp_stats_macos" .. release))
    end)
  end

  it("cut short has what fits, and no sum that lacks a part", function()
    local got = fields_of("tcp_stats", "tcp_stats_macos15", 128)
    assert.is_truthy(got.delta_rcv_errors)
    assert.is_nil(got.delta_rcv_dup_packets)
    assert.is_nil(got.delta_aborts_on_timeout)
  end)

  it("is hidden when all of it is zero", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "wb"))
    f:write(("\0"):rep(992))
    f:close()
    local pipe = assert(io.popen(("%s tcp_stats %s"):format(program, path)))
    assert.is_truthy(pipe:read("a"):find "hidden=1")
    pipe:close()
    os.remove(path)
  end)
end)
