-- Outputs over sockets: readers that are slow, come late, go away, or never listen.
local core = require "tcpstats.core"
local events = require "tcpstats.host.events"
local host = require "spec.support.host"
local output = require "tcpstats.output"
local socket = require "socket"
local support = require "spec.support"
local unix = require "socket.unix"

local SECOND <const> = 1000000000

describe("an output over a socket", function()
  local logged, loop

  before_each(function() logged, loop = {}, events.new() end)

  local function log(level, format, ...) logged[#logged + 1] = level .. " " .. format:format(...) end
  local function said(text) return table.concat(logged, "\n"):find(text) ~= nil end

  -- Opens one, which goes on whenever the spec waits.
  local function open(url)
    local out = assert(output.open(url, log))
    loop:attend { pending = function() return out:pending() end, tick = function() out:flush() end }
    return out
  end

  -- Lets outputs go on until something is so.
  local function go_on(done)
    local deadline = core.monotonic_ns() + 20 * SECOND -- it would never be
    while not done() do
      assert.is_true(core.monotonic_ns() < deadline, table.concat(logged, "\n"))
      loop:step(core.monotonic_ns() + 10000000)
    end
  end

  -- Ends it as a run does.
  local function finish(out)
    out:finish()
    go_on(function() return out:is_finished() end)
    out:close()
  end

  local function listen(port)
    local server = assert(socket.tcp4())
    server:setoption("reuseaddr", true)
    assert(server:bind("127.0.0.1", port or 0))
    assert(server:listen(8))
    server:settimeout(0)
    local _, bound = server:getsockname()
    return server, math.tointeger(tonumber(bound))
  end

  local function accept(server)
    local client
    go_on(function()
      client = server:accept()
      return client
    end)
    client:settimeout(0)
    return client
  end

  -- Reads until there is so much, or the end (nil).
  local function receive(client, count)
    local text, over = "", false
    go_on(function()
      local whole, what, part = client:receive(1 << 16)
      text = text .. (whole or part or "")
      over = what == "closed"
      return over or count and #text >= count
    end)
    return text, over
  end

  it("tcp sends rows in order", function()
    local server, port = listen()
    local out = open("tcp://127.0.0.1:" .. port)
    out:write("one\n")
    out:flush()
    local client = accept(server)
    out:write("two\n")
    finish(out)
    assert.equal("one\ntwo\n", (receive(client)))
    assert.same({}, logged)
    assert.same({ collected = 2, written = 2, unknown = 0, waiting = 0, dropped = {} }, out:account())
    client:close()
    server:close()
  end)

  it("unix does the same", function()
    local path = os.tmpname()
    os.remove(path)
    local server = assert(unix.stream())
    assert(server:bind(path))
    assert(server:listen(4))
    server:settimeout(0)
    local out = open("unix:" .. path)
    out:write("one\n")
    local client = accept(server)
    finish(out)
    assert.equal("one\n", (receive(client)))
    client:close()
    server:close()
    os.remove(path)
  end)

  it("serves a reader that has nothing to say", function()
    local server, port = listen()
    local out = open("tcp://127.0.0.1:" .. port)
    local client = accept(server)
    client:shutdown "send"
    go_on(function() return out.backend.half_closed end)
    out:write("one\n")
    out:flush()
    assert.equal("one\n", (receive(client, 4)))
    out:write("two\n")
    finish(out)
    assert.equal("two\n", (receive(client)))
    assert.same({}, logged)
    client:close()
    server:close()
  end)

  it("keeps rows for a reader that comes later", function()
    local server, port = listen()
    server:close()
    local out = open("tcp://127.0.0.1:" .. port)
    out:write("early\n")
    go_on(function() return said "warning tcp://127.0.0.1:%d+: Connection refused; trying again" end)
    server = listen(port)
    local client = accept(server)
    finish(out)
    assert.equal("early\n", (receive(client)))
    assert.is_true(said "info tcp://127.0.0.1:%d+: connected")
    assert.is_false(out:has_lost())
    client:close()
    server:close()
  end)

  it("connects again when the reader went away, and counts what it may not have had", function()
    local server, port = listen()
    local out = open("tcp://127.0.0.1:" .. port)
    local client = accept(server)
    local written = 0
    client:close()
    go_on(function()
      out:write("row\n")
      out:flush()
      written = written + 1
      return said "the reader closed the connection"
    end)
    assert.equal(written, out:account().unknown + out:account().waiting)
    assert.is_true(out:account().unknown > 0)
    client = accept(server)
    out:write("last\n")
    finish(out)
    assert.truthy(receive(client):find "last\n$")
    assert.truthy(logged[#logged]:find("may not have arrived: the reader went away", 1, true))
    client:close()
    server:close()
  end)

  it("sends a row that a lost connection tore again from its beginning", function()
    local server, port = listen()
    local out = open("tcp://127.0.0.1:" .. port)
    local client = accept(server)
    local row = ("x"):rep(7 << 20) .. "\n"
    out:write(row)
    receive(client, 100000)
    client:close()
    client = accept(server)
    out:finish()
    assert.is_true(receive(client, #row) == row)
    finish(out)
    assert.same({ collected = 1, written = 1, unknown = 0, waiting = 0, dropped = {} }, out:account())
    client:close()
    server:close()
  end)

  it("drops whole rows when the reader is slow, never waits, and counts what was lost", function()
    local server, port = listen()
    local out = open(("tcp://127.0.0.1:%d?buffer=1M"):format(port))
    local row = ("x"):rep(99999) .. "\n"
    local client = accept(server)
    for _ = 1, 300 do
      assert.is_true(out:write(row))
      out:flush()
    end
    local lost = out:account().dropped.buffer
    assert.is_true(lost > 100, lost)
    assert.is_true(out.backend.queue.held <= 1 << 20)
    assert.is_true(said "so far %d+ of %d+ rows were lost because the buffer was full" or said "so far 1 of")
    out:finish()
    local received = receive(client, (300 - lost) * #row)
    assert.is_true(received == row:rep(300 - lost))
    finish(out)
    assert.truthy(logged[#logged]:find(("%d of 300 rows were lost because the buffer was full"):format(lost), 1, true))
    client:close()
    server:close()
  end)

  it("takes a batch that is larger than its buffer, and one after it as far as there is room", function()
    local server, port = listen()
    local out = open(("tcp://127.0.0.1:%d?buffer=64K"):format(port))
    local client = accept(server)
    local batch = require("tcpstats").decode(host.stream(1))
    local large = require("spec.support.sockets").repeated(batch, 20000)
    for _ = 1, 3 do out:write(large, { format = "flat" }) end
    local counts = out:account()
    assert.is_true(counts.dropped.buffer >= 20000, counts.dropped.buffer)
    out:finish()
    local parts = {}
    go_on(function()
      local whole, _, part = client:receive(1 << 20)
      parts[#parts + 1] = whole or part
      return out:is_finished()
    end)
    out:close()
    parts[#parts + 1] = receive(client)
    assert.equal(60000 - counts.dropped.buffer, (select(2, table.concat(parts):gsub("\n", ""))))
    client:close()
    server:close()
  end)

  it("gives up after a moment at the end, and counts", function()
    local out = open "tcp://127.0.0.1:1"
    out:write("a\n")
    out:write("b\n")
    finish(out)
    assert.truthy(logged[#logged]:find("2 of 2 rows were lost because the reader did not take them", 1, true))
  end)

  it("tries again to resolve a name", function()
    local out = open "tcp://no.such.host.invalid:1"
    go_on(function() return said "cannot resolve no.such.host.invalid: .*; trying again" end)
    local retried = out.backend.retry_ns
    go_on(function() return out.backend.retry_ns > retried end)
    out:close()
  end)

  it("has wrong urls reported", function()
    for url, message in pairs {
      ["tcp://localhost"] = "expected tcp://HOST:PORT", ["tcp://h:0"] = "expected tcp://HOST:PORT", ["udp://x"] = "expected udp://HOST:PORT",
      ["tcp://127.0.0.1:1?buffer=x"] = "buffer=x is not a size; 8M is one", ["unix:"] = "a path is missing",
      ["udp://127.0.0.1:9?size=0"] = "size=0 is not a datagram's size", ["unix:" .. ("x"):rep(200)] = "File name too long",
    } do
      local out, what, code = output.open(url, log)
      assert.is_nil(out)
      assert.truthy(what:find(message, 1, true), what)
      assert.equal("EUSAGE", code)
    end
  end)

  describe("udp", function()
    local function receiver()
      local s = assert(socket.udp4())
      assert(s:setsockname("127.0.0.1", 0))
      s:settimeout(0)
      local _, port = s:getsockname()
      return s, port
    end

    local function receive_one(s)
      local datagram
      go_on(function()
        datagram = s:receive()
        return datagram
      end)
      return datagram
    end

    -- The name is resolved by a thread.
    local function ready(url)
      local out = open(url)
      go_on(function() return out.backend.fd end)
      return out
    end

    it("gathers whole lines in datagrams of a size", function()
      local s, port = receiver()
      local out = ready(("udp://127.0.0.1:%s?size=20"):format(port))
      out:write("12345678\n12345678\n12345678\n")
      out:write("123\n")
      out:write("123\n")
      out:write("a line that is longer than that\n")
      finish(out)
      assert.same({ "12345678\n12345678\n", "12345678\n123\n123\n", "a line that is longer than that\n" },
        { receive_one(s), receive_one(s), receive_one(s) })
      assert.is_true(said "rows are larger than size=20")
      assert.same({ collected = 4, written = 4, unknown = 0, waiting = 0, dropped = {} }, out:account())
      s:close()
    end)

    it("packs the rows of a batch", function()
      local s, port = receiver()
      local batch = require("spec.support.sockets").repeated(require("tcpstats").decode(host.stream(1)), 100)
      for _, format in ipairs { "flat", "csv", "json", "protobuf" } do
        local out = ready("udp://127.0.0.1:" .. port)
        out:write(batch, { format = format, fields = { "local_port", "state" } })
        finish(out)
        assert.same({ collected = 100, written = 100, unknown = 0, waiting = 0, dropped = {} }, out:account())
        local rows, most, datagrams = 0, 0, 0
        for datagram in function() return s:receive() end do
          most, datagrams = math.max(most, #datagram), datagrams + 1
          if format == "protobuf" then
            rows = rows + #require("tcpstats").decode(datagram)
          else
            rows = rows + select(2, datagram:gsub(format == "json" and '"localPort"' or "\n", ""))
          end
        end
        assert.equal(100, rows, format)
        assert.is_true(most <= 1400 and datagrams < 50, ("%s: %d, %d"):format(format, most, datagrams))
      end
      s:close()
    end)

    it("counts what fits no datagram", function()
      local s, port = receiver()
      local out = ready("udp://127.0.0.1:" .. port)
      out:write(("x"):rep(70000) .. "\n")
      finish(out)
      assert.truthy(logged[#logged]:find("1 of 1 row was lost because they are larger than a datagram", 1, true), logged[#logged])
      s:close()
    end)

    it("counts what nobody listens for", function()
      local s, port = receiver()
      s:close()
      local out = ready("udp://127.0.0.1:" .. port)
      for i = 1, 5 do
        out:write(("row %d\n"):format(i))
        out:flush()
      end
      finish(out)
      assert.same({ collected = 5, written = 0, unknown = 0, waiting = 0, dropped = { refused = 5 } }, out:account())
      assert.is_true(said "nobody listens")
    end)
  end)
end)

describe("the binary with a reader that stands still", function()
  it("goes on collecting, tells at the end what was lost, and ends with 1", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local folder = host.folder()
    local path = host.write(folder .. "/s.lua", [[return { on_batch = function(b, ctx)
      ctx:output("tcp://127.0.0.1:]] .. port .. [[?buffer=1M"):write(("x"):rep(400000))
      ctx:emit("pass\n")
    end }]])
    local out, err, code = host.run("-c 40 -i 0.02 " .. path)
    assert.equal(40, select(2, out:gsub("pass\n", "")))
    assert.truthy(err:find("of 40 rows were lost", 1, true), err)
    assert.equal(1, code)
    os.execute("rm -r " .. folder)
    server:close()
  end)
end)

describe("the binary with a standard output that somebody made non-blocking", function()
  it("waits for its reader, and loses nothing", function()
    local folder = host.folder()
    local program = host.write(folder .. "/p.lua", ([[
      require("tcpstats.runtime").set_blocking(1, false)
      os.execute("%s -i 0.01 -c 6 %s/s.lua")]]):format(support.bin, folder))
    host.write(folder .. "/s.lua", ([[return { on_batch = function(_, ctx)
      ctx:emit(("x"):rep((1 << 20) - 1) .. "\n")
      io.open("%s/begun", "w"):close()
    end }]]):format(folder))
    local out, err = support.run(("{ %s %s; echo over >&2; } | { until [ -e %s/begun ]; do sleep 0.01; done; cat; }"):format(support.lua, program, folder))
    os.execute("rm -r " .. folder)
    assert.equal(6 << 20, #out)
    assert.equal("over\n", (err:gsub("[^\n]*skipped %d+ ticks?[^\n]*\n", "")))
  end)
end)

describe("the binary with a standard output that blocks", function()
  local function run(how)
    local folder = host.folder()
    local script = host.write(folder .. "/s.lua", [[return { on_batch = function(b, ctx)
      ctx:output("file:]] .. folder .. [[/beside"):write("pass\n")
      ctx:emit(("x"):rep(1 << 20))
    end }]])
    local out = support.run(([[
      mkfifo %s/pipe; sleep 60 <%s/pipe & reader=$!
      %s -i 0.02 %s >%s/pipe 2>%s/err & pid=$!
      %s
      wait $pid; echo "exit $?"; kill $reader; cat %s/err]]):format(folder, folder, support.bin, script, folder, folder, how:gsub("FOLDER", folder), folder))
    os.execute("rm -r " .. folder)
    return out
  end

  it("serves other outputs, and ends at the first SIGTERM, with what was lost", function()
    local out = run "until [ $(cat FOLDER/beside 2>/dev/null | wc -l) -ge 20 ]; do sleep 0.05; done; kill -TERM $pid"
    assert.truthy(out:find("^exit 1\n"), out)
    assert.truthy(out:find("standard output: %d+ of %d+ rows were lost: %d+ because the"), out)
  end)
end)

describe("an output to every reader", function()
  local folder = host.folder()
  local dump = require "spec.support.dump"
  local few = support.run(("%s -s linux:%s protobuf"):format(support.bin, dump.write(folder .. "/few", 100)))
  local many = support.run(("%s -s linux:%s protobuf"):format(support.bin, dump.write(folder .. "/many", 20000)))
  host.write(folder .. "/few", few:rep(3))
  host.write(folder .. "/many", many:rep(2))
  local said = support.run(("python3 spec/output/matrix.py %s %s/few 300 %s/many 40000"):format(support.bin, folder, folder))
  local count = 0
  for how, what, more in said:gmatch "(%l[%l ]-) %d+ %- ([^\n]+)\n(# [^\n]*)" do
    count = count + 1
    it("counts every row: " .. what, function() assert.equal("ok", how, more) end)
  end
  it("was tried", function() assert.equal(120, count, said) end)
  os.execute("rm -r " .. folder)
end)
