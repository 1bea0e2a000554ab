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
  local contract = require "tcpstats.host.contract"

  it("are Lua, are installed, and describe every field", function()
    local prefix = os.getenv "TCPSTATS_PREFIX"
    for _, name in ipairs { "contract", "core", "fields", "runtime" } do
      local path = ("types/tcpstats/%s.lua"):format(name)
      local text = support.read(path)
      assert(load(text, "@" .. path, "t"))
      assert.truthy(text:find "^%-%-%-@meta")
      if prefix then assert.equal(text, support.read(("%s/share/tcpstats/%s"):format(prefix, path))) end
    end
    local text = support.read "types/tcpstats/fields.lua"
    for _, field in ipairs(require("tcpstats").fields()) do
      assert.truthy(text:find("---@field " .. field.name .. "? ", 1, true), field.name)
    end
  end)

  it("name no type that does not exist", function()
    local text, defined = "", {}
    for _, path in ipairs(lines_of "find types lua -name '*.lua'") do text = text .. support.read(path) end
    for kind, name in text:gmatch "%-%-%-@(%l+) (tcpstats[%w.]*)" do
      if kind == "class" or kind == "alias" then defined[name] = true end
    end
    for line in text:gmatch "%-%-%-@[^\n]+" do
      for name in line:gsub('"[^"]*"', ""):gmatch "%f[%w]tcpstats%.%u%w+" do assert.is_true(defined[name], name .. " in " .. line) end
    end
  end)

  it("have every entry of the contract, and validation takes each", function()
    local text = support.read "types/tcpstats/contract.lua"
    for class, list in pairs { Script = contract.script, ScriptOption = contract.option, Timer = contract.timer, Ctx = contract.ctx } do
      local fields = text:match("%-%-%-@class tcpstats%." .. class .. "\n(.-)\n\n")
      for _, entry in ipairs(list) do assert.truthy(fields:find("@field " .. entry[1] .. "%f[? ]"), class .. "." .. entry[1]) end
    end
    local validate = require "tcpstats.host.validate"
    local values = { ["function"] = function() end, string = "", table = {} }
    for _, entry in ipairs(contract.script) do
      assert.is_nil(validate.script { [entry[1]] = values[contract.type_of(entry)] }, entry[1])
      assert.truthy(validate.script { [entry[1]] = 1 }, entry[1])
    end
    assert.truthy(validate.script { no_such_key = 1 })
  end)
end)

describe("an annotation", function()
  local annotations = tool "annotations"

  it("says what a function takes and returns, also over several lines", function()
    local blocks = annotations.read [[
--- Does it.
---   an example
--- And more.
---@param a string|fun(x: integer, y?: string): boolean what
---  it is
---@param b? integer (1)
---@return { x: string, y: integer[] }[]? list
---@return string? what went wrong
---@return string? code
function m.f(a, b) end
]]
    local f = blocks[1]
    assert.same({ "m", "f", false, "function" }, { f.owner, f.name, f.method, f.kind })
    assert.same({ "a", "b" }, f.arguments)
    assert.equal("Does it.\n  an example\nAnd more.", f.text)
    assert.same({ name = "a", optional = false, type = "string|fun(x: integer, y?: string): boolean", text = "what it is" }, f.params[1])
    assert.same({ name = "b", optional = true, type = "integer", text = "(1)" }, f.params[2])
    assert.same({ type = "{ x: string, y: integer[] }[]?", name = "list", text = "" }, f.returns[1])
    assert.same({ type = "string?", name = "what", text = "went wrong" }, f.returns[2])
  end)

  it("says what a class has, and which variable it is", function()
    local blocks = annotations.read [[
--- A class.
---@class x.Class: { [integer]: string }
---@field a? "b c"|"d" what it is
local Class = {}

-- a comment
---@return fun(): x.Class, integer
function Class:each(...) end
--- The same.
Class.all = Class.each
]]
    assert.same({ "x.Class", "Class", "A class." }, { blocks[1].class, blocks[1].variable, blocks[1].text })
    assert.same({ { name = "a", optional = true, type = '"b c"|"d"', text = "what it is" } }, blocks[1].fields)
    assert.is_true(blocks[2].method)
    assert.same({ { type = "fun(): x.Class, integer", text = "" } }, blocks[2].returns)
    assert.same({ "Class", "all", "function", "Class.each" }, { blocks[3].owner, blocks[3].name, blocks[3].kind, blocks[3].value })
  end)

  it("comes apart where it is a function's type", function()
    local params, returns = annotations.signature "fun(self: x.Y, a: fun(b: integer): string, c?: { d: integer, e: string }): boolean, string"
    assert.same({ "self", "a", "c" }, { params[1].name, params[2].name, params[3].name })
    assert.same({ "x.Y", "fun(b: integer): string", "{ d: integer, e: string }" }, { params[1].type, params[2].type, params[3].type })
    assert.is_true(params[3].optional)
    assert.equal("boolean, string", returns[1].type)
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
