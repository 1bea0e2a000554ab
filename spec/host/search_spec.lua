-- Modules are found where they are installed and where the user said, and nowhere else.
local support = require "spec.support"

-- Every module that the program loads when it is asked for something.
local OPTIONAL = { "argparse", "cjson", "cjson.safe", "luv", "socket", "socket.core", "socket.unix", "term", "term.core", "system", "lpeg",
  "tcpstats.core", "tcpstats.runtime", "tcpstats.host.cli", "tcpstats.scripts.json", "tcpstats.alerting" }

describe("a module that somebody planted", function()
  local folder

  -- Each planted module leaves a trace, whichever way it is loaded.
  local function plant(below)
    for _, name in ipairs(OPTIONAL) do
      local path = below .. "/" .. name:gsub("%.", "/")
      for _, file in ipairs { path .. ".lua", path .. "/init.lua" } do
        assert(os.execute("mkdir -p " .. file:match "^(.*)/"))
        local f <close> = assert(io.open(file, "w"))
        f:write(('io.open("%s/TRACE", "a"):write("%s\\n"):close() error("planted")'):format(folder, name))
      end
    end
  end

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    plant(folder .. "/here")
    local f <close> = assert(io.open(folder .. "/s.lua", "w"))
    f:write 'return { on_batch = function(_, ctx) ctx:emit({ a = 1 }) ctx:output("tcp://127.0.0.1:9"):write("x") ctx:stop() end }'
  end)
  after_each(function() os.execute("rm -rf " .. folder) end)

  local function run(environment, words)
    local bin = support.bin:find "^/" and support.bin or "$OLDPWD/" .. support.bin
    support.run(("cd %s/here && env %s timeout -s KILL 60 %s %s"):format(folder, environment, bin, words))
    local trace = io.open(folder .. "/TRACE")
    if not trace then return "" end
    local text = trace:read "a"
    trace:close()
    return text
  end

  local WORDS = { "-c 1", "-c 1 top", "-c 1 -o tcp://127.0.0.1:9 json", "-c 1 -o unix:/nowhere.sock json", "-c 1 ../s.lua", "--nonsense", "--help",
    "--info alert", "-c 1 -w 'rtt_us > 1' table", "--schedule a=1s -c 1 summary" }

  it("in the working folder does not run", function()
    for _, words in ipairs(WORDS) do assert.equal("", run("", words), words) end
  end)

  it("in LUA_PATH and LUA_CPATH does not run, nor does LUA_INIT", function()
    local here = folder .. "/here"
    local environment = ("LUA_PATH='%s/?.lua;%s/?/init.lua;;' LUA_PATH_5_4='%s/?.lua' LUA_CPATH='%s/?.so' LUA_INIT='error(1)'"):format(here, here, here, here)
    for _, words in ipairs(WORDS) do assert.equal("", run(environment, words), words) end
  end)

  it("under --sandbox does not run", function()
    for _, words in ipairs { "--sandbox -c 1 ../s.lua", "--sandbox -c 1 top" } do assert.equal("", run("", words), words) end
  end)
end)

describe("a script's require", function()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir -p " .. folder .. "/own " .. folder .. "/lib"))
    local function write(path, text)
      local f <close> = assert(io.open(folder .. "/" .. path, "w"))
      f:write(text)
    end
    write("own/s.lua", 'local helper = require "helper" return { init = function(ctx) ctx:emit(helper .. "\\n") ctx:stop() end }')
    write("own/helper.lua", 'return "own"')
    write("t.lua", 'local helper = require "elsewhere" return { init = function(ctx) ctx:emit(helper .. "\\n") ctx:stop() end }')
    write("lib/elsewhere.lua", 'return "lib"')
  end)
  after_each(function() os.execute("rm -rf " .. folder) end)

  it("finds what lies beside the script", function()
    local out, err = support.run(("cd / && %s %s/own/s.lua"):format(support.bin:find "^/" and support.bin or "$OLDPWD/" .. support.bin, folder))
    assert.equal("own\n", out, err)
  end)

  it("finds what lies below --lua-path", function()
    local out, err = support.run(("%s --lua-path %s/lib %s/t.lua"):format(support.bin, folder, folder))
    assert.equal("lib\n", out, err)
    local _, _, code = support.run(("%s %s/t.lua"):format(support.bin, folder))
    assert.equal(1, code)
  end)

  it("has no folder whose name the search cannot hold", function()
    local _, err, code = support.run(("%s --lua-path 'a;b'"):format(support.bin))
    assert.equal(2, code)
    assert.matches("cannot have ';'", err)
  end)
end)
