-- Texts and numbers for people.
local core = require "tcpstats.core"

describe("core.clean", function()
  it("lets nothing through that drives a terminal or turns a line round", function()
    for text, clean in pairs {
      ["a\27[31mb\n"] = "a?[31mb?", ["\194\155x"] = "?x", ["\127\0\r"] = "???", ["Käse"] = "Käse", ["日本"] = "日本", ["a\u{202e}b"] = "a?b",
      ["\u{200e}\u{200f}\u{61c}\u{2066}\u{2069}\u{202a}"] = "??????", ["\u{2028}\u{2029}"] = "??", ["\255\192\128x"] = "???x", ["\u{d7ff}"] = "\u{d7ff}",
      ["e\u{301}"] = "e\u{301}", ["\xed\xa0\x80"] = "???", [""] = "",
    } do
      assert.equal(clean, core.clean(text), ("%q"):format(text))
    end
  end)

  it("has no characters but ASCII where that is wanted", function()
    assert.equal("K?se ??x", core.clean("Käse 日本x", true))
    for c = 0, 255 do assert.is_truthy(core.clean(string.char(c), true):find "^[ -~]$", c) end
  end)
end)

describe("core.width", function()
  it("counts columns", function()
    for text, width in pairs { [""] = 0, abc = 3, ["äöü"] = 3, ["日本"] = 4, ["e\u{301}"] = 1, ["ｗ"] = 2, ["\u{1f600}"] = 2, ["한"] = 2, ["\255x"] = 2, ["\u{ad}"] = 1,
      ["\u{10ffff}"] = 1, ["\u{300}"] = 0, ["\u{2ff}"] = 1, ["\u{115f}"] = 2, ["\u{1160}"] = 0 } do
      assert.equal(width, core.width(text), text)
    end
  end)
end)

describe("core.cut", function()
  it("keeps what fits", function()
    assert.equal("abc", core.cut("abc", 3))
    assert.equal("日本", core.cut("日本", 4))
    assert.equal("", core.cut("", 0))
  end)

  it("cuts in the middle, and leaves the end that is wanted", function()
    assert.equal("abc…", core.cut("abcdef", 4))
    assert.equal("a…ef", core.cut("abcdef", 4, false, 3))
    assert.equal("…def", core.cut("abcdef", 4, false, 4))
    assert.equal("[2001:…aaa:bbbb:cccc:2]:443", core.cut("[2001:db8:12:3456:aaaa:bbbb:cccc:2]:443", 27, false, 3, 5))
    assert.equal("nginx: w…[1234]", core.cut("nginx: worker process[1234]", 15, false, 0, 6))
    assert.equal("a...yz", core.cut("abcdefghxyz", 6, true, 3))
    assert.equal("…", core.cut("abcdef", 2):sub(2))
    assert.equal("a", core.cut("abcdef", 1))
    assert.equal("", core.cut("abcdef", 0))
    assert.equal("abc", core.cut("abcdef", 3, true))
    assert.equal("a...", core.cut("abcdefg", 4, true))
  end)

  it("never splits a wide or a combined character, and is never wider than asked", function()
    local texts = { "日本語日本語", "e\u{301}e\u{301}e\u{301}e\u{301}", "a日b本c語", "ab\u{1f600}\u{1f600}cd", "日\u{301}本\u{301}" }
    for _, text in ipairs(texts) do
      for columns = 0, 13 do
        for quarters = 0, 4 do
          for _, tail in ipairs { "", ":1", "[12]" } do
            local cut = core.cut(text .. tail, columns, false, quarters, #tail)
            assert.is_truthy(utf8.len(cut), ("%q"):format(cut))
            assert.is_true(core.width(cut) <= columns, ("%s in %d: %s"):format(text, columns, cut))
            assert.is_nil(cut:find("…\u{301}", 1, true), cut)
            if columns > #tail then assert.equal(tail, cut:sub(#cut - #tail + 1), cut) end
          end
        end
      end
    end
    assert.equal("日…", core.cut("日本語", 4))
    assert.equal("日…語", core.cut("日本語日本語", 6, false, 2))
  end)

  it("refuses what is no number of columns", function()
    assert.has_error(function() core.cut("a", -1) end)
    assert.has_error(function() core.cut("a", 1, false, 5) end)
    assert.has_error(function() core.cut("a", 1, false, 1, -1) end)
  end)
end)

describe("core.human", function()
  it("shows numbers of any size", function()
    for number, shown in pairs {
      [0] = "0", [1023] = "1023", [1024] = "1.0K", [10137] = "9.9K", [10190] = "10K", [1023.6 * 1024] = "1.0M", [math.mininteger] = "-8.0E", [2 ^ 64] = "16E", [1e300] = "9e+281E",
      [1 / 0] = "inf", [-1 / 0] = "-inf",
    } do
      assert.equal(shown, core.human(number, "bytes"))
    end
    assert.equal("nan", core.human(0 / 0, "count"))
    for number, shown in pairs { [0.004] = "0.00", [0.25] = "0.25", [-3.14] = "-3.1", [9.96] = "10", [99.6] = "100", [100] = "100", [1234] = "1.2k" } do
      assert.equal(shown, core.human(number, "number"))
    end
    for us, shown in pairs { [999] = "999us", [999.6] = "1.0ms", [1000] = "1.0ms", [9949] = "9.9ms", [9951] = "10ms", [999499] = "999ms", [999501] = "1.0s", [59e6] = "59s" } do
      assert.equal(shown, core.human(us, "microseconds"))
    end
    for ms, shown in pairs { [999.6] = "1.0s", [9951] = "10s", [59600] = "1m00s", [3599600] = "1h00m", [86399600] = "1d00h", [1e18] = "11574074074d", [1 / 0] = "inf" } do
      assert.equal(shown, core.human(ms, "milliseconds"))
    end
    assert.has_error(function() core.human(1, "parsecs") end)
  end)
end)

describe("core.endpoint", function()
  it("is what ss shows", function()
    for shown, of in pairs {
      ["10.0.0.1:443"] = { "10.0.0.1", 443 }, ["[2001:db8::1]:443"] = { "2001:db8::1", 443 }, ["0.0.0.0:22"] = { "0.0.0.0", 22 }, ["[::]:22"] = { "::", 22 },
      ["*:22"] = { "::", 22, nil, true }, ["[fe80::1%eth0]:22"] = { "fe80::1", 22, "eth0" }, ["[fe80::1%3]:22"] = { "fe80::1", 22, 3 },
      ["0.0.0.0%vrf-blue:22"] = { "0.0.0.0", 22, "vrf-blue" }, ["*%va:22"] = { "::", 22, "va", true }, ["*:*"] = {}, ["10.0.0.1:*"] = { "10.0.0.1" },
      ["[::ffff:10.0.0.1]:1"] = { "::ffff:10.0.0.1", 1 }, ["[fe80::1%e?0]:1"] = { "fe80::1", 1, "e\0270" }, ["not one:5"] = { "not one", 5 },
      ["10.0.0.1:-"] = nil,
    } do
      assert.equal(shown, core.endpoint(of[1], of[2], of[3], of[4]))
    end
    assert.equal(3 + 32, #core.endpoint(nil, nil, ("x"):rep(1000)) - 1)
  end)
end)

describe("core.table_widths and core.table_lines", function()
  local sockets = require "spec.support.sockets"
  local batch = sockets.batch {
    { state = 5, command = "日本\27", pid = 7, rtt_us = 1500, max_pacing_rate = -2, negotiated_options = 5 }, { state = 2, pid = 12345, cc_algo = "a\u{202e}b" }, {},
  }
  local columns = {
    { fields = { "state" } }, { shown = "process" }, { shown = "microseconds", fields = { "rtt_us" }, right = true }, { fields = { "max_pacing_rate" }, right = true },
    { fields = { "cc_algo" } },
  }

  it("show values, in columns of the screen", function()
    local widths = core.table_widths(batch, { columns = columns })
    assert.same({ 11, 9, 5, 20, 3 }, widths)
    for i, width in ipairs(widths) do columns[i].width = width end
    assert.equal("ESTABLISHED  日本?[7]   1.5ms  18446744073709551614\n"
      .. "LISTEN       pid 12345                               a?b\n\n", core.table_lines(batch, { columns = columns }, 1, 3))
    assert.equal("ESTABLISHED  ???[7]     1.5ms  18446744073709551614\n", core.table_lines(batch, { columns = columns, ascii = true }, 1, 1))
    assert.equal("\n", core.table_lines(batch, { columns = columns }, 3, 9))
    assert.equal("", core.table_lines(batch, { columns = columns }, 4, 9))
  end)

  it("clean the names of all holders", function()
    local held = sockets.batch { { holders = "\8\7\16\3\26\6a\27[31m" } }
    assert.equal("a?[31m/7/3\n", core.table_lines(held, { columns = { { fields = { "holders" }, width = 20 } } }, 1, 1))
  end)

  it("refuse what is no table", function()
    assert.has_error(function() core.table_widths(batch, {}) end)
    assert.has_error(function() core.table_widths(batch, { columns = { { shown = "nothing" } } }) end)
    assert.has_error(function() core.table_widths(batch, { columns = { { fields = { "nope" } } } }) end)
    assert.has_error(function() core.table_widths(batch, { columns = { { width = -1 } } }) end)
    assert.has_error(function() core.table_lines(batch, { columns = columns }, 0, 1) end)
  end)
end)
