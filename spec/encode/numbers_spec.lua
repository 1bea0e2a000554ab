-- spec/encode/numbers.c compares.
local program = os.getenv "TCPSTATS_SPEC_PROGRAMS" .. "/encode/numbers"

describe("numbers as text", function()
  it("are what printf writes", function()
    local pipe = assert(io.popen(program .. " 2>&1"))
    local said = pipe:read "a"
    local _, _, code = pipe:close()
    assert.equal(0, code, said)
  end)
end)
