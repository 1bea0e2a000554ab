--- Captures: what is recorded comes back, whatever happens to the file.
local core = require "tcpstats.core"
local runtime = require "tcpstats.runtime"
local support = require "spec.support"
require "tcpstats"

--- Reads a capture to its end: the batches, and how it ended.
local function replay(path)
  local source = assert(core.open("capture:" .. path))
  local batches = {}
  while true do
    local batch, what, code = source:pass {}
    if not batch then return batches, code, what end
    batches[#batches + 1] = batch
  end
end

--- A varint.
local function varint(n)
  local bytes = ""
  while n >= 0x80 do
    bytes, n = bytes .. string.char(n & 0x7f | 0x80), n >> 7
  end
  return bytes .. string.char(n)
end

local function field(number, bytes) return varint(number << 3 | 2) .. varint(#bytes) .. bytes end
local function number(n, value) return varint(n << 3) .. varint(value) end
local function delimited(bytes) return varint(#bytes) .. bytes end

--- A capture of the macOS source, whose answers are {name=, piece=, probe=, size=, error=}, pass by pass.
local function write_capture(passes)
  local out = { delimited(field(1, number(1, 1) .. field(2, "macos"))) }
  for _, answers in ipairs(passes) do
    local pass = ""
    for _, a in ipairs(answers) do
      local answer = number(1, 2) .. field(2, a.name)
      if a.probe then answer = answer .. number(5, 1) .. number(7, a.size) end
      if a.error then answer = answer .. field(6, a.error) end
      if a.piece then answer = answer .. field(8, a.piece) end
      pass = pass .. field(3, answer)
    end
    out[#out + 1] = delimited(field(2, pass))
  end
  return support.temporary(table.concat(out))
end

for _, suffix in ipairs { "", ".zst" } do
  describe("a capture of this machine" .. suffix, function()
    local path = os.tmpname() .. suffix
    local live = {}

    setup(function()
      local source = assert(core.open("auto", path))
      for i = 1, 3 do live[i] = assert(source:pass { schedule_name = "fast", interval_ms = 1000 }) end
      source:close()
    end)
    teardown(function() os.remove(path) end)

    it("gives the same batches again", function()
      local batches, code = replay(path)
      assert.equal("EEND", code)
      assert.equal(3, #batches)
      for i, batch in ipairs(batches) do
        assert.equal(live[i]:flat(), batch:flat())
        local then_, now = live[i].metadata, batch.metadata
        assert.equal(then_.timestamp_ns, now.timestamp_ns)
        assert.equal(then_.collection_duration_ns, now.collection_duration_ns)
        assert.equal(then_.hostname, now.hostname)
        assert.equal("fast", now.schedule_name)
        assert.equal(1000, now.interval_ms)
        assert.equal(live[i].summary.total_sockets, batch.summary.total_sockets)
      end
    end)

    it("says beforehand whose pass comes next", function()
      local source = assert(core.open("capture:" .. path))
      assert.equal("fast", source:upcoming().schedule_name)
      assert.equal("fast", source:upcoming().schedule_name)
      assert.truthy(source:pass {})
      assert.truthy(source:pass {})
      assert.truthy(source:pass {})
      local _, _, code = source:upcoming()
      assert.equal("EEND", code)
    end)
  end)
end

describe("a capture that was cut short", function()
  it("loses its last message only, wherever the cut is", function()
    local path = os.tmpname()
    local source = assert(core.open("auto", path))
    local ends = {}
    for i = 1, 3 do
      assert(source:pass {})
      ends[i] = #support.read(path)
    end
    source:close()
    local bytes = support.read(path)
    os.remove(path)
    local lens = { ends[1] + 1, ends[2] + 1 } -- inside the length before a message, which takes two bytes and more
    for len = ends[1], #bytes, 7 do lens[#lens + 1] = len end
    for _, len in ipairs(lens) do
      local cut = support.temporary(bytes:sub(1, len))
      local batches, code, what = replay(cut)
      os.remove(cut)
      local whole = len >= ends[3] and 3 or len >= ends[2] and 2 or 1
      assert.equal(whole, #batches)
      if len == ends[1] or len == ends[2] or len == ends[3] then
        assert.equal("EEND", code)
      else
        assert.equal("ETRUNCATED", code)
        assert.truthy(what:find(" at byte " .. ends[whole], 1, true), what)
      end
    end
  end)
end)

describe("a compressed capture that was cut short", function()
  it("says so in one line, also where the cut loses no message", function()
    local path = os.tmpname() .. ".zst"
    local source = assert(core.open("auto", path))
    for _ = 1, 3 do assert(source:pass {}) end
    source:close()
    local bytes = support.read(path)
    for _, len in ipairs { #bytes - 1, #bytes - 3, #bytes // 2, 4, 0 } do
      local file = assert(io.open(path, "wb"))
      file:write(bytes:sub(1, len))
      file:close()
      local out, err, code = support.run(("%s -s capture:%s summary"):format(support.bin, path))
      assert.equal(1, code)
      assert.equal(1, select(2, err:gsub("\n", "")))
      assert.truthy(err:find(path, 1, true), err)
      if len >= #bytes - 3 then
        assert.truthy(err:find("is cut or damaged", 1, true), err)
        assert.not_equal("", out)
      end
    end
    os.remove(path)
  end)
end)

describe("what is no capture", function()
  for name, bytes in pairs {
    ["an empty file"] = "",
    ["text"] = "root:x:0:0:root:/root:/bin/bash\n",
    ["a message without a header"] = delimited(field(2, "")),
    ["a length that lies"] = "\xff\xff\xff\xff\x0f" .. ("x"):rep(100),
    ["a length of ten bytes and more"] = ("\xff"):rep(20),
  } do
    it("is refused: " .. name, function()
      local path = support.temporary(bytes)
      local source, what, code = core.open("capture:" .. path)
      os.remove(path)
      assert.is_nil(source)
      assert.truthy(what:find(path, 1, true))
      assert.truthy(code == "EFORMAT" or code == "ETRUNCATED")
    end)
  end

  it("is refused when a newer version wrote it", function()
    local path = support.temporary(delimited(field(1, number(1, 2) .. field(2, "linux"))))
    local source, what, code = core.open("capture:" .. path)
    os.remove(path)
    assert.is_nil(source)
    assert.equal("EUNSUPPORTED", code)
    assert.truthy(what:find "format 2")
  end)
end)

describe("a replayed kernel", function()
  local dump = support.read "spec/fixtures/macos/15/n7.bin"

  it("answers in the recorded order, and the last answer again", function()
    -- The first read finds the room too small, as when sockets come between the probe and the read.
    local path = write_capture {
      {
        { name = "kern.osproductversion", piece = "15.1\0" },
        { name = "net.inet.tcp.pcblist_n", probe = true, size = 700 },
        { name = "net.inet.tcp.pcblist_n", piece = dump:sub(1, 700), error = "ENOMEM" },
        { name = "net.inet.tcp.pcblist_n", piece = dump },
      },
    }
    local batches, code = replay(path)
    os.remove(path)
    assert.equal("EEND", code)
    assert.equal(7, #batches[1])
    assert.equal("15.1", batches[1].metadata.os_version)
  end)

  it("gives errors by name", function()
    local path = write_capture { { { name = "net.inet.tcp.pcblist_n", probe = true, size = 0, error = "EPERM" } } }
    local batches, code, what = replay(path)
    os.remove(path)
    assert.equal(0, #batches)
    assert.equal("EPERMISSION", code)
    assert.truthy(what:find "pcblist_n")
  end)
end)

describe("recording", function()
  it("tells of a file that cannot be written", function()
    local source, what = core.open("auto", "/nonexistent/x.tcpcap")
    assert.is_nil(source)
    assert.truthy(what:find "/nonexistent/x.tcpcap")
  end)

  it("is for the running kernel only", function()
    local source, what, code = core.open("macos:spec/fixtures/macos/15/n7.bin,release=15", os.tmpname())
    assert.is_nil(source)
    assert.equal("EUSAGE", code)
    assert.truthy(what:find "running kernel")
  end)

  it("tells when the disk is full", function()
    local source, what = core.open("auto", "/dev/full")
    assert.is_nil(source)
    assert.truthy(what:find "No space left on device")
  end)
end)

describe("a hostile capture", function()
  local header = delimited(field(1, number(1, 1) .. field(2, "linux")))

  --- What the shell says of a run over these bytes: standard error, the code, and the most memory that it took, in KB.
  local function measure(bytes, suffix, options)
    local path = support.temporary(bytes)
    if suffix == ".zst" then
      assert(os.execute(("zstd -q --rm -f %s -o %s.zst"):format(path, path)))
      path = path .. suffix
    end
    local out, err, code = support.run(
      ([[python3 -c 'import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)' %s %s -s capture:%s summary]]):format(support.bin, options or "", path))
    os.remove(path)
    return err, code, tonumber(out:match "(%d+)%s*$")
  end

  it("takes no memory beyond what its compressed size says", function()
    local pass = field(2, ("\x1a\0"):rep(30000000))
    local err, code, most = measure(header .. delimited(pass), ".zst")
    assert.equal(1, code)
    assert.truthy(err:find("takes more memory than", 1, true), err)
    assert.is_true(most < 200000, most)
  end)

  it("takes some memory for each question, up to --memory", function()
    local answers = {}
    for i = 1, 500000 do answers[i] = field(3, number(1, 4) .. number(3, i)) end
    local bytes = header .. delimited(field(2, table.concat(answers)))
    local err, code, most = measure(bytes, "", "--memory 16M")
    assert.equal(1, code)
    assert.truthy(err:find("takes more memory than --memory allows", 1, true), err)
    assert.is_true(most < 100000, most)
  end)

  it("is as long as its reader allows", function()
    local path = support.temporary(header .. delimited(field(2, field(3, number(1, 4) .. field(2, "/proc/net/sockstat")))))
    local source = assert(core.open("capture:" .. path))
    os.remove(path)
    source:limit(20, runtime.stop_flag())
    local batch, what, code = source:pass {}
    assert.is_nil(batch)
    assert.equal("EFORMAT", code)
    assert.truthy(what:find("takes more memory", 1, true), what)
  end)

  it("is not read on behind a message that is neither a header nor a pass", function()
    local path = support.temporary(header .. ("\0"):rep(1000))
    local _, code = replay(path)
    os.remove(path)
    assert.equal("EFORMAT", code)
  end)

  it("does not hold up a signal while a pipe stands still", function()
    local path, fifo = support.temporary(header), os.tmpname()
    assert(os.remove(fifo))
    assert(os.execute("mkfifo " .. fifo))
    local _, err, code = support.beside(
      ("%s -s capture:/dev/stdin json <>%s"):format(support.bin, fifo),
      ([[cat %s >%s
      until_true grep -q "^SigCgt.*[4-7c-f]...$" /proc/$pid/status # SIGTERM is handled
      until_true grep -q "^State:.*sleeping" /proc/$pid/status
      kill $pid; ended]]):format(path, fifo)
    )
    os.remove(path)
    os.remove(fifo)
    assert.equal("", err)
    assert.equal(0, code)
  end)
end)
