-- spec/record/rows.c compares.
local support = require "spec.support"

describe("rows of a batch", function()
  it("give back the records that they were made of", function()
    local said, _, code = support.run(support.programs .. "/record/rows 2>&1")
    assert.equal(0, code, said)
  end)
end)
