-- spec/record/rows.c compares.
local program = os.getenv "TCPSTATS_SPEC_PROGRAMS" .. "/record/rows"

describe("rows of a batch", function()
  it("give back the records that they were made of", function()
    local pipe = assert(io.popen(program .. " 2>&1"))
    local said = pipe:read "a"
    local _, _, code = pipe:close()
    assert.equal(0, code, said)
  end)
end)
