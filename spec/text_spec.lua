local text = require "tcpstats.text"

describe("text", function()
  local ascii = text.ascii
  setup(function() text.ascii = false end)
  teardown(function() text.ascii = ascii end)

  it("shows numbers with units", function()
    local function all(show, list)
      for value, expected in pairs(list) do assert.equal(expected, show(value)) end
    end
    all(text.bytes, { [0] = "0", [1023] = "1023", [1024] = "1.0K", [10240] = "10K", [1023.9 * 1024] = "1.0M", [5 * 1024 ^ 3] = "5.0G", [-2048] = "-2.0K", [2 ^ 64] = "16E" })
    assert.same({ "1 tick", "2 ticks", "0 passes" }, { text.plural(1, "tick"), text.plural(2, "tick"), text.plural(0, "pass") })
    all(text.count, { [0] = "0", [999] = "999", [1000] = "1.0k", [999600] = "1.0M", [123456789] = "123M" })
    all(text.number, { [0] = "0", [0.25] = "0.25", [3.14] = "3.1", [42] = "42", [1234.5] = "1.2k" })
    all(text.microseconds, { [0] = "0us", [999] = "999us", [1000] = "1.0ms", [25500] = "26ms", [999499] = "999ms", [2500000] = "2.5s", [200 * 1000000] = "3m20s" })
    all(text.milliseconds, { [0] = "0ms", [59999] = "1m00s", [3600000] = "1h00m", [90000000] = "1d01h" })
    all(text.percent, { [0] = "0.00%", [0.005] = "0.50%", [0.034] = "3.4%", [0.5] = "50%", [1] = "100%" })
  end)

  it("shows ends of connections", function()
    assert.equal("10.0.0.1:443", text.local_end { local_addr = "10.0.0.1", local_port = 443 })
    assert.equal("[2001:db8::1]:443", text.remote_end { remote_addr = "2001:db8::1", remote_port = 443 })
    assert.equal("*:22", text.local_end { local_addr = "::", local_port = 22 })
    assert.equal("[::]:22", text.local_end { local_addr = "::", local_port = 22, v6only = true })
    assert.equal("[::]:22", text.local_end { local_addr = "::", local_port = 22, dual_stack = false })
    assert.equal("0.0.0.0:22", text.local_end { local_addr = "0.0.0.0", local_port = 22 })
    assert.equal("[fe80::1%eth0]:22", text.local_end { local_addr = "fe80::1", local_port = 22, scope_id = 3, interface = "eth0" })
    assert.equal("[fe80::1%3]:22", text.local_end { local_addr = "fe80::1", local_port = 22, scope_id = 3 })
    assert.equal("0.0.0.0%va:22", text.local_end { local_addr = "0.0.0.0", local_port = 22, interface = "va", interface_index = 3 })
    assert.equal("10.0.0.1:22", text.local_end { local_addr = "10.0.0.1", local_port = 22, interface = "va", scope_id = 3 })
    assert.equal("[fe80::2%eth0]:5", text.remote_end { remote_addr = "fe80::2", remote_port = 5, scope_id = 3, interface = "eth0" })
    assert.equal("10.0.0.2:5", text.remote_end { remote_addr = "10.0.0.2", remote_port = 5, interface_index = 3, interface = "eth0" })
    assert.equal("*:*", text.remote_end {})
  end)

  it("shows owners", function()
    assert.equal("nginx[7]", text.process { command = "nginx", pid = 7 })
    assert.equal("pid 7", text.process { pid = 7 })
    assert.is_nil(text.process {})
  end)

  it("lets no program talk to the terminal", function()
    assert.equal("a?[31mb?", text.clean "a\27[31mb\n")
    assert.equal("?x", text.clean "\194\155x") -- CSI as one C1 character
    assert.equal("Käse", text.clean "Käse")
    assert.equal("?abc", text.clean "\255abc")
    assert.equal("a?b[7]", text.process { command = "a\7b", pid = 7 })
  end)

  it("is all there in a sandbox", function()
    local sandbox = require("tcpstats.host.sandbox").new(print)
    local inside = sandbox.require "tcpstats.text"
    for name in pairs(text) do assert.equal(text[name], inside[name], name) end
  end)

  it("has ASCII only in a locale that is not UTF-8", function()
    local support = require "spec.support"
    for locale, shown in pairs {
      ["LC_ALL=C.UTF-8"] = "Käse…", ["LC_ALL= LC_CTYPE=de_DE.utf8 LANG=C"] = "Käse…", ["LC_ALL=C LANG=de_DE.UTF-8"] = "K?se...", ["-u LC_ALL -u LC_CTYPE -u LANG"] = "K?se...",
    } do
      local script = support.temporary [[
        local text = require "tcpstats.text"
        return { on_batch = function(b, ctx) ctx:emit(text.fit(text.clean("Käse" .. ("x"):rep(9)), text.ascii and 7 or 5) .. "\n") ctx:stop() end }]]
      os.rename(script, script .. ".lua")
      assert.equal(shown .. "\n", (support.run(("env %s %s -c 1 -f local_port=1 %s.lua"):format(locale, support.bin, script))))
      os.remove(script .. ".lua")
    end
  end)

  it("fits columns, characters and not bytes", function()
    assert.equal("ab  ", text.fit("ab", 4))
    assert.equal("  ab", text.fit("ab", 4, true))
    assert.equal("abc…", text.fit("abcdef", 4))
    assert.equal("äöü…", text.fit("äöüßx", 4))
    assert.equal("a", text.fit("abc", 1))
    assert.equal("", text.fit("abc", 0))
    assert.equal("日本  ", text.fit("日本", 6))
    assert.equal("  日本", text.fit("日本", 6, true))
    assert.equal("日… ", text.fit("日本語", 4))
  end)
end)
