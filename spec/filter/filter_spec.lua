local tcpstats = require "tcpstats"
local cases = require "spec.filter.cases"
local sockets = require "spec.support.sockets"

local function matches(text, fields)
  local filter = assert(tcpstats.filter(text))
  for s in sockets.batch({ fields }):each() do return filter:matches(s) end
end

local LISTEN, ESTABLISHED, TIME_WAIT = 2, 5, 11
local mapped = ("\0"):rep(10) .. "\xff\xff"

describe("the filter language", function()
  it("takes what is right", function()
    for _, text in ipairs(cases.right) do
      local filter, what = tcpstats.filter(text)
      assert.is_truthy(filter, ("%q: %s"):format(text, what))
    end
  end)

  it("refuses what is wrong and says which word, where and what was meant", function()
    for _, case in ipairs(cases.wrong) do
      local text, column, says = case[1], case[2], case[3]
      local filter, what, code = tcpstats.filter(text)
      assert.is_nil(filter, ("%q"):format(text))
      assert.equal("EUSAGE", code)
      assert.equal(("(column %d)"):format(column), what:match("%(column %d+%)$"), ("%q: %s"):format(text, what))
      assert.is_truthy(what:find(says, 1, true), ("%q: %s"):format(text, what))
    end
  end)

  it("keeps messages to one printable line that ends with the column, whatever the text", function()
    for length = 8, 511, 7 do
      for _, text in ipairs { ("q"):rep(length), ("\1"):rep(length), "local_port=" .. ("9"):rep(length), "local_addr=" .. (":"):rep(length),
        "rtt_us>" .. ("0"):rep(length) .. "1", "include_state=" .. ("l"):rep(length), ("rtt_us_"):rep(length) .. "=5" } do
        local _, what = tcpstats.filter(text)
        assert.is_truthy(what and what:match("^[ -~]+%(column %d+%)$"), what)
      end
    end
  end)
end)

describe("a filter", function()
  it("without directives matches everything", function()
    assert.is_true(matches("", {}))
    assert.is_true(matches("  format=full fields=all", {}))
  end)

  it("matches ports and ranges", function()
    assert.is_true(matches("local_port=80,443", { local_port = 443 }))
    assert.is_false(matches("local_port=80,443", { local_port = 444 }))
    assert.is_false(matches("local_port=80", { remote_port = 80 }))
    assert.is_false(matches("remote_port=1-65535", { local_port = 80 })) -- a listener has none
    for port, expected in pairs { [1023] = false, [1024] = true, [1500] = true, [2000] = true, [2001] = false, [65535] = true } do
      assert.equal(expected, matches("remote_port=1024-2000,65535", { remote_port = port }), port)
    end
    assert.is_true(matches("local_port=1,2,3,4,5,6,7,8", { local_port = 8 }))
  end)

  it("wants all of its directives", function()
    local s = { local_port = 80, remote_port = 5000, state = ESTABLISHED, uid = 7 }
    assert.is_true(matches("local_port=80 remote_port=5000 include_state=established uid=7", s))
    assert.is_false(matches("local_port=80 remote_port=5001 include_state=established uid=7", s))
    assert.is_false(matches("local_port=80 remote_port=5000 include_state=established uid=8", s))
  end)

  it("includes states", function()
    assert.is_true(matches("include_state=listen,timewait", { state = TIME_WAIT }))
    assert.is_false(matches("include_state=listen,timewait", { state = ESTABLISHED }))
    assert.is_false(matches("include_state=listen", {}))
  end)

  it("excludes states, cumulatively, and never a socket whose state is not known", function()
    assert.is_false(matches("exclude=listen exclude=time_wait", { state = LISTEN }))
    assert.is_false(matches("exclude=listen exclude=time_wait", { state = TIME_WAIT }))
    assert.is_true(matches("exclude=listen exclude=time_wait", { state = ESTABLISHED }))
    assert.is_true(matches("exclude=listen", {}))
  end)

  it("matches addresses and networks", function()
    local s = { local_addr = "\10\1\2\3", remote_addr = "\192\168\200\9" }
    assert.is_true(matches("local_addr=10.1.2.3", s))
    assert.is_true(matches("local_addr=10.0.0.0/8 remote_addr=192.168.128.0/17", s))
    assert.is_false(matches("remote_addr=192.168.0.0/17", s))
    assert.is_false(matches("local_addr=10.1.2.2/32", s))
    assert.is_true(matches("local_addr=0.0.0.0/0", s))
    assert.is_false(matches("local_addr=0.0.0.0/0", {}))
    local six = { local_addr = "\x20\x01\x0d\xb8" .. ("\0"):rep(11) .. "\1" }
    assert.is_true(matches("local_addr=2001:db8::/32", six))
    assert.is_true(matches("local_addr=2001:DB8::1", six))
    assert.is_false(matches("local_addr=2001:db8::2/127", six))
    assert.is_true(matches("local_addr=::/0", six))
  end)

  it("never takes the bytes of one family for the other", function()
    assert.is_false(matches("local_addr=32.1.13.184", { local_addr = "\x20\x01\x0d\xb8" .. ("\0"):rep(12) }))
    assert.is_false(matches("local_addr=0.0.0.0/0", { local_addr = ("\0"):rep(16) }))
    assert.is_false(matches("local_addr=::/0", { local_addr = "\10\1\2\3" }))
    assert.is_false(matches("local_addr=::ffff:10.1.2.3", { local_addr = "\10\1\2\3" }))
  end)

  it("finds an IPv4 address also where the kernel shows it IPv4-mapped", function()
    local s = { local_addr = mapped .. "\10\1\2\3", ip_version = 2 }
    assert.is_true(matches("local_addr=10.1.2.3", s))
    assert.is_true(matches("local_addr=10.0.0.0/8", s))
    assert.is_true(matches("local_addr=0.0.0.0/0", s))
    assert.is_false(matches("local_addr=10.1.2.4", s))
    assert.is_true(matches("local_addr=::ffff:10.1.2.0/120", s))
    assert.is_true(matches("ipv6_only local_addr=10.1.2.3", s))
    assert.is_false(matches("ipv4_only local_addr=10.1.2.3", s))
  end)

  it("tells families by ip_version", function()
    assert.is_true(matches("ipv4_only", { ip_version = 1 }))
    assert.is_false(matches("ipv4_only", { ip_version = 2 }))
    assert.is_true(matches("ipv6_only", { ip_version = 2 }))
    assert.is_false(matches("ipv6_only", {}))
  end)

  it("matches owners", function()
    assert.is_true(matches("pid=1,77", { pid = 77 }))
    assert.is_false(matches("pid=1,77", { pid = 78 }))
    assert.is_false(matches("pid=1", {}))
    assert.is_true(matches("uid=0", { uid = 0 }))
    assert.is_true(matches("uid=4294967295", { uid = 4294967295 }))
    assert.is_false(matches("uid=0", {}))
    assert.is_true(matches("command=SSHD,nginx", { command = "sshd" }))
    assert.is_true(matches("command=nginx", { command = "Nginx" }))
    assert.is_false(matches("command=nginx", { command = "nginx2" }))
    assert.is_false(matches("command=nginx", { command = "ngin" }))
    assert.is_false(matches("command=nginx", {}))
    assert.is_true(matches('command="tmux: server",x local_port=80', { command = "tmux: server", local_port = 80 }))
    assert.is_true(matches([[command=x,'Web Content, "2"']], { command = 'web content, "2"' }))
    assert.is_false(matches('command="tmux: server"', { command = "tmux:" }))
  end)

  it("compares integer fields, and never one that is absent", function()
    for text, expected in pairs { ["rtt_us>5"] = false, ["rtt_us>4"] = true, ["rtt_us>=5"] = true, ["rtt_us>=6"] = false, ["rtt_us<5"] = false,
      ["rtt_us<6"] = true, ["rtt_us<=5"] = true, ["rtt_us<=4"] = false, ["rtt_us==5"] = true, ["rtt_us==6"] = false, ["rtt_us!=5"] = false,
      ["rtt_us!=6"] = true, ["rtt_us>=0"] = true, ["rtt_us<0"] = false, ["rtt_us<18446744073709551615"] = true,
      ["rtt_us>18446744073709551615"] = false } do
      assert.equal(expected, matches(text, { rtt_us = 5 }), text)
      assert.is_false(matches(text, { rttvar_us = 5 }), text)
    end
  end)

  it("compares at the ends of every type", function()
    local cases_of = {
      { "rtt_us", 4294967295, { "==4294967295", ">4294967294", "<4294967296" }, { ">4294967295", "<=4294967294", "==-0" } },
      { "tx_bytes", -1, { "==18446744073709551615", ">9223372036854775807", "!=0" }, { "<18446744073709551615", ">18446744073709551615" } },
      { "delta_tx_bytes", math.mininteger, { "==-9223372036854775808", "<-9223372036854775807", "<0" }, { "<-9223372036854775808", ">=0" } },
      { "delta_tx_bytes", math.maxinteger, { "==9223372036854775807", ">0", ">-1" }, { ">9223372036854775807", "<0" } },
      { "delta_rexmit_packets", -2, { "==-2", "<-1", ">=-2", "!=2", "<0" }, { ">0", ">-2", "==4294967294" } },
      { "pid", 2147483647, { ">0", "==2147483647", "<2147483648" }, { "<0", ">2147483647" } },
    }
    for _, case in ipairs(cases_of) do
      local name, value = case[1], case[2]
      for _, relation in ipairs(case[3]) do assert.is_true(matches(name .. relation, { [name] = value }), name .. relation) end
      for _, relation in ipairs(case[4]) do
        local filter = tcpstats.filter(name .. relation)
        assert.is_false(filter ~= nil and matches(name .. relation, { [name] = value }), name .. relation)
      end
    end
  end)

  it("may contradict itself in comparisons: nothing matches", function()
    assert.is_false(matches("rtt_us>5 rtt_us<3", { rtt_us = 4 }))
  end)

  it("shows as its text", function() assert.equal("Local_Port=80", tostring(tcpstats.filter("Local_Port=80"))) end)
end)

describe("a stable filter", function()
  it("says of a connection the same for as long as it lives", function()
    for text, lasts in pairs {
      [""] = true,
      ["local_port=80,443 remote_addr=10.0.0.0/8 ipv4_only"] = true,
      ["include_state=listen"] = true,
      ["exclude=listen local_port=1-1000"] = true,
      ["include_state=established"] = false,
      ["include_state=listen,established"] = false,
      ["exclude=time_wait"] = false,
      ["local_port=80 rtt_us>1"] = false,
      ["pid=1"] = false,
      ["uid=0"] = false,
      ["command=nginx"] = false,
    } do
      assert.equal(lasts, tcpstats.filter(text):is_stable(), text)
    end
  end)
end)
