-- Values of Lua as JSON: what scripts emit.
local core = require "tcpstats.core"
local sockets = require "spec.support.sockets"
local tcpstats = require "tcpstats"

local json = tcpstats.json

local function wrong(value)
  local text, what, code = json(value)
  assert.is_nil(text)
  assert.equal("EUSAGE", code)
  return what
end

describe("a value as JSON", function()
  it("keeps every digit of an integer", function()
    for _, n in ipairs { 0, 1, -1, 123456789012345678, 9007199254740993, math.maxinteger, math.mininteger } do
      assert.equal(("%d"):format(n), json(n))
      assert.equal(('{"n":[%d]}'):format(n), json { n = { n } })
    end
  end)

  it("has the value of an unsigned field under its name", function()
    assert.equal('{"delta_tx_bytes":-1,"n":-1,"peers":[{"socket_id":18446744071562067968}],"tx_bytes":18446744073709551615}',
      json { tx_bytes = -1, delta_tx_bytes = -1, n = -1, peers = { { socket_id = -2147483648 } } })
    local one = sockets.batch { { socket_id = -2, max_pacing_rate = -1, pid = 5 } }
    for s in one:each() do
      assert.equal('{"max_pacing_rate":18446744073709551615,"pid":5,"socket_id":18446744073709551614}', json(s:totable()))
      assert.equal(-2, s.socket_id)
    end
  end)

  it("reads back as the same number where it has a fraction", function()
    local seed = 1
    for _ = 1, 2000 do
      seed = seed * 6364136223846793005 + 1442695040888963407
      local number = ("d"):unpack(("i8"):pack(seed))
      if number == number and math.abs(number) ~= math.huge then assert.equal(number, tonumber(json(number)) + 0.0) end
    end
    assert.equal("[0.1,1e+300,-0.5,3]", json { 0.1, 1e300, -0.5, 3.0 })
  end)

  it("has null for what is not finite, and says where the first was", function()
    local text, path = json { a = { 1, 0 / 0 }, b = 1 / 0, c = -1 / 0 }
    assert.equal('{"a":[1,null],"b":null,"c":null}', text)
    assert.equal("a[2]", path)
    assert.same({ "1" }, { json(1) })
    assert.same({ "null", "this value" }, { json(0 / 0) })
    assert.equal('["x y"].z', select(2, json { ["x y"] = { z = 1 / 0 } }))
  end)

  it("has its keys in order", function()
    local t = {}
    for i = 1, 300 do t[("key%03d"):format(i * 7 % 300)] = i end
    local last = ""
    for key in json(t):gmatch '"(key%d+)"' do
      assert.is_true(key > last, key)
      last = key
    end
    assert.equal("key299", last)
    assert.equal('{"":1,"a":2,"aa":3,"b":4}', json { b = 4, aa = 3, a = 2, [""] = 1 })
  end)

  it("is an array where the keys are indices", function()
    assert.equal("[1,2,3]", json { 1, 2, 3 })
    assert.equal("{}", json {})
    assert.equal("[1,null,3]", json { 1, nil, 3 })
    assert.equal("[null,null,null,null,null,null,null,null,null,1]", json { [10] = 1 })
    assert.equal('{"11":1}', json { [11] = 1 })
    assert.equal('{"1":1,"x":2}', json { 1, x = 2 })
    assert.equal('{"-1":1,"0":2,"1.5":3}', json { [-1] = 1, [0] = 2, [1.5] = 3 })
    local half = {}
    for i = 2, 40, 2 do half[i] = i end
    assert.equal("[null,2,null,4,", json(half):sub(1, 15))
    assert.equal("[]", json(setmetatable({}, { __jsontype = "array" })))
    assert.equal('{"1":5}', json(setmetatable({ 5 }, { __jsontype = "object" })))
    assert.equal("x cannot be JSON: it is said to be an array and has other keys than indices", wrong { x = setmetatable({ a = 1 }, { __jsontype = "array" }) })
  end)

  it("escapes what must be, and replaces what is not UTF-8", function()
    assert.equal([["a/b\"\\\u0000\u001b]] .. 'ä\u{1f600}"', json 'a/b"\\\0\27ä\u{1f600}')
    assert.equal('"\u{fffd}x"', json "\255x")
    assert.equal([["\u009b\u202e\u2028\u061c\u007f"]], json "\u{9b}\u{202e}\u{2028}\u{61c}\127")
    assert.equal('{"\\"/":true}', json { ['"/'] = true })
  end)

  it("takes sockets, batches and null", function()
    local batch = sockets.batch { { pid = 1, state = 2 }, { pid = 2 } }
    local first
    for s in batch:each() do first = first or s:copy() end
    assert.equal('{"all":[{"state":"LISTEN","pid":1},{"pid":2}],"first":{"state":"LISTEN","pid":1}}', json { all = batch, first = first })
    assert.equal("[]", json(batch:filter "pid > 5"))
    assert.equal('[null,"x"]', json { require("cjson").null, "x" })
    assert.equal("null", json(nil))
    local stale
    for s in batch:each() do stale = s end
    assert.equal("s cannot be JSON: it is a stale socket", wrong { s = stale })
  end)

  it("names what has no JSON, and where", function()
    assert.equal("this value cannot be JSON: it is a function", wrong(print))
    assert.equal("a[1].b cannot be JSON: it is a thread", wrong { a = { { b = coroutine.create(print) } } })
    assert.equal("a cannot be JSON: it has a key that is a boolean", wrong { a = { [true] = 1 } })
    assert.equal("this value cannot be JSON: it has a number and the same number as text for keys", wrong { 1, x = 1, ["1"] = 2 })
    assert.equal("f cannot be JSON: it is a userdata", wrong { f = io.stdout })
    local own = {}
    own.peers = { { up = own } }
    assert.equal("peers[1].up cannot be JSON: it contains itself", wrong(own))
    local deep = {}
    for _ = 1, 99 do deep = { deep } end
    assert.equal(("["):rep(99) .. "{}" .. ("]"):rep(99), json(deep))
    assert.is_truthy(wrong { { deep } }:find("it lies in more than 100 tables", 1, true))
    assert.has_error(function() json() end)
  end)

  it("calls no metamethod", function()
    local function never() error "called" end
    local meta = { __index = never, __pairs = never, __len = never, __tostring = never, __name = 5, __eq = never, __lt = never, __call = never }
    assert.equal('{"a":[1,2]}', json(setmetatable({ a = setmetatable({ 1, 2 }, meta) }, meta)))
    assert.equal("{}", json(setmetatable({}, setmetatable({}, meta))))
  end)

  it("may be long, deep and shared", function()
    local t = { ("x"):rep(70000) }
    for _ = 1, 6 do t = { t, t } end
    local text = json(t)
    assert.equal(64, select(2, text:gsub("x+", "")))
    assert.equal(64 * 70000, select(2, text:gsub("x", "")))
    local many = {}
    for i = 1, 100000 do many[i] = i end
    assert.equal("[" .. table.concat(many, ",") .. "]", json(many))
  end)

  it("lets a hook run that waits", function()
    local t = {}
    for _ = 1, 45 do t = { t, t } end
    local ran, what = pcall(function()
      debug.sethook(function() error("enough", 0) end, "", 1000000)
      core.json(t)
    end)
    debug.sethook()
    assert.is_false(ran)
    assert.equal("enough", what)
  end)
end)
