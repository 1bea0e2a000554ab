-- What groups are sorted by.
local core = require "tcpstats.core"

describe("core.order", function()
  it("puts the largest first, and last what is not a number", function()
    assert.same({ 2, 5, 1, 4, 3, 6 }, core.order({ 1, math.huge, nil, -1 / 0, 1.5, 0 / 0 }, { "a", "b", "c", "d", "e", "f" }, 6))
    assert.same({ 2, 1 }, core.order({ 1 << 62, (1 << 62) + 1 }, {}, 2)) -- equal as floats
    assert.same({}, core.order({}, {}, 0))
  end)

  it("orders equal ones by their keys: numbers, then texts", function()
    assert.same({ 3, 4, 2, 1, 5 }, core.order({ 7, 7, 7, 7, 7 }, { "b", "a", 9, 10, "b\0" }, 5))
    assert.same({ 2, 3, 1 }, core.order({ 1, 1, 1 }, { true, false, nil }, 3)) -- "false", "nil", "true"
    assert.same({ 1, 2 }, core.order({ 1, 1 }, { "x", "x" }, 2))
    local named = setmetatable({}, { __tostring = function() return "a" end })
    assert.same({ 2, 1 }, core.order({ 1, 1 }, { "b", named }, 2))
  end)

  it("wants two lists and their length", function()
    assert.has_error(function() core.order({}, {}) end)
    assert.has_error(function() core.order({}, {}, -1) end)
    assert.has_error(function() core.order(1, {}, 0) end)
  end)
end)
