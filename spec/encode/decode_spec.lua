-- What tcpstats.decode makes of bytes that are not ours. That it gives back what was written, interop_spec and templates_spec say.
local sockets = require "spec.support.sockets"
local support = require "spec.support"
local tcpstats = require "tcpstats"

local varint = sockets.varint
local function part(number, body) return varint(number << 3 | 2) .. varint(#body) .. body end
local function record(body) return part(2, body) end
local function decode(body) return tcpstats.decode(varint(#body) .. body) end
local function only(body) return sockets.tables(assert(decode(body)))[1] end

local PORT = varint(3 << 3) .. varint(443) -- local_port

describe("tcpstats.decode", function()
  it("drops what it does not know, and values of another type than ours", function()
    local unknown = varint(900 << 3) .. varint(-1) .. varint(901 << 3 | 1) .. ("x"):rep(8) .. part(902, "text") .. varint(903 << 3 | 5) .. "four"
    assert.same({ local_port = 443 }, only(record(unknown .. PORT .. unknown)))
    assert.same({ local_port = 443 }, only(record(part(3, "text") .. PORT .. varint(1 << 3) .. varint(5) .. varint(4 << 3 | 5) .. "four"))) -- local_addr, remote_port
    assert.same({ local_port = 443 }, only(unknown .. record(PORT) .. unknown))
  end)

  it("takes the last of several values, all numbers of a set, packed or not, and no number that it cannot hold", function()
    local function port(n) return varint(3 << 3) .. varint(n) end
    assert.equal(2, only(record(port(1) .. port(2))).local_port)
    local number
    for _, field in ipairs(tcpstats.fields()) do number = field.name == "sources" and field.number or number end
    local function one(n) return varint(number << 3) .. varint(n) end
    assert.equal("MACOS_PCBLIST_N,FREEBSD_PCBLIST,LINUX_INET_DIAG", only(record(one(7) .. part(number, "\1\3") .. one(64) .. one(-1))).sources)
    assert.equal(0xffffffff, only(record(port(-1))).local_port)
  end)

  it("joins metadata and summary that come in pieces", function()
    local batch = assert(decode(part(1, part(2, "one")) .. record(PORT) .. part(1, varint(10 << 3) .. "\5") .. part(3, varint(2 << 3) .. "\7") .. part(1, part(2, "two"))))
    assert.same({ "two", 5, 7, 1 }, { batch.metadata.hostname, batch.metadata.batch_sequence, batch.summary.interval_ms, #batch })
  end)

  it("says at which byte it is not a BatchMessage", function()
    for body, at in pairs {
      ["\18\3\8\1\128"] = 2, [record(PORT) .. "\19"] = 2 + #record(PORT), ["\18\127\1"] = 2, ["\0"] = 2, ["\18\2\24\128"] = 2, ["\18\1\0"] = 2,
    } do
      local batch, what, code = decode(body)
      assert.is_nil(batch)
      assert.equal("EFORMAT", code)
      assert.truthy(what:find(("byte %d of %d"):format(at, #body), 1, true), what)
    end
    assert.equal("EFORMAT", select(3, tcpstats.decode(("\255"):rep(11))))
    assert.equal("ETRUNCATED", select(3, tcpstats.decode(("\255"):rep(9))))
    assert.equal("ETRUNCATED", select(3, tcpstats.decode ""))
  end)

  it("refuses metadata and summaries that no host has", function()
    assert.equal("EFORMAT", select(3, decode(part(1, part(2, ("x"):rep(70000))))))
    assert.equal("EFORMAT", select(3, decode(part(3, part(9, ""):rep(40000)))))
    local batch = assert(decode(part(1, (varint(7 << 3) .. varint(64)):rep(10000) .. varint(7 << 3) .. "\7")))
    assert.same({ "LINUX_INET_DIAG" }, batch.metadata.data_sources)
  end)

  -- Peak of memory, in MB, of a process that decodes what the code makes.
  local function peak(code)
    local script = ([[
      local tcpstats = require "tcpstats"
      local function varint(n) local o = "" while n > 0x7f do o = o .. string.char(n & 0x7f | 0x80) n = n >> 7 end return o .. string.char(n) end
      local body = (function() %s end)()
      print(select("#", tcpstats.decode(varint(#body) .. body)), select(3, tcpstats.decode(varint(#body) .. body)))
      for line in io.lines "/proc/self/status" do print(line:match "VmHWM:%%s+(%%d+)") end]]):format(code)
    local path = support.temporary(script)
    local said = support.run(("%s %s"):format(support.lua, path))
    os.remove(path)
    return tonumber(said:match "\n(%d%d%d+)\n") // 1024, said:match "E%u+"
  end

  if io.open "/proc/self/status" then
    it("takes memory as the bytes say, not more", function()
      local megabytes, code = peak [[return ("\18\0"):rep(500000)]]
      assert.is_nil(code)
      assert.is_true(megabytes < 60, megabytes)
      -- Records of which each has fields of its own: what rows share is made for each.
      megabytes, code = peak [[
        local tags, parts = {}, {}
        for _, field in ipairs(tcpstats.fields()) do
          if field.type:find "int" and field.number > 15 and #tags < 60 then tags[#tags + 1] = varint(field.number << 3) .. "\1" end
        end
        for a = 1, #tags do
          for b = 1, a - 1 do
            for c = 1, b - 1 do parts[#parts + 1] = "\18\9" .. tags[a] .. tags[b] .. tags[c] end
          end
        end
        return table.concat(parts)]]
      assert.equal("EFORMAT", code)
      assert.is_true(megabytes < 60, megabytes)
    end)
  end
end)
