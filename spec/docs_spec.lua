--- The documentation's tools, and that what they make is installed. That it is fresh is `make docs-check`.
local support = require "spec.support"

local function lines_of(command)
  local list = {}
  local pipe <close> = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  return list
end

-- tools/ lies in the tree, as this file does.
local function tool(name) return assert(loadfile(("tools/docs/%s.lua"):format(name)))() end

describe("the editor's types", function()
  it("are Lua, are installed, and describe every field", function()
    local prefix = os.getenv "TCPSTATS_PREFIX"
    local paths = lines_of "find types -name '*.lua'"
    assert.is_true(#paths >= 3)
    for _, path in ipairs(paths) do
      local text = support.read(path)
      assert(load(text, "@" .. path, "t"))
      assert.truthy(text:find "^%-%-%-@meta ")
      if prefix then assert.equal(text, support.read(("%s/share/tcpstats/%s"):format(prefix, path))) end
    end
    local text = support.read "types/tcpstats.lua"
    for _, field in ipairs(require("tcpstats").fields()) do
      assert.truthy(text:find("---@field " .. field.name .. "? ", 1, true), field.name)
    end
  end)

  it("name no type that is not there", function()
    local text, defined = "", {}
    for _, path in ipairs(lines_of "find types -name '*.lua'") do text = text .. support.read(path) end
    for kind, name in text:gmatch "%-%-%-@(%l+) (tcpstats[%w.]*)" do
      if kind == "class" or kind == "alias" then defined[name] = true end
    end
    for line in text:gmatch "%-%-%-@[^\n]+" do
      for name in line:gsub("#.*$", ""):gsub('"[^"]*"', ""):gmatch "%f[%w]tcpstats%.%u%w+" do assert.is_true(defined[name], name .. " in " .. line) end
    end
  end)

  it("know every key that a script may have, and no other", function()
    local contract, validate = require "tcpstats.host.contract", require "tcpstats.host.validate"
    local class = support.read("types/tcpstats.lua"):match "%-%-%-@class tcpstats%.Script\n(.-)\n\n"
    local keys = {}
    for key in class:gmatch "%-%-%-@field ([%w_]+)%? %S+" do keys[#keys + 1] = key end
    assert.equal(#contract.script, #keys)
    local values = { ["function"] = function() end, string = "", table = {} }
    for i, entry in ipairs(contract.script) do
      assert.equal(entry[1], keys[i])
      assert.is_nil(validate.script { [entry[1]] = values[contract.type_of(entry)] }, entry[1])
    end
    assert.truthy(validate.script { no_such_key = 1 })
  end)
end)

describe("a description in C", function()
  local comments = tool "comments"

  local function one(comment)
    local list = comments.of_c("/* " .. comment .. " */", "x.c")
    return list[1], #list
  end

  it("tells arguments, results and failure", function()
    local d = one "batch:write(fd, format [, {pretty=, addresses=}]) -> true, or nil, text, code. \"EPIPE\" when nobody reads."
    assert.same({ "batch", "write", true, true }, { d.owner, d.name, d.method, d.fails })
    assert.same({ "fd", "format", "options" }, { d.args[1].name, d.args[2].name, d.args[3].name })
    assert.is_true(d.args[3].optional)
    assert.equal("{pretty=, addresses=}", d.args[3].text)
    assert.equal("true", d.returns[1].text)
    assert.equal('"EPIPE" when nobody reads.', d.text)
  end)

  it("has results that are words, types in brackets, or prose", function()
    assert.same({ { text = "boolean" }, { text = "(integer?)" } }, one("core.f() -> boolean, (integer?): whether and how many.").returns)
    assert.same({ { text = "the list of all that there is" } }, one("core.f() -> the list of all that there is. More.").returns)
    assert.same({}, one("core.f(): does it.").returns)
    assert.same({ { text = "(fun(): any, ...)" } }, one("core.f() -> (fun(): any, ...): walks.").returns)
  end)

  it("may stand with another, over several lines, and hold an example", function()
    local list = comments.of_c("/* batch:each(...) -> iterator: walks\n * along:\n *   for x in y do\n * and ends.\n * core.each(batch, ...) -> iterator: the same. */", "x.c")
    assert.equal(2, #list)
    assert.equal("walks along:\n  for x in y do\nand ends.", list[1].text)
    assert.equal("core", list[2].owner)
  end)

  it("is none where a comment is about something else", function()
    for _, comment in ipairs { "[-0, +1] A proxy.", "What it is.", "A row (tcps_row) of the batch: read it", "SIGHUP" } do
      assert.equal(0, (select(2, one(comment))), comment)
    end
  end)
end)

describe("a description in Lua", function()
  it("tells arguments, results and failure, also over several lines", function()
    local list, first = tool("comments").of_lua([[
--- A module.
local m = {}

--- Does it.
-- @param a (string|integer) what
--   it is
-- @param b how many (1)
-- @return a batch; or nil, text, code
-- @return (integer) how many
function m.f(a, b) end

--- The same.
function m:g(x) end
m.h = core.h
]], "m.lua")
    assert.equal("A module.", first)
    assert.equal(2, #list)
    local f = list[1]
    assert.same({ "m", "f", false, true }, { f.owner, f.name, f.method, f.fails })
    assert.equal("(string|integer) what\n  it is", f.args[1].text)
    assert.same({ { text = "a batch" }, { text = "(integer) how many" } }, f.returns)
    assert.is_true(list[2].method)
  end)
end)

describe("words", function()
  local words = tool "words"

  it("become types", function()
    for phrase, type in pairs {
      ["a view of them"] = "tcpstats.Batch", ["(integer?) how many"] = "integer?", ["a list of groups {key=}"] = "tcpstats.Groups",
      ["a filter, as text or compiled; or a function(s) that says true"] = "string|tcpstats.Filter|fun(s: tcpstats.Socket): any",
      ["{name=, number=}"] = "{ name?: string, number?: integer }", ["a list of {name=}"] = "{ name?: string }[]",
      ["whether it is"] = "boolean", ['{addresses="base64" or "text"}'] = '{ addresses?: "base64"|"text" }',
    } do assert.equal(type, words.of_phrase(phrase), phrase) end
    assert.is_nil(words.of_phrase "nonsense of a kind")
    assert.equal("integer", words.of_name "elapsed_ns")
    assert.is_nil(words.of_name "nonsense")
    assert.equal("how many", words.prose "(integer) how many")
  end)
end)

describe("the proto's comments", function()
  local schema = tool("proto").read "proto/tcp_stats.proto"

  it("come apart into what a field is and what feeds it", function()
    local fields = {}
    for _, field in ipairs(schema.messages.TcpSocketRecord.fields) do fields[field.name] = field end
    assert.equal("Local port", fields.local_port.what)
    assert.is_true(fields.local_port.implicit)
    assert.same({ platform = "Linux", from = "idiag_sport" }, fields.local_port.feeds[1])
    assert.equal("macOS tcp_info", fields.tx_bytes.feeds[4].platform)
    assert.is_false(fields.rtt_us.implicit)
    assert.equal("Round trip time and timeout", fields.rtt_us.group)
  end)

  it("leave nothing undescribed", function()
    for _, message in pairs(schema.messages) do
      for _, field in ipairs(message.fields) do
        assert.is_true(#field.what > 0 or message.name == "BatchMessage", field.name)
      end
    end
  end)
end)

describe("the manual page", function()
  -- The long options that a text names.
  local function options_of(text)
    local set = {}
    for option in text:gsub(".\8", ""):gsub("\u{2010}", "-"):gmatch "%f[%-]%-%-(%l[%l-]*%l)" do set[option] = true end
    return set
  end

  it("has the options that --help has", function()
    local page = "man/tcpstats-lua.1"
    if not io.open(page) then return pending "there is no page yet" end
    local shown, err, code = support.run("mandoc -T utf8 -O width=500 " .. page)
    assert.equal(0, code, err)
    local help = options_of((support.run(support.bin .. " --help")))
    local shown_options = options_of(shown)
    for option in pairs(help) do assert.truthy(shown_options[option], "the page lacks --" .. option) end
  end)
end)
