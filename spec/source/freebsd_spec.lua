local tcpstats = require "tcpstats"
local cjson = require "cjson"
local fixtures = require "spec.fixtures.freebsd"
local support = require "spec.support"

local folder = "spec/fixtures/freebsd/"

describe("the source freebsd, from a file,", function()
  it("is opened by its spec, owners and counters with it", function()
    local batch = assert(tcpstats.collect {
      source = ("freebsd:@fbsd13_7.pcblist.bin,kern_file=@fbsd13_7.xfile.bin,release=13.4,hostname=beastie"):gsub("@", folder),
    })
    assert.equal(7, #batch)
    assert.equal("FREEBSD", batch.metadata.platform)
    assert.equal("beastie", batch.metadata.hostname)
    assert.equal("13.4", batch.metadata.os_version)
    assert.same({ "FREEBSD_PCBLIST", "KERN_FILE" }, batch.metadata.data_sources)
    assert.is_nil(batch.metadata.retries)
    assert.equal(0, #batch.warnings)
  end)

  it("reads the device's stream by the flag", function()
    local batch = assert(tcpstats.collect { source = "freebsd:" .. folder .. "kld_default_7.bin,device" })
    assert.equal(7, #batch)
    assert.same({ "FREEBSD_KLD" }, batch.metadata.data_sources)
    for s in batch:each() do
      assert.is_truthy(s.rtt_us)
      assert.is_nil(s.rexmit_packets)
      assert.is_nil(s.cc_algo)
    end
  end)

  it("refuses a release that there is not, and says which there are", function()
    for _, release in ipairs { "12", "9.3", "0", "-14", "+14", " 14", "fourteen", "14x", "1204000", "", "4294967310" } do
      local batch, what, code = tcpstats.parse("freebsd", support.read(folder .. "fbsd14_1.pcblist.bin"), { release = release })
      if release == "" then
        assert.equal(1, #batch.warnings) -- nothing was named
      else
        assert.is_nil(batch)
        assert.equal("EUSAGE", code)
        assert.is_truthy(what:find("'" .. release .. "'", 1, true), what)
      end
    end
  end)

  it("refuses a key that there is not", function()
    local batch, what, code = tcpstats.parse("freebsd", "", { kernfile = "" })
    assert.is_nil(batch)
    assert.equal("EUSAGE", code)
    assert.is_truthy(what:find "kern_file", what)
  end)

  it("applies a filter", function()
    local bytes = support.read(folder .. "fbsd14_7.pcblist.bin")
    local batch = assert(tcpstats.parse("freebsd", bytes, { release = 14, filter = "include_state=time_wait" }))
    assert.equal(3, #batch)
    for s in batch:each() do assert.equal("TIME_WAIT", s.state) end
  end)

  it("counts the system's sockets by what net.inet.tcp.states says", function()
    local states = cjson.decode(support.read(folder .. fixtures.tcp_states .. ".json"))
    local batch = assert(tcpstats.parse("freebsd", support.read(folder .. "fbsd14_7.pcblist.bin"),
      { release = 14, tcp_states = support.read(folder .. fixtures.tcp_states .. ".bin") }))
    local total = 0
    for _, n in ipairs(states) do total = total + math.tointeger(n) end
    assert.equal(total, batch.summary.total_sockets)
    assert.equal(math.tointeger(states[4]), batch.summary.embryonic_connections)
    assert.equal(math.tointeger(states[5] + states[6]), batch.summary.current_established)
    assert.equal(math.tointeger(states[11]), batch.summary.time_wait_sockets)
  end)

  it("says when counters or states are of no release that it knows", function()
    local stats, states = support.read(folder .. fixtures.tcp_stats .. ".bin"), support.read(folder .. fixtures.tcp_states .. ".bin")
    local batch = assert(tcpstats.parse("freebsd", support.read(folder .. "fbsd14_1.pcblist.bin"),
      { release = 14, tcp_stats = stats .. ("\0"):rep(8), tcp_states = states:sub(1, -9) }))
    assert.equal(1, #batch)
    assert.equal(2, #batch.warnings)
    assert.is_truthy(batch.warnings[1].what:find "net.inet.tcp.stats: 992 bytes")
    assert.is_truthy(batch.warnings[2].what:find "net.inet.tcp.states: 80 bytes")
    assert.equal(1, batch.summary.total_sockets)
  end)
end)
