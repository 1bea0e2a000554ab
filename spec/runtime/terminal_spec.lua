local runtime = require "tcpstats.runtime"
local support = require "spec.support"

describe("runtime.terminal_size and runtime.terminal_raw", function()
  it("say when there is no terminal", function()
    local file = os.tmpname()
    local fd = assert(runtime.open_file(file, false))
    assert.is_nil((runtime.terminal_size(fd)))
    local guard, what, code = runtime.terminal_raw(fd, fd, "enter", "leave")
    assert.is_nil(guard)
    assert.matches("^standard input: ", what)
    assert.equal("ESYSTEM", code)
    assert(runtime.close_file(fd))
    assert.equal("", support.read(file))
    os.remove(file)
    assert.has_error(function() runtime.terminal_raw(0, 1, "enter") end)
  end)
end)
