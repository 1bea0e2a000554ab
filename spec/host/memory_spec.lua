-- What a long run holds in memory.
local host = require "spec.support.host"
local sockets = require "spec.support.sockets"
local support = require "spec.support"

local SECOND <const> = 1000000000
local PASSES <const>, NEW <const> = 600, 20

-- A stream of passes in each of which NEW connections open and as many close; each lives two passes.
local function churn()
  local parts, alive, id = {}, {}, 0
  for pass = 1, PASSES do
    local list = table.move(alive, 1, #alive, 1, {})
    alive = {}
    for i = 1, NEW do
      id = id + 1
      alive[i] = {
        local_addr = "\x0a\x00\x00\x01", remote_addr = "\x0a\x00\x00\x02", local_port = 443, remote_port = 1024 + id, ip_version = 4, state = 5,
        socket_id = id, rtt_us = id, tx_bytes = id,
      }
      list[#list + 1] = alive[i]
    end
    parts[pass] = sockets.batch(list, { [1] = 1700000000 * SECOND + pass * SECOND, [2] = "recorder" }):protobuf()
  end
  return table.concat(parts)
end

describe("a run of many passes", function()
  it("holds no more memory than one of few, whatever its scripts keep and write", function()
    local folder = host.folder()
    local stream = host.write(folder .. "/churn.pb", churn())
    local keeps = host.write(folder .. "/keeps.lua", [[
      return {
        on_open = function(s, ctx) ctx.state[s.socket_id] = { ctx.now_ns, tostring(s) } end,
        on_close = function(s, ctx)
          ctx:emit { who = ctx.state[s.socket_id], bytes = s.tx_bytes }
          ctx.state[s.socket_id] = nil
        end,
        on_batch = function(b, ctx)
          ctx.state.n = (ctx.state.n or 0) + 1
          if ctx.state.n % 100 == 0 then ctx:log("info", "%d", math.floor(collectgarbage "count")) end
        end,
      }]])
    local writes = host.write(folder .. "/writes.lua", "return { on_socket = function(s, ctx) ctx:emit { peer = s.remote_port .. '', rtt = s.rtt_us } end }")
    local _, err, code = host.run(("-s protobuf:%s -x %s -o %s/1 -x %s -o %s/2"):format(stream, keeps, folder, writes, folder))
    assert.equal(0, code)
    local held = {}
    for kilobytes in err:gmatch "keeps: (%d+)\n" do held[#held + 1] = tonumber(kilobytes) end
    assert.equal(PASSES // 100, #held)
    assert.is_true(held[#held] < 1.25 * held[2], table.concat(held, " "))
    support.run("rm -r " .. folder)
  end)
end)
