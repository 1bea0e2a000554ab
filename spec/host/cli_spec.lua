-- The binary as a user runs it: words, exit codes, signals, readers that go away.
local host = require "spec.support.host"
local support = require "spec.support"

local bin = support.bin

local function lines(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do list[#list + 1] = line end
  return list
end

describe("the command line", function()
  local folder, stream

  setup(function()
    folder = host.folder()
    stream = "-s protobuf:" .. host.write(folder .. "/stream.pb", host.stream())
    host.write(folder .. "/own.lua", [[
      return {
        name = "own", help = "counts",
        options = {
          rtt_ms = { type = "number", default = 200, min = 1, help = "a limit" }, tag = { type = "string", many = true },
          loud = { type = "boolean", default = true }, fast = { type = "boolean" }, mode = { type = "string", choices = { "a", "b" } },
          count = { type = "integer", default = 7 },
        },
        on_batch = function(b, ctx)
          local o = ctx.options
          ctx:emit(("%d %s %s %s %s %s %d\n"):format(#b, o.rtt_ms, table.concat(o.tag, "+"), o.loud, o.fast, o.mode, o.count))
        end,
      }]])
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  local function fails(words, message)
    local out, err, code = host.run(words)
    assert.are.equal("", out)
    assert.are.equal("tcpstats-lua: " .. message .. "\n", err)
    assert.are.equal(2, code)
  end

  describe("tells wrong usage in one line, with the nearest right word, and exits with 2:", function()
    for words, message in pairs {
      ["--intervall 3"] = "unknown option '--intervall', did you mean '--interval'?",
      ["-c"] = "option '-c' requires an argument",
      ["-c x"] = "--count: expected a number of passes, 0 until stopped, got 'x'",
      ["-c -1"] = "--count: expected a number of passes, 0 until stopped, got '-1'",
      ["-Z"] = "unknown option '-Z'",
      ["-i 0"] = "--interval: expected seconds from 0.01 to 86400, got '0'",
      ["-i 1e9"] = "--interval: expected seconds from 0.01 to 86400, got '1e9'",
      ["jsn"] = "unknown script 'jsn', did you mean json? (a file is named by its path: ./jsn.lua)",
      ["-x jsn"] = "unknown script 'jsn', did you mean json? (a file is named by its path: ./jsn.lua)",
      ["-x"] = "-x expects a script's name or path",
      ["json csv"] = "unexpected word 'csv'; another script is named with -x csv",
      ["json --prety"] = "json: unknown option '--prety', did you mean '--pretty'?",
      ["json --addresses tex"] = "json: --addresses: expected one of base64, text, got 'tex'",
      ["-f remote_prt=443"] = "--filter: remote_prt: unknown directive, did you mean remote_port=443? (column 1)",
      ["-w 'rtt_uss > 5'"] = "--where: column 1 of 'rtt_uss > 5': no field 'rtt_uss', did you mean rtt_us?",
      ["-s linx"] = "unknown source 'linx', did you mean linux?",
      ["-s protobuf"] = "protobuf: the file is missing, as in protobuf:day.pb",
      ["-o fil:x"] = "--output: unknown output 'fil:', did you mean file? (a file of that name: ./fil:x)",
      ["-o file:/tmp/x?rotat=5"] = "file:/tmp/x?rotat=5: unknown key 'rotat', did you mean rotate?",
      ["-o file:/tmp/x?rotate=a"] = "file:/tmp/x?rotate=a: rotate=a is not a size; 100M is one",
      ["-o tcp://nowhere"] = "tcp://nowhere: expected tcp://HOST:PORT",
      ["--format xml"] = "--format: unknown format 'xml'; there are: json, flat, protobuf",
      ["--format flat json"] = "--format flat: the script json writes its own format; write flat instead of json",
      ["--memory 5"] = "--memory: expected bytes as 64M, at least 1M, or 0, got '5'",
      ["--schedule a"] = "--schedule: 'a' is not a schedule; detail=30s,processes is one",
      ["--schedule a=5"] = "--schedule: a: '5' lacks its unit: 5ms, 5s, 5m or 5h",
      ["--schedule a=5ms"] = "--schedule: a: '5ms' is not within 10ms and 24h",
      ["--schedule a=25h"] = "--schedule: a: '25h' is not within 10ms and 24h",
      ["--schedule a=5s,proceses"] = "--schedule: a: unknown word 'proceses', did you mean processes?",
      ["--schedule a=1s --schedule a=2s"] = "--schedule: a appears twice",
      ["-i 1 --schedule a=1s"] = "--interval and --schedule cannot be combined: a schedule has its own interval",
      ["--tcp-info=x"] = "--tcp-info: expected a number of calls, got 'x'",
      -- an option in the wrong place
      ["--sort rtt_us top"] = "'--sort' is an option of the script top: write it after that name, as in tcpstats-lua top --sort",
      ["--no-header table"] = "'--no-header' is an option of the script table: write it after that name, as in tcpstats-lua table --no-header",
      ["--columns state"] = "'--columns' is an option of the scripts table and top: write it after that name, as in tcpstats-lua table --columns",
      ["flat --pretty --columns all"] =
        "flat: '--columns' is an option of the scripts table and top: write it after that name, as in tcpstats-lua table --columns",
      ["--rtt-ms 5 ./own.lua"] = "unknown option '--rtt-ms'; options of ./own.lua are written after its name",
      -- words that the shell took apart
      ["-w rtt_us == 5 flat"] = "'==' is not a script: quote what has several words: -w 'rtt_us == 5'",
      ["-c 1 flat -w state == ESTABLISHED -o x"] = "unexpected word '=='; quote what has several words: -w 'state == ESTABLISHED'",
      ["-f remote_port=443 include_state=established table"] =
        "'include_state=established' is not a script: quote what has several words: -f 'remote_port=443 include_state=established'",
      ["remote_port=443"] = "'remote_port=443' is not a script: a filter is given with -f: -f 'remote_port=443'",
      -- what ss and netstat understand
      ["-t -n -a"] = "unknown option '-t': all sockets here are TCP (ss -tanp is tcpstats-lua -c 1 -p table)",
      ["-tan"] = "unknown option '-t': all sockets here are TCP (ss -tanp is tcpstats-lua -c 1 -p table)",
      ["table -n"] = "table: unknown option '-n': addresses and ports are always numbers (ss -tanp is tcpstats-lua -c 1 -p table)",
      ["-4"] = "'-4' is not a script: it is -f ipv4_only here",
      ["state established"] = "'state' is not a script: which sockets are shown is said with -f, as in -f include_state=established",
      ["established"] = "'established' is not a script: a state is given with -f: -f include_state=established",
      ["help"] = "'help' is not a script: it is an option here, --help",
      ["-interval 3"] = "unknown option '-interval', did you mean '--interval'?",
      ["table -processes"] = "unknown option '-processes', did you mean '--processes'?",
      ["table :443"] = "unexpected word ':443'; a port is given with -f, as in -f remote_port=443",
      ["10.0.0.1"] = "'10.0.0.1' is not a script: an address is given with -f, as in -f remote_addr=10.0.0.1",
      ["table dst 10.0.0.1"] = "unexpected word 'dst'; which sockets are shown is said with -f, as in -f remote_addr=10.0.0.0/8",
    } do
      it(words, function() fails(words, message) end)
    end
  end)

  it("tells what stands in a script's words wrong, too", function()
    local own = folder .. "/own.lua"
    fails(own .. " --rtt-ms x", own .. ": --rtt-ms: expected a number, got 'x'")
    fails(own .. " --rtt-ms 0", own .. ": --rtt-ms: expected at least 1, got '0'")
    fails(own .. " --mode c", own .. ": --mode: expected one of a, b, got 'c'")
    fails(own .. " --rtt-m 5", own .. ": unknown option '--rtt-m', did you mean '--rtt-ms'?")
  end)

  it("cannot read a script that is not there", function()
    local _, err, code = host.run("./nowhere.lua")
    assert.are.equal("tcpstats-lua: cannot read ./nowhere.lua: No such file or directory\n", err)
    assert.are.equal(1, code)
  end)

  it("reads words in every form", function()
    local own = folder .. "/own.lua"
    for _, words in ipairs {
      "-c 1 %s --rtt-ms 150 --tag x --tag y --no-loud --fast --mode b --count 3", "-c1 %s --rtt-ms=150 --tag=x --tag=y --no-loud --fast --mode=b --count=3",
      "--count=1 %s --rtt-ms=150 --tag x --tag=y --no-loud --fast --mode b --count 3", "%s --rtt-ms 150 --tag x -c1 --tag y --no-loud --fast --mode b --count 3",
      "-c 1 -x %s --rtt-ms 150 --tag x --tag y --no-loud --fast --mode b --count 3", "-c 1 --script=%s --rtt-ms 150 --tag x --tag y --no-loud --fast --mode b --count 3",
    } do
      local out, err, code = host.run(stream .. " " .. words:format(own))
      assert.are.equal("", err)
      assert.are.equal("3 150 x+y false true b 3\n", out)
      assert.are.equal(0, code)
    end
  end)

  it("gives a script's options their defaults", function()
    assert.are.equal("3 200  true nil nil 7\n", (host.run(stream .. " -c 1 " .. folder .. "/own.lua")))
  end)

  it("finds the script's name after options in every form", function()
    local own = folder .. "/own.lua"
    for _, words in ipairs { "-vc 1 %s", "-vc1 %s", "-c1 %s", "--count=1 %s", "-c 1 -o - %s", "-o- -c1 %s", "-pvc 1 %s", "-c 1 --tcp-info %s", "-c 1 --tcp-info=3 %s" } do
      local out, err = host.run(stream .. " " .. words:format(own))
      assert.are.equal("", err)
      assert.are.equal("3 200  true nil nil 7\n", out, words)
    end
  end)

  it("takes negative numbers for values", function()
    local path = host.write(folder .. "/offset.lua", [[return {
      options = { offset = { type = "number" } }, on_batch = function(_, ctx) ctx:emit(("%g\n"):format(ctx.options.offset)) end }]])
    for _, words in ipairs { "--offset -5", "--offset=-5" } do assert.are.equal("-5\n", (host.run(("%s -c 1 %s %s"):format(stream, path, words)))) end
    local _, err = host.run(("%s -c 1 %s --offset -.5e1x"):format(stream, path))
    assert.are.equal(("tcpstats-lua: %s: --offset: expected a number, got '-.5e1x'\n"):format(path), err)
  end)

  it("needs no argparse on the system", function()
    local out, err, code = support.run(("cd / && env LUA_PATH=/nowhere/?.lua %s -s protobuf:- -c 1 flat"):format(bin:find "^/" and bin or "$OLDPWD/" .. bin), host.stream())
    assert.are.same({ "", 0 }, { err, code })
    assert.are.equal(3, #lines(out))
  end)

  it("runs json when nothing is named", function()
    local out, err, code = host.run(stream)
    assert.are.equal("", err)
    assert.are.equal(0, code)
    local list = lines(out)
    assert.are.equal(3, #list)
    assert.truthy(list[1]:find('^{"metadata":{"timestampNs":"1700000001000000000","hostname":"recorder"'))
    assert.are.equal(out, (host.run(stream .. " json")))
    assert.are.equal(out, (host.run(stream .. " --format json")))
  end)

  it("indents with --pretty, and shows addresses as text when asked", function()
    assert.truthy(host.run(stream .. " -c 1 --pretty"):find('\n  "records": [', 1, true))
    assert.are.equal((host.run(stream .. " -c 1 --pretty")), (host.run(stream .. " -c 1 json --pretty")))
    assert.truthy(host.run(stream .. " -c 1 json --addresses text"):find('"localAddr":"10.0.0.1"', 1, true))
  end)

  it("writes the stream that it reads, once it has what a tracker knows", function()
    local tracked = host.run(stream .. " protobuf")
    assert.is_true(#tracked > #host.stream())
    assert.are.equal(tracked, (host.run("-s protobuf:- --format protobuf", tracked)))
  end)

  it("filters", function()
    local function ports(words)
      local list = {}
      for port in host.run(stream .. " -c 1 " .. words .. " flat"):gmatch('"local_port":(%d+)') do list[#list + 1] = port end
      return table.concat(list, " ")
    end
    assert.are.equal("443 8080 22", ports "")
    assert.are.equal("443", ports "-f local_port=443")
    assert.are.equal("443 22", ports "-w 'state == \"ESTABLISHED\"'")
    assert.are.equal("443", ports "-f include_state=established -w 'rtt_us > 100'")
  end)

  it("runs several scripts over one collection, each with its words, filter and output", function()
    local own = folder .. "/own.lua"
    local out, err, code = host.run(("%s -c 1 -x flat -f local_port=22 -x %s --tag a -w 'local_port > 400' -x %s --tag b -o %s/second.txt"):format(stream,
      own, own, folder))
    assert.are.equal("", err)
    assert.are.equal(0, code)
    local list = lines(out)
    assert.are.equal(2, #list)
    assert.truthy(list[1]:find('"local_port":22', 1, true))
    assert.are.equal("2 200 a true nil nil 7", list[2])
    assert.are.equal("3 200 b true nil nil 7\n", support.read(folder .. "/second.txt"))
  end)

  it("shows help, version, lists, a script's options", function()
    local out, _, code = host.run("--help")
    assert.are.equal(0, code)
    for _, word in ipairs { "--interval", "--count", "--pretty", "--source", "--record", "--filter", "--where", "--schedule", "--processes", "--tcp-info",
      "--output", "--format", "--strict", "--script-timeout", "--memory", "--sandbox", "--list", "--info", "--check", "--help", "--version", "--script" } do
      assert.truthy(out:find(word, 1, true), word)
    end
    assert.are.equal(out, (host.run("-h")))
    assert.truthy(host.run("-V"):find("^tcpstats%-lua %d+%.%d+"))
    out = host.run("--list")
    for _, word in ipairs { "json", "table", "alert", "linux", "macos", "protobuf", "unix:" } do assert.truthy(out:find(word, 1, true), word) end
    assert.is_nil(out:find("not installed", 1, true))
    out, _, code = host.run("--info " .. folder .. "/own.lua")
    assert.are.equal(0, code)
    assert.truthy(out:find("own - counts", 1, true))
    assert.truthy(out:find("--rtt-ms NUMBER", 1, true))
    assert.truthy(out:find("--no-loud", 1, true))
    assert.are.equal(out, (host.run(folder .. "/own.lua --help")))
  end)

  it("checks a script without running it", function()
    local path = folder .. "/own.lua"
    local out, err, code = host.run("--check " .. path)
    assert.are.same({ path .. ": ok\n", "", 0 }, { out, err, code })
    host.write(folder .. "/wrong.lua", "return { on_sockets = function() end }")
    out, err, code = host.run("--check " .. folder .. "/wrong.lua")
    assert.are.same({ "", ("tcpstats-lua: %s/wrong.lua: on_sockets: unknown hook, did you mean on_socket?\n"):format(folder), 1 }, { out, err, code })
  end)
end)

describe("how a run ends", function()
  local folder

  setup(function() folder = host.folder() end)
  teardown(function() os.execute("rm -r " .. folder) end)

  local function piped(options)
    host.write(folder .. "/long.pb", host.stream(2000))
    return ("{ %s -s protobuf:%s/long.pb %s flat; echo code $? >&2; } | head -c 5"):format(bin, folder, options or "")
  end

  it("with 1 and how much was lost when the reader goes away", function()
    local out, err = support.run("setsid -w sh -c '" .. piped() .. "'")
    assert.are.equal(5, #out)
    assert.truthy(err:find("^tcpstats%-lua: cannot write standard output: its reader is gone\n"
      .. "tcpstats%-lua: warning: standard output: %d+ of %d+ rows were lost because the reader did not take them; %d+ rows? may not have arrived: "
      .. "the reader went away\ncode 1\n$"), err)
  end)

  it("at once and quietly when somebody at a terminal has seen enough", function()
    if select(3, support.run "script -qec true /dev/null") ~= 0 then return pending "no terminal is to be had" end
    assert.are.equal("{\"timcode 0\r\n", (support.run("script -qec '" .. piped() .. "' /dev/null")))
    local out = support.run("script -qec '" .. piped "--strict-output" .. "' /dev/null")
    assert.truthy(out:find("its reader is gone", 1, true), out)
    assert.truthy(out:find("code 1", 1, true), out)
  end)

  it("with 1 and the reason when the disk is full", function()
    local _, err, code = host.run("-c 1 >/dev/full")
    assert.truthy(err:find("^tcpstats%-lua: cannot write standard output: No space left on device\n"
      .. "tcpstats%-lua: warning: standard output: %d+ of %d+ rows? %l+ lost because the system refused them\n$"), err)
    assert.are.equal(1, code)
    _, err, code = host.run("-c 1 -o /dev/full")
    assert.truthy(err:find("^tcpstats%-lua: warning: cannot write /dev/full: No space left on device; rows are kept until there is room\n"
      .. "tcpstats%-lua: warning: /dev/full: %d+ of %d+ rows? %l+ lost because the disk was full or failed\n$"), err)
    assert.are.equal(1, code)
  end)

  for _, signal in ipairs { "INT", "TERM" } do
    it("with 0 and everything written after SIG" .. signal, function()
      local path = folder .. "/slow.lua"
      host.write(path, [[
        return {
          on_batch = function(b, ctx) ctx:emit("pass\n") ctx.state.n = (ctx.state.n or 0) + 1 end,
          stop = function(ctx) ctx:emit(("stopped after %d\n"):format(ctx.state.n)) end,
        }]])
      local out, err, code = support.beside(("%s -i 0.05 %s"):format(bin, path), ("said pass 3 && kill -%s $pid"):format(signal))
      assert.are.equal(0, code, err)
      local passes = select(2, out:gsub("pass\n", ""))
      assert.are.equal(("stopped after %d\n"):format(passes), out:match("stopped.*"))
      assert.is_true(passes >= 3)
    end)
  end

  -- timeout(1) signals its child and then its group, to which the child belongs: that is one wish, told twice.
  it("with 0 and everything written when one wish comes as several signals", function()
    local path = host.write(folder .. "/lingers.lua", [[
      local function linger() local from = os.clock() while os.clock() - from < 0.1 do end end
      return { on_batch = function(b, ctx) ctx:emit("pass\n") end, stop = function(ctx) linger() ctx:emit("stopped\n") end }]])
    for _, signal in ipairs { "INT", "TERM" } do
      local out, err, code = support.beside(("%s -i 60 %s"):format(bin, path), ("said pass && kill -%s $pid; kill -%s $pid"):format(signal, signal))
      assert.are.equal(0, code, err)
      assert.are.equal("pass\nstopped\n", out)
    end
  end)

  it("ends on a second signal also when the reader stands still", function()
    -- it waits for the reader when it sleeps with the same number of bytes written; the second signal comes when the first is no longer the same wish
    local _, err, code, still = support.beside(("sh -c 'mkfifo %s/pipe; sleep 60 <%s/pipe & echo $! >%s/reader; exec %s -s protobuf:%s/long.pb >%s/pipe'")
      :format(folder, folder, folder, bin, folder, folder), ([[
        waits() {
          before=$written written=$(sed -n 's/^wchar: //p' /proc/$pid/io)
          [ "$(cut -d ' ' -f 3 /proc/$pid/stat)" = S ] && [ "$written" = "$before" ] && [ "$written" -gt 60000 ]
        }
        until_true waits && kill -INT $pid && sleep 0.3 && kill -INT $pid
        ended; kill $(cat %s/reader) && echo "the reader still stood"]]):format(folder))
    assert.are.equal("the reader still stood\n", still, err)
    assert.are.equal(130, code)
  end)

  it("with what is complete, a warning that names the offset, and 1 when a stream is cut", function()
    local whole = host.stream(2)
    local first = #host.stream(1)
    local out, err, code = host.run("-s protobuf:- flat", whole:sub(1, -10))
    assert.are.equal(3, select(2, out:gsub("\n", "")))
    assert.are.equal(("tcpstats-lua: -: the message that begins at byte %d is cut\n"):format(first), err)
    assert.are.equal(1, code)
  end)

  it("with what is complete, a warning that names the offset, and 1 when a dump is damaged", function()
    local function gives(spec, bytes, what, out)
      local file = host.write(folder .. "/damaged.bin", bytes)
      local printed, err, code = host.run(("-s %s flat"):format(spec:format(file)))
      assert.are.equal(out, select(2, printed:gsub("\n", "")))
      assert.is_truthy(err:find(what, 1, true), err)
      assert.are.equal(1, code)
    end
    local dump = support.read "spec/fixtures/macos/15/n7.bin"
    gives("macos:%s,release=15", dump .. "junk", ("4 bytes that follow the trailer at offset %d"):format(#dump), 7)
    local second = 24 + 616 -- behind the header and the first socket
    gives("macos:%s,release=15", dump:sub(1, second) .. "\7\0\0\0" .. dump:sub(second + 5), ("of 7 bytes, which cannot be, at offset %d"):format(second), 1)
    dump = support.read "spec/fixtures/freebsd/fbsd14_7.pcblist.bin"
    gives("freebsd:%s,release=14", dump:sub(1, 64) .. ("\0"):rep(8) .. dump:sub(73), "no record at byte 64", 0)
  end)

  it("with 0 when only the release of a dump is not known", function()
    for _, spec in ipairs { "macos:spec/fixtures/macos/15/n7.bin", "freebsd:spec/fixtures/freebsd/fbsd14_7.pcblist.bin" } do
      local _, err, code = host.run(("-s %s flat"):format(spec))
      assert.is_truthy(err:find("release", 1, true))
      assert.are.equal(0, code)
    end
  end)

  it("with one line and 1 when what is read is nothing of the kind", function()
    local out, err, code = host.run("-s protobuf:-", ("\xff"):rep(100))
    assert.are.same({ "", "tcpstats-lua: -: there is no message at byte 0\n", 1 }, { out, err, code })
    out, err, code = host.run("-s protobuf:/nowhere/x.pb")
    assert.are.same({ "", "tcpstats-lua: cannot read /nowhere/x.pb: No such file or directory\n", 1 }, { out, err, code })
    out, err, code = host.run("-s macos:/dev/null,release=15")
    assert.are.equal("", out)
    assert.truthy(err:find("^tcpstats%-lua: [^\n]+\n$"))
    assert.are.equal(1, code)
  end)

  it("after the passes that were asked for, none of them early", function()
    local path = host.write(folder .. "/times.lua", [[
      return { on_batch = function(b, ctx) ctx:emit { elapsed = ctx.elapsed_ns, sequence = b.metadata.batch_sequence } end }]])
    local out, err, code = host.run("-c 5 -i 0.1 " .. path)
    assert.are.equal(0, code, err)
    local list = lines(out)
    assert.are.equal(5, #list)
    for _, line in ipairs(list) do -- the number counts ticks that were skipped, too
      local elapsed, sequence = tonumber(line:match '"elapsed":(%d+)'), tonumber(line:match '"sequence":(%d+)')
      assert.is_true(elapsed >= (sequence - 1) * 1e8, line)
    end
  end)
end)
