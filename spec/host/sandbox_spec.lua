-- What a script in a sandbox cannot do, whatever way it tries.
local host = require "spec.support.host"

describe("a script in a sandbox", function()
  local folder, stream

  setup(function()
    folder = host.folder()
    stream = "-s protobuf:" .. host.write(folder .. "/stream.pb", host.stream())
  end)
  teardown(function() os.execute("rm -r " .. folder) end)

  -- What a piece of code gives in the sandbox, as text.
  local function try(code, words)
    local path = host.write(folder .. "/s.lua", ([[
      local function attempt(ctx, b) %s end
      return { on_batch = function(b, ctx) local ok, what = pcall(attempt, ctx, b) ctx:emit(tostring(ok) .. " " .. tostring(what) .. "\n") end }]]):format(code))
    return (host.run(("%s -c 1 %s %s"):format(stream, words or "--sandbox", path)))
  end

  for _, name in ipairs { "io", "os.execute", "os.remove", "os.rename", "os.exit", "os.getenv", "os.tmpname", "os.setlocale", "package", "debug",
    "dofile", "loadfile", "string.dump", "('').dump", "b.write" } do
    it("has no " .. name, function() assert.are.equal("true nil\n", try("return " .. name)) end)
  end

  it("has all that only computes", function()
    assert.are.equal("true 6 3 x\n", try "return math.max(1, 6) .. ' ' .. #('abc') .. ' ' .. select(2, pcall(function() return 'x' end))")
    assert.are.equal("true 2\n", try "return coroutine.wrap(function() coroutine.yield(1 + 1) end)()")
    assert.are.equal("true number\n", try "return type(os.time()) ")
    assert.are.equal("true 3\n", try "return #b")
    assert.are.equal("true 5\n", try "return load('return 2 + 3')()")
  end)

  it("loads no bytecode, also not in pieces", function()
    assert.truthy(try("return load('\\27Lua')"):find("true nil", 1, true))
    assert.truthy(try("local n = 0 return load(function() n = n + 1 return ({'\\27L', 'ua'})[n] end)"):find("true nil", 1, true))
    assert.truthy(try("return select(2, load('\\27Lua', 'x', 'b'))"):find("attempt to load a binary chunk", 1, true))
  end)

  it("loads code that sees no more than itself", function()
    assert.are.equal("true nil\n", try "return load('return io')()")
    assert.are.equal("true nil\n", try "return _G.io")
    assert.are.equal("true 5\n", try "return load('return x', 'x', 't', {x = 5})()")
  end)

  it("requires this project's harmless parts, and nothing else", function()
    assert.are.equal("true [1]\n", try "return require('tcpstats').json({1})")
    assert.are.equal("true function\n", try "return type(require('tcpstats').filter)")
    assert.are.equal("true nil\n", try "return require('tcpstats').open")
    for _, name in ipairs { "io", "os", "debug", "package", "socket", "tcpstats.core", "tcpstats.host", "lfs", "cjson", "../x" } do
      assert.truthy(try(("return require('%s')"):format(name)):find("a sandbox has no module '" .. name, 1, true), name)
    end
  end)

  it("reaches no metatable but its own", function()
    assert.are.equal("true nil\n", try "return getmetatable('')")
    assert.are.equal("true nil\n", try "return getmetatable(b)")
    assert.are.equal("true nil\n", try "return getmetatable(ctx) or nil")
    assert.are.equal("true nil\n", try "return getmetatable(b:group_by('state'))")
    assert.are.equal("true nil\n", try "return getmetatable(ctx:alarm {})")
    assert.are.equal("true 5\n", try "return getmetatable(setmetatable({}, {__metatable = 5}))")
    assert.are.equal("true true\n", try "local m = {} return getmetatable(setmetatable({}, m)) == m")
    assert.are.equal("true 7\n", try "return setmetatable({}, {__index = function() return 7 end}).x")
    assert.truthy(try("setmetatable({}, {__gc = function() end})"):find("no __gc in a sandbox", 1, true))
  end)

  it("cannot change what the host uses", function()
    local path = host.write(folder .. "/poison.lua", [[
      string.format, table.concat, math.min = nil, nil, nil
      rawset(string, "gsub", function() error("poison") end)
      return { on_batch = function(b, ctx) ctx:emit { n = #b } ctx:emit(b) end }]])
    local out, err, code = host.run(("%s --sandbox -c 1 %s"):format(stream, path))
    assert.are.equal("", err)
    assert.are.equal(0, code)
    assert.truthy(out:find('^{"n":3}\n{"metadata"'))
  end)

  it("opens no other output", function()
    assert.truthy(try("ctx:output('file:/tmp/never')"):find("ctx:output is not for a sandbox", 1, true))
  end)

  it("prints to standard error, not among the data", function()
    local path = host.write(folder .. "/print.lua", "return { on_batch = function(b, ctx) print('hello', 5) end }")
    local out, err = host.run(("%s --sandbox -c 1 %s"):format(stream, path))
    assert.are.equal("", out)
    assert.truthy(err:find("hello\t5", 1, true))
  end)

  it("may be told so behind the script's name, too", function()
    local path = host.write(folder .. "/s2.lua", "return { on_batch = function(b, ctx) ctx:emit(tostring(io)) end }")
    assert.are.equal("nil", (host.run(("%s -c 1 %s --sandbox"):format(stream, path))))
  end)

  it("has the built-in scripts beside it", function()
    for _, name in ipairs { "json", "flat", "csv", "table", "summary", "prometheus", "protobuf" } do
      local out, err, code = host.run(("%s --sandbox -c 1 %s"):format(stream, name))
      assert.are.equal("", err)
      assert.are.equal(0, code)
      assert.is_true(#out > 0)
    end
  end)
end)
