-- The manual page names every option that the binary has, and no other.
local host = require "spec.support.host"
local support = require "spec.support"

describe("the manual page", function()
  local page = support.read("man/tcpstats-lua.1")
  local help = host.run("--help")

  local function options(text, pattern)
    local found = {}
    for option in text:gmatch(pattern) do found[option] = true end
    return found
  end

  it("names the options of --help", function()
    assert.are.same(options(help, "\n%s+%-?%a?,?%s*%-%-([%l-]+)"), options(page, "\n%.It Fl [%a ,]*%-([%l-]+)"))
  end)

  it("is right mdoc", function()
    local out = support.run("mandoc -T lint -W warning man/tcpstats-lua.1")
    assert.are.equal("", out)
  end)
end)
