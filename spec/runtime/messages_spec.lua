local host = require "spec.support.host"
local runtime = require "tcpstats.runtime"
local support = require "spec.support"

describe("runtime.whole_messages", function()
  local function whole(bytes, most)
    local path = support.temporary(bytes)
    local result = table.pack(runtime.whole_messages(path, most or 1000))
    os.remove(path)
    return table.unpack(result, 1, result.n)
  end

  it("finds where the last whole message ends, wherever the file is cut", function()
    local one, three = host.stream(1), host.stream(3)
    local two = #host.stream(2)
    for size = 0, #three do
      local expected = size < #one and 0 or size < two and #one or size < #three and two or size
      assert.same({ expected, true }, { whole(three:sub(1, size)) })
    end
  end)

  it("takes zeros at the end for what a power cut left unwritten", function()
    assert.same({ #host.stream(1), true }, { whole(host.stream(1) .. ("\0"):rep(70000)) })
  end)

  it("refuses a file of something else", function()
    for _, bytes in ipairs { "{\"a\":1}\n", ("\xff"):rep(20), host.stream(1) .. "garbage", host.stream(1) .. "\0\0\1" } do
      local size, what, code = whole(bytes)
      assert.is_nil(size)
      assert.truthy(what:find "^not a stream of protobuf messages at byte %d+$")
      assert.equal("EFORMAT", code)
    end
    assert.same({ nil, "No such file or directory", "ENOENT" }, { runtime.whole_messages("/nowhere", 1) })
  end)

  it("reads no more than it may, and says so", function()
    local bytes = host.stream(1):rep(2000)
    local size, all = whole(bytes, 2)
    assert.is_true(size > 0 and size < #bytes)
    assert.is_false(all)
  end)
end)
