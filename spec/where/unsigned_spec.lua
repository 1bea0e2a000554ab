-- Unsigned 64-bit fields: an expression means of them what a filter does.
local sockets = require "spec.support.sockets"
local tcpstats = require "tcpstats"
local where = require "tcpstats.where"

local values = { 0, 1, 1000, 0x7fffffff, 0xffffffff, math.maxinteger - 1, math.maxinteger, math.mininteger, math.mininteger + 1, -1000, -2, -1 }

local unsigned = require("tcpstats.where.unsigned").text

local all = {}
for i, bits in ipairs(values) do all[i] = { max_pacing_rate = bits, tx_bytes = values[#values - i + 1], local_port = i } end
all[#all + 1] = {}
local batch = sockets.batch(all)

local function ports(view)
  local list = {}
  for _, port in view:each "local_port" do list[#list + 1] = port end
  return list
end

local function chosen(expression) return ports(batch:filter(assert(where.compile(expression)))) end

describe("an unsigned number in an expression", function()
  it("compares with a constant as it does in a filter", function()
    for _, operator in ipairs { ">", ">=", "<", "<=", "==", "!=" } do
      for _, bits in ipairs(values) do
        local expected = ports(batch:filter(assert(tcpstats.filter(("max_pacing_rate%s%s"):format(operator, unsigned(bits))))))
        local lua = operator == "!=" and "~=" or operator
        local expression = ("max_pacing_rate %s %s"):format(lua, unsigned(bits))
        assert.same(expected, chosen(expression), expression)
        local flipped = { [">"] = "<", [">="] = "<=", ["<"] = ">", ["<="] = ">=" }
        expression = ("%s %s max_pacing_rate"):format(unsigned(bits), flipped[lua] or lua)
        assert.same(expected, chosen(expression), expression)
        expression = ("(max_pacing_rate | 0) %s %s"):format(lua, unsigned(bits))
        assert.same(expected, chosen(expression), expression)
        for s in batch:each() do
          local wanted = false
          for _, port in ipairs(expected) do wanted = wanted or port == s.local_port end
          assert.equal(wanted, where.compile(expression)(s), expression)
        end
      end
    end
  end)

  it("compares with another without a sign", function()
    for operator, holds in pairs {
      [">"] = function(a, b) return math.ult(b, a) end, [">="] = function(a, b) return not math.ult(a, b) end, ["<"] = math.ult,
      ["<="] = function(a, b) return not math.ult(b, a) end, ["=="] = function(a, b) return a == b end, ["~="] = function(a, b) return a ~= b end,
    } do
      local expected = {}
      for i, socket in ipairs(all) do
        if socket.tx_bytes and holds(socket.max_pacing_rate, socket.tx_bytes) then expected[#expected + 1] = i end
      end
      assert.same(expected, chosen(("max_pacing_rate %s tx_bytes"):format(operator)), operator)
    end
  end)

  it("compares with what may be negative or has a fraction", function()
    local number_of_all = #values
    assert.equal(number_of_all, #chosen "max_pacing_rate > -1")
    assert.equal(0, #chosen "max_pacing_rate < -1")
    assert.equal(0, #chosen "max_pacing_rate == -2")
    assert.equal(number_of_all, #chosen "max_pacing_rate ~= -2")
    assert.equal(5, #chosen "max_pacing_rate >= 2^63")
    assert.equal(number_of_all - 1, #chosen "max_pacing_rate > 0.5")
    assert.equal(number_of_all, #chosen "max_pacing_rate > local_port - 100")
  end)

  it("counts as the number that it is", function()
    assert.equal(3, #chosen "max_pacing_rate / 2 > 2^62")
    assert.equal(5, #chosen "max_pacing_rate * 2 > 1.8e19")
    assert.equal(5, #chosen "-max_pacing_rate <= -(2^63)")
    assert.equal(5, #chosen "math.max(max_pacing_rate, 5) > 9.3e18 or max_pacing_rate + 0 >= 2^63")
    assert.equal(5, #chosen "(max_pacing_rate or local_port) >= 2^63")
    assert.equal(#values, #chosen "(max_pacing_rate or -5) >= 0")
    assert.equal(5, #chosen "max_pacing_rate >> 63 == 1")
    assert.equal(5, #chosen "max_pacing_rate & 0x8000000000000000 > 5")
    assert.equal(#values, #chosen "~max_pacing_rate >= 0")
    assert.equal(7, #chosen "max_pacing_rate + 0 & 0 == 0") -- no bits of a number that is none of Lua's integers
    assert.equal(1, #chosen "tostring(max_pacing_rate) == '18446744073709551614'")
    assert.equal(1, #chosen "max_pacing_rate .. 'x' == '18446744073709550616x'")
  end)

  it("is never negative as the value of an expression, an aggregate or a rank", function()
    for s in sockets.batch({ { max_pacing_rate = -2 } }):each() do
      assert.equal(2 ^ 64, assert(where.compile "max_pacing_rate")(s))
      assert.equal(2 ^ 64, assert(where.compile "max_pacing_rate or 0")(s))
    end
    for s in sockets.batch({ { max_pacing_rate = 7 } }):each() do assert.equal("integer", math.type(where.compile "max_pacing_rate"(s))) end
    local one = sockets.batch { { max_pacing_rate = -2 }, { max_pacing_rate = 5 } }
    local of = one:aggregate { max = "max(max_pacing_rate)", min = "min(max_pacing_rate)", p99 = "p99(max_pacing_rate)", sum = "sum(max_pacing_rate)" }
    assert.same({ 2 ^ 64, 5, 2 ^ 64, 2 ^ 64 }, { of.max, of.min, of.p99, of.sum })
    assert.equal("integer", math.type(of.min))
    assert.equal(12, ports(batch:top(1, "max_pacing_rate"))[1])
    assert.same({ 10, 11, 12 }, ports(batch:top(3, "max_pacing_rate * 1")))
    assert.equal(1, ports(batch:top(1, "-max_pacing_rate"))[1])
    assert.is_true(one:evaluate(assert(where.compile_aggregate("max(max_pacing_rate) > 1000", "batch"))))
  end)

  it("reads as digits", function()
    local text = require("tcpstats.where.unsigned").text
    for bits, expected in pairs {
      [0] = "0", [9] = "9", [math.maxinteger] = "9223372036854775807", [math.mininteger] = "9223372036854775808", [-1] = "18446744073709551615",
      [-6] = "18446744073709551610", [-7] = "18446744073709551609",
    } do
      assert.equal(expected, text(bits))
    end
  end)
end)
