-- Files: appended to, rotated between messages, opened again.
local core = require "tcpstats.core"
local host = require "spec.support.host"
local output = require "tcpstats.output"
local support = require "spec.support"

describe("a file as output", function()
  local folder, logged

  before_each(function() folder, logged = host.folder(), {} end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function open(keys)
    return assert(output.open(("file:%s/log%s"):format(folder, keys or ""), function(level, format, ...) logged[#logged + 1] = level .. " " .. format:format(...) end))
  end
  local function read(name)
    local file <close> = io.open(folder .. "/" .. name, "rb")
    return file and file:read("a")
  end

  it("is appended to", function()
    host.write(folder .. "/log", "before\n")
    local out = open()
    assert.is_true(out:write("after\n"))
    assert.is_true(out:close())
    assert.are.equal("before\nafter\n", read "log")
    out = open "?truncate=yes"
    assert.is_true(out:close())
    assert.are.equal("", read "log")
  end)

  it("is for its owner and group, or for whom mode= says", function()
    local function mode_of(name) return (support.run(("stat -c %%a %s/%s"):format(folder, name))) end
    open():close()
    assert.equal("640\n", mode_of "log")
    os.remove(folder .. "/log")
    open("?mode=0600"):close()
    assert.equal("600\n", mode_of "log")
    local _, err, status = support.run(("%s -c 1 --record %s/capture summary"):format(support.bin, folder))
    assert.equal(0, status, err)
    assert.equal("640\n", mode_of "capture")
    local out, what, code = output.open("file:" .. folder .. "/x?mode=rw")
    assert.is_nil(out)
    assert.equal("EUSAGE", code)
    assert.truthy(what:find("mode=rw is not permissions", 1, true), what)
  end)

  it("is not reached through a symbolic link where everybody may put one", function()
    host.write(folder .. "/target", "precious")
    assert(os.execute(("ln -s target %s/log"):format(folder)))
    open():close() -- nobody else writes here
    assert(os.execute("chmod 1777 " .. folder))
    local out, what = output.open("file:" .. folder .. "/log?truncate=yes")
    assert.is_nil(out)
    assert.truthy(what:find("symbolic link", 1, true), what)
    assert.equal("precious", read "target")
  end)

  it("gathers small messages until they are flushed", function()
    local out = open()
    out:write("a")
    assert.are.equal("", read "log")
    out:flush()
    assert.are.equal("a", read "log")
    out:close()
  end)

  it("is rotated when it has reached its size, between messages", function()
    local out = open "?rotate=1K&keep=2"
    for i = 1, 5 do
      out:write(("%d"):format(i):rep(999) .. "\n")
      out:write(("%d"):format(i):rep(99) .. "\n")
      out:flush()
    end
    out:close()
    assert.are.equal("", read "log")
    assert.are.equal(1100, #read "log.1")
    assert.are.equal("5", read("log.1"):sub(1, 1))
    assert.are.equal("4", read("log.2"):sub(1, 1))
    assert.is_nil(read "log.3")
  end)

  it("is rotated by size when batches go to it, too", function()
    local out = open "?rotate=100&keep=3"
    local batch = require("tcpstats").decode(host.stream(1))
    for _ = 1, 3 do assert.is_true(out:write(batch)) end
    out:close()
    assert.are.equal(read "log.1", read "log.2")
    assert.truthy(read("log.1"):find('^{"metadata".*}\n$'))
  end)

  it("is rotated by age", function()
    local out = open "?age=0.2s"
    out:write("old\n")
    out:flush()
    assert.are.equal("old\n", read "log")
    core.sleep(core.monotonic_ns() + 250000000)
    out:write("last\n")
    out:flush()
    out:write("new\n")
    out:close()
    assert.are.equal("old\nlast\n", read "log.1")
    assert.are.equal("new\n", read "log")
  end)

  it("keeps no old ones with keep=0", function()
    local out = open "?rotate=1&keep=0"
    out:write("a")
    out:flush()
    out:write("b")
    out:flush()
    out:close()
    assert.are.equal("", read "log")
    assert.is_nil(read "log.1")
  end)

  it("goes on growing, and says so, where it cannot be moved away", function()
    assert(os.execute(("mkdir -p %s/log.1/full"):format(folder)))
    local out = open "?rotate=1&keep=1"
    out:write("a")
    out:flush()
    out:write("b")
    out:flush()
    out:close()
    assert.are.equal("ab", read "log")
    assert.are.equal(1, #logged)
    assert.truthy(logged[1]:find("^error cannot rotate .*/log: .*; it goes on growing$"))
  end)

  it("is opened again under its name", function()
    local out = open()
    out:write("a\n")
    assert.is_true(os.rename(folder .. "/log", folder .. "/moved"))
    assert.is_true(out:reopen())
    out:write("b\n")
    out:close()
    assert.are.equal("a\n", read "moved")
    assert.are.equal("b\n", read "log")
  end)

  it("tells what it cannot do", function()
    local out, what, code = output.open(folder .. "/none/log")
    assert.is_nil(out)
    assert.are.equal(folder .. "/none/log: No such file or directory", what)
    assert.are.equal("ENOENT", code)
    out, what = output.open "file:"
    assert.is_nil(out)
    assert.truthy(what:find("a path is missing", 1, true))
    for _, keys in ipairs { "?age=x", "?keep=-1", "?keep=x", "?truncate=no", "?rotate=0" } do
      out, what, code = output.open(("file:%s/log%s"):format(folder, keys))
      assert.is_nil(out, keys)
      assert.are.equal("EUSAGE", code)
      assert.is_string(what)
    end
  end)

  it("needs no scheme for a path, whatever characters it has", function()
    local path = folder .. "/odd?rotate=x"
    local out = assert(output.open(path))
    out:write("x")
    out:close()
    assert.are.equal("x", support.read(path))
  end)
end)

-- What a kill, a full disk or a power cut leaves, and what the next run makes of it.
describe("a file that ends in a part of a row", function()
  local path, logged
  local batch = require("tcpstats").decode(host.stream(1))

  before_each(function() path, logged = support.temporary(), {} end)
  after_each(function() os.remove(path) end)

  local function append(x, options)
    local out = assert(output.open(path, function(level, format, ...) logged[#logged + 1] = level .. " " .. format:format(...) end))
    local ok, what, code = out:write(x, options)
    if ok then ok, what, code = out:flush() end
    local closed, why, closed_code = out:close()
    if ok then ok, what, code = closed, why, closed_code end
    return ok, what, code
  end

  it("has it cut off, wherever it was torn, for every format", function()
    for _, format in ipairs { "flat", "csv", "json", "protobuf" } do
      local options = { format = format, fields = { "local_port", "command" } }
      host.write(path, "")
      append(batch, options)
      local once = support.read(path)
      append(batch, options)
      local twice = support.read(path)
      for size = #once, #twice - 1, 7 do
        host.write(path, twice:sub(1, size))
        append(batch, options)
        local now = support.read(path)
        local whole = format == "csv" and twice:sub(1, size):match "^.*\r\n" or format == "flat" and twice:sub(1, size):match "^.*\n" or once
        assert.is_true(now == whole .. twice:sub(#once + 1), format .. size)
      end
    end
    assert.truthy(logged[1]:find("^warning .*: %d+ bytes of a torn row were cut off its end$"))
  end)

  it("is left as it is when it is not ours, but for the end of its line", function()
    host.write(path, "a note")
    append(batch, { format = "flat" })
    assert.equal("a note\n" .. batch:encode "flat", support.read(path))
    host.write(path, "a note")
    append "text\n"
    assert.equal("a note\ntext\n", support.read(path))
    host.write(path, "a note")
    assert.same({ nil, "not a stream of protobuf messages at byte 0", "EFORMAT" }, { append(batch, { format = "protobuf" }) })
    assert.equal("a note", support.read(path))
  end)

  it("is moved aside when finding its end would take too long", function()
    host.write(path, batch:encode "protobuf")
    local runtime = require "tcpstats.runtime"
    local whole_messages = runtime.whole_messages
    runtime.whole_messages = function(name) return whole_messages(name, 0) end -- the real one, which may read nothing
    append(batch, { format = "protobuf" })
    runtime.whole_messages = whole_messages
    assert.equal(batch:encode "protobuf", support.read(path))
    assert.equal(batch:encode "protobuf", support.read(path .. ".1"))
    assert.truthy(logged[1]:find("it is now " .. path .. ".1", 1, true))
    os.remove(path .. ".1")
  end)

  it("is cut at a line that is longer than what is read at once", function()
    local long = '{"a":"' .. ("x"):rep(200000) .. '"}\n'
    host.write(path, long .. long:sub(1, 150000))
    append({ b = 1 })
    assert.is_true(support.read(path) == long .. '{"b":1}\n')
    host.write(path, long:sub(1, 150000))
    append({ b = 1 })
    assert.equal('{"b":1}\n', support.read(path))
  end)
end)

describe("CSV in a file", function()
  local folder
  local batch = require("tcpstats").decode(host.stream(1))
  local options = { format = "csv", fields = { "local_port", "state" } }
  local rows = batch:encode("csv", { fields = options.fields, header = false })

  before_each(function() folder = host.folder() end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function read(name) return support.read(folder .. "/" .. name) end

  it("has its line of names once, whoever appends", function()
    for _ = 1, 2 do
      local out = assert(output.open(folder .. "/log"))
      out:write(batch, options)
      out:write(batch, options)
      out:close()
    end
    assert.equal("local_port,state\r\n" .. rows:rep(4), read "log")
  end)

  it("has it again in every file that it is rotated to", function()
    local out = assert(output.open(("file:%s/log?rotate=1&keep=9"):format(folder)))
    for _ = 1, 3 do out:write(batch, options) end
    out:close()
    for i = 1, 3 do assert.equal("local_port,state\r\n" .. rows, read("log." .. i)) end
    out = assert(output.open(folder .. "/moved"))
    out:write(batch, options)
    os.rename(folder .. "/moved", folder .. "/away")
    out:reopen()
    out:write(batch, options)
    out:close()
    assert.equal("local_port,state\r\n" .. rows, read "away")
    assert.equal("local_port,state\r\n" .. rows, read "moved")
  end)

  it("is refused where others stand", function()
    host.write(folder .. "/log", "a,b\r\n1,2\r\n")
    local out = assert(output.open(folder .. "/log"))
    local ok, what, code = out:write(batch, options)
    assert.same({ nil, "it has other columns: a,b", "EFORMAT" }, { ok, what, code })
    assert.same({ form = 3 }, out:account().dropped)
    out:close()
    assert.equal("a,b\r\n1,2\r\n", read "log")
    local _, err, status = host.run(("-s protobuf:%s -o %s/log csv --fields local_port,state"):format(host.write(folder .. "/s.pb", host.stream(1)), folder))
    assert.equal(1, status)
    assert.truthy(err:find("cannot write .*/log: it has other columns: a,b"), err)
  end)
end)

describe("a disk that is full", function()
  local folder = host.folder()
  local mounted = os.execute(("mount -t tmpfs -o size=64k tmpfs %s 2>/dev/null"):format(folder))
  teardown(function()
    if mounted then os.execute("umount " .. folder) end
    os.execute("rm -r " .. folder)
  end)

  local function test(what, f)
    it(what, function()
      if not mounted then return pending "a disk that is full needs root" end
      os.execute(("rm -f %s/*; mount -o remount,size=64k %s"):format(folder, folder))
      f()
    end)
  end

  local batch = require("spec.support.sockets").repeated(require("tcpstats").decode(host.stream(1)), 1000)

  for _, format in ipairs { "flat", "csv", "json", "protobuf" } do
    test("loses whole rows, counted, and the run goes on when there is room: " .. format, function()
      host.write(folder .. "/other", ("x"):rep(60 << 10))
      local logged = {}
      local out = assert(output.open(folder .. "/log", function(_, text, ...) logged[#logged + 1] = text:format(...) end))
      local options = { format = format, header = false }
      out:write(batch, options)
      out:flush()
      local part = support.read(folder .. "/log")
      local whole = batch:encode(format, options)
      local border = (format == "json" or format == "protobuf") and 0 or #part
      assert.equal(border, #part)
      assert.equal(whole:sub(1, border), part)
      assert.is_true(part == "" or part:sub(-1) == "\n")
      assert.truthy(logged[1]:find("No space left on device; rows are kept until there is room", 1, true))
      local counts = out:account()
      assert.equal(1000, counts.written + counts.waiting)
      os.remove(folder .. "/other")
      os.execute(("mount -o remount,size=8m %s"):format(folder))
      out:finish()
      out:close()
      assert.is_true(support.read(folder .. "/log") == whole)
      assert.is_false(out:has_lost())
      assert.truthy(logged[2]:find("is written again", 1, true))
    end)
  end

  test("drops what its buffer has no room for, and ends the run with 1", function()
    local path = host.write(folder .. "/s.lua", [[return { on_batch = function(b, ctx)
      ctx:output("file:]] .. folder .. [[/log?buffer=64K"):write(("x"):rep(9999) .. "\n")
    end }]])
    local _, err, code = host.run("-c 40 -i 0.01 " .. path)
    assert.equal(1, code)
    local lost = tonumber(err:match("(%d+) of 40 rows were lost"))
    assert.equal(40 - lost, select(2, support.read(folder .. "/log"):gsub("\n", "")))
    assert.equal(0, #support.read(folder .. "/log") % 10000)
  end)
end)

describe("a file that may not grow", function()
  it("is as a disk that is full", function()
    local folder = host.folder()
    local few = require("spec.support.dump").write(folder .. "/few", 100)
    local _, err, code = support.run(("ulimit -f 8; exec %s -s linux:%s -o %s/log flat"):format(support.bin, few, folder))
    assert.equal(1, code)
    local lost = tonumber(err:match "(%d+) of 100 rows were lost because the disk was full or failed")
    local text = support.read(folder .. "/log")
    assert.equal("\n", text:sub(-1))
    assert.equal(100 - lost, select(2, text:gsub("\n", "")))
    os.execute("rm -r " .. folder)
  end)
end)

describe("a file whose folder is away", function()
  it("is written to on when it should be opened again", function()
    local folder, logged = host.folder(), {}
    local out = assert(output.open(folder .. "/log", function(level, text, ...) logged[#logged + 1] = level .. " " .. text:format(...) end))
    out:write "one\n"
    assert(os.rename(folder, folder .. ".away"))
    assert.is_true(out:reopen())
    out:write "two\n"
    out:close()
    assert.equal("one\ntwo\n", support.read(folder .. ".away/log"))
    assert.truthy(logged[1]:find "^warning cannot open .*/log again: No such file or directory; the old file is written to$")
    os.execute("rm -r " .. folder .. ".away")
  end)
end)

describe("a capture that is there already", function()
  it("is not replaced unless that is asked for", function()
    local path = host.write(os.tmpname(), "precious")
    local _, err, code = host.run("-c 1 --record " .. path .. " json")
    assert.equal(("tcpstats-lua: --record: %s is there already; --overwrite replaces it\n"):format(path), err)
    assert.equal(2, code)
    assert.equal("precious", support.read(path))
    _, err, code = host.run("-c 1 --overwrite --record " .. path .. " json")
    assert.same({ "", 0 }, { err, code })
    host.write(path, "")
    _, err, code = host.run("-c 1 --record " .. path .. " json")
    assert.same({ "", 0 }, { err, code })
    os.remove(path)
  end)
end)

describe("what an output is", function()
  it("is named by a URL", function()
    assert.are.same({ "stdout", "" }, { output.parse "-" })
    assert.are.same({ "file", "a/b:c" }, { output.parse "a/b:c" })
    assert.are.same({ "file", "/x", "rotate=1M" }, { output.parse "file:/x?rotate=1M" })
    assert.are.same({ "tcp", "h:1", "" }, { output.parse "tcp://h:1" })
    assert.are.same({ "unix", "/run/x", "buffer=1M" }, { output.parse "unix:/run/x?buffer=1M" })
    assert.are.same({ "unix", "/run/x", "" }, { output.parse "unix:///run/x" })
    local scheme, what = output.parse "unixx://h:1"
    assert.is_nil(scheme)
    assert.truthy(what:find("did you mean unix?", 1, true))
  end)

  it("has a file of its own for every scheme", function()
    for _, scheme in ipairs(output.schemes) do
      local kind = require("tcpstats.output." .. scheme)
      assert.is_function(kind.open)
      assert.is_table(kind.keys)
    end
  end)
end)
