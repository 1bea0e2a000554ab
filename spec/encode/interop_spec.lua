--- Our JSON and our protobuf against C++ protobuf's, and protoc's reading of the stream.
local tcpstats = require "tcpstats"
local support = require "spec.support"

local interop = support.programs .. "/encode/interop"

local batches = {
  ["a dump of macOS 15"] = function()
    return assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/states_v4v6.bin", { release = 15 }))
  end,
  ["user-space flows"] = function()
    return assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/userland_only_plus1.bin", { release = 15 }))
  end,
  ["no socket at all"] = function()
    return assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/n0.bin", { release = 15 }))
  end,
  ["this machine"] = function() return assert(tcpstats.collect()) end,
}

for name, make in pairs(batches) do
  describe("the encoding of " .. name, function()
    local batch
    setup(function() batch = make() end)

    it("loads as protobuf JSON elsewhere and is the same message", function()
      local binary, err, code = support.run(interop .. " from-json", batch:json())
      assert.equal("", err)
      assert.equal(0, code)
      assert.equal(binary, batch:protobuf())
    end)

    it("is read elsewhere and written as the JSON that we write", function()
      local json, err, code = support.run(interop .. " to-json", batch:protobuf())
      assert.equal("", err)
      assert.equal(0, code)
      assert.equal(json, batch:json())
    end)

    it("comes back from decode as the same batch", function()
      local bytes = batch:protobuf()
      local back, position = assert(tcpstats.decode(bytes))
      assert.equal(#bytes + 1, position)
      assert.equal(#batch, #back)
      assert.equal(bytes, back:protobuf())
      assert.equal(batch:json(), back:json())
      assert.equal(batch:flat(), back:flat())
    end)

    it("indents by two and says the same", function()
      local pretty = batch:json { pretty = true }
      assert.truthy(pretty:find('^{\n  "metadata": {\n    "'))
      local binary = support.run(interop .. " from-json", (pretty:gsub("\n *", "")))
      assert.equal(binary, batch:protobuf())
    end)
  end)
end

describe("a stream of batches", function()
  it("is read by protoc once the length is taken off", function()
    local batch = assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/n7.bin", { release = 15 }))
    local bytes = batch:protobuf()
    local prefix = #bytes:match "^[\x80-\xff]*." -- a varint: all bytes but the last have their high bit set
    local text, err, code = support.run("protoc --decode=tcpstats_reader.BatchMessage --proto_path=proto proto/tcp_stats.proto", bytes:sub(prefix + 1))
    assert.equal("", err)
    assert.equal(0, code)
    local _, records = text:gsub("records {", "")
    assert.equal(7, records)
    assert.is_nil(text:find "\n%s*%d+:") -- no field that protoc does not know
  end)

  it("is decoded message by message", function()
    local batch = assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/n7.bin", { release = 15 }))
    local bytes, seen, position = batch:protobuf():rep(3), 0, 1
    while position <= #bytes do
      local one
      one, position = assert(tcpstats.decode(bytes, position))
      seen = seen + #one
    end
    assert.equal(21, seen)
  end)

  it("says when a message is cut, and when there is none", function()
    local bytes = assert(tcpstats.parse("macos", support.read "spec/fixtures/macos/15/n1.bin", { release = 15 })):protobuf()
    for len = 0, #bytes - 1 do
      local batch, what, code = tcpstats.decode(bytes:sub(1, len))
      assert.is_nil(batch)
      assert.is_string(what)
      assert.equal("ETRUNCATED", code)
    end
    local batch, _, code = tcpstats.decode("\x04\xff\xff\xff\xff")
    assert.is_nil(batch)
    assert.equal("EFORMAT", code)
  end)
end)
