--- Whether every room knows only those above it, as the two tables of ARCHITECTURE.md say that begin with "| room |" (one for C's includes, one for
-- Lua's requires), whether a file leads back to itself, and whether the core knows Lua.
--   layers.lua ARCHITECTURE.md FILE...    files of csrc/ and lua/, as their paths are in the project's folder

-- The tables: each by place ("csrc/abi/", "lua/tcpstats/text.lua"), with the row's number.
local function read_tables(path)
  local tables, current, row = {}, nil, 0
  for line in io.lines(path) do
    if line:find "^| room |" then
      current, row = {}, 0
      tables[#tables + 1] = current
    elseif not line:find "^|" then
      current = nil
    elseif current then
      row = row + 1
      for place in line:match "([^|]*)|%s*$":gmatch "`([%w_]+/[%w_/.]*)`" do current[place] = current[place] or row end
    end
  end
  return tables[1] or {}, tables[2] or {}
end

-- The row of a file: that of itself, or of the deepest folder that has one.
local function row_of(rooms, path)
  local place = path
  while place do
    if rooms[place] then return rooms[place], place end
    place = place:match "^(.*/)[^/]+/?$"
  end
end

local C_MODULES = { ["tcpstats.core"] = "csrc/lua/module.c", ["tcpstats.runtime"] = "csrc/runtime/module.c" }
local KNOWS_LUA = { ["csrc/lua/"] = true, ["csrc/runtime/"] = true, ["csrc/host/"] = true }
local LUA_HEADERS = { ["lua.h"] = true, ["lauxlib.h"] = true, ["lualib.h"] = true, ["luaconf.h"] = true }

-- What a C file includes: a list of headers as they are named.
local function included(path)
  local list = {}
  for line in io.lines(path) do list[#list + 1] = line:match '^%s*#%s*include%s*["<]([^">]+)[">]' end
  return list
end

-- The file that an include means: beside the one that includes it, as the compiler looks first, or below csrc/.
local function find_header(path, header, files)
  local beside = path:match "^(.*/)" .. header
  local steps = 1
  while steps > 0 do beside, steps = beside:gsub("[^/]+/%.%./", "", 1) end
  return files[beside] and beside or "csrc/" .. header
end

-- What a Lua file requires of the project, in any form: require "x", require("x"), require'x', require[[x]]. require("x." .. name) is every module below x.
local function required(path, modules)
  local list = {}
  for line in io.lines(path) do
    local code = line:gsub("^%s*%-%-.*", ""):gsub("%s%-%-%s.*", "")
    for name, after in code:gmatch "require%s*%(?%s*[\"'%[]+(tcpstats[%w_.]*)[\"'%]]+%s*([.]?)" do
      if after == "" then
        list[#list + 1] = name
      else
        for module in pairs(modules) do
          if module:sub(1, #name) == name and not module:find(".", #name + 1, true) then list[#list + 1] = module end
        end
      end
    end
  end
  table.sort(list)
  return list
end

-- Complains of each circle of files once.
local function find_circles(edges, complain)
  local state, way = {}, {}
  local function visit(path)
    if state[path] == "done" then return end
    way[#way + 1] = path
    if state[path] then
      local first = 1
      while way[first] ~= path do first = first + 1 end
      complain("%s leads back to itself: %s", path, table.concat(way, " -> ", first))
    else
      state[path] = "open"
      for _, other in ipairs(edges[path] or {}) do visit(other) end
      state[path] = "done"
    end
    way[#way] = nil
  end
  local paths = {}
  for path in pairs(edges) do paths[#paths + 1] = path end
  table.sort(paths)
  for _, path in ipairs(paths) do visit(path) end
end

local wrong = false
local function complain(...)
  wrong = true
  io.stderr:write(string.format(...), "\n")
end

local c_rooms, lua_rooms = read_tables(arg[1])
if not next(c_rooms) or not next(lua_rooms) then complain("layers: %s lacks a table of rooms", arg[1]) end

local files, modules = {}, {}
for name, path in pairs(C_MODULES) do modules[name] = path end
for i = 2, #arg do
  files[arg[i]] = true
  local name = arg[i]:match "^lua/(.*)%.lua$"
  if name then modules[name:gsub("/init$", ""):gsub("/", ".")] = arg[i] end
end

local edges = {}
local function check(path, rooms, other, named, verb)
  if not files[other] then return end
  table.insert(edges[path], other)
  local own, room = row_of(rooms, path)
  local its = row_of(rooms, other)
  if own and its and its > own then complain("%s: %s %s, which is not above %s in the table", path, verb, named, room) end
end

for i = 2, #arg do
  local path = arg[i]
  local is_lua = path:find "^lua/"
  local rooms = is_lua and lua_rooms or c_rooms
  local _, room = row_of(rooms, path)
  edges[path] = {}
  if not room then complain("%s: the table has no room for it", path) end
  if is_lua then
    for _, name in ipairs(required(path, modules)) do
      if not modules[name] then complain("%s: requires %s, which does not exist", path, name) else check(path, rooms, modules[name], name, "requires") end
    end
  else
    for _, header in ipairs(included(path)) do
      check(path, rooms, find_header(path, header, files), header, "includes")
      if LUA_HEADERS[header] and not KNOWS_LUA[room] then complain("%s: includes %s; only the bindings, the runtime and the host know Lua", path, header) end
    end
  end
end
find_circles(edges, complain)
os.exit(not wrong)
