local support = require "spec.support"

describe("require \"tcpstats\"", function()
  it("loads nothing that is for a host: no signals, no outputs, no command line", function()
    local loaded = support.run(support.lua .. [[ -e '
      require "tcpstats"
      for name in pairs(package.loaded) do if name:find "^tcpstats" then print(name) end end']])
    for name in loaded:gmatch "[^\n]+" do
      for _, room in ipairs { "runtime", "host", "output", "scripts" } do assert.is_nil(name:find("tcpstats." .. room, 1, true), name) end
    end
    assert.truthy(loaded:find "tcpstats%.core\n")
  end)

  it("has no text that names the program, which belongs to the host", function()
    local path = package.searchpath("tcpstats.core", package.cpath)
    assert.is_nil(support.read(path):find("tcpstats-lua: ", 1, true))
  end)
end)
