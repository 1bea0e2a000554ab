local run = require("spec.support.ctx").run
local sockets = require "spec.support.sockets"

local function batch() return sockets.batch({ { state = 2, local_port = 22 }, { state = 5, rtt_us = 7 } }, { [1] = 1700000000000000000 }) end

describe("csv", function()
  it("has owners looked up for fields that were chosen, and says which are always empty", function()
    assert.same({}, run("tcpstats.scripts.csv", {}, {}).wanted)
    local ctx = run("tcpstats.scripts.csv", {}, { fields = "timestamp_ns,command,age_ms" }, { age_ms = "never" })
    assert.same({ command = true, age_ms = true }, ctx.wanted)
    assert.same({ "warning: --fields age_ms is always empty: never" }, ctx.logged)
  end)

  it("has the names once, whatever the number of passes", function()
    local text = run("tcpstats.scripts.csv", { batch(), batch() }, { fields = "timestamp_ns, state,local_port,rtt_us" }).text
    assert.equal("timestamp_ns,state,local_port,rtt_us\r\n" .. ("1700000000000000000,LISTEN,22,\r\n1700000000000000000,ESTABLISHED,,7\r\n"):rep(2), text)
  end)

  it("does without names, and with every field", function()
    assert.equal("LISTEN\r\nESTABLISHED\r\n", run("tcpstats.scripts.csv", { batch() }, { fields = "state", header = false }).text)
    local _, commas = run("tcpstats.scripts.csv", { batch() }, { fields = "all" }).text:match("^[^\r]+"):gsub(",", "")
    assert.equal(4 + #require("tcpstats").fields() - 1, commas)
    local names = "timestamp_ns,hostname,schedule_name,batch_sequence"
    assert.equal(names .. "\r\n", run("tcpstats.scripts.csv", { batch() }, { fields = names }).text:match "^[^\n]+\n")
    assert.is_truthy(run("tcpstats.scripts.csv", { batch() }).text:find "^timestamp_ns,hostname,state,")
  end)

  it("takes every field and refuses what is none before it begins", function()
    for _, field in ipairs(require("tcpstats").fields()) do
      assert.equal(field.name, run("tcpstats.scripts.csv", { batch() }, { fields = field.name }).text:match "^[^\r]+")
    end
    for fields, message in pairs {
      ["state,nope"] = "--fields: column 1 of 'nope': no field 'nope', did you mean inode?", ["rtt_us+1"] = "--fields: 'rtt_us+1' is not a field",
      [","] = "--fields: expected a list as state,local_port or all",
    } do
      local ctx = run("tcpstats.scripts.csv", {}, { fields = fields })
      assert.equal(2, ctx.stopped)
      assert.equal(message, ctx.message)
    end
  end)
end)
