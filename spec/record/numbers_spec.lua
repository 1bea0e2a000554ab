-- Field numbers have 16 bits: a module is built of a proto that has fields above 255, and spec/record/far_fields.lua uses them everywhere.
local support = require "spec.support"

local FIELDS <const> = [[
  // A far counter.
  optional uint64 far_bytes = 300;
  // A far text.
  optional string far_text = 1000;
  // A far state.
  optional TcpState far_state = 2048;
  // The farthest sources.
  repeated DataSource far_sources = 65535;
]]

-- A copy of the tree whose records have these fields too.
local function copy_tree()
  local folder = os.tmpname()
  os.remove(folder)
  support.run(("mkdir %s && cp -R csrc proto lua Makefile *.mk .ci %s/"):format(folder, folder))
  local path = folder .. "/proto/tcp_stats.proto"
  local changed, count = support.read(path):gsub("message TcpSocketRecord {\n", "%0" .. FIELDS)
  assert.equal(1, count)
  local file <close> = assert(io.open(path, "w"))
  file:write(changed)
  return folder
end

describe("a field numbered above 255", function()
  it("is stored, read, filtered, grouped and encoded as any other", function()
    local folder = copy_tree()
    local make = "env -u MAKEFLAGS -u MAKELEVEL OPTIMIZE=-O0 make -s -C %s BUILD=build build/lib/tcpstats/core.so 2>&1"
    local said, _, code = support.run(make:format(folder))
    assert.equal(0, code, said)
    said, _, code = support.run(("LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH='%s/build/lib/?.so;;' %s spec/record/far_fields.lua 2>&1")
      :format(folder, support.lua))
    os.execute("rm -rf " .. folder)
    assert.equal("fine\n", said)
    assert.equal(0, code)
  end)
end)
