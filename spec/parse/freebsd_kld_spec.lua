local tcpstats = require "tcpstats"
local cjson = require "cjson"
local fixtures = require "spec.fixtures.freebsd"
local support = require "spec.support"

local folder = "spec/fixtures/freebsd/"
local RECORD = 320

local states = {
  [0] = "CLOSED", "LISTEN", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT",
}

-- What the module gives with every mask, and what only with the group in it.
local identity = { tcp_flags = "flags_tcp", uid = "uid", inp_gencnt = "inp_gencnt" }
local default = {
  snd_cwnd = "snd_cwnd", snd_ssthresh = "snd_ssthresh", snd_wnd = "snd_wnd", rcv_wnd = "rcv_wnd", maxseg = "maxseg",
  rtt_us = "rtt", rttvar_us = "rttvar", rto_us = "rto", negotiated_options = "options",
  snd_buf_used = "snd_buf_cc", snd_buf_hiwat = "snd_buf_hiwat", rcv_buf_used = "rcv_buf_cc", rcv_buf_hiwat = "rcv_buf_hiwat",
}
local rest = {
  snd_nxt = "snd_nxt", snd_una = "snd_una", snd_max = "snd_max", rcv_nxt = "rcv_nxt", rcv_adv = "rcv_adv",
  rexmit_packets = "snd_rexmitpack", ooo_packets = "rcv_ooopack", zerowin_probes = "snd_zerowin", dupacks = "dupacks", sack_blocks = "rcv_numsacks",
  ecn_flags = "ecn", ecn_ce_delivered = "delivered_ce", ecn_ce_received = "received_ce", dsack_bytes = "dsack_bytes", dsack_packets = "dsack_pack",
  tlp_probes_sent = "total_tlp", tlp_bytes_sent = "total_tlp_bytes",
  timer_rexmt_ms = "tt_rexmt", timer_persist_ms = "tt_persist", timer_keep_ms = "tt_keep", timer_2msl_ms = "tt_2msl", timer_delack_ms = "tt_delack",
  idle_time_ms = "rcvtime",
}

local function add(e, s, names)
  for name, key in pairs(names) do
    local value = math.tointeger(s[key])
    e[name] = name:find "^timer_" and math.max(0, value) or value
  end
end

local function expected(s, fields)
  local e = {
    local_addr = s["local"], remote_addr = s.remote, ip_version = math.tointeger(s.family), state = states[s.state], sources = "FREEBSD_KLD",
    socket_id = tonumber(s.so_addr), local_port = math.tointeger(s.local_port),
  }
  if s.remote_port ~= 0 then e.remote_port = math.tointeger(s.remote_port) end
  add(e, s, identity)
  if s.state == 1 then return e end
  add(e, s, default)
  if s.options & 4 ~= 0 then e.snd_wscale, e.rcv_wscale = math.tointeger(s.snd_wscale), math.tointeger(s.rcv_wscale) end
  if fields == "default" then return e end
  add(e, s, rest)
  e.cc_algo, e.tcp_stack = s.cc, s.stack
  return e
end

local function parse(bytes, options)
  options = options or {}
  options.device = true
  return assert(tcpstats.parse("freebsd", bytes, options))
end

local function sockets_of(batch)
  local all = {}
  for s in batch:each() do all[#all + 1] = s:totable() end
  return all
end

describe("a stream of /dev/tcpstats,", function()
  for _, fixture in ipairs(fixtures.device) do
    it(fixture.file .. ", decodes field by field, named mask or not", function()
      local meaning = cjson.decode(support.read(folder .. fixture.file .. ".json"))
      for _, options in ipairs { {}, { fields = fixture.fields }, { fields = ("0x%x"):format(math.tointeger(meaning.field_mask)) } } do
        local batch = parse(support.read(folder .. fixture.file .. ".bin"), options)
        assert.equal(fixture.sockets, #batch)
        assert.equal(0, #batch.warnings)
        assert.equal("FREEBSD_KLD", batch.metadata.data_sources[1])
        local got = sockets_of(batch)
        for i, s in ipairs(meaning.records) do assert.same(expected(s, fixture.fields), got[i]) end
      end
    end)
  end

  local bytes = support.read(folder .. "kld_all_7.bin")
  local all = sockets_of(parse(bytes))

  it("leaves out the groups that were not asked for", function()
    for i, s in ipairs(sockets_of(parse(bytes, { fields = "0x021" }))) do -- identity and counters
      assert.equal(all[i].rexmit_packets, s.rexmit_packets)
      assert.equal(all[i].tcp_flags, s.tcp_flags)
      for _, name in ipairs { "rtt_us", "snd_cwnd", "snd_nxt", "timer_keep_ms", "snd_buf_used", "ecn_flags", "cc_algo", "negotiated_options" } do
        assert.is_nil(s[name])
      end
    end
  end)

  it("shows its own groups where nobody names them, and none that says nothing", function()
    local quiet = {} -- nobody speaks ECN, nothing was reported twice, no probes
    for at = 0, 6 * RECORD, RECORD do quiet[#quiet + 1] = bytes:sub(at + 1, at + 176) .. ("\0"):rep(32) .. bytes:sub(at + 209, at + RECORD) end
    for i, s in ipairs(sockets_of(parse(table.concat(quiet)))) do
      assert.is_nil(s.ecn_flags)
      assert.is_nil(s.tlp_bytes_sent)
      assert.equal(all[i].rexmit_packets, s.rexmit_packets)
      assert.equal(all[i].timer_keep_ms, s.timer_keep_ms)
    end
    for _, s in ipairs(sockets_of(parse(table.concat(quiet), { fields = "all" }))) do
      assert.equal(s.state ~= "LISTEN" and 0 or nil, s.ecn_flags)
    end
  end)

  it("refuses groups that there are not", function()
    for _, fields in ipairs { "every", "0x400", "0", "-1", "0x3ffg", ("9"):rep(40), "" } do
      local batch, what, code = tcpstats.parse("freebsd", bytes, { device = true, fields = fields })
      assert.is_nil(batch)
      assert.equal("EUSAGE", code)
      assert.is_truthy(what:find "0x3FF")
    end
  end)

  it("gives what is there before a cut, wherever it is", function()
    for len = 0, #bytes - 1 do
      if len < RECORD and len > 0 then
        local batch, _, code = tcpstats.parse("freebsd", bytes:sub(1, len), { device = true })
        assert.is_nil(batch)
        assert.equal("ETRUNCATED", code)
      else
        local batch = parse(bytes:sub(1, len), { fields = "all" })
        assert.equal(len // RECORD, #batch)
        assert.equal(len % RECORD == 0 and 0 or 1, #batch.warnings)
        if len % RECORD ~= 0 then assert.equal(len - len % RECORD, batch.warnings[1].offset) end
      end
    end
  end)

  it("goes on behind records that are not its own", function()
    for _, damage in ipairs { { 0, "\2\0\0\0" }, { 4, "\0\0\0\0" }, { 4, "\xff\xff\xff\xff" }, { 4, "\x41\1\0\0" } } do
      local at, with = 2 * RECORD + damage[1], damage[2]
      local batch = parse(bytes:sub(1, at) .. with .. bytes:sub(at + #with + 1))
      assert.equal(6, #batch)
      assert.equal("EFORMAT", batch.warnings[1].code)
      assert.equal(2 * RECORD, batch.warnings[1].offset)
      local got = sockets_of(batch)
      assert.same(all[2], got[2])
      assert.same(all[4], got[3])
    end
  end)

  it("is not taken for pcblist's answer", function()
    local batch, _, code = tcpstats.parse("freebsd", support.read(folder .. "fbsd14_7.pcblist.bin"), { device = true })
    assert.is_nil(batch)
    assert.equal("EFORMAT", code)
  end)

  local function changed(at, with) return bytes:sub(1, at) .. with .. bytes:sub(at + #with + 1) end

  it("takes the scope out of link-local addresses", function()
    local at = 3 * RECORD + 24 -- the fourth socket is IPv6
    local s = sockets_of(parse(changed(at, "\xfe\x80\0\7" .. ("\0"):rep(11) .. "\1")))[4]
    assert.equal("fe80::1", s.local_addr)
    assert.equal(7, s.scope_id)
  end)

  it("marks a half-open connection and gives nothing more of it", function()
    local s = sockets_of(parse(changed(1 * RECORD + 8, "\4")))[2]
    assert.is_true(s.half_open)
    assert.equal(all[2].remote_addr, s.remote_addr)
    for _, name in ipairs { "snd_cwnd", "rtt_us", "uid", "tcp_flags", "rexmit_packets" } do assert.is_nil(s[name]) end
  end)

  it("has no round trip time before the first sample, and no owner without a socket", function()
    local s = sockets_of(parse(changed(1 * RECORD + 116, "\0\0\0\0")))[2]
    assert.is_nil(s.rtt_us)
    assert.is_nil(s.rttvar_us)
    assert.equal(all[2].rto_us, s.rto_us)
    s = sockets_of(parse(changed(1 * RECORD + 248, ("\0"):rep(8))))[2]
    assert.is_nil(s.socket_id)
    assert.is_nil(s.uid)
    assert.is_nil(s.snd_buf_used)
    assert.equal(all[2].rexmit_packets, s.rexmit_packets)
  end)

  it("carries owners", function()
    local row = ("<I8i4I4i4I4I8i2I2I4I4I4I8I8I8"):pack(128, 4711, 0, 9, 0, 0, 2, 0, 0, 0, 0, 0, all[2].socket_id, 0)
    local s = sockets_of(parse(bytes, { kern_file = row .. ("\0"):rep(128 - #row) }))[2]
    assert.equal(4711, s.pid)
    assert.equal(9, s.fd)
    assert.equal("FREEBSD_KLD,KERN_FILE", s.sources)
  end)
end)
