-- spec/filter/push_down.c makes the sockets and compares; it needs a network namespace of its own.
local program = os.getenv "TCPSTATS_SPEC_PROGRAMS" .. "/filter/push_down"
local CANNOT_RUN = 77

describe("what the Linux kernel leaves out for a filter", function()
  for seed = 1, 2 do
    it(("is what the filter would have left out (seed %d)"):format(seed), function()
      local pipe = assert(io.popen(("%s %d 2>&1"):format(program, seed)))
      local said = pipe:read "a"
      local _, _, code = pipe:close()
      if code == CANNOT_RUN then return pending("no network namespace of its own: " .. said) end
      assert.equal(0, code, said)
    end)
  end
end)
