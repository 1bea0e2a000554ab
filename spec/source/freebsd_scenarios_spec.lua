-- spec/source/freebsd_scenarios.c scripts the kernels; every line of its TAP is a test here. freebsd_push_down.c likewise.
local support = require "spec.support"

for _, name in ipairs { "freebsd_scenarios", "freebsd_push_down" } do
  describe(name .. ":", function()
    local said = support.run(("%s/source/%s 2>&1"):format(support.programs, name))
    local count = 0
    for result, number, what in said:gmatch "(%a[%a ]-) (%d+) %- ([^\n]+)" do
      count = count + 1
      it(("%s (%s)"):format(what, number), function() assert.equal("ok", result) end)
    end

    it("ends well", function() assert.equal(("1..%d\n"):format(count), said:match "1%.%.%d+\n$") end)
  end)
end
