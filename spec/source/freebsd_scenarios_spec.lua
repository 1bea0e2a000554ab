-- spec/source/freebsd_scenarios.c scripts the kernels; every line of its TAP is a test here. freebsd_push_down.c likewise.
local support = require "spec.support"

for _, name in ipairs { "freebsd_scenarios", "freebsd_push_down" } do
  describe(name .. ":", function()
    local tests, complete = support.tap("source/" .. name)
    for _, test in ipairs(tests) do
      it(test.what, function() assert.equal("ok", test.result) end)
    end

    it("ends well", function() assert.is_true(complete) end)
  end)
end
