local core = require "tcpstats.core"
local support = require "spec.support"

describe("tables, growing arrays, bit sets and hashes", function()
  it("do as plain arrays do", function() assert.equal("right\n", support.run(support.programs .. "/base/containers")) end)
end)

describe("the nearest word", function()
  local names = { "rtt_us", "rttvar_us", "local_port", "remote_port", "state", "LISTEN", "a_name_of_many_letters" }

  it("is one that goes on, then one of few other letters, then one that holds the word", function()
    for word, name in pairs {
      rtt = "rtt_us", rttvar = "rttvar_us", rtt_ux = "rtt_us", stat = "state", sttae = "state", listen = "LISTEN", Listem = "LISTEN",
      port = "local_port", remote = "remote_port", remoteport = "remote_port", ["LISTEN-socket"] = "LISTEN", a_mane_ofmany_lettres = "a_name_of_many_letters",
    } do
      assert.equal(name, core.nearest(word, names), word)
    end
  end)

  it("is none where nothing is near", function()
    for _, word in ipairs { "", "q", "po", "xyzzy", "rto", ("s"):rep(64), ("local_port"):rep(7) } do assert.is_nil(core.nearest(word, names), word) end
    assert.is_nil(core.nearest("word", {}))
  end)
end)
