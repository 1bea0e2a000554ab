local columns = require "tcpstats.columns"

describe("columns", function()
  it("say which fields they read", function()
    assert.same({ "command", "pid", "state", "cgroup" }, columns.fields(assert(columns.chosen "process,state,cgroup,state")))
    assert.same({}, columns.fields {})
  end)
end)
