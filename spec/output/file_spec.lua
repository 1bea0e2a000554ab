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

  it("names the package of a library that is missing", function()
    package.preload["socket.missing"] = function() error "not here" end
    local loaded, what = require("tcpstats.output.library").load("socket.missing", "tcp")
    package.preload["socket.missing"] = nil
    assert.is_nil(loaded)
    assert.are.equal("tcp needs socket, which is not installed (Debian: lua-socket, FreeBSD: lua54-luasocket, LuaRocks: luasocket)", what)
  end)
end)
