-- Owners are looked up for whoever reads a field of theirs: a socket of our own, seen by a run that has no --processes.
local host = require "spec.support.host"
local socket = require "socket"

local stat = io.open "/proc/self/stat"
local pid = stat and stat:read "n"
if stat then stat:close() end

describe("whoever reads an owner's field", function()
  if not pid then return it("has owners looked up", function() pending "a system with /proc" end) end
  local server, port, folder

  setup(function()
    server = assert(socket.bind("127.0.0.1", 0))
    port = select(2, server:getsockname())
    folder = host.folder()
  end)
  teardown(function()
    server:close()
    os.execute("rm -r " .. folder)
  end)

  -- The run does not inherit the socket, or it would be an owner too, and the first one once process ids have begun again.
  local function run(words)
    local fd = server:getfd()
    assert(fd < 10, "sh closes descriptors of one digit")
    local out, err, code = host.run(("-c 1 %s %d>&-"):format(words:gsub("PORT", port):gsub("PID", pid), fd))
    assert.equal(0, code, err)
    return out
  end

  it("as an expression", function()
    assert.truthy(run("-w 'pid == PID and local_port == PORT' flat"):find(('"pid":%d'):format(pid), 1, true))
    assert.truthy(run("flat -w 'pid == PID and local_port == PORT'"):find(('"pid":%d'):format(pid), 1, true))
  end)

  it("as a filter", function()
    assert.truthy(run("-f 'pid=PID local_port=PORT' flat"):find(('"pid":%d'):format(pid), 1, true))
    local script = host.write(folder .. "/s.lua", ([[return { filter = "pid=%d local_port=%d", on_socket = function(s, ctx) ctx:emit(s.pid .. "\n") end }]]):format(pid, port))
    assert.equal(pid .. "\n", run(script))
  end)

  it("as a script that says so", function()
    local script = host.write(folder .. "/s.lua", ([[return {
      init = function(ctx) assert(next(ctx:wants { "command", "pid" }) == nil) end,
      on_socket = function(s, ctx) if s.local_port == %d then ctx:emit(s.pid .. "\n") end end }]]):format(port))
    assert.equal(pid .. "\n", run(script))
  end)

  it("as a label", function()
    assert.truthy(run("-f local_port=PORT prometheus --labels pid"):find(('tcpstats_sockets{pid="%d",state="LISTEN"} 1'):format(pid), 1, true))
  end)

  it("as a script that reads it without a word, from the second pass on, which is said", function()
    for _, read in ipairs {
      "for s in b:each() do if s.local_port == %d then ctx:emit(tostring(s.pid) .. '\\n') end end",
      "for s, p in b:filter('local_port == %d'):each('pid') do ctx:emit(tostring(p) .. '\\n') end",
      "ctx:emit(tostring((b:filter('local_port == %d'):group_by('pid')[1] or {}).key) .. '\\n')",
      "ctx:emit(tostring(b:filter('local_port == %d'):aggregate({ m = 'max(pid)' }).m) .. '\\n')",
      "ctx:emit(#b:filter('local_port == %d'):filter('pid == " .. pid .. "') == 1 and '" .. pid .. "\\n' or 'nil\\n')",
    } do
      local script = host.write(folder .. "/s.lua", ("return { on_batch = function(b, ctx) %s end }"):format(read:format(port)))
      local fd = server:getfd()
      local out, err, code = host.run(("-c 2 -i 0.05 %s %d>&-"):format(script, fd))
      assert.equal(0, code, err)
      assert.equal(("nil\n%d\n"):format(pid), out, read)
      assert.truthy(err:find('warning: pid: owners were not looked up in this pass, from the next one on they are; --processes or ctx:wants { "pid" } in init', 1, true), err)
    end
    assert.falsy(select(2, host.run("-c 1 table")):find("owners were", 1, true))
  end)

  it("and nobody else", function() assert.falsy(run("-f local_port=PORT flat"):find('"pid"', 1, true)) end)
end)

describe("ctx:wants", function()
  it("says what a run can never know", function()
    local folder = host.folder()
    local script = host.write(folder .. "/s.lua", [[return { init = function(ctx)
      local missing = ctx:wants { "rtt_us", "cgroup", "delta_tx_bytes" }
      ctx:emit(tostring(missing.rtt_us) .. "; " .. tostring(missing.cgroup) .. "; " .. tostring(missing.delta_tx_bytes) .. "\n")
    end }]])
    local dump = "spec/fixtures/macos/15/n7.bin,release=15"
    assert.equal("nil; macos sockets never have it; nil\n", (host.run(("-s macos:%s %s"):format(dump, script))))
    if pid then
      assert.equal("nil; nil; it takes two passes to know, and -c 1 makes one\n", (host.run("-c 1 " .. script)))
      assert.equal("nil; nil; nil\n", (host.run("-c 2 -i 0.01 " .. script)))
    end
    local bad = host.write(folder .. "/bad.lua", [[return { init = function(ctx) ctx:wants { "rtt_uss" } end }]])
    local _, err, code = host.run("-s macos:" .. dump .. " " .. bad)
    assert.equal(1, code)
    assert.truthy(err:find("no field 'rtt_uss', did you mean rtt_us?", 1, true), err)
    os.execute("rm -r " .. folder)
  end)
end)

describe("a filter and an expression", function()
  it("say what they can never know", function()
    for words, what in pairs {
      ["-w 'delta_tx_bytes > 1' flat"] = "delta_tx_bytes: it takes two passes to know, and -c 1 makes one",
      ["-f 'delta_tx_bytes>1' flat"] = "delta_tx_bytes: it takes two passes to know, and -c 1 makes one",
      ["flat -w 'rate(tx_bytes) > 1'"] = "delta_tx_bytes: it takes two passes to know, and -c 1 makes one",
    } do
      local _, err, code = host.run("-c 1 " .. words)
      assert.same({ ("tcpstats-lua: warning: %s\n"):format(what), 0 }, { err, code }, words)
      _, err = host.run("-c 2 -i 0.01 " .. words)
      assert.equal("", err)
    end
    local _, err = host.run "-s macos:spec/fixtures/macos/15/n7.bin,release=15 -w 'cgroup == \"x\"' flat"
    assert.equal("tcpstats-lua: warning: cgroup: macos sockets never have it\n", err)
  end)
end)

describe("a check", function()
  it("is UNKNOWN when the source cannot be opened, or ends before", function()
    local out, err, code = host.run "-s linux:/nowhere/dump alert --check 1 --when 'rtt_us > 1'"
    assert.same({ "TCP UNKNOWN: cannot read /nowhere/dump: No such file or directory\n", 3 }, { out, code })
    assert.truthy(err:find "/nowhere/dump", 1, true)
    local dump = "spec/fixtures/macos/15/n7.bin,release=15"
    out, err, code = host.run("-s macos:" .. dump .. " alert --check 2 --when 'rtt_us > 1'")
    assert.same({ "TCP UNKNOWN: 1 of 2 passes were read\n", "", 3 }, { out, err, code })
    out, err, code = host.run("-s macos:" .. dump .. " alert --check 1 --when 'cgroup == \"x\"'")
    assert.same({ "TCP UNKNOWN: cgroup == \"x\": cgroup: macos sockets never have it\n", "", 3 }, { out, err, code })
  end)
end)
