--- Globals for a script that you did not write: it can compute and emit, nothing else.
--
-- There is no io, no os except its clocks, no loading of packages, no debug, no bytecode. What scripts share with the host is copied, so that they
-- cannot change it, and metatables are out of reach: the one of strings leads to the host's own library. The watchdog limits memory and time.
local sandbox = {}

local PLAIN = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "select", "tonumber", "tostring", "type", "xpcall", "rawequal", "rawget", "rawlen",
  "rawset", "_VERSION",
}
local LIBRARIES = { "math", "string", "table", "utf8", "coroutine" }
local CLOCKS = { "clock", "date", "difftime", "time" }

-- What a script may require: parts of this project.
local MODULES = {
  tcpstats = { "version", "fields", "filter", "where", "json", "decode", "parse", "tracker" },
  ["tcpstats.text"] = {
    "ascii", "clean", "width", "fit", "bytes", "count", "plural", "number", "microseconds", "milliseconds", "percent", "local_end", "remote_end", "process",
    "clock", "timestamp",
  },
}

local function copy(from, names)
  local to = {}
  if not names then
    for name, value in pairs(from) do to[name] = value end
  else
    for _, name in ipairs(names) do to[name] = from[name] end
  end
  return to
end

-- Only metatables that a script has set: those of the host's tables lead to what others use.
local own = setmetatable({}, { __mode = "k" })

local function safe_getmetatable(object)
  if type(object) ~= "table" then return nil end
  local metatable = getmetatable(object)
  if type(metatable) ~= "table" or own[metatable] then return metatable end
end

-- A finalizer would run outside of every limit.
local function safe_setmetatable(object, metatable)
  if type(metatable) == "table" then
    if rawget(metatable, "__gc") ~= nil then error("no __gc in a sandbox", 2) end
    own[metatable] = true
  end
  return setmetatable(object, metatable)
end

local function safe_collectgarbage(what)
  if what ~= "count" then error("only collectgarbage(\"count\") in a sandbox", 2) end
  return collectgarbage("count")
end

local function make_load(environment)
  return function(chunk, name, _, chosen, ...)
    local custom = chosen ~= nil or select("#", ...) > 0
    if type(chunk) == "function" then
      local parts = {}
      for part in chunk do
        if part == "" then break end
        parts[#parts + 1] = part
      end
      chunk = table.concat(parts)
    end
    return load(chunk, name, "t", custom and chosen or environment)
  end
end

local function make_require()
  local loaded = {}
  return function(name)
    if not MODULES[name] then error(("a sandbox has no module '%s'"):format(tostring(name)), 2) end
    loaded[name] = loaded[name] or copy(require(name), MODULES[name])
    return loaded[name]
  end
end

-- "%c" and friends of os.date are fine; a string.rep is held by the memory limit.
local function make_os()
  return copy(os, CLOCKS)
end

--- Makes new globals.
---@param print fun(text: string) for print(), which must not write into the data
---@return table environment for load
function sandbox.new(print)
  local environment = copy(_G, PLAIN)
  for _, name in ipairs(LIBRARIES) do environment[name] = copy(_G[name]) end
  environment.string.dump = nil
  environment.os = make_os()
  environment.getmetatable, environment.setmetatable = safe_getmetatable, safe_setmetatable
  environment.collectgarbage = safe_collectgarbage
  environment.load = make_load(environment)
  environment.require = make_require()
  environment.print = function(...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    print(table.concat(texts, "\t"))
  end
  environment._G = environment
  return environment
end

--- Removes what a script could reach without globals: methods of strings and batches. Call it once per process, before a script is loaded.
function sandbox.close_doors()
  rawset(string, "dump", nil)
  require("tcpstats.core").batch_methods.write = nil
end

return sandbox
