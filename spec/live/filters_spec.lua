-- What a filter leaves of live sockets is the same whether the kernel was told of it or not.
local support = require "spec.support"
local world = support.programs .. "/live/world"
local CANNOT_RUN = 77

local filters = {
  "include_state=listen", "exclude=established,time_wait", "include_state=time_wait,syn_received,syn_sent", "ipv6_only", "ipv4_only",
  "local_addr=127.0.0.0/8", "remote_addr=10.9.8.7", "remote_addr=fe80::/10", "local_port=1-40000", "remote_port=1-45000 ipv4_only include_state=established",
  "pid>0 include_state=listen", "command=world exclude=listen", "rtt_us>=0 local_addr=::1",
}

--- Runs print_sockets.lua inside the world once for each list of arguments.
-- @return the tables that it printed; or nil, the exit code, what was said
local function observe(runs)
  local out = os.tmpname()
  local commands = {}
  for i, arguments in ipairs(runs) do commands[i] = ('lua5.4 spec/live/print_sockets.lua %s >%s.%d'):format(arguments, out, i) end
  local script = support.temporary(table.concat(commands, " && ") .. "\n")
  local _, err, code = support.run(("%s sh %s"):format(world, script))
  os.remove(script)
  local seen = {}
  for i = 1, #runs do
    if code == 0 then seen[i] = load("return " .. support.read(("%s.%d"):format(out, i)), "sockets", "t", {})() end
    os.remove(("%s.%d"):format(out, i))
  end
  os.remove(out)
  if code ~= 0 then return nil, code, err end
  return seen
end

local function identities(sockets)
  local list = {}
  for id, s in pairs(sockets) do list[#list + 1] = ("%d %s %s:%s"):format(id, s.state, s.local_addr, s.local_port) end
  table.sort(list)
  return list
end

describe("a filter on live sockets", function()
  local runs = {}
  for _, filter in ipairs(filters) do
    runs[#runs + 1] = ('"filter=%s" whole_table=true'):format(filter)
    runs[#runs + 1] = ('"filter=%s"'):format(filter)
    runs[#runs + 1] = ('"filter=%s"'):format(filter)
  end
  local seen, code, err = observe(runs)
  if code == CANNOT_RUN then
    pending("no network namespace of its own: " .. err)
    return
  end
  assert(seen, err)

  for i, filter in ipairs(filters) do
    it(filter .. " leaves the same whether the kernel was told or not", function()
      local here = identities(seen[3 * i - 2])
      assert.is_true(#here > 0)
      assert.same(here, identities(seen[3 * i - 1]))
      assert.same(here, identities(seen[3 * i]))
    end)
  end
end)
