-- The helper that reads ss, on what three versions of it said of the same sockets.
local fixtures = require "spec.fixtures.ss"
local ss = require "spec.support.ss"
local support = require "spec.support"

local function read(name) return support.read(("spec/fixtures/ss/%s.txt"):format(name)) end

local said, lines = {}, {}
for i = 1, 3 do said[i], lines[i] = ss.parse(read(fixtures[i].file), ss.version(fixtures[i].version)) end
local ours = load("return " .. read "records", "records", "t", {})()

describe("what ss says", function()
  it("of the same sockets is the same in each version, but for times and what an old one does not know", function()
    assert.same({ 27, 27, 27 }, lines)
    for id, old in pairs(said[1]) do
      for key, value in pairs(said[3][id]) do
        if key == "rcv_wnd" or key == "rehash" then
          assert.is_nil(old[key])
        elseif key ~= "timer" and key ~= "busy" and key ~= "rwnd_limited" and not key:find "^last" then
          assert.equal(value, old[key], key)
          assert.equal(value, said[2][id][key], key)
        end
      end
    end
  end)

  for before = 1, 2 do
    it("agrees with our records: " .. fixtures[before].file .. " before them", function()
      local seen = { first = said[before], ours = ours, second = said[3] }
      for _, key in ipairs(ss.keys(said[3])) do assert.equal("", ss.differences(key, seen)) end
    end)
  end

  it("does not agree with records that are wrong", function()
    local function differ(key, change)
      local wrong = {}
      for id, s in pairs(ours) do
        wrong[id] = setmetatable({}, { __index = s })
        change(wrong[id], s)
      end
      return ss.differences(key, { first = said[1], ours = wrong, second = said[3] }) ~= ""
    end
    assert.is_true(differ("cwnd", function(s, right) s.snd_cwnd = right.snd_cwnd and right.snd_cwnd + right.maxseg end))
    assert.is_true(differ("timer", function(s, right) s.timer_persist_ms = right.timer_persist_ms and right.timer_persist_ms + 1000 end))
    assert.is_true(differ("lastsnd", function(s, right) s.last_data_sent_ms = right.last_data_sent_ms and right.last_data_sent_ms + 1000 end))
    assert.is_true(differ("seq", function(s, right) s.mptcp_map_seq = right.mptcp_map_seq and right.mptcp_map_seq ~ 1 end))
    assert.is_true(differ("users", function(s, right) s.fd = right.fd and right.fd + 1 end))
  end)
end)

describe("a timer of ss", function()
  it("is read in every way that it is written", function()
    for text, ms in pairs {
      ["1min5sec"] = { 65000, 1000 }, ["119min"] = { 7140000, 60000 }, ["59sec"] = { 59000, 1000 }, ["004ms"] = { 4, 1 }, [""] = { 0, 1 },
      ["2.824ms"] = { 2824, 1 }, ["2.824sec"] = { 2824, 1 },
    } do
      assert.same(ms, { ss.timer_ms(text) }, text)
    end
  end)
end)

describe("a version of iproute2", function()
  it("is a number that compares", function()
    local version = ss.version
    assert.is_true(version "ss utility, iproute2-5.9.0" < version "ss utility, iproute2-5.10.0")
    assert.is_true(version "ss utility, iproute2-6.1.0" < version "ss utility, iproute2-6.15.0")
    assert.is_true(version "ss utility, iproute2-6.15.0" < version "ss utility, iproute2-7.3.0")
    assert.equal(0, version "ss utility, iproute2-ss200127")
  end)
end)
