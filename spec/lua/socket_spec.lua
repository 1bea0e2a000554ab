local core = require "tcpstats.core"
local tcpstats = require "tcpstats"
local sockets = require "spec.support.sockets"

local function three()
  return sockets.batch {
    { state = 2, local_addr = "\0\0\0\0", local_port = 443, ip_version = 1 },
    { state = 5, local_addr = "\10\0\0\1", remote_addr = "\10\0\0\2", local_port = 443, remote_port = 50000, ip_version = 1, rtt_us = 1500,
      cc_algo = "cubic", sources = { 7, 8 }, tx_bytes = -1 },
    { state = 99, local_addr = "\x20\1\x0d\xb8" .. ("\0"):rep(11) .. "\1", remote_addr = "\10\0\0\2", ip_version = 2 },
  }
end

local function nth(batch, n)
  local copies = {}
  for s in batch:each() do copies[#copies + 1] = s:copy() end
  return copies[n]
end

describe("a socket", function()
  it("reads as its fields: words, addresses, integers, nil for what is absent", function()
    local s = nth(three(), 2)
    assert.equal("ESTABLISHED", s.state)
    assert.equal("10.0.0.1", s.local_addr)
    assert.equal(4, s.ip_version)
    assert.equal(1500, s.rtt_us)
    assert.equal("integer", math.type(s.rtt_us))
    assert.equal("cubic", s.cc_algo)
    assert.equal("LINUX_INET_DIAG,LINUX_PROC", s.sources)
    assert.equal(-1, s.tx_bytes) -- 64 bits without a sign
    assert.is_nil(s.rtt_min_us)
    assert.equal(99, nth(three(), 3).state) -- a number that has no word
    assert.equal("2001:db8::1", nth(three(), 3).local_addr)
  end)

  it("has no other fields, and names the nearest", function()
    local s = nth(three(), 1)
    assert.has_error(function() return s.rtt_u end, "no field 'rtt_u', did you mean rtt_us?")
    assert.error_matches(function() return s.nonsense_of_all_kinds end, "no field 'nonsense_of_all_kinds'; tcpstats%.fields%(%) lists them")
  end)

  it("cannot be written to", function()
    assert.error_matches(function() nth(three(), 1).state = "CLOSED" end, "cannot be written to")
  end)

  it("is a table by totable, and walked by pairs", function()
    local s = nth(three(), 2)
    local t = {}
    for name, value in pairs(s) do t[name] = value end
    assert.same(s:totable(), t)
    assert.same({
      state = "ESTABLISHED", local_addr = "10.0.0.1", remote_addr = "10.0.0.2", local_port = 443, remote_port = 50000, ip_version = 4, rtt_us = 1500,
      cc_algo = "cubic", sources = "LINUX_INET_DIAG,LINUX_PROC", tx_bytes = -1,
    }, t)
  end)

  it("is a line for eyes", function()
    local lines = {}
    for s in three():each() do lines[#lines + 1] = tostring(s) end
    assert.equal("LISTEN 0.0.0.0:443", lines[1])
    assert.equal("ESTABLISHED 10.0.0.1:443 -> 10.0.0.2:50000", lines[2])
    assert.truthy(lines[3]:find("[2001:db8::1]:*", 1, true))
  end)

  it("is another line than any other socket", function()
    local fe80 = "\254\128" .. ("\0"):rep(13) .. "\1"
    local seen, batch = {}, sockets.batch {
      { state = 2, local_addr = "\0\0\0\0", local_port = 80, socket_id = 7 }, { state = 2, local_addr = "\0\0\0\0", local_port = 80, socket_id = -1 },
      { state = 2, local_addr = "\0\0\0\0", local_port = 80, inode = 5 },
      { state = 2, local_addr = "\0\0\0\0", local_port = 80, socket_id = 7, interface_index = 2 },
      { state = 2, local_addr = "\0\0\0\0", local_port = 80, socket_id = 7, interface_index = 2, interface = "va" },
      { state = 2, local_addr = ("\0"):rep(16), local_port = 80 }, { state = 2, local_addr = ("\0"):rep(16), local_port = 80, v6only = 1 },
      { state = 5, local_addr = fe80, local_port = 1, remote_addr = fe80, remote_port = 2, scope_id = 3, interface = "vc" },
      { state = 5, local_addr = fe80, local_port = 1, remote_addr = fe80, remote_port = 2, scope_id = 4, interface = "vd", socket_id = 9 },
    }
    for s in batch:each() do seen[#seen + 1] = tostring(s) end
    assert.same({
      "LISTEN 0.0.0.0:80 #7", "LISTEN 0.0.0.0:80 #18446744073709551615", "LISTEN 0.0.0.0:80 #5", "LISTEN 0.0.0.0%2:80 #7", "LISTEN 0.0.0.0%va:80 #7",
      "LISTEN *:80", "LISTEN [::]:80", "ESTABLISHED [fe80::1%vc]:1 -> [fe80::1%vc]:2", "ESTABLISHED [fe80::1%vd]:1 -> [fe80::1%vd]:2",
    }, seen)
  end)

  it("is one proxy that is stale behind its loop; a copy is not, also without its batch", function()
    local kept, copy
    for s in three():each() do kept, copy = s, s:copy() end
    collectgarbage()
    assert.equal("stale socket", tostring(kept))
    for _, use in ipairs { function() return kept.state end, function() return kept:copy() end, function() return pairs(kept) end } do
      assert.error_matches(use, "stale socket: .* keep s:copy%(%) instead")
    end
    assert.equal("10.0.0.2", copy.remote_addr)
    assert.equal(99, copy:copy().state)
  end)

  it("is stale also where a loop was left early", function()
    local kept
    for s in three():each() do
      kept = s
      break
    end
    assert.equal("stale socket", tostring(kept))
  end)

  it("is one object of JSON in three styles", function()
    local s = nth(three(), 2)
    assert.truthy(core.socket_json(s):find('"local_addr":"10.0.0.1"', 1, true))
    assert.truthy(core.socket_json(s, "canonical"):find('"localAddr":"CgAAAQ=="', 1, true))
    assert.truthy(core.socket_json(s, "text"):find('"localAddr":"10.0.0.1"', 1, true))
    assert.has_error(function() core.socket_json(s, "xml") end)
  end)

  it("is a message of protobuf by itself", function()
    local batch = assert(tcpstats.decode(core.socket_protobuf(nth(three(), 2))))
    assert.equal(1, #batch)
    assert.same(nth(three(), 2):totable(), nth(batch, 1):totable())
  end)
end)

describe("batch:each", function()
  it("gives values along, nil for absent ones", function()
    local list = {}
    for _, state, rtt in three():each("state", "rtt_us") do list[#list + 1] = { state, rtt } end
    assert.same({ { "LISTEN" }, { "ESTABLISHED", 1500 }, { 99 } }, list)
  end)

  it("knows no other fields", function()
    assert.has_error(function() three():each "stat" end, "no field 'stat', did you mean state?")
  end)

  it("is core.each for whoever has the function", function()
    local n = 0
    for _ in core.each(three()) do n = n + 1 end
    assert.equal(3, n)
  end)
end)

describe("batch:visit", function()
  it("calls a function for every socket and reports what failed", function()
    local seen, reports = {}, {}
    local errors = three():visit(function(s, context)
      seen[#seen + 1] = context .. tostring(s.state)
      if s.state == "ESTABLISHED" then error "no" end
    end, "x", function(message) reports[#reports + 1] = message end)
    assert.equal(1, errors)
    assert.same({ "xLISTEN", "xESTABLISHED", "x99" }, seen)
    assert.truthy(reports[1]:find "no$")
  end)

  it("ends when the handler says false", function()
    local n = 0
    assert.equal(1, core.visit(three(), function() n = n + 1 error "no" end, nil, function() return false end))
    assert.equal(1, n)
  end)
end)

describe("batch:select", function()
  it("gives the view for which a function is true", function()
    local view = three():select(function(s) return s.remote_port end)
    assert.equal(1, #view)
    assert.equal(1500, nth(view, 1).rtt_us)
    assert.has_error(function() three():select(function() error "no" end) end)
  end)
end)

describe("core.missed", function()
  it("has what was named in a call, and what a socket was asked for and lacks", function()
    local batch = sockets.batch { { local_port = 1, pid = 7 }, { local_port = 2 } }
    core.missed()
    for s in batch:each() do assert.truthy(s.local_port) end
    assert.same({}, core.missed())
    for s in batch:each() do assert.falsy(s.command and s.pid) end
    assert.same({ command = true }, core.missed())
    for s in batch:each() do assert.falsy(s.local_port == 2 and (s.pid or s.command)) end
    assert.same({ pid = true, command = true }, core.missed())
    assert.same({}, core.missed())
    for _ in batch:each "pid" do break end
    batch:group_by("fd", { "sum(rtt_us)" })
    batch:filter "command == 'x'"
    assert.same({ pid = true, fd = true, rtt_us = true, command = true, holders = true }, core.missed())
  end)
end)
