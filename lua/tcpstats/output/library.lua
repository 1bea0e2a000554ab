--- Libraries that an output needs and that are loaded when it is opened.
local library = {}

local PACKAGES = {
  socket = "Debian: lua-socket, FreeBSD: lua54-luasocket, LuaRocks: luasocket",
}

--- Loads one.
-- @param module as for require: "socket.unix"
-- @param needed_by what the message says needs it
-- @return it; or nil and a message that names what to install
function library.load(module, needed_by)
  local ok, loaded = pcall(require, module)
  if ok then return loaded end
  local name = module:match("^[^.]*")
  return nil, ("%s needs %s, which is not installed (%s)"):format(needed_by, name, PACKAGES[name] or "LuaRocks: " .. name)
end

return library
