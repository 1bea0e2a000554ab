-- spec/source/macos_scenarios.c scripts the kernels; every line of its TAP is a test here.
local support = require "spec.support"

describe("the collector of macOS, against a kernel that misbehaves:", function()
  local tests, complete = support.tap("source/macos_scenarios")
  for _, test in ipairs(tests) do
    it(test.what, function() assert.equal("ok", test.result) end)
  end

  it("ends well", function() assert.is_true(complete) end)
end)
