-- What a filter leaves of live sockets is the same whether the kernel was told of it or not.
local support = require "spec.support"
local world = support.programs .. "/live/world"
local CANNOT_RUN = 77

local filters = {
  "include_state=listen", "exclude=established,time_wait", "include_state=time_wait,syn_received,syn_sent", "ipv6_only", "ipv4_only",
  "local_addr=127.0.0.0/8", "remote_addr=10.9.8.7", "remote_addr=fe80::/10", "local_port=1-40000", "remote_port=1-45000 ipv4_only include_state=established",
  "pid>0 include_state=listen", "command=world exclude=listen", "rtt_us>=0 local_addr=::1",
}

describe("a filter on live sockets", function()
  local words = {}
  for i, filter in ipairs(filters) do words[i] = ("'%s'"):format(filter) end
  local out, err, code = support.run(("%s %s spec/live/filtered.lua %s"):format(world, support.lua, table.concat(words, " ")))
  if code == CANNOT_RUN then
    pending("no network namespace of its own: " .. err)
    return
  end
  assert(code == 0, err)

  local seen = {}
  for filter, given, chosen in out:gmatch "([^\n]+)\n([^\n]*)\n([^\n]*)\n" do seen[filter] = { given = given, chosen = chosen } end
  for _, filter in ipairs(filters) do
    it(filter .. " leaves the same whether the kernel was told or not", function()
      assert.is_true(#seen[filter].chosen > 0)
      assert.equal(seen[filter].chosen, seen[filter].given)
    end)
  end
end)
