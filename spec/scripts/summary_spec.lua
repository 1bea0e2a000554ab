local run = require("spec.support.ctx").run
local sockets = require "spec.support.sockets"
local support = require "spec.support"
local tcpstats = require "tcpstats"

describe("summary", function()
  it("tells of states and connections where there is no counter", function()
    local batch = sockets.batch({ { state = 5, rtt_us = 100, snd_buf_used = 2048 }, { state = 5, rtt_us = 300 }, { state = 2, accept_queue = 5, accept_backlog = 5 } },
      { [1] = 1700000000000000000, [2] = "ho\27st", [3] = 3, [4] = "6.1" })
    assert.equal("2023-11-14T22:13:20Z  ho?st  linux 6.1  3 sockets\nstates      ESTABLISHED 2   LISTEN 1\n"
      .. "connections rtt p50 100us  p95 300us  p99 300us   in send buffers 2.0K   listeners with a full queue 1\n", run("tcpstats.scripts.summary", { batch }).text)
  end)

  it("counts a socket of which no state is known", function()
    local bytes = support.read "spec/fixtures/macos/15/n1.bin"
    local at = bytes:find("\xcc\0\0\0\x20\0\0\0", 1, true) -- the xtcpcb_n, with t_state at 36
    local batch = assert(tcpstats.parse("macos", bytes:sub(1, at + 35) .. "\99\0\0\0" .. bytes:sub(at + 40), { release = 15 }))
    assert.is_truthy(run("tcpstats.scripts.summary", { batch }).text:find("states      UNKNOWN 1\n", 1, true))
  end)

  it("tells rates of a running system", function()
    local source, tracker = assert(tcpstats.open "auto"), tcpstats.tracker()
    local batches = {}
    for i = 1, 2 do
      batches[i] = assert(source:pass { tracker = tracker, sequence = i })
    end
    source:close()
    local text = run("tcpstats.scripts.summary", batches).text
    assert.equal(2, select(2, text:gsub("states  ", "")) + (text:find "states  " and 0 or 2)) -- a machine may have no socket at all
    assert.is_truthy(text:find "per second  opened")
    assert.is_truthy(text:find "system  ")
  end)
end)
