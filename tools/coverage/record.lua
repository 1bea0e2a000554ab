-- Notes which lines of the project's Lua run: what LUA_INIT loads into every Lua of `make coverage`. Each process leaves a file of lines "MODULE LINE" in
-- the folder that TCPSTATS_COVERAGE names. A coroutine has a hook of its own, so those that make one are wrapped.
local folder <const> = os.getenv "TCPSTATS_COVERAGE"
-- luacheck: ignore 122 (it replaces functions of the libraries, on purpose)
local seen = {}

local function note(_, line)
  local source = debug.getinfo(2, "S").source
  local module = source:match "/share/lua/5%.4/(tcpstats.*%.lua)$"
  if not module then return end
  local lines = seen[module]
  if not lines then
    lines = {}
    seen[module] = lines
  end
  lines[line] = true
end

local function write()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  for module, lines in pairs(seen) do
    for line in pairs(lines) do file:write(module, " ", line, "\n") end
  end
  file:close()
  os.execute(("mv %s %s/"):format(path, folder))
end

local create = coroutine.create
function coroutine.create(f)
  local co = create(f)
  debug.sethook(co, note, "l")
  return co
end
function coroutine.wrap(f)
  local co = coroutine.create(f)
  return function(...)
    local result = table.pack(coroutine.resume(co, ...))
    if not result[1] then error(result[2], 0) end
    return table.unpack(result, 2, result.n)
  end
end

local exit = os.exit
function os.exit(...) -- without closing the state nothing else would be called
  debug.sethook()
  write()
  seen = {}
  exit(...)
end
setmetatable(seen, { __gc = write })
debug.sethook(note, "l")
