-- spec/encode/templates.c compares.
local program = os.getenv "TCPSTATS_SPEC_PROGRAMS" .. "/encode/templates"

describe("rows of many shapes, encoded from templates", function()
  it("are what each of them gives by itself, and decode to what they were", function()
    local pipe = assert(io.popen(program .. " 2>&1"))
    local said = pipe:read "a"
    local _, _, code = pipe:close()
    assert.equal(0, code, said)
  end)
end)
