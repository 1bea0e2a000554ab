--- Where modules are found that are neither built in nor installed for this Lua: in folders that the user named.
--
-- The working folder and LUA_PATH are not searched (csrc/host/search.h): what is run as root must not depend on where it is started.
local search = {}

local added = {}

--- Finds modules below a folder too, after every place where they are installed.
---@param folder string as FOLDER/?.lua, FOLDER/?/init.lua and FOLDER/?.so
---@return string? wrong what is wrong with its name
function search.add(folder)
  if folder:find "[;?]" then return "a folder's name cannot have ';' or '?' in it" end
  if added[folder] then return nil end
  added[folder] = true
  package.path = ("%s;%s/?.lua;%s/?/init.lua"):format(package.path, folder, folder)
  package.cpath = ("%s;%s/?.so"):format(package.cpath, folder)
end

--- Takes the templates that are relative out of what Lua searches. The binary does so before this module is loaded; a program on the Lua that is
-- there (tcpstats-lua as a rock) calls it.
function search.drop_relative()
  for _, name in ipairs { "path", "cpath" } do
    local kept = {}
    for template in package[name]:gmatch "[^;]+" do
      if template:sub(1, 1) == "/" then kept[#kept + 1] = template end
    end
    package[name] = table.concat(kept, ";")
  end
end

return search
