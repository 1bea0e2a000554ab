-- What each filter leaves of the running kernel's sockets: lua filtered.lua FILTER... What filters_spec.lua runs inside a network namespace.
-- Three lines each: the filter, the sockets that the kernel gives when it is told of it, those that the filter chooses from the whole table.
-- Sockets change state and end meanwhile: a filter is tried until all sockets are the same before and after.
local tcpstats = require "tcpstats"

local source = assert(tcpstats.open "linux")

local function identities(options)
  local list = {}
  for s in assert(source:pass(options)):each() do list[#list + 1] = ("%d %s %s:%s"):format(s.socket_id, s.state, s.local_addr, s.local_port) end
  table.sort(list)
  return list
end

for _, text in ipairs(arg) do
  local filter = assert(tcpstats.filter(text))
  local before, given, chosen
  repeat
    before = table.concat(identities {}, "\n")
    given, chosen = identities { filter = filter }, identities { filter = filter, whole_table = true }
  until before == table.concat(identities {}, "\n")
  print(("%s\n%s\n%s"):format(text, table.concat(given, "|"), table.concat(chosen, "|")))
end
