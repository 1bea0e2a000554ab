-- Everything that `ss` says of some hundred sockets of every kind, against our records of the same sockets (spec/live/world.c makes them).
local ss = require "spec.support.ss"
local CANNOT_RUN <const> = 77

describe("our records and ss:", function()
  local seen, code, err = ss.observe "processes=true"
  if code == CANNOT_RUN then
    pending("no network namespace of its own: " .. err)
    return
  end
  assert(seen, err)

  it("there are some hundred sockets in nearly every state", function()
    local state = {}
    for _, s in pairs(seen.ours) do state[s.state] = (state[s.state] or 0) + 1 end
    for name in pairs(ss.states) do
      if name ~= "CLOSED" and name ~= "CLOSING" then assert.is_truthy(state[name], "no socket in " .. name) end
    end
    assert.is_true(seen.count >= 300)
  end)

  it("they show the same sockets", function()
    for id, words in pairs(seen.first) do assert(seen.ours[id] or not seen.second[id], "we lack " .. words.here .. " " .. words.there) end
    for id, s in pairs(seen.ours) do assert(seen.first[id] or seen.second[id], "ss lacks " .. tostring(s.local_port)) end
  end)

  local keys, said = ss.keys(seen.first)
  for _, key in ipairs(keys) do
    it("they agree on " .. key, function() assert.equal("", ss.differences(key, seen)) end)
  end

  it("every kind of thing that ss can say of TCP was there to be compared", function()
    for _, key in ipairs { "timer", "users", "fwmark", "v6only", "ends", "tclass", "backoff", "ssthresh", "bytes_retrans", "bbr", "busy", "rwnd_limited",
      "unacked", "retrans", "lost", "notsent", "fastopen", "ecn", "rcv_rtt", "ulp", "token" } do
      assert.is_truthy(said[key], "no socket shows " .. key)
    end
  end)
end)
