local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local tcpstats = require "tcpstats"
local support = require "spec.support"

local dump = "spec/fixtures/macos/15/n7.bin"
local spec = ("macos:%s,release=15"):format(dump)

describe("a source", function()
  it("of a file is no live one, and is read again and again", function()
    local source <close> = assert(core.open(spec))
    assert.equal("macos", source:name())
    assert.is_false(source:live())
    assert.is_nil(source:progress())
    assert.equal(7, #assert(source:pass()))
  end)

  it("of the running kernel is live", function()
    local source = assert(core.open "auto")
    assert.is_true(source:live())
    assert.same({}, source:upcoming())
    local batch = assert(source:pass { summary_only = true, schedule_name = "states", interval_ms = 500, sequence = 3 })
    assert.equal("states", batch.metadata.schedule_name)
    assert.equal(500, batch.metadata.interval_ms)
    assert.equal(3, batch.metadata.batch_sequence)
    source:close()
    source:close()
    assert.error_matches(function() source:pass() end, "the source is closed")
  end)

  it("of bytes is what its file is", function()
    local source = assert(core.open_bytes("macos", support.read(dump), { release = 15, hostname = "mac-1" }))
    local batch = assert(source:pass {})
    assert.equal(7, #batch)
    assert.equal("mac-1", batch.metadata.hostname)
    local file = assert(tcpstats.parse("macos", support.read(dump), { release = 15, hostname = "mac-1" }))
    assert.equal(batch:flat(), file:flat())
    assert.equal(7, select(2, file:flat():gsub('%f[^\n\0]{"hostname":"mac%-1","local_addr":', "")))
  end)

  it("that a capture replays tells how far it is, what comes next and when it is over", function()
    local capture = os.tmpname()
    do
      local source <close> = assert(core.open("auto", capture))
      assert(source:pass { schedule_name = "fast", interval_ms = 250 })
      assert(source:pass { schedule_name = "fast", interval_ms = 250 })
    end
    local source <close> = assert(core.open("capture:" .. capture))
    assert.is_false(source:live())
    local upcoming = source:upcoming()
    assert.equal("fast", upcoming.schedule_name)
    assert.equal(250, upcoming.interval_ms)
    assert.is_true(upcoming.at_ns > 0)
    assert(source:pass {})
    local read, total = source:progress()
    assert.is_true(read > 0 and read <= total)
    assert(source:pass {})
    local batch, _, code = source:pass {}
    assert.is_nil(batch)
    assert.equal("EEND", code)
    os.remove(capture)
  end)

  it("that is not there is nil, a text and a code; a wrong option of pass raises", function()
    local source, what, code = core.open "macos:/nowhere.bin,release=15"
    assert.is_nil(source)
    assert.truthy(what:find "/nowhere%.bin")
    assert.equal("string", type(code))
    assert.is_nil((core.open "windows"))
    assert.is_nil((core.open_bytes("macos", "", { relase = 15 })))
    source = assert(core.open(spec))
    assert.has_error(function() source:pass { filter = "local_port=1" } end)
    assert.has_error(function() source:pass { interval_ms = "soon" } end)
    assert.has_error(function() core.open_bytes("macos", "", { 15 }) end)
  end)
end)

describe("core.sources", function()
  it("names each with what its files are", function()
    local names = {}
    for _, source in ipairs(core.sources()) do
      names[source.name] = source
      assert.is_true(#source.help > 0 and #source.keys > 0)
      for _, key in ipairs(source.keys) do assert.is_true(#key.key > 0 and #key.help > 0) end
    end
    for _, name in ipairs { "linux", "macos", "freebsd", "capture" } do assert.truthy(names[name], name) end
  end)
end)

describe("batch:write", function()
  it("writes what encode gives, and says when it cannot", function()
    local batch = assert(tcpstats.parse("macos", support.read(dump), { release = 15 }))
    local path = os.tmpname()
    for _, format in ipairs { "json", "flat", "protobuf", "csv" } do
      local fd = assert(runtime.open_file(path))
      assert.is_true(batch:write(fd, format))
      runtime.close_file(fd)
      assert.equal(batch:encode(format), support.read(path), format)
    end
    os.remove(path)
    local ok, what, code = batch:write(-1, "json")
    assert.is_nil(ok)
    assert.equal("string", type(what))
    assert.equal("ESYSTEM", code)
    assert.has_error(function() batch:encode "xml" end)
  end)
end)

describe("core.replay", function()
  it("gives decoded batches deltas and comings and goings, less what a filter refuses", function()
    local sockets = require "spec.support.sockets"
    local function batch(bytes)
      return sockets.batch {
        { socket_id = 1, state = 5, local_port = 443, tx_bytes = bytes, sources = { 7 } }, { socket_id = 2, state = 2, local_port = 22, sources = { 7 } },
      }
    end
    local tracker, filter = core.tracker(), assert(core.filter "local_port=443")
    assert.equal(1, #assert(core.replay(batch(100), tracker, filter)))
    local second = assert(core.replay(batch(150), tracker, filter))
    for s in second:each() do assert.same({ 443, 50 }, { s.local_port, s.delta_tx_bytes }) end
    assert.equal(2, #assert(core.replay(batch(1))))
  end)
end)

describe("the fields that a source can have", function()
  local fixtures = "spec/fixtures/"
  local dumps = {
    linux = { { fixtures .. "linux/kernel-6.18.bin", {} } },
    macos = {
      { fixtures .. "macos/12/states_v4v6.bin", { release = 12 } },
      { fixtures .. "macos/15/states_v4v6.bin", { release = 15 } },
      { fixtures .. "macos/15/n500_plain.bin", { release = 15 } },
    },
    freebsd = {
      { fixtures .. "freebsd/fbsd13_7.pcblist.bin", { release = 13 } },
      { fixtures .. "freebsd/fbsd14_7.pcblist.bin", { release = 14, kern_file = support.read(fixtures .. "freebsd/fbsd14_7.xfile.bin") } },
      { fixtures .. "freebsd/kld_all_7.bin", { device = true } },
    },
  }

  it("hold those of every dump", function()
    for name, list in pairs(dumps) do
      for _, one in ipairs(list) do
        local source = assert(core.open_bytes(name, support.read(one[1]), one[2]))
        local possible, seen = source:fields(), 0
        for s in assert(source:pass()):each() do
          for field in pairs(s:totable()) do
            assert.is_true(possible[field], ("%s: %s"):format(one[1], field))
            seen = seen + 1
          end
        end
        assert.is_true(seen > 0)
        source:close()
      end
    end
  end)

  it("follow from what the proto says of each", function()
    local function of(name, bytes, options, tracked)
      local source <close> = assert(core.open_bytes(name, bytes, options))
      return source:fields(tracked)
    end
    local linux, macos = of("linux", ""), of("macos", "", { release = 15 })
    for field, on in pairs {
      age_ms = { false, true }, rtt_cur_us = { false, true }, cgroup = { true, false }, l4s_enabled = { false, true }, command = { true, true }, start_time_secs = { false, false },
      delta_tx_bytes = { false, false }, time_in_state_ms = { false, false }, sources = { true, true },
    } do
      assert.equal(on[1], linux[field] or false, "linux " .. field)
      assert.equal(on[2], macos[field] or false, "macos " .. field)
    end
    local followed = of("linux", "", nil, true)
    assert.is_true(followed.delta_tx_bytes and followed.delta_rexmit_packets and followed.time_in_state_ms and followed.rtt_us)
    assert.is_nil(followed.age_ms)
    local fed = core.fed_by("LINUX", "SystemSummary")
    assert.same({ true, nil, nil }, { fed.delta_listen_overflows, fed.delta_rcv_ooo_bytes, fed.delta_connects }) -- "Linux counts no ..."
    assert.is_nil(core.fed_by("MACOS", "TcpSocketRecord").cgroup)
    assert.is_true(core.fed_by("", "TcpSocketRecord").cgroup)
    assert.has_error(function() core.fed_by("LINUX", "Nothing") end)
  end)
end)
