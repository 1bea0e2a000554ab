--- Limits how long scripts wait in LuaSocket. It resumes waiting after a signal, so a script that waits in it forever could not be interrupted. Sockets
-- get a total timeout, which a script's own settimeout does not change; select and sleep are bounded.
local sockets = {}

local CONSTRUCTORS = {
  ["socket.core"] = { "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6" },
  ["socket.unix"] = { "tcp", "udp", "stream", "dgram" },
}
local SERVERS = { "tcp{server}", "unixstream{server}" }
local PIECE <const> = 0.1 -- seconds

local function with_timeout(seconds, socket, ...)
  if socket then socket:settimeout(seconds, "t") end
  return socket, ...
end

local function limit(f, seconds)
  return function(...) return with_timeout(seconds, f(...)) end
end

local function limit_module(module, names, seconds)
  for _, name in ipairs(names) do
    if module[name] then module[name] = limit(module[name], seconds) end
  end
  for _, name in ipairs(SERVERS) do
    local class = debug.getregistry()[name]
    if class and not class.limited then
      class.limited = true
      class.__index.accept = limit(class.__index.accept, seconds)
    end
  end
  local select, sleep = module.select, module.sleep
  if select then module.select = function(to_read, to_write, timeout) return select(to_read, to_write, timeout or seconds) end end
  if sleep then
    module.sleep = function(time)
      for _ = 1, time // PIECE do sleep(PIECE) end
      sleep(time % PIECE)
    end
  end
end

-- The loader that the other searchers find for a module.
local function find(name, own)
  for _, searcher in ipairs(package.searchers) do
    local loader, where = nil, nil
    if searcher ~= own then loader, where = searcher(name) end
    if type(loader) == "function" then return loader, where end
  end
end

--- Limits LuaSocket for whoever requires it from now on.
---@param seconds number the longest wait
function sockets.limit(seconds)
  local searcher
  searcher = function(name)
    local loader, where = nil, nil
    if CONSTRUCTORS[name] then loader, where = find(name, searcher) end
    if not loader then return nil end
    return function(...)
      local module = loader(...)
      if type(module) == "table" then limit_module(module, CONSTRUCTORS[name], seconds) end
      return module
    end, where
  end
  table.insert(package.searchers, 1, searcher)
end

return sockets
