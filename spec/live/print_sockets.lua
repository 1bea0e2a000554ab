-- Prints the sockets of the running kernel as a Lua table by socket_id: what ss_spec.lua runs inside a network namespace.
-- Arguments: options of a pass, KEY=VALUE, VALUE being true or a filter.
local tcpstats = require "tcpstats"
local options = {}
for _, word in ipairs(arg) do
  local key, value = word:match "^([%w_]+)=(.*)$"
  options[key] = value == "true" or value
end
if options.filter then options.filter = assert(tcpstats.filter(options.filter)) end
local source = assert(tcpstats.open "linux")
local batch = assert(source:pass(options))
io.write "{\n"
for s in batch:each() do
  io.write(("[%d]={"):format(s.socket_id))
  for name, value in pairs(s) do
    if type(value) ~= "table" then io.write(("%s=%q,"):format(name, value)) end
  end
  io.write "},\n"
end
io.write "}\n"
