-- What a script does wrong, and what becomes of it: each promise of the host about errors, time and memory, with the binary.
local host = require "spec.support.host"
local support = require "spec.support"

describe("a script that", function()
  local folder, stream, number = nil, nil, 0

  setup(function()
    folder = host.folder()
    stream = "-s protobuf:" .. host.write(folder .. "/stream.pb", host.stream())
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  -- Runs a script; `body` is what its table holds.
  local function run(body, words, source)
    number = number + 1
    local path = host.write(("%s/s%d.lua"):format(folder, number), ("return { name = 's', %s }\n"):format(body))
    local out, err, code = host.run(("%s %s %s"):format(source or stream, words or "", path))
    return out, (err:gsub(folder:gsub("%p", "%%%0") .. "/s%d+%.lua", "FILE")), code
  end

  describe("raises an error", function()
    it("loses that call only, and the report names script, hook and line with a traceback", function()
      local out, err, code = run [[
        on_socket = function(s, ctx)
          if s.local_port == 8080 and ctx.batch.metadata.timestamp_ns == 1700000001000000000 then error("no luck") end
          ctx:emit(s.local_port .. "\n")
        end]]
      assert.are.equal("443\n22\n443\n8080\n22\n9000\n443\n8080\n9000\n", out)
      assert.truthy(err:find("tcpstats-lua: s: error: on_socket: FILE:2: no luck\n\tstack traceback:\n", 1, true), err)
      assert.is_nil(err:find("tcpstats/host/", 1, true))
      assert.are.equal(0, code) -- the last pass was fine
    end)

    it("is no empty result: when the last pass failed the exit code is 1", function()
      local _, _, code = run("on_batch = function() error('x') end", "-c 1")
      assert.are.equal(1, code)
    end)

    it("is told three times a minute and counted beyond", function()
      local _, err, code = run("on_socket = function() error('x') end")
      assert.are.equal(3, select(2, err:gsub("on_socket: FILE:1: x", "")))
      assert.truthy(err:find("s: error: on_socket: %d+ more errors like this"))
      assert.are.equal(1, code)
    end)

    it("ten passes in a row, ends the run with 1", function()
      host.write(folder .. "/twelve.pb", host.stream(12))
      local out, err, code = run("on_batch = function(b, ctx) ctx:emit('.') error('x') end", "", ("-s protobuf:%s/twelve.pb"):format(folder))
      assert.are.equal(("."):rep(10), out)
      assert.truthy(err:find("tcpstats-lua: s: error: 10 passes in a row failed; it ends\n", 1, true))
      assert.are.equal(1, code)
    end)

    it("ten passes in a row, does not end the others, and the run ends with 1", function()
      local fails = host.write(folder .. "/fails.lua", [[
        return { on_batch = function(b, ctx) ctx:emit('.') error('x') end, stop = function(ctx) ctx:emit('stopped') end }]])
      local goes_on = host.write(folder .. "/goes_on.lua", "return { on_batch = function(b, ctx) ctx:emit('+') end }")
      local out, err, code = host.run(("-s protobuf:%s/twelve.pb -x %s -o %s/fails -x %s"):format(folder, fails, folder, goes_on))
      assert.are.equal(("+"):rep(12), out)
      assert.are.equal(("."):rep(10) .. "stopped", support.read(folder .. "/fails"))
      assert.are.equal(1, select(2, err:gsub("fails: error: 10 passes in a row failed; it ends\n", "")))
      assert.are.equal(1, code)
    end)

    it("ten passes in a row, gets another chance when it is loaded again", function()
      local path = host.write(folder .. "/mended.lua", "return { on_batch = function() error('x') end }")
      local other = host.write(folder .. "/other.lua", "return { on_batch = function() end }")
      local out, _, code = support.beside(("%s -i 0.02 -x %s -x %s"):format(support.bin, path, other), ([[
        warned "it ends"
        echo 'return { on_batch = function(b, ctx) ctx:emit("mended ") end }' >%s
        kill -HUP $pid
        said mended
        kill $pid]]):format(path))
      assert.truthy(out:find "^mended ")
      assert.are.equal(0, code)
    end)

    it("not in a row, goes on", function()
      local out, _, code = run([[on_batch = function(b, ctx)
        ctx.state.n = (ctx.state.n or 0) + 1
        ctx:emit('.')
        if ctx.state.n % 10 ~= 0 then error('x') end
      end]], "-c 10", ("-s protobuf:%s/twelve.pb"):format(folder))
      assert.are.equal(("."):rep(10), out)
      assert.are.equal(0, code)
    end)

    it("ends the run at the first with --strict", function()
      local out, err, code = run("on_socket = function(s, ctx) ctx:emit('.') error('x') end, on_batch = function(b, ctx) ctx:emit('batch') end", "--strict")
      assert.are.equal(".", out)
      assert.truthy(err:find("tcpstats-lua: --strict: an error ends the run\n", 1, true))
      assert.are.equal(1, code)
    end)

    it("in init, does not run", function()
      local out, err, code = run("init = function() error('x') end, on_batch = function(b, ctx) ctx:emit('no') end")
      assert.are.equal("", out)
      assert.truthy(err:find("s: error: init: FILE:1: x", 1, true))
      assert.are.equal(1, code)
    end)

    it("without a position in init, refuses what the command line says: one line, exit 2", function()
      local _, err, code = run("init = function() error('--rtt-ms and --loss do not go together', 0) end")
      assert.are.equal("tcpstats-lua: s: --rtt-ms and --loss do not go together\n", err)
      assert.are.equal(2, code)
    end)

    it("that is no text, is reported all the same", function()
      local _, err = run("on_batch = function() error({}) end", "-c 1")
      assert.truthy(err:find("s: error: on_batch: (an error that is a table)", 1, true), err)
    end)
  end)

  describe("loops", function()
    local loops = {
      ["in a hook"] = "while true do end",
      ["inside a pcall"] = "while true do pcall(function() while true do end end) end",
      ["in a coroutine of its own"] = "coroutine.wrap(function() while true do end end)()",
      ["in coroutines that it resumes again and again"] = "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
      ["in a pcall in a coroutine in a pcall"] =
        "while true do pcall(coroutine.wrap(function() while true do pcall(function() while true do end end) end end)) end",
      ["in a message handler"] = "while true do xpcall(error, function() while true do end end) end",
      ["in a variable that is closed"] =
        "while true do pcall(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) end) end",
      ["in a comparison of a sort"] = "while true do table.sort({3, 2, 1}, function(a, b) while true do end end) end",
      ["while it emits"] = "while true do ctx:emit('') end",
      ["in a table of 2^45 leaves that it emits"] = "local t = {} for i = 1, 45 do t = {t, t} end ctx:emit(t)",
      ["in empty tables with a million places that it emits"] =
        "local e = {} for i = 1, 1e6 do e[i] = i end for i = 1, 1e6 do e[i] = nil end local t = {} for i = 1, 1e5 do t[i] = e end ctx:emit(t)",
      ["in the text of what it logs"] = "ctx:log('info', '%s', ENDLESS)",
      ["in the text of its last words"] = "ctx:stop(3, ENDLESS)",
      ["in the text of its error"] = "error(ENDLESS)",
      ["in the metatable of its error"] = "error(setmetatable({}, setmetatable({}, {__index = function() while true do end end})))",
    }
    for where, body in pairs(loops) do
      it(where .. ", is interrupted and the run goes on", function()
        body = body:gsub("ENDLESS", "setmetatable({}, {__tostring = function() while true do end end})")
        local out, err, code = run(("on_batch = function(b, ctx) ctx.state.n = (ctx.state.n or 0) + 1 if ctx.state.n == 1 then %s end ctx:emit('fine\\n') end")
          :format(body), "--script-timeout 0.2")
        assert.are.equal("fine\nfine\n", out)
        assert.truthy(err:find("s: error: on_batch: .-interrupted: it ran longer than %-%-script%-timeout 0.2"), err)
        assert.are.equal(0, code)
      end)
    end

    it("in what the host does not ask for, is not run at all", function()
      local out, err, code = run([[on_batch = function(b, ctx)
        local endless = function() while true do end end
        ctx:emit({a = 1}, setmetatable({}, {__index = endless}))
        ctx:emit(setmetatable({a = 1}, {__index = endless, __pairs = endless, __len = endless, __tostring = endless}))
        ctx:emit(b, {format = 'csv', header = false, fields = setmetatable({'local_port'}, {__index = endless, __len = endless})})
        error(setmetatable({}, {__eq = endless}))
      end]], "--script-timeout 0.2 -c 1")
      assert.are.equal('{"a":1}\n{"a":1}\n443\n8080\n22\n', (out:gsub("\r", "")))
      assert.truthy(err:find("(an error that is a table)", 1, true), err)
      assert.are.equal(1, code)
    end)

    it("in a metatable of its own table, is not loaded", function()
      local wrongs = {
        ["name"] = "expected a table without a metatable",
        ["options: a"] = "expected a table without a metatable",
        ["timers"] = "expected a table without a metatable",
        ["(a table)"] = "expected a name",
      }
      local bodies = {
        ["name"] = "name = ENDLESS", ["options: a"] = "options = {a = ENDLESS}", ["timers"] = "timers = ENDLESS", ["(a table)"] = "[ENDLESS] = 1",
      }
      for key, body in pairs(bodies) do
        body = body:gsub("ENDLESS", "setmetatable({}, {__index = function() while true do end end, __tostring = function() while true do end end})")
        local _, err, code = run(body)
        assert.truthy(err:find(("FILE: %s: %s"):format(key, wrongs[key]), 1, true), err)
        assert.are.equal(1, code)
      end
    end)

    it("for one socket, is interrupted once and not for every socket after it", function()
      local _, err, code = run("on_socket = function() while true do end end", "--script-timeout 0.2 -c 1")
      assert.are.equal(1, select(2, err:gsub("interrupted", "")))
      assert.are.equal(1, code)
    end)

    it("in its file, does not load", function()
      local path = host.write(folder .. "/loop.lua", "while true do end")
      local _, err, code = host.run(("--script-timeout 0.2 --check %s"):format(path))
      assert.are.equal(("tcpstats-lua: %s:1: interrupted: it ran longer than --script-timeout 0.2\n"):format(path), err)
      assert.are.equal(1, code)
    end)

    it("where Lua cannot interrupt it, ends the process with 1", function()
      local _, err, code = run("on_batch = function() string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40) .. 'b') end", "--script-timeout 0.2 -c 1")
      assert.truthy(err:find("tcpstats-lua: s: on_batch: hangs where Lua cannot interrupt it; giving up\n", 1, true), err)
      assert.are.equal(1, code)
    end)

    it("has a limit, and a built-in script only one that is given", function()
      local path = host.write(folder .. "/nothing.lua", "return {}")
      local program = host.write(folder .. "/limits.lua", ([[
        for _, timeout in ipairs { false, 3 } do
          local h = require("tcpstats.host").new {
            source = %q, timeout = timeout or nil, scripts = { { name = "flat", output = "/dev/null" }, { name = %q, output = "/dev/null" } } }
          h:run()
          print(h.instances[1].timeout_ns, h.instances[2].timeout_ns)
        end]]):format(stream:match "%-s (.*)", path))
      assert.are.equal("0\t5000000000\n3000000000\t3000000000\n", (support.run(support.lua .. " " .. program)))
    end)

    it("is not interrupted while it waits for a slow reader", function()
      local path = host.write(folder .. "/wide.lua", [[
        return { on_batch = function(b, ctx) for i = 1, 40 do ctx:emit(("x"):rep(65536)) end ctx:log("info", "through") end }]])
      local out, err = support.run(("%s --script-timeout 0.3 %s -c 1 %s | { sleep 1; wc -c; }"):format(support.bin, stream, path))
      assert.are.equal(40 * 65536, tonumber(out))
      assert.are.equal("tcpstats-lua: wide: through\n", err)
    end)
  end)

  describe("waits for what does not come", function()
    local waits = {
      ["for a command"] = "os.execute 'sleep 1000'",
      ["for a command of two"] = "os.execute 'sleep 1000; true'",
      ["for what a command says"] = "io.popen 'sleep 1000':read 'a'",
      ["for the end of a command"] = "io.popen('sleep 1000'):close()",
      ["for a writer of a pipe"] = "os.execute 'mkfifo FOLDER/pipe' io.open('FOLDER/pipe'):read 'a'",
      ["for a connection"] = "local s = require 'socket'.tcp() s:bind('127.0.0.1', 0) s:listen() s:accept()",
      ["for bytes, though its socket has no timeout"] = [[
        local socket = require 'socket'
        local s, c = socket.tcp(), socket.tcp()
        s:bind('127.0.0.1', 0) s:listen()
        c:settimeout(nil)
        c:connect('127.0.0.1', (select(2, s:getsockname())))
        c:receive '*a']],
      ["for bytes of who connected"] = [[
        local socket = require 'socket'
        local s, c = socket.tcp(), socket.tcp()
        s:bind('127.0.0.1', 0) s:listen()
        c:connect('127.0.0.1', (select(2, s:getsockname())))
        s:accept():receive '*a']],
      -- these two come back when as much time has gone by, and on a busy machine before the ticks are counted that interrupt
      ["for any of no sockets"] = "while true do require 'socket'.select(nil, nil) end",
      ["for time to pass"] = "while true do require 'socket'.sleep(1000) end",
    }
    for what, body in pairs(waits) do
      it(what .. ", is interrupted and the run goes on", function()
        local out, err, code = run(([[on_batch = function(b, ctx)
          ctx.state.n = (ctx.state.n or 0) + 1
          if ctx.state.n == 1 then %s end
          ctx:emit('fine\n')
        end]]):format(body:gsub("FOLDER", folder)), "--script-timeout 0.1")
        assert.are.equal("fine\nfine\n", out)
        assert.truthy(err:find("s: error: on_batch: .-interrupted: it waited for 0.4 seconds; four times %-%-script%-timeout is the most"), err)
        assert.are.equal(0, code)
      end)
    end

    it("when a signal ends the run, is interrupted then", function()
      local path = host.write(folder .. "/waits.lua", [[
        return { name = "waits", on_batch = function(b, ctx) ctx:log("info", "begins") os.execute "sleep 1000" end,
          stop = function() while true do end end }]])
      local _, err, code = support.beside(("%s --script-timeout 1000 %s"):format(support.bin, path), "warned begins; kill $pid")
      assert.truthy(err:find "waits: error: on_batch: [^\n]*interrupted: the run ends\n", err)
      assert.truthy(err:find "waits: error: stop: [^\n]*interrupted: the run ends\n", err)
      assert.are.equal(0, code)
    end)
  end)

  describe("takes too much memory", function()
    for what, body in pairs {
      ["in one string"] = "local s = ('x'):rep(1 << 30)",
      ["in a table of 2^45 leaves that it emits"] = "local t = {('x'):rep(1000)} for i = 1, 45 do t = {t, t} end ctx:emit(t)",
      ["in many tables"] = "local t = {} for i = 1, 1e9 do t[i] = {} end",
      ["inside a pcall"] = "while true do pcall(function() local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end end) end",
    } do
      it(what .. ", gets an error, and the host goes on", function()
        body = body:gsub("ENDLESS", "setmetatable({}, {__tostring = function() while true do end end})")
        local out, err, code = run(("on_batch = function(b, ctx) ctx.state.n = (ctx.state.n or 0) + 1 if ctx.state.n == 1 then %s end ctx:emit('fine\\n') end")
          :format(body), "--memory 32M --script-timeout 3")
        assert.are.equal("fine\nfine\n", out)
        assert.truthy(err:find("not enough memory", 1, true) or err:find("interrupted", 1, true), err)
        assert.are.equal(0, code)
      end)
    end

    for what, make in pairs {
      ["filters"] = "require('tcpstats').filter('local_port=443')", ["trackers"] = "require('tcpstats').tracker()",
      ["batches"] = "require('tcpstats').decode(ctx.state.bytes)",
    } do
      it(("in %s that it keeps, gets an error, and garbage of them is none of it"):format(what), function()
        local out, err, code = run(([[on_batch = function(b, ctx)
          ctx.state.n, ctx.state.bytes = (ctx.state.n or 0) + 1, b:protobuf()
          local kept = {}
          for i = 1, ctx.state.n == 1 and math.huge or 2000 do kept[ctx.state.n == 1 and i or 1] = %s end
          ctx:emit('fine\n')
        end]]):format(make), "--memory 16M --script-timeout 60")
        assert.are.equal("fine\nfine\n", out)
        assert.truthy(err:find("not enough memory", 1, true), err)
        assert.are.equal(0, code)
      end)
    end

    it("for every socket, is told once a pass", function()
      local _, err, code = run("on_socket = function() local s = ('x'):rep(1 << 30) end", "--memory 32M -c 1")
      assert.truthy(err:find("s: error: on_socket: .*not enough memory"), err)
      assert.are.equal(1, code)
    end)
  end)

  it("is asked what it says of a source that cannot be opened", function()
    local out, err, code = run("on_failure = function(what, options) return 3, 'UNKNOWN: ' .. what end", "", "-s linux:/nowhere/at/all")
    assert.are.equal("UNKNOWN: cannot read /nowhere/at/all: No such file or directory\n", out)
    assert.are.equal("tcpstats-lua: cannot read /nowhere/at/all: No such file or directory\n", err)
    assert.are.equal(3, code)
  end)

  it("says what drives a terminal or looks like another line, says it in one harmless line", function()
    local _, err = run([=[name = "n\27[2Jm", on_batch = function(b, ctx)
      ctx:log("info", "a\27[31mb\ntcpstats-lua: error: %s", "\u{202e}x\u{9b}y\r")
      error("first\ntcpstats-lua: all is well\27[0m")
    end]=], "-c 1")
    assert.truthy(err:find("tcpstats-lua: n?[2Jm: a?[31mb tcpstats-lua: error: ?x?y?\n", 1, true), err)
    assert.truthy(err:find("error: on_batch: FILE:%d+: first\n\ttcpstats%-lua: all is well%?%[0m\n"), err)
    for line in err:gmatch "[^\n]+" do assert.truthy(line:find "^tcpstats%-lua: " or line:find "^\t", line) end
  end)

  it("breaks a promise of ctx or of a socket, is told which", function()
    local _, err = run("on_batch = function(b, ctx) ctx.mine = 1 end", "-c 1")
    assert.truthy(err:find("FILE:1: ctx.mine cannot be set; ctx.state is the place for own values", 1, true), err)
    _, err = run("on_batch = function(b, ctx) ctx:emitt(1) end", "-c 1")
    assert.truthy(err:find("FILE:1: ctx has no 'emitt', did you mean emit?", 1, true), err)
    _, err = run("on_socket = function(s, ctx) ctx.state.s = s end, on_batch = function(b, ctx) return ctx.state.s.state end", "-c 1")
    assert.truthy(err:find("FILE:1: stale socket: it is valid only while", 1, true), err)
    _, err = run("on_socket = function(s, ctx) return s.rtt_uss end", "-c 1")
    assert.truthy(err:find("FILE:1: no field 'rtt_uss', did you mean rtt_us?", 1, true), err)
    _, err = run("on_batch = function(b, ctx) ctx:emit { peers = { { name = print } } } end", "-c 1")
    assert.truthy(err:find("FILE:1: peers[1].name cannot be JSON: it is a function", 1, true), err)
    _, err = run("on_batch = function(b, ctx) ctx:emit(nil) end", "-c 1")
    assert.truthy(err:find("FILE:1: cannot write nil: expected a batch, a socket, a table or a string", 1, true), err)
    _, err = run("on_batch = function(b, ctx) ctx:output('fiel:x') end", "-c 1")
    assert.truthy(err:find("FILE:1: unknown output 'fiel:', did you mean file?", 1, true), err)
  end)

  it("fails in --where's place, is not taken for one that matches nothing", function()
    local out, err, code = host.run(stream .. " -c 1 -w '1 // (rtt_us - rtt_us) == 1' flat")
    if code == 0 then -- the language has an answer to this
      assert.are.equal("", err)
    else
      assert.are.equal("", out)
      assert.truthy(err:find("--where", 1, true))
    end
  end)
end)
