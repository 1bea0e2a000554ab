local tcpstats = require "tcpstats"
local support = require "spec.support"
local captures = require "spec.fixtures.linux_netstat"

local files = { "snmp", "netstat", "sockstat", "sockstat6" }
local done = string.pack("=I4I2I2I4I4i4", 20, 3, 2, 0, 0, 0) -- a dump of nothing: NLMSG_DONE

-- A pass of `tracker` in which the kernel's files say what `texts` says. A nil text: there is no such file.
local function pass(tracker, texts)
  local names, spec = { support.temporary(done) }, {}
  spec[1] = "linux:" .. names[1]
  for _, file in ipairs(files) do
    if texts[file] then
      names[#names + 1] = support.temporary(texts[file])
      spec[#spec + 1] = file .. "=" .. names[#names]
    end
  end
  local source = assert(tcpstats.open(table.concat(spec, ",")))
  local batch = assert(source:pass { tracker = tracker })
  source:close()
  for _, name in ipairs(names) do os.remove(name) end
  return batch
end

local function read(folder)
  local texts = {}
  for _, file in ipairs(files) do texts[file] = support.read(("spec/fixtures/linux_netstat/%s/%s"):format(folder, file)) end
  return texts
end

-- The same names with nothing counted yet.
local function zeroed(texts)
  local zero = {}
  for file, text in pairs(texts) do zero[file] = text:gsub("%f[%w]%d+%f[%W]", "0") end
  return zero
end

-- What happened between `before` and `after`.
local function summary_of(before, after)
  local tracker = tcpstats.tracker()
  pass(tracker, before)
  return pass(tracker, after).summary
end

local server = read("server")

local function with(file, text)
  local texts = {}
  for name, whole in pairs(server) do texts[name] = whole end
  texts[file] = text
  return texts
end

describe("the system's counters of Linux", function()
  for _, capture in ipairs(captures) do
    it("are what the capture stands for: " .. capture.folder, function()
      local texts = read(capture.folder)
      local summary = summary_of(zeroed(texts), texts)
      for field, value in pairs(capture.summary) do assert.equal(value, summary[field], field) end
      local rate = capture.summary.delta_snd_rexmit_packets / capture.summary.delta_snd_total_packets
      assert.equal(rate, summary.retransmit_rate)
    end)
  end

  it("are absent in a first pass, where gauges are not", function()
    local summary = pass(tcpstats.tracker(), server).summary
    for field in pairs(summary) do assert.is_nil(field:match("^delta_") or field:match("_rate$"), field) end
    assert.equal(2, summary.current_established)
    assert.equal(320, summary.memory_pages)
  end)

  it("that Linux has not stay absent", function()
    local summary = summary_of(server, server)
    for _, field in ipairs { "delta_connects", "delta_snd_bytes", "delta_snd_rexmit_bytes", "delta_rcv_bytes", "delta_rcv_ooo_bytes" } do
      assert.is_nil(summary[field], field)
    end
  end)

  it("are found by name, wherever they stand", function()
    local shuffled = {}
    for file, text in pairs(server) do shuffled[file] = text end
    for _, file in ipairs { "snmp", "netstat" } do
      shuffled[file] = shuffled[file]:gsub("(%w+:)( [^\n]*)\n%1( [^\n]*)\n", function(group, names, values)
        local columns, value = {}, values:gmatch("%S+")
        for name in names:gmatch("%S+") do table.insert(columns, math.random(#columns + 1), { name, value() }) end
        table.insert(columns, 1, { "NewInALaterKernel", "17" })
        local new_names, new_values = {}, {}
        for i, column in ipairs(columns) do new_names[i], new_values[i] = column[1], column[2] end
        return ("%s %s\n%s %s\n"):format(group, table.concat(new_names, " "), group, table.concat(new_values, " "))
      end)
    end
    local expected, got = summary_of(zeroed(server), server), summary_of(zeroed(server), shuffled)
    for _, summary in ipairs { expected, got } do summary.timestamp_ns, summary.interval_ms = nil, nil end
    assert.same(expected, got)
  end)

  it("that the kernel lacks are absent, and so is a sum that lacks a part", function()
    local function without(text, name) -- the column called `name`
      return (text:gsub("(%w+:)( [^\n]*)\n%1( [^\n]*)\n", function(group, names, values)
        local value, new_names, new_values = values:gmatch("%S+"), "", ""
        for each in names:gmatch("%S+") do
          local its = value()
          if each ~= name then new_names, new_values = new_names .. " " .. each, new_values .. " " .. its end
        end
        return group .. new_names .. "\n" .. group .. new_values .. "\n"
      end))
    end
    local summary = summary_of(zeroed(server), with("snmp", without(server.snmp, "RetransSegs")))
    assert.is_nil(summary.delta_snd_total_packets)
    assert.is_nil(summary.delta_snd_rexmit_packets)
    assert.is_nil(summary.retransmit_rate)
    assert.equal(77, summary.delta_rcv_total_packets)
    summary = summary_of(zeroed(server), with("netstat", without(server.netstat, "TCPOFOMerge")))
    assert.is_nil(summary.delta_rcv_dup_packets)
    assert.is_nil(summary.duplicate_rate)
    assert.equal(8, summary.delta_listen_overflows)
  end)

  it("go on without a file", function()
    local texts = with("netstat", nil)
    texts.sockstat6 = nil
    local summary = summary_of(zeroed(texts), texts)
    assert.equal(77, summary.delta_rcv_total_packets)
    assert.is_nil(summary.delta_listen_overflows)
    assert.equal(3, summary.sockets_in_use)
  end)

  it("count IPv6 sockets in use", function()
    assert.equal(10, pass(tcpstats.tracker(), with("sockstat6", "TCP6: inuse 7\nUDP6: inuse 1\n")).summary.sockets_in_use)
  end)

  it("that went backwards start anew, without a rate", function()
    local tracker = tcpstats.tracker()
    local segments = "Tcp: InSegs OutSegs RetransSegs\nTcp: %d %d %d\n"
    pass(tracker, { snmp = segments:format(1000, 1000, 100) })
    local summary = pass(tracker, { snmp = segments:format(10, 1010, 10) }).summary
    assert.is_nil(summary.delta_rcv_total_packets)
    assert.is_nil(summary.delta_snd_rexmit_packets)
    assert.is_nil(summary.delta_snd_total_packets) -- 1100 and then 1020
    assert.is_nil(summary.retransmit_rate)
    summary = pass(tracker, { snmp = segments:format(15, 1028, 12) }).summary
    assert.equal(5, summary.delta_rcv_total_packets)
    assert.equal(20, summary.delta_snd_total_packets)
    assert.equal(0.1, summary.retransmit_rate)
    summary = pass(tracker, { snmp = segments:format(15, 1028, 12) }).summary
    assert.equal(0, summary.delta_snd_total_packets)
    assert.is_nil(summary.retransmit_rate)
  end)

  it("are exact to 64 bits, and absent beyond", function()
    local tracker = tcpstats.tracker()
    local snmp = "Tcp: InSegs ActiveOpens PassiveOpens InErrs\nTcp: %s %s %s %s\n"
    pass(tracker, { snmp = snmp:format("0", "0", "0", "0") })
    local summary = pass(tracker, { snmp = snmp:format("18446744073709551615", "18446744073709551616", "99999999999999999999999", "-1") }).summary
    assert.equal(-1, summary.delta_rcv_total_packets) -- 2^64 - 1 in Lua's integers
    assert.is_nil(summary.delta_conn_attempts)
    assert.is_nil(summary.delta_accepts)
    assert.is_nil(summary.delta_rcv_errors)
  end)

  it("survive any cut: what may be cut is absent, what is there is right", function()
    local whole = summary_of(zeroed(server), server)
    for _, file in ipairs(files) do
      for length = 0, #server[file], file == "netstat" and 97 or 13 do
        local summary = summary_of(zeroed(server), with(file, server[file]:sub(1, length)))
        for field, value in pairs(summary) do
          local right = field:match("_ms$") or field:match("_ns$") or type(value) == "table" or value == whole[field]
          assert(right or field == "sockets_in_use", ("%s cut at %d: %s is %s"):format(file, length, field, value))
        end
      end
    end
  end)

  it("survive text that is none", function()
    for _, text in ipairs { "", "\n", "Tcp:", "Tcp:\n", "Tcp:\nTcp:\n", "Tcp: InSegs\n", "Tcp: InSegs\nTcpExt: 5\n", "TcpExt: InSegs\nTcpExt:\n",
      "Tcp: InSegs\0 InSegs\nTcp: 1\0 2\n", ("Tcp: "):rep(1000), ("\n"):rep(1000), ("Tcp: InSegs\nTcp: x\n"):rep(3) } do
      local batch = pass(tcpstats.tracker(), { snmp = text, netstat = text, sockstat = text, sockstat6 = text })
      assert.is_table(batch.summary)
    end
    local batch = pass(tcpstats.tracker(), { snmp = "no such thing\n" })
    assert.equal("EFORMAT", batch.warnings[1].code)
  end)
end)
