--- What is added by a file and a line: whether the line is there. Each of these lists is what somebody else goes by.
local core = require "tcpstats.core"
local support = require "spec.support"

-- The first captures of a pattern in what a command says, sorted.
local function found(command, pattern)
  local list = {}
  for word in support.run(command):gmatch(pattern) do list[#list + 1] = word end
  assert.is_true(#list > 0, command)
  table.sort(list)
  return list
end

local function sorted(list)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy)
  return copy
end

describe("every", function()
  it("script in scripts/ is built in", function()
    assert.same(found("ls lua/tcpstats/scripts", "([%w_]+)%.lua\n"), sorted(require("tcpstats.host.script").builtin))
  end)

  it("output in output/ is a scheme, and --list tells what it is", function()
    local schemes, list = {}, support.run(support.bin .. " --list")
    for _, name in ipairs(found("ls lua/tcpstats/output", "([%w_]+)%.lua\n")) do
      local module = require("tcpstats.output." .. name)
      if name ~= "init" and type(module) == "table" and module.keys and module.open then
        assert.truthy(module.about:find "%.$", name)
        schemes[#schemes + 1] = name
        assert.truthy(list:find(("\n  %-12s %s\n"):format(name .. ":", module.help), 1, true), name)
      end
    end
    assert.same(schemes, sorted(require("tcpstats.output").schemes))
  end)

  it("source in csrc/source/ is in the registry's array", function()
    local names = {}
    for _, source in ipairs(core.sources()) do names[#names + 1] = source.name end
    assert.same(found("cat csrc/source/*.c", "tcps_source_class [%w_]+ = {%s*%.name = \"(%w+)\""), sorted(names))
  end)

  -- A socket's field and a system's counter are set by their numbers, TCPS_F_NAME and TCPS_S_NAME; what else a message has, by assignment.
  it("field of the proto is set somewhere", function()
    local never = { start_time_secs = "no kernel gives it" }
    local text = support.run "cat csrc/parse/*.[ch] csrc/source/*.[ch] csrc/delta/*.[ch] csrc/collect/*.[ch] csrc/record/pass.c":gsub("/%*.-%*/", "")
    local numbered, assigned = {}, {}
    for kind, name in text:gmatch "TCPS_([FS])_([%w_]+)" do numbered[kind .. name] = true end
    for name in text:gmatch "[>.]([%l%d_]+) = " do assigned[name] = true end
    for _, field in ipairs(core.fields()) do assert.equal(not never[field.name], numbered["F" .. field.name] or false, field.name) end
    for _, field in ipairs(core.message_fields "SystemSummary") do assert.is_true(numbered["S" .. field.name] or assigned[field.name], field.name) end
    for _, field in ipairs(core.message_fields "CollectionMetadata") do assert.is_true(assigned[field.name], field.name) end
  end)

  it("hook of a script's contract is called", function()
    local host = support.run "find lua/tcpstats/host -name '*.lua' ! -name contract.lua ! -name validate.lua -exec cat {} +":gsub("%-%-[^\n]*", "")
    for _, entry in ipairs(require("tcpstats.host.contract").script) do
      local name = entry[1]
      assert.truthy(host:find('"' .. name .. '"', 1, true) or host:find("[%a.]+%." .. name .. "%f[^%w_]"), name)
    end
  end)

  it("parser has a fuzzer that includes it", function()
    local fuzzers = support.run "cat fuzz/*.c"
    for _, name in ipairs(found("ls csrc/parse", "([%w_]+)%.c\n")) do
      assert.truthy(fuzzers:find(('#include "parse/%s.h"'):format(name), 1, true), name)
    end
  end)

  -- A table of spec/fixtures names folders, or files less what follows their first dot, below the folder of its own name.
  it("fixture is in its table, and the table names no other", function()
    for _, platform in ipairs(found("ls spec/fixtures", "([%w_]+)%.lua\n")) do
      local listed = {}
      local function collect(value)
        if type(value) == "string" then listed[value] = true end
        if type(value) ~= "table" then return end
        if value.file or value.folder then return collect(value.file or value.folder) end
        for _, inner in pairs(value) do collect(inner) end
      end
      collect(require("spec.fixtures." .. platform))
      local used = {}
      for _, file in ipairs(found(("cd spec/fixtures/%s && find . -type f"):format(platform), "%./([^\n]+)\n")) do
        local folder, name = file:match "^(.-)([^/]+)$"
        local whole = folder .. name
        local entry = listed[folder:sub(1, -2)] and folder:sub(1, -2)
        for dot in whole:gmatch "()%." do entry = entry or listed[whole:sub(1, dot - 1)] and whole:sub(1, dot - 1) end
        assert.truthy(entry, ("spec/fixtures/%s/%s is in no table"):format(platform, file))
        used[entry] = true
      end
      assert.same(listed, used)
    end
  end)
end)

describe("the module", function()
  it("exports nothing but the function that Lua opens it with", function()
    local prefix = os.getenv "TCPSTATS_PREFIX"
    if not prefix then return pending "runs on what is installed" end
    local symbols = found(("nm -D --defined-only %s/lib/lua/5.4/tcpstats/core.so"):format(prefix), "%x+ %a ([%w_]+)\n")
    local ours = {}
    for _, symbol in ipairs(symbols) do
      if not symbol:find "^__" then ours[#ours + 1] = symbol end -- what a sanitizer's compiler adds
    end
    assert.same({ "luaopen_tcpstats_core" }, ours)
  end)
end)
