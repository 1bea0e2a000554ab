-- What hooks get, when, and in which order.
local host = require "spec.support.host"
local support = require "spec.support"

describe("the hooks of a script", function()
  local folder, stream

  setup(function()
    folder = host.folder()
    stream = "-s protobuf:" .. host.write(folder .. "/stream.pb", host.stream())
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  local function run(body, words)
    local path = host.write(folder .. "/s.lua", ("return { name = 's', %s }\n"):format(body))
    local out, err, code = host.run(("%s %s %s"):format(stream, words or "", path))
    assert.are.equal("", err)
    assert.are.equal(0, code)
    return out
  end

  local all = [[
    init = function(ctx) ctx:emit("init\n") end,
    on_open = function(s, ctx) ctx:emit("open " .. s.local_port .. "\n") end,
    on_close = function(s, ctx) ctx:emit("close " .. s.local_port .. "\n") end,
    on_socket = function(s, ctx) ctx:emit("socket " .. s.local_port .. "\n") end,
    on_batch = function(b, ctx) ctx:emit(("batch %d %d %d\n"):format(#b, #b:opened(), #b:closed())) end,
    stop = function(ctx) ctx:emit("stop\n") end]]

  it("run in order", function()
    assert.are.equal("init\nsocket 443\nsocket 8080\nsocket 22\nbatch 3 0 0\n" .. "open 9000\nsocket 443\nsocket 8080\nsocket 22\nsocket 9000\nbatch 4 1 0\n"
      .. "close 22\nsocket 443\nsocket 8080\nsocket 9000\nbatch 3 0 1\nstop\n", run(all))
  end)

  it("see what the script's filter, -f and -w let through, comings and goings included", function()
    assert.are.equal("init\nsocket 22\nbatch 1 0 0\nsocket 22\nbatch 1 0 0\nclose 22\nbatch 0 0 1\nstop\n", run(all .. ", filter = 'local_port=22'"))
    assert.are.equal("init\nbatch 0 0 0\nopen 9000\nsocket 9000\nbatch 1 1 0\nsocket 9000\nbatch 1 0 0\nstop\n", run(all, "-f local_port=9000"))
    assert.are.equal("init\nbatch 0 0 0\nopen 9000\nsocket 9000\nbatch 1 1 0\nsocket 9000\nbatch 1 0 0\nstop\n", run(all, "-w 'local_port == 9000'"))
    assert.are.equal("init\nsocket 443\nbatch 1 0 0\nsocket 443\nbatch 1 0 0\nsocket 443\nbatch 1 0 0\nstop\n",
      run(all .. ", filter = 'local_port=22,443'", "-w 'local_port > 400'"))
  end)

  it("have a ctx that knows the time of a recording", function()
    local out = run [[on_batch = function(b, ctx)
      ctx:emit(("%d %d %s %s %s\n"):format(ctx.now_ns, ctx.elapsed_ns, ctx.since_ns, ctx.live, ctx.schedule.name == ""))
    end]]
    assert.are.equal("1700000001000000000 0 nil false true\n1700000002000000000 1000000000 1000000000 false true\n"
      .. "1700000003000000000 2000000000 1000000000 false true\n", out)
  end)

  it("have timers, which on a recording run by its time", function()
    local out = run [[timers = { { every = 1, run = function(ctx) ctx:emit(("tick %d\n"):format(ctx.elapsed_ns // 1000000000)) end } },
      on_batch = function(b, ctx) ctx:emit("batch\n") end]]
    assert.are.equal("batch\nbatch\ntick 1\nbatch\ntick 2\n", out)
  end)

  it("emit batches, sockets, tables and text, in the format that was asked for", function()
    local script = "on_socket = function(s, ctx) if s.local_port == 22 then ctx:emit(s) end end"
    assert.truthy(run(script, "-c 1"):find('^{"local_addr":"10.0.0.1",[^\n]*"local_port":22,[^\n]*}\n$'))
    assert.truthy(run(script, "-c 1 --format json"):find('^{"localAddr":"CgAAAQ==",[^\n]*}\n$'))
    local bytes = run(script, "-c 1 --format protobuf")
    local batch = require("tcpstats").decode(bytes)
    assert.are.equal(1, #batch)
    for s in batch:each() do assert.are.equal(22, s.local_port) end
    assert.are.equal('{"a":[1,2]}\n', run("on_batch = function(b, ctx) ctx:emit { a = { 1, 2 } } end", "-c 1"))
    assert.are.equal("as it is", run("on_batch = function(b, ctx) ctx:emit 'as it is' end", "-c 1"))
    script = "on_batch = function(b, ctx) ctx:emit(b:filter 'local_port=22') end"
    assert.truthy(run(script, "-c 1"):find('^{"metadata":{.*"localPort":22,.*}\n$'))
    assert.truthy(run(script, "-c 1 --format flat"):find('^{"timestamp_ns":"%d+",[^\n]*"local_addr":"10.0.0.1",[^\n]*}\n$'))
    assert.truthy(run(script, "-c 1 --pretty"):find('^{\n  "metadata": {\n'))
  end)

  it("write to other outputs, which are the same for the same url", function()
    local path = folder .. "/other.txt"
    assert.are.equal("main", run(([[on_batch = function(b, ctx)
      ctx:output("%s"):write("a\n")
      local other = ctx:output("%s")
      other:write("b\n")
      other:flush()
      ctx:emit("main")
    end]]):format(path, path), "-c 1"))
    assert.are.equal("a\nb\n", support.read(path))
  end)

  it("may end the run, with a code and a reason", function()
    local path = host.write(folder .. "/stop.lua", [[return { name = "check", on_batch = function(b, ctx)
      ctx:emit("seen\n")
      if #b:closed() > 0 then ctx:stop(2, "one is gone") end
    end }]])
    local out, err, code = host.run(stream .. " " .. path)
    assert.are.equal("seen\nseen\nseen\n", out)
    assert.are.equal("tcpstats-lua: check: one is gone\n", err)
    assert.are.equal(2, code)
  end)

  it("log with the script's name, debug only with --verbose", function()
    local path = host.write(folder .. "/log.lua",
      "return { on_batch = function(b, ctx) ctx:log('warning', '%d%%', 5) ctx:log('debug', 'deep') ctx:log('info', 'so') end }")
    local _, err = host.run(stream .. " -c 1 " .. path)
    assert.are.equal("tcpstats-lua: log: warning: 5%\ntcpstats-lua: log: so\n", err)
    _, err = host.run(stream .. " -c 1 -v " .. path)
    assert.are.equal("tcpstats-lua: log: warning: 5%\ntcpstats-lua: log: debug: deep\ntcpstats-lua: log: so\n", err)
  end)

  it("get what is typed, and the terminal's changes", function()
    local path = host.write(folder .. "/keys.lua", [[return { on_input = function(bytes, ctx)
      ctx:emit("[" .. bytes .. "]")
      if bytes == "" then ctx:stop() end
    end }]])
    local out = host.run("-i 60 " .. path, "abc")
    assert.are.equal("[abc][]", out)
    path = host.write(folder .. "/resize.lua",
      "return { on_batch = function(b, ctx) ctx:emit('ready\\n') end, on_resize = function(ctx) ctx:emit('resized') ctx:stop() end }")
    out = support.beside(("%s -i 60 %s"):format(support.bin, path), "said ready && kill -WINCH $pid")
    assert.are.equal("ready\nresized", out)
  end)

  it("run unchanged on a macOS dump", function()
    local fixtures = require "spec.fixtures.macos"
    assert.is_table(fixtures)
    local any
    for path in io.popen("find spec/fixtures/macos -name '*.bin' | sort"):lines() do any = any or path end
    local path = host.write(folder .. "/count.lua", "return { on_batch = function(b, ctx) ctx:emit(b.metadata.platform .. '\\n') end }")
    local out = host.run(("-s macos:%s,release=15 %s"):format(any, path))
    assert.are.equal("MACOS\n", out)
  end)
end)

describe("a reload", function()
  local folder

  setup(function() folder = host.folder() end)
  teardown(function() os.execute("rm -r " .. folder) end)

  -- Runs a script, puts another one in its place after two passes, and ends it after the report of the reload and what `last` waits for. Returns what
  -- was said, but for the passes.
  local function reload(first, second, last)
    local path = host.write(folder .. "/live.lua", first)
    host.write(folder .. "/next.lua", second)
    local out, err, code = support.beside(("%s -i 0.05 %s"):format(support.bin, path),
      ("said 'old pass' 2 && mv %s/next.lua %s && kill -HUP $pid && warned reloaded && %s kill -TERM $pid"):format(folder, path, last or ""))
    out = out:gsub("%l+ pass\n", "")
    return out, err, code
  end

  local function version(name, more)
    return ([[return {
      name = "live", init = function(ctx) ctx:emit("%s starts\n") end,
      on_batch = function(b, ctx) ctx.state.n = (ctx.state.n or 0) + 1 ctx:emit("%s pass\n") end,
      save = function(ctx) return { n = ctx.state.n } end,
      restore = function(t, ctx) ctx.state.n = 1000 ctx:emit("%s takes over " .. tostring(t.n > 1) .. "\n") end,
      stop = function(ctx) ctx:emit("%s stops " .. tostring(ctx.state.n > 1000) .. "\n") end, %s
    }]]):format(name, name, name, name, more or "")
  end

  it("starts the new script, hands on what the old one saved, and stops the old one", function()
    local out, err, code = reload(version "old", version "new", "said 'new pass' &&")
    assert.are.equal("old starts\nnew starts\nnew takes over true\nold stops false\nnew stops true\n", out)
    assert.are.equal("tcpstats-lua: live: reloaded\n", err)
    assert.are.equal(0, code)
  end)

  for what, text in pairs {
    ["does not load"] = "return {",
    ["breaks the contract"] = "return { on_sockets = print }",
    ["does not start"] = version("new", "timers = {}"):gsub("ctx:emit%(\"new starts\\n\"%)", "error('no')"),
    ["cannot restore"] = version("new"):gsub("ctx%.state%.n = 1000", "error('no')"),
  } do
    it("of a script that " .. what .. " leaves the old one in place, and says why", function()
      local out, err, code = reload(version "old", text)
      assert.truthy(out:find("old starts\n", 1, true))
      assert.truthy(out:find("old stops false\n$"))
      assert.truthy(err:find("live: error: not reloaded", 1, true), err)
      assert.are.equal(0, code)
    end)
  end

  it("opens files again that were moved away", function()
    local path = host.write(folder .. "/file.lua", "return { on_batch = function(b, ctx) ctx:emit('x\\n') end }")
    local log = folder .. "/log"
    support.beside(("%s -i 0.05 %s -o %s"):format(support.bin, path, log),
      ("until_true [ -s %s ] && mv %s %s.old && kill -HUP $pid && until_true [ -s %s ] && kill $pid"):format(log, log, log, log))
    assert.truthy(support.read(folder .. "/log.old"):find("^x\n"))
    assert.truthy(support.read(folder .. "/log"):find("^x\n"))
  end)
end)
