--- How lines on standard error are written: for people, for systemd's journal, as JSON.
local cjson = require "cjson"
local support = require "spec.support"

local SCRIPT <const> = [=[
return { name = "n", on_batch = function(b, ctx)
  ctx:log("warning", "a\27[2J\nb %s", "\u{e9}")
  ctx:log("info", "c")
  ctx:log("debug", "d")
  error "first\nsecond"
end }
]=]

--- What a run of the script writes to standard error, line by line.
local function lines_of(environment, options)
  local path = support.temporary(SCRIPT)
  local _, err, code = support.run(("%s %s -c 1 -v %s %s"):format(environment, support.bin, options, path))
  os.remove(path)
  assert.equal(1, code)
  local lines = {}
  for line in err:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

local JOURNAL <const> = "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2)"

describe("standard error", function()
  it("has the level before each line if it goes to systemd's journal", function()
    local lines = lines_of(JOURNAL, "")
    assert.equal("<4>tcpstats-lua: n: warning: a?[2J b \u{e9}", lines[1])
    assert.equal("<6>tcpstats-lua: n: c", lines[2])
    assert.equal("<7>tcpstats-lua: n: debug: d", lines[3])
    assert.truthy(lines[4]:find "^<3>tcpstats%-lua: n: error: on_batch: .*first$")
    assert.equal("<3>\tsecond", lines[5])
  end)

  it("has none if it goes elsewhere, or text is wanted", function()
    for _, how in ipairs { { "JOURNAL_STREAM=1:1", "" }, { JOURNAL, "--log-format text" } } do
      assert.equal("tcpstats-lua: n: c", lines_of(how[1], how[2])[2])
    end
  end)

  it("is an object a line with --log-format json", function()
    local lines = lines_of(JOURNAL, "--log-format json")
    assert.equal(4, #lines)
    local first, last = cjson.decode(lines[1]), cjson.decode(lines[4])
    assert.same({ "warning", "n", "a?[2J b \u{e9}" }, { first.level, first.script, first.message })
    assert.truthy(first.time:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%dZ$")
    assert.same({ "error", "n" }, { last.level, last.script })
    assert.truthy(last.message:find "^on_batch: .*first second stack traceback: ", last.message)
  end)

  it("is written in no other way", function()
    local _, err, code = support.run(support.bin .. " --log-format xml json")
    assert.equal(2, code)
    assert.truthy(err:find("expected text, journal or json, got 'xml'", 1, true), err)
  end)
end)
