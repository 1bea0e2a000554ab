-- spec/source/linux_scenarios.c scripts the kernels; every line of its TAP is a test here.
local program = os.getenv "TCPSTATS_SPEC_PROGRAMS" .. "/source/linux_scenarios"

describe("the collector of Linux, against a kernel that misbehaves:", function()
  local pipe = assert(io.popen(program .. " 2>&1"))
  local said = pipe:read "a"
  pipe:close()
  local count = 0
  for result, number, what in said:gmatch "(%a[%a ]-) (%d+) %- ([^\n]+)" do
    count = count + 1
    it(("%s (%s)"):format(what, number), function() assert.equal("ok", result) end)
  end

  it("ends well", function() assert.equal(("1..%d\n"):format(count), said:match "1%.%.%d+\n$") end)
end)
