-- spec/encode/numbers.c compares.
local support = require "spec.support"

describe("numbers as text", function()
  it("are what printf writes", function()
    local said, _, code = support.run(support.programs .. "/encode/numbers 2>&1")
    assert.equal(0, code, said)
  end)
end)
