--- Whether every room of csrc/ includes only rooms above it in ARCHITECTURE.md's table, and nothing but the bindings and the host knows Lua.
--   layers.lua ARCHITECTURE.md csrc/*/*.[ch]

-- Folder of csrc -> its place in the table, from 1.
local function read_rooms(path)
  local rooms, row = {}, 0
  for line in io.lines(path) do
    if line:find "^|" then
      row = row + 1
      for room in line:gmatch "`csrc/([%l_]+)/`" do
        if not rooms[room] then rooms[room] = row end
      end
    elseif next(rooms) then
      break -- the first table that names folders is the one
    end
  end
  return rooms
end

local KNOWS_LUA = { lua = true, runtime = true, host = true }
local LUA_HEADERS = { ["lua.h"] = true, ["lauxlib.h"] = true, ["lualib.h"] = true, ["luaconf.h"] = true }

local function check(path, rooms, complain)
  local room = path:match "^csrc/([%l_]+)/"
  if not rooms[room] then return complain("%s: the table has no room csrc/%s", path, room) end
  for line in io.lines(path) do
    local header = line:match '^%s*#%s*include%s*["<]([^">]+)[">]'
    local other = header and header:match "^([%l_]+)/[%l_%d]+%.h$"
    if other and rooms[other] and other ~= room and rooms[other] >= rooms[room] then
      complain("%s: includes %s, which is not above csrc/%s in the table", path, header, room)
    end
    if LUA_HEADERS[header] and not KNOWS_LUA[room] then complain("%s: includes %s; only the bindings and the host know Lua", path, header) end
  end
end

local rooms = read_rooms(arg[1])
local wrong = next(rooms) == nil
if wrong then io.stderr:write("layers: no table of rooms in ", arg[1], "\n") end
for i = 2, #arg do
  check(arg[i], rooms, function(...)
    wrong = true
    io.stderr:write(string.format(...), "\n")
  end)
end
os.exit(not wrong)
