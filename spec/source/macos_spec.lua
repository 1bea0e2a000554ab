local tcpstats = require "tcpstats"

local folder = "spec/fixtures/macos/"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

describe("the source macos, from a file,", function()
  it("takes every release there is", function()
    for _, release in ipairs { "10.14", "10.15", "10.15.7", "11", "11.0", "12", "13", "14", "14.7.1", 15, "15.3.1", "26", "26.1" } do
      local batch = assert(tcpstats.parse("macos", read(folder .. "15/n7.bin"), { release = release }))
      assert.equal(7, #batch)
      assert.equal(tostring(release), batch.metadata.os_version)
      assert.equal(0, #batch.warnings)
      for s in batch:each() do assert.equal(tonumber(tostring(release):match "%d+") < 15, s.rx_bytes ~= nil) end
    end
  end)

  it("refuses a release that there is not, and says which there are", function()
    for _, release in ipairs { "9", "10.13", "0", "-15", "fifteen", "15.", ".15", "15.1.2.3", "15 ", "1000" } do
      local batch, what, code = tcpstats.parse("macos", read(folder .. "15/n1.bin"), { release = release })
      assert.is_nil(batch)
      assert.equal("EUSAGE", code)
      assert.is_truthy(what:find("'" .. release .. "'", 1, true), what)
      assert.is_truthy(what:find "10.14", what)
    end
  end)

  it("is opened by its spec", function()
    local batch = assert(tcpstats.collect { source = "macos:" .. folder .. "15/n16.bin,release=15,hostname=mac.example" })
    assert.equal(16, #batch)
    assert.equal("MACOS", batch.metadata.platform)
    assert.equal("mac.example", batch.metadata.hostname)
    assert.equal("MACOS_PCBLIST_N", batch.metadata.data_sources[1])
    assert.is_nil(batch.metadata.retries)
  end)

  it("asks nobody for what a file does not say", function()
    local batch = assert(tcpstats.collect {
      source = "macos:" .. folder .. "15/n7.bin,release=15", processes = true, tcp_info = true,
    })
    assert.equal(7, #batch)
    for s in batch:each() do
      assert.is_nil(s.command)
      assert.is_nil(s.age_ms)
      assert.is_nil(s.retransmit_bytes)
    end
  end)
end)
