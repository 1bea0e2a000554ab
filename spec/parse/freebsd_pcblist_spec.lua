local core = require "tcpstats.core"
local tcpstats = require "tcpstats"
local cjson = require "cjson"
local fixtures = require "spec.fixtures.freebsd"
local support = require "spec.support"

local folder = "spec/fixtures/freebsd/"
local HEADER, RECORD = 64, 744

local function capture(file)
  local path = folder .. file
  return cjson.decode(support.read(path .. ".json")), support.read(path .. ".pcblist.bin"), support.read(path .. ".xfile.bin")
end

local function parse(bytes, options)
  if not options then options = { release = 14 } end
  return assert(tcpstats.parse("freebsd", bytes, options))
end

local function sockets_of(batch)
  local all = {}
  for s in batch:each() do all[#all + 1] = s:totable() end
  return all
end

local function integer(hex) return tonumber(hex) end -- hexadecimal text of 64 bits, which Lua reads exactly

-- cjson gives floats.
local function int(n) return n and math.tointeger(n) end

-- The lowest pid, and of its descriptors the lowest: the kernel lists the newest process first.
local function owner_of(s, files)
  local holders = {}
  for _, f in ipairs(files) do
    if f.type == 2 and f.data == s.so_addr and f.data ~= "0x0" then holders[#holders + 1] = { pid = int(f.pid), fd = int(f.fd) } end
  end
  table.sort(holders, function(a, b) return a.pid < b.pid or a.pid == b.pid and a.fd < b.fd end)
  local first = holders[1]
  if not first then return {} end
  return { pid = first.pid, fd = first.fd, shared_descriptors = #holders - 1, holders = #holders > 1 and holders or nil }
end

-- The fields that a socket of a capture stands for.
local function expected(s, files, release)
  local e = {
    local_addr = s["local"], remote_addr = s.remote, ip_version = int(s.family), state = s.state_name, fib = int(s.fib),
    encaps_port = int(s.encaps_port), sources = "FREEBSD_PCBLIST", local_port = int(s.lport),
  }
  if e.state == "SYN_RCVD" then e.state = "SYN_RECEIVED" end
  if s.rport ~= 0 then e.remote_port = int(s.rport) end
  if s.scope ~= 0 then e.scope_id = int(s.scope) end
  s.vflag = int(s.vflag)
  if s.vflag & 3 == 3 then e.dual_stack = true end
  if s.syncache then
    e.half_open = true
    return e
  end
  e.inp_gencnt, e.flow_id = int(s.gencnt), int(s.flowid)
  if s.vflag & 1 ~= 0 then
    e.tos, e.ttl = int(s.tos), int(s.ttl)
  elseif s.hops and s.hops > 0 then
    e.ttl = int(s.hops)
  end
  if s.has_socket then
    e.socket_id, e.uid, e.socket_error = integer(s.so_addr), int(s.uid), int(s.so_error)
    if s.state_name == "LISTEN" then
      e.accept_queue, e.incomplete_queue, e.accept_backlog = int(s.qlen), int(s.incqlen), int(s.qlimit)
    else
      e.snd_buf_used, e.snd_buf_hiwat, e.rcv_buf_used, e.rcv_buf_hiwat = int(s.snd_cc), int(s.snd_hiwat), int(s.rcv_cc), int(s.rcv_hiwat)
    end
    for name, value in pairs(owner_of(s, files)) do e[name] = value end
    if e.pid then e.sources = "FREEBSD_PCBLIST,KERN_FILE" end
  end
  for name, key in pairs {
    tcp_flags = "t_flags", snd_cwnd = "cwnd", snd_ssthresh = "ssthresh", maxseg = "maxseg", rcv_wnd = "rcv_wnd", snd_wnd = "snd_wnd",
    rexmit_packets = "rexmitpack", ooo_packets = "rcvoopack", zerowin_probes = "sndzerowin", idle_time_ms = "rcvtime_ms", ecn_flags = "ecn",
  } do e[name] = int(s[key]) end
  if e.state == "LISTEN" or e.state == "CLOSED" then e.snd_cwnd, e.snd_ssthresh = nil, nil end
  for name, key in pairs {
    timer_rexmt_ms = "tt_rexmt", timer_persist_ms = "tt_persist", timer_keep_ms = "tt_keep", timer_2msl_ms = "tt_2msl", timer_delack_ms = "tt_delack",
  } do e[name] = math.max(0, int(s[key])) end
  for name, key in pairs { tcp_stack = "stack", cc_algo = "cc", log_id = "logid" } do
    if s[key] ~= "" then e[name] = s[key] end
  end
  if tonumber(release) >= 14 then
    e.dsack_bytes, e.dsack_tlp_bytes, e.dsack_packets = int(s.dsack_bytes), int(s.dsack_tlp_bytes), int(s.dsack_pack)
  end
  return e
end

describe("net.inet.tcp.pcblist of FreeBSD,", function()
  for _, fixture in ipairs(fixtures.pcblist) do
    it(fixture.file .. ", decodes field by field with its owners", function()
      local meaning, bytes, files = capture(fixture.file)
      local batch = parse(bytes, { release = fixture.release, kern_file = files })
      assert.equal(fixture.sockets, #batch)
      assert.equal(0, #batch.warnings)
      local got = sockets_of(batch)
      for i, s in ipairs(meaning.sockets) do assert.same(expected(s, meaning.xfiles, fixture.release), got[i]) end
      assert.equal(int(meaning.xinpgen.xig_gen), batch.metadata.pcblist_generation)
      assert.equal("FREEBSD_PCBLIST", batch.metadata.data_sources[1])
      assert.equal(fixture.release, batch.metadata.os_version)
    end)
  end

  local _, bytes, files = capture "fbsd14_7"
  local all = sockets_of(parse(bytes))

  it("tells the releases apart by what is named, not by size", function()
    for _, release in ipairs { "14", 14, "14.1", "14.1-RELEASE-p5", "15.0", "1401000", 1500068, "16" } do
      assert.same(all, sockets_of(parse(bytes, { release = release })))
    end
    for _, release in ipairs { 13, "13.4", "1304000" } do
      for i, s in ipairs(sockets_of(parse(bytes, { release = release }))) do
        assert.is_nil(s.dsack_bytes)
        local at = HEADER + (i - 1) * RECORD + 640 -- where 13 has its port, in network order
        assert.equal((">I2"):unpack(bytes, at + 1), s.encaps_port)
      end
    end
  end)

  it("leaves out what depends on a release that nobody named, and says so", function()
    local batch = parse(bytes, {})
    assert.equal(1, #batch.warnings)
    assert.is_truthy(batch.warnings[1].what:find "release")
    for i, s in ipairs(sockets_of(batch)) do
      assert.is_nil(s.encaps_port)
      assert.is_nil(s.dsack_bytes)
      assert.equal(all[i].inp_gencnt, s.inp_gencnt)
      assert.equal(all[i].ecn_flags, s.ecn_flags)
    end
  end)

  it("gives what is there before a cut, wherever it is, and tells where", function()
    for len = 0, #bytes - 1 do
      local batch, what, code = tcpstats.parse("freebsd", bytes:sub(1, len), { release = 14 })
      if len < HEADER then
        assert.is_nil(batch)
        assert.is_truthy(code == "ETRUNCATED" or code == "EFORMAT", what)
      else
        local whole = (len - HEADER) // RECORD
        if whole > 7 then whole = 7 end
        assert.equal(whole, #batch)
        assert.equal(1, #batch.warnings)
        assert.equal("ETRUNCATED", batch.warnings[1].code)
        assert.equal(HEADER + whole * RECORD, batch.warnings[1].offset)
      end
    end
  end)

  -- The dump with record `i` (from 1) saying that it is `len` long.
  local function with_length(i, len)
    local at = HEADER + (i - 1) * RECORD
    return bytes:sub(1, at) .. ("<i8"):pack(len) .. bytes:sub(at + 9)
  end

  it("is not led astray by a length", function()
    for _, len in ipairs { 0, 1, 7, 8, 63, -1, -8, math.mininteger, math.maxinteger, #bytes, 0x100000000, 0x1000002e8 } do
      local batch = parse(with_length(3, len))
      assert.equal(2, #batch)
      assert.equal(1, #batch.warnings)
      assert.equal(HEADER + 2 * RECORD, batch.warnings[1].offset)
      assert.equal((len < 0 or len > 64) and "ETRUNCATED" or "EFORMAT", batch.warnings[1].code)
    end
  end)

  it("passes over a record too short to name a connection, and tells where", function()
    local at = HEADER + RECORD
    local batch = parse(bytes:sub(1, at) .. ("<i8"):pack(400) .. bytes:sub(at + 9, at + 400) .. bytes:sub(at + RECORD + 1))
    assert.equal(6, #batch)
    assert.equal(1, #batch.warnings)
    assert.equal("EFORMAT", batch.warnings[1].code)
    assert.equal(at, batch.warnings[1].offset)
    assert.is_truthy(batch.warnings[1].what:find("byte " .. at, 1, true))
  end)

  it("tells of bytes after the trailer", function()
    local batch = parse(with_length(3, 64)) -- looks like the trailer
    assert.equal(2, #batch)
    assert.equal("EFORMAT", batch.warnings[1].code)
    assert.equal(HEADER + 2 * RECORD + 64, batch.warnings[1].offset)
  end)

  local function record(i) return bytes:sub(HEADER + (i - 1) * RECORD + 1, HEADER + i * RECORD) end
  local header = bytes:sub(1, HEADER)

  it("takes longer records of a later release", function()
    local longer = { header }
    for i = 1, 7 do longer[#longer + 1] = ("<I8"):pack(RECORD + 40) .. record(i):sub(9) .. ("\xaa"):rep(40) end
    longer[#longer + 1] = header
    assert.same(all, sockets_of(parse(table.concat(longer))))
  end)

  it("takes from shorter records the fields that they have", function()
    local shorter = { header }
    for i = 1, 7 do shorter[#shorter + 1] = ("<I8"):pack(576) .. record(i):sub(9, 576) end
    shorter[#shorter + 1] = header
    local batch = parse(table.concat(shorter))
    assert.equal(0, #batch.warnings)
    for i, s in ipairs(sockets_of(batch)) do
      assert.equal(all[i].state, s.state)
      assert.equal(all[i].cc_algo, s.cc_algo)
      assert.equal(all[i].tcp_flags, s.tcp_flags)
      for _, name in ipairs { "rexmit_packets", "snd_cwnd", "ecn_flags", "encaps_port", "dsack_bytes" } do assert.is_nil(s[name]) end
    end
  end)

  it("skips and counts records that name no connection", function()
    local batch = parse(header .. record(1) .. ("<I8"):pack(400) .. record(2):sub(9, 400) .. record(3) .. header)
    assert.equal(2, #batch)
    assert.equal(1, #batch.warnings)
    assert.is_truthy(batch.warnings[1].what:find "^net.inet.tcp.pcblist: 1 ")
  end)

  it("knows a connection without a tcpcb from one whose values are zero", function()
    local gone = record(2):sub(1, 408) .. ("\0"):rep(160) .. ("<I4"):pack(10) .. ("\0"):rep(RECORD - 572)
    local s = sockets_of(parse(header .. gone .. header, { release = 13 }))[1]
    assert.equal("TIME_WAIT", s.state)
    assert.equal(all[2].inp_gencnt, s.inp_gencnt)
    for _, name in ipairs { "snd_cwnd", "tcp_flags", "timer_2msl_ms", "rexmit_packets", "uid", "snd_buf_used" } do assert.is_nil(s[name]) end
  end)

  it("says when the table changed while it was read", function()
    local batch = parse(bytes:sub(1, -HEADER - 1) .. header:sub(1, 16) .. ("<I8"):pack(1) .. header:sub(25))
    assert.equal(7, #batch)
    assert.is_true(batch.metadata.inconsistent)
  end)

  it("is not taken for the device's stream", function()
    local batch, what, code = tcpstats.parse("freebsd", support.read(folder .. "kld_all_7.bin"), { release = 14 })
    assert.is_nil(batch)
    assert.equal("EFORMAT", code)
    assert.is_truthy(what:find "device")
  end)

  describe("kern.file", function()
    it("cut or lying, still gives the owners before that", function()
      local whole = sockets_of(parse(bytes, { release = 14, kern_file = files }))
      local ends = { ("\0"):rep(128), ("\xff"):rep(128), ("<I8"):pack(63) .. ("\1"):rep(120) }
      for _, damaged in ipairs { files:sub(1, -30), files .. ends[1], files .. ends[2], files .. ends[3] } do
        local batch = parse(bytes, { release = 14, kern_file = damaged })
        assert.equal(1, #batch.warnings)
        assert.equal(#damaged < #files and 256 or 384, batch.warnings[1].offset)
        assert.same(whole, sockets_of(batch))
      end
    end)

    it("gives the lowest of many descriptors, and counts the others", function()
      local row = files:sub(1, 128) -- owns the fourth socket
      local many = {}
      for i = 999, 0, -1 do many[#many + 1] = row:sub(1, 8) .. ("<i4"):pack(70 + i) .. row:sub(13, 16) .. ("<i4"):pack(i) .. row:sub(21) end
      local batch = parse(bytes, { release = 14, kern_file = table.concat(many) })
      local s = sockets_of(batch)[4]
      assert.equal(70, s.pid)
      assert.equal(0, s.fd)
      assert.equal(999, s.shared_descriptors)
      assert.equal(1000, #s.holders)
      for i, holder in ipairs(s.holders) do assert.same({ pid = 69 + i, fd = i - 1 }, holder) end
      for _, pid in ipairs { 70, 71, 1069 } do assert.equal(1, #batch:select(core.filter("pid=" .. pid)), pid) end
      assert.equal(0, #batch:select(core.filter "pid=1070"))
    end)

    it("gives all holders to every encoding", function()
      local row = files:sub(1, 128)
      local two = row .. row:sub(1, 8) .. ("<i4"):pack(99) .. row:sub(13, 16) .. ("<i4"):pack(7) .. row:sub(21)
      local batch = parse(bytes, { release = 14, kern_file = two })
      local first = sockets_of(batch)[4].holders
      local line = batch:flat():match "[^\n]*\n[^\n]*\n[^\n]*\n([^\n]*)"
      assert.truthy(line:find(('"holders":[{"pid":%d,"fd":%d},{"pid":%d,"fd":%d}]'):format(first[1].pid, first[1].fd, first[2].pid, first[2].fd), 1, true))
      local csv = batch:csv { columns = { "holders" } }
      assert.truthy(csv:find(('"/%d/%d,/%d/%d"'):format(first[1].pid, first[1].fd, first[2].pid, first[2].fd), 1, true), csv)
      local back = assert(core.decode(batch:protobuf()))
      assert.same(first, sockets_of(back)[4].holders)
    end)
  end)
end)
